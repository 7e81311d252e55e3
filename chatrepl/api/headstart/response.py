"""An answer on a socket of our own, read as HTTP/1.1."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

import h11

from chatrepl.api.headstart.wire import OpenSocket

_CHUNK: Final = 65_536


class SocketResponse:
    """An open answer on a socket of our own, as the reader wants it."""

    def __init__(self, sent: OpenSocket) -> None:
        self.status_code = 0
        self.headers: Mapping[str, str] = {}
        self._reader, self._writer, request = sent.reader, sent.writer, sent.request
        self._state = h11.Connection(h11.CLIENT)
        self._state.send(
            h11.Request(method="POST", target=request.target, headers=list(request.headers))
        )
        self._state.send(h11.Data(request.body))
        self._state.send(h11.EndOfMessage())

    async def begin(self) -> None:
        """Read the answer's head. Raises OSError or EOFError where there is none."""
        while not isinstance(event := await self._next(), h11.Response):
            pass  # an interim answer
        self.status_code = event.status_code
        headers: dict[str, str] = {}
        for name, value in event.headers:
            key, text = name.decode("ascii"), value.decode("latin-1")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        self.headers = headers

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Yield the content. Raises OSError or EOFError where it breaks off."""
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)

    async def aclose(self) -> None:
        """Close the connection at once."""
        self._writer.transport.abort()

    async def _next(self) -> object:
        try:
            while (event := self._state.next_event()) is h11.NEED_DATA:
                self._state.receive_data(await self._reader.read(_CHUNK))
        except h11.RemoteProtocolError as error:
            raise EOFError(str(error)) from error
        return event
