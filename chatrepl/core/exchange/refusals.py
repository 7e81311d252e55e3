"""What a refused past teaches: what of it to leave out before it is sent once more.

To add a lesson, give it a name, its words and its sign here, and let `session/lessons.py` act on
it. What is refused beside the past is in `lessons.py`.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.blocks import UnknownBlock

Lesson: TypeAlias = Literal["thinking", "blocks"]
WORDS: Final[Mapping[Lesson, str]] = {
    "thinking": "The service does not take the thinking so far; it is left out from now on.",
    "blocks": "The service does not take back a part of a reply; it is left out from now on.",
}

_BOUND: Final = ("bound to a different conversation", "invalid `signature`", "invalid signature")
_PLACE: Final = re.compile(r"messages\.(\d+)\.content")
_MESSAGE: Final = re.compile(r"messages\.(\d+)\b")
_OLDER: Final = "It is in an earlier turn: /history lists them, and /drop leaves one out."
_PARAMETERS: Final = {
    "effort": "/effort clear leaves it to the model.",
    "thinking": "/think auto leaves it to the model.",
}


def lesson(error: ApiError, request: Request) -> Lesson | None:
    """Say what a refusal of `request` teaches, if that is something we can do without."""
    if error.status != 400:
        return None
    words = error.message.casefold()
    thought = any(m.has_thinking for m in request.messages)
    if thought and any(sign in words for sign in _BOUND):
        return "thinking"
    place = _PLACE.match(words)
    if place is not None and _is_strange(request, int(place[1])):
        return "blocks"
    return None


def _is_strange(request: Request, at: int) -> bool:
    """Tell whether a message holds a block that came from the service and has no class here."""
    named = request.messages[at : at + 1]
    return any(isinstance(block, UnknownBlock) for m in named for block in m.content)


def in_plain_words(error: ApiError, request: Request) -> ApiError:
    """Say which setting the service refuses, or that it refuses an older turn; others stay."""
    if error.status != 400:
        return error
    config = request.params.get("output_config")
    sent = {"thinking": "thinking" in request.params, "effort": "effort" in (config or {})}
    words = error.message.casefold()
    for name, way_out in _PARAMETERS.items():
        if sent[name] and name in words and not words.startswith("messages."):
            refusal = f"{request.model} does not take this {name} setting. Nothing was lost."
            return _said(error, refusal, f"{way_out} The service said: {error.message}")
    place = _MESSAGE.match(words)
    newest = max((at for at, m in enumerate(request.messages) if m.role == "user"), default=0)
    if place is not None and int(place[1]) < newest:
        return _said(error, error.message, _OLDER)
    return error


def _said(error: ApiError, message: str, hint: str) -> ApiError:
    return ApiError(
        error.kind,
        message,
        hint,
        type=error.type,
        status=error.status,
        request_id=error.request_id,
    )
