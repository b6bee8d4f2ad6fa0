"""An HTTP/1.1 server for the gateway, a site's box, the sandbox and the mock: docs/decisions/0031-http-server.md."""
