"""An MCP server at an address: streamable HTTP, or the older way with two addresses (`…/sse`).

What it answers is counted as the lines of a child are: a body has an end here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from chatrepl.core.tools import McpServer
from chatrepl.tools.mcp_flood import FloodGate

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams


@asynccontextmanager
async def address(server: McpServer, token: str) -> "AsyncIterator[TransportStreams]":
    """Speak to a server at its address as long as this lasts."""
    headers = {"Authorization": f"Bearer {token}"} if token else None
    if urlsplit(server.url).path.rstrip("/").endswith("/sse"):
        opened = sse_client(server.url, headers, httpx_client_factory=_client)
        async with opened as streams:
            yield streams
        return
    async with (
        _client(headers) as client,
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
