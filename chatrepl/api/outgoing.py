"""What every request to the service has in common, whoever sends it."""

import socket
from collections.abc import Mapping, Sized
from typing import Final

from chatrepl.core.exchange.request import Request

BETA: Final = "anthropic-beta"
MESSAGES: Final = "/v1/messages"
CONNECT_TIMEOUT_S: Final = 10.0
SLACK_S: Final = 5.0  # for single reads: our own watchdog is to be the one that speaks
_UPLOAD_BYTES_PER_S: Final = 100_000
_UNCOUNTED: Final = frozenset(
    "max_tokens stop_sequences diagnostics metadata service_tier inference_geo speed fallbacks "
    "temperature top_p top_k".split()
)


def streaming(request: Request) -> bytes:
    """Write the body of a request whose answer is to stream, if the server can do that."""
    stream = {"stream": True} if request.streams else {}
    return request.encode_with({**request.params, **stream})


def counting(request: Request) -> bytes:
    """Write the body of the question how many tokens a request has."""
    params = {key: value for key, value in request.params.items() if key not in _UNCOUNTED}
    return request.encode_with(params)


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
