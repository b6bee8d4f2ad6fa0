"""Runs commands of the operator as they are typed, on a test's own servers."""

import asyncio

from click.testing import CliRunner, Result

from cli.main import yiwang
from kernel.crypto.keys import key_path
from kernel.settings import Settings


class Operator:
    """Types commands. ``settings`` name the servers and the keys."""

    def __init__(self, settings: Settings) -> None:
        self._environment = {
            "YIWANG_DATABASE_URL": settings.database_url,
            "YIWANG_REDIS_URL": settings.redis_url,
            "YIWANG_ISSUER": settings.issuer,
            "YIWANG_KEY_FILE": str(key_path(settings)),
            "YIWANG_IDENTITY_URL": settings.identity_url,
            "YIWANG_IDENTITY_KEY": settings.identity_key,
            "YIWANG_HOST_APPS_FILE": settings.host_apps_file,
        }

    async def type(self, *words: str, stdin: str = "") -> Result:
        """Return what a command has done; it has an event loop of its own, so it runs in a thread."""
        return await asyncio.to_thread(CliRunner(env=self._environment).invoke, yiwang, words, input=stdin)

    async def done(self, *words: str, stdin: str = "") -> str:
        """Return what a command that succeeds says."""
        result = await self.type(*words, stdin=stdin)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout
