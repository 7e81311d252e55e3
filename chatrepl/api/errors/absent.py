"""What a server has no address for, though it answers messages.

Many that speak the protocol know nothing but `/v1/messages`. To add an address, add its words.
"""

from collections.abc import Mapping
from typing import Final

from chatrepl.api.address import Origin
from chatrepl.core.errors import ApiError

_ABSENT: Final = frozenset({404, 405, 501})
_PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "/v1/messages/batches": (
        "takes no Message Batches.",
        "--each without --batch sends single requests.",
    ),
    "/v1/messages/count_tokens": ("counts no tokens.", "/context has an estimate."),
    "/v1/models": ("has no list of models.", "-m and /model take any name."),
}


def of_part(error: ApiError, path: str, origin: Origin) -> ApiError:
    """Let a refusal say which part of the API a server does not have, where it means that."""
    part = _PARTS.get(path.partition("?")[0])
    is_of_model = origin.model and origin.model in error.answer
    if part is not None and error.status in _ABSENT and not is_of_model:
        error.message, error.hint = f"{origin.host} {part[0]}", part[1]
        error.absent = True
    return error
