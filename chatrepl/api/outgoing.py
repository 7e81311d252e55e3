"""What every request to the service has in common, whoever sends it."""

import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sized
from dataclasses import replace
from typing import Final

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.request import Request
from chatrepl.core.value import frozen

BETA: Final = "anthropic-beta"
MESSAGES: Final = "/v1/messages"
ENCODINGS: Final = "gzip, deflate"  # what else there is depends on what is installed
CONNECT_TIMEOUT_S: Final = 10.0
SLACK_S: Final = 5.0  # for single reads: our own watchdog is to be the one that speaks
_OWN: Final = r"web_(search|fetch)_|code_execution_"
_UPLOAD_BYTES_PER_S: Final = 100_000
_UNCOUNTED: Final = frozenset(
    "max_tokens stop_sequences diagnostics metadata service_tier inference_geo speed fallbacks "
    "temperature top_p top_k container".split()
)


@frozen
class Upload:
    """A body that is sent piece by piece, and is never held as a whole."""

    size: int
    pieces: Callable[[], Iterator[bytes]]

    def __len__(self) -> int:
        return self.size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces():
            yield piece


def streaming(request: Request) -> bytes:
    """Write the body of a request whose answer is to stream, if the server can do that."""
    stream = {"stream": True} if request.streams else {}
    return request.encode_with({**request.params, **stream})


def counting(request: Request) -> bytes:
    """Write the body of the question how many tokens a request has."""
    params = {key: value for key, value in request.params.items() if key not in _UNCOUNTED}
    return request.encode_with(params)


def without_own_tools(request: Request, error: ApiError) -> Request | None:
    """Give a request without the service's own tools, where an error refuses them; else None."""
    tools = request.params.get("tools")
    given = tools if isinstance(tools, list) else []
    others = [t for t in given if not re.match(_OWN, str(isinstance(t, dict) and t.get("type")))]
    words = (error.answer or error.message).casefold()
    if error.kind is not ApiErrorKind.INVALID or len(others) == len(given) or "tool" not in words:
        return None
    rest = {k: value for k, value in request.params.items() if k not in {"tools", "tool_choice"}}
    return replace(request, params={**rest, **({"tools": others} if others else {})})


def beta_header(request: Request, headers: Mapping[str, str]) -> dict[str, str]:
    """Name the beta features of a request and of the `headers` of its route in one header."""
    usual = next((text for name, text in headers.items() if name.lower() == BETA), "")
    names = dict.fromkeys((*filter(None, map(str.strip, usual.split(","))), *request.betas))
    return {BETA: ",".join(names)} if request.betas else {}


def patience(timeout_s: float, body: Sized) -> float:
    """Give the seconds until the answer's first line: a large body takes its time to leave."""
    return timeout_s + len(body) / _UPLOAD_BYTES_PER_S


def socket_options() -> list[tuple[int, int, int]]:
    """Ask the kernel to notice a dead peer during long thinking, and routers to keep the path."""
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5)):
        number = getattr(socket, name, None)
        if number is not None:
            options.append((socket.IPPROTO_TCP, number, value))
    return options
