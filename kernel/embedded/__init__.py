"""The two servers that run beside us when no URL is given: PostgreSQL and Valkey, as our own direct children."""

from kernel.embedded.process import EmbeddedError, Server
from kernel.embedded.servers import servers, start_missing, stop, with_urls

__all__ = ["EmbeddedError", "Server", "servers", "start_missing", "stop", "with_urls"]
