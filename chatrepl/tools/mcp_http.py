"""An MCP server at an address: streamable HTTP, or the older way with two addresses (`…/sse`).

What it answers is counted as the lines of a child are: a body has an end here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx2
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from chatrepl.core.tools import McpServer
from chatrepl.tools.mcp_child import ServerLog
from chatrepl.tools.mcp_flood import FloodGate

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

_IN_THE_PROTOCOL: Final = frozenset({400, 404, 405})  # by these one finds out what a server speaks


@asynccontextmanager
async def address(
    server: McpServer, token: str, log: ServerLog
) -> "AsyncIterator[TransportStreams]":
    """Speak to a server at its address as long as this lasts; the `log` hears what it refuses."""

    async def noted(response: httpx2.Response) -> None:
        if response.is_error and response.status_code not in _IN_THE_PROTOCOL:
            log.add(f"\nit answered {response.status_code} {response.reason_phrase}\n".encode())

    def opener(
        headers: dict[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
    ) -> httpx2.AsyncClient:
        client = _client(headers, timeout, auth)
        client.event_hooks["response"].append(noted)
        return client

    headers = {"Authorization": f"Bearer {token}"} if token else None
    if urlsplit(server.url).path.rstrip("/").endswith("/sse"):
        opened = sse_client(server.url, headers, httpx_client_factory=opener)
        async with opened as streams:
            yield streams
        return
    async with (
        opener(headers) as client,
        streamable_http_client(server.url, http_client=client) as streams,
    ):
        yield streams


def _client(
    headers: dict[str, str] | None = None,
    timeout: httpx2.Timeout | None = None,
    auth: httpx2.Auth | None = None,
) -> httpx2.AsyncClient:
    client = create_mcp_http_client(headers, timeout, auth)
    gate = FloodGate()

    async def bound(response: httpx2.Response) -> None:
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _BoundedBody(response.stream, gate)

    client.event_hooks["response"].append(bound)
    return client


class _BoundedBody(httpx2.AsyncByteStream):
    def __init__(self, body: httpx2.AsyncByteStream, gate: FloodGate) -> None:
        self._body = body
        self._gate = gate

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._body:
            self._gate.take(len(data))
            yield data

    async def aclose(self) -> None:
        await self._body.aclose()
