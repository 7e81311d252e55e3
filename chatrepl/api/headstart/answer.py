"""The answer to a request that had a head start; all this is loaded while the service thinks."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TYPE_CHECKING, Final, Protocol

from chatrepl.api.address import Origin
from chatrepl.api.bodies import last_words, sliced
from chatrepl.api.errors.answers import from_answer
from chatrepl.api.errors.exceptions import Faults, in_words
from chatrepl.api.errors.foreign import ERROR_BYTES
from chatrepl.api.headstart.start import SentAhead
from chatrepl.api.outgoing import MESSAGES, patience
from chatrepl.api.reader import Answer, OpenResponse, ReadLimits, read_reply
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import StreamEvent

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

FAULTS: Final = Faults((OSError, EOFError, ValueError, AssertionError), closed=(EOFError,))


class RawResponse(OpenResponse, Protocol):
    """An answer whose head is still to be read, and whose content may be packed."""

    async def begin(self) -> None: ...


async def events_of(
    sent: SentAhead, http: "Callable[[], AsyncClient]"
) -> AsyncGenerator[StreamEvent, None]:
    """Wait for the answer and give its events; `http` opens the HTTP client where it is needed.

    Raises ApiError.
    """
    timeout_s = sent.start.route.timeout_s
    seconds = patience(timeout_s, sent.body)
    if sent.socket is not None:
        from chatrepl.api.headstart.response import SocketResponse  # a socket needs an HTTP state

        response = SocketResponse(sent.socket)
        return await events_from(response, sent.origin, seconds, ReadLimits(timeout_s))
    answer = await _through_http(sent, http(), seconds)
    return await _events(answer, ReadLimits(timeout_s))


async def events_from(
    response: RawResponse, origin: Origin, seconds: float, limits: ReadLimits
) -> AsyncGenerator[StreamEvent, None]:
    """Wait so long for the head of an answer on a socket, and give its events. Raises ApiError."""
    return await _events(await _begun(response, origin, seconds), limits)


async def _events(answer: Answer, limits: ReadLimits) -> AsyncGenerator[StreamEvent, None]:
    if not 200 <= answer.response.status_code < 300:
        raise await refusal(answer)
    return read_reply(answer, limits)


async def _begun(response: RawResponse, origin: Origin, seconds: float) -> Answer:
    """Wait for the head of what comes back."""
    try:
        await in_words(response.begin(), origin, FAULTS, seconds)
    except BaseException:
        await response.aclose()
        raise
    if not response.headers.get("content-encoding"):
        return Answer(response, origin, FAULTS)
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


def _unpacked(packed: RawResponse) -> "Response":
    """Have the HTTP client undo the encoding of an answer's content."""
    import httpx2

    class Content(httpx2.AsyncByteStream):
        def __aiter__(self) -> AsyncIterator[bytes]:
            return sliced(packed.aiter_bytes())

        async def aclose(self) -> None:
            await packed.aclose()

    return httpx2.Response(packed.status_code, headers=dict(packed.headers), stream=Content())


async def refusal(answer: Answer) -> ApiError:
    """Give the error that the answer is."""
    response = answer.response
    try:
        body = await last_words(response.aiter_bytes(), ERROR_BYTES, answer.faults.raised)
    finally:
        await response.aclose()
    return from_answer(response.status_code, response.headers, body, answer.origin)
