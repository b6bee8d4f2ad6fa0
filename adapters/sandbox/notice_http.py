"""How simulated hosts reach the addresses of notices: by connections of their own for each, opened in any loop."""

from collections.abc import Mapping

from adapters.http import HostHttp, HostReply, open_http


class NoticeHttp(HostHttp):
    """A HostHttp that can be made before any loop runs. Notices are few: connections are not kept."""

    def __init__(self, seconds: float, origin: str = "http://127.0.0.1", host: str = "the receiver") -> None:
        self._seconds = seconds
        self._origin = origin
        self._host = host

    def at(self, origin: str, host: str) -> "NoticeHttp":
        return NoticeHttp(self._seconds, origin, host)

    async def send(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HostReply:
        async with open_http(self._origin, self._host, self._seconds) as http:
            return await http.send(method, target, body, headers)
