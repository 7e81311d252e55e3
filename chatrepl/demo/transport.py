"""Carry the engine's answers through the HTTP stack of all requests, without a socket."""

import asyncio
from collections.abc import AsyncIterator

import httpx2

from chatrepl.demo.engine import Engine
from chatrepl.demo.wire import Ending, WireAnswer

_TORN = "peer closed connection without sending complete message body (incomplete chunked read)"


class DemoTransport(httpx2.AsyncBaseTransport):
    """An HTTP transport that asks `engine` instead of the network."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        target = request.url.raw_path.decode("ascii")
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = self.engine.handle(request.method, target, headers, body)
        if answer.ending is Ending.REFUSED:
            raise httpx2.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            )
        patience = (request.extensions.get("timeout") or {}).get("read")
        if answer.ending is Ending.HEADERS:
            await asyncio.Event().wait()
        await _wait(answer.delay, patience, request)
        return httpx2.Response(
            answer.status,
            headers=dict(answer.headers),
            stream=_Body(answer, patience, request),
            request=request,
        )


def demo_transport(pace: float) -> DemoTransport:
    """Make a transport with an engine of its own, that writes `pace` tokens a second."""
    return DemoTransport(Engine(pace=pace))


async def _wait(seconds: float, patience: float | None, request: httpx2.Request) -> None:
    """Wait as long as the answer does, or as the client is willing to."""
    if patience is not None and seconds > patience:
        await asyncio.sleep(patience)
        raise httpx2.ReadTimeout("The read operation timed out", request=request)
    if seconds > 0:
        await asyncio.sleep(seconds)


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: WireAnswer, patience: float | None, request: httpx2.Request) -> None:
        self._answer = answer
        self._patience = patience
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._answer.play():
            await _wait(chunk.wait, self._patience, self._request)
            yield chunk.data
        if self._answer.ending is Ending.TORN:
            raise httpx2.RemoteProtocolError(_TORN, request=self._request)
        if self._answer.ending is Ending.RESET:
            raise httpx2.ReadError("Connection reset by peer", request=self._request)
        if self._answer.ending is Ending.STALL:
            await _wait(float("inf"), self._patience, self._request)
            await asyncio.Event().wait()
