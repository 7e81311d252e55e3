"""What every request to the service has in common, whoever sends it."""

from typing import Final

from chatrepl.api.reader import Limits
from chatrepl.core.request import Request

MESSAGES: Final = "/v1/messages"
_UPLOAD_BYTES_PER_S: Final = 100_000
_UNCOUNTED: Final = frozenset({"max_tokens", "stop_sequences", "diagnostics"})


def streaming(request: Request) -> bytes:
    """Write the body of a request whose answer is to stream."""
    return request.encode()[:-1] + b',"stream":true}'


def counting(request: Request) -> bytes:
    """Write the body of the question how many tokens a request has."""
    params = {key: value for key, value in request.params.items() if key not in _UNCOUNTED}
    return request.encode_with(params)


def patience(limits: Limits, body: bytes) -> float:
    """Give the seconds until the answer's first line: a large body takes its time to leave."""
    return limits.timeout_s + len(body) / _UPLOAD_BYTES_PER_S
