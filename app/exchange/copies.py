"""The way to the service, with a copy of its fallback document kept here for when it does not answer.

The service says that this document is to be hosted elsewhere too; a real number's fallback then points there.
"""

import asyncio
from contextlib import suppress

import httpx2

SECONDS_BETWEEN_LOOKS = 60.0
SECONDS_UNTIL_FOUND = 1.0


class KeepsFallback(httpx2.AsyncBaseTransport):
    """Requests for `path` that the service leaves without an answer are answered from the copy."""

    def __init__(self, path: str) -> None:
        # As the provider does by default: a connection that fails is tried once more. None is kept open, since one
        # that the service closes in that moment would cost a call.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._service = httpx2.AsyncHTTPTransport(retries=1, limits=limits)
        self._path = path
        self._copy: tuple[int, dict[str, str], bytes] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = await self._service.handle_async_request(request)
        except httpx2.TransportError:
            if self._copy is None or not request.url.path.endswith(self._path):
                raise
            status, headers, body = self._copy
            return httpx2.Response(status, headers=headers, content=body)
        if request.url.path.endswith(self._path) and response.status_code == 200:
            self._copy = 200, {"content-type": response.headers.get("content-type", "")}, await response.aread()
        return response

    async def aclose(self) -> None:
        await self._service.aclose()

    async def keep_copying(self, http: httpx2.AsyncClient) -> None:
        """Runs beside the calls, until cancelled: the copy is never old."""
        while True:
            with suppress(httpx2.HTTPError):
                await http.get(self._path)
            await asyncio.sleep(SECONDS_UNTIL_FOUND if self._copy is None else SECONDS_BETWEEN_LOOKS)
