"""The answer to a request that had a head start; all this is loaded while the service thinks."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Final

import h11

from chatrepl.api.address import Origin
from chatrepl.api.bodies import last_words, sliced
from chatrepl.api.errors.answers import from_answer
from chatrepl.api.errors.exceptions import Faults, in_words
from chatrepl.api.errors.foreign import ERROR_BYTES
from chatrepl.api.headstart.start import SentAhead
from chatrepl.api.headstart.wire import OpenSocket
from chatrepl.api.outgoing import MESSAGES, patience
from chatrepl.api.reader import Answer, ReadLimits, read_reply
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import StreamEvent

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

_CHUNK: Final = 65_536
_FAULTS: Final = Faults((OSError, EOFError, ValueError, AssertionError), closed=(EOFError,))


async def events_of(
    sent: SentAhead, http: "Callable[[], AsyncClient]"
) -> AsyncGenerator[StreamEvent, None]:
    """Wait for the answer and give its events; `http` opens the HTTP client where it is needed.

    Raises ApiError.
    """
    timeout_s = sent.start.route.timeout_s
    seconds = patience(timeout_s, sent.body)
    if sent.socket is not None:
        answer = await _from_socket(sent.socket, sent.origin, seconds)
    else:
        answer = await _through_http(sent, http(), seconds)
    if not 200 <= answer.response.status_code < 300:
        raise await _refusal(answer)
    return read_reply(answer, ReadLimits(timeout_s))


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


async def _from_socket(sent: OpenSocket, origin: Origin, seconds: float) -> Answer:
    """Wait for the head of what comes back."""
    response = SocketResponse(sent)
    try:
        await in_words(response.begin(), origin, _FAULTS, seconds)
    except BaseException:
        await response.aclose()
        raise
    if not response.headers.get("content-encoding"):
        return Answer(response, origin, _FAULTS)
    return Answer(_unpacked(response), origin, _http_faults())


async def _through_http(sent: SentAhead, http: "AsyncClient", seconds: float) -> Answer:
    """Let the HTTP client send the request, without the SDK."""

    async def send() -> "Response":
        url = sent.start.route.url.rstrip("/") + MESSAGES
        post = http.build_request("POST", url, headers=sent.start.headers, content=sent.body)
        return await http.send(post, stream=True)

    response = await in_words(send(), sent.origin, _http_faults(), seconds)
    return Answer(response, sent.origin, _http_faults())


def _http_faults() -> Faults:
    from chatrepl.api.http import FAULTS  # loads the HTTP client

    return FAULTS


def _unpacked(packed: SocketResponse) -> "Response":
    """Have the HTTP client undo the encoding of an answer's content."""
    import httpx2

    class Content(httpx2.AsyncByteStream):
        def __aiter__(self) -> AsyncIterator[bytes]:
            return sliced(packed.aiter_bytes())

        async def aclose(self) -> None:
            await packed.aclose()

    return httpx2.Response(packed.status_code, headers=dict(packed.headers), stream=Content())


async def _refusal(answer: Answer) -> ApiError:
    """Give the error that the answer is."""
    response = answer.response
    try:
        body = await last_words(response.aiter_bytes(), ERROR_BYTES, answer.faults.raised)
    finally:
        await response.aclose()
    return from_answer(response.status_code, response.headers, body, answer.origin)
