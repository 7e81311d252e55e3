"""What a refused request teaches: what to change before it is sent once more.

To add a lesson, give it a name and its sign here, and let `turn.py` act on it.
"""

from typing import Final, Literal, TypeAlias

from chatrepl.core.errors import ApiError
from chatrepl.core.request import Request

Lesson: TypeAlias = Literal["prefill", "system", "thinking"]

_BOUND: Final = ("bound to a different conversation", "invalid `signature`", "invalid signature")
_PARAMETERS: Final = {
    "effort": "/effort clear leaves it to the model.",
    "thinking": "/think auto leaves it to the model.",
}


def lesson(error: ApiError, request: Request) -> Lesson | None:
    """Say what a refusal of `request` teaches, if that is something we can do without."""
    if error.status != 400:
        return None
    words = error.message.casefold()
    prefill = request.prefill
    if prefill is not None and prefill.mode == "native" and "prefill" in words:
        return "prefill"
    if any(m.role == "system" for m in request.messages) and "role" in words and "system" in words:
        return "system"
    thought = any(m.has_thinking for m in request.messages)
    if thought and any(sign in words for sign in _BOUND):
        return "thinking"
    return None


def in_plain_words(error: ApiError, request: Request) -> ApiError:
    """Say which setting the service refuses, where it refuses one; other errors stay."""
    if error.status != 400:
        return error
    config = request.params.get("output_config")
    sent = {"thinking": "thinking" in request.params, "effort": "effort" in (config or {})}
    words = error.message.casefold()
    for name, way_out in _PARAMETERS.items():
        if sent[name] and name in words:
            return ApiError(
                error.kind,
                f"{request.model} does not take this {name} setting. Nothing was lost.",
                f"{way_out} The service said: {error.message}",
                type=error.type,
                status=error.status,
                request_id=error.request_id,
            )
    return error
