"""A refusal that nothing was learned from, in plain words.

What a refusal teaches is in `lessons.py`, where it names what we add, and in `past.py`, where it
names something of earlier turns; `session/lessons.py` acts on both.
"""

import re
from collections.abc import Iterable
from typing import Final

from chatrepl.core.errors import REFUSED, ApiError
from chatrepl.core.exchange.request import Request

_MESSAGE: Final = re.compile(r"messages\.(\d{1,9})\b")
_UNSET: Final = "set to nothing it is not sent."
_OLDER: Final = "It is in an earlier turn: /history lists them, and /drop leaves one out."
_OURS: Final = frozenset(
    "model max_tokens system cache_control thinking output_config diagnostics".split()
) | {"tools", "tool_choice"}
_PARAMETERS: Final = {
    "effort": "/effort clear leaves it to the model.",
    "thinking": "/think auto leaves it to the model.",
}


def in_plain_words(error: ApiError, request: Request) -> ApiError:
    """Say which setting the service refuses, or that it refuses an older turn; others stay."""
    if error.status not in {400, 422}:
        return error
    config = request.params.get("output_config")
    has_effort = isinstance(config, dict) and "effort" in config
    sent = {"thinking": "thinking" in request.params, "effort": has_effort}
    reason = _reason(error)
    words = reason.casefold()
    for name, way_out in _PARAMETERS.items():
        if sent[name] and name in words and not words.startswith("messages."):
            refusal = f"{request.model} does not take this {name} setting. Nothing was lost."
            return _said(error, refusal, f"{way_out} The service said: {reason}")
    if "mcp_servers" in request.params and re.search(r"\bmcp\b", words):
        return _said(
            error, error.message, "/mcp lists the servers; /mcp remove NAME leaves one out."
        )
    place = _MESSAGE.match(words)
    for name in request.params:
        is_named = re.search(rf"\b{re.escape(name.casefold())}\b", words) is not None
        if is_named and name not in _OURS and place is None:
            return _said(error, error.message, f"{name} comes from your settings; {_UNSET}")
    newest = max((at for at, m in enumerate(request.messages) if m.role == "user"), default=0)
    if place is not None and int(place[1]) < newest:
        return _said(error, error.message, _OLDER)
    return error


def of_files(error: ApiError, names: Iterable[str], *, interactive: bool) -> ApiError:
    """Say which files of the new message the service refuses."""
    listed = ", ".join(names)
    again = "It is attached no longer; /image and its path attach it again."
    hint = again if interactive else "Send it in another form, or without it."
    return _said(error, f"The service does not take {listed}: {_reason(error)}", hint)


def _reason(error: ApiError) -> str:
    """Give the service's own words."""
    return error.message.removeprefix(f"{REFUSED} ({error.status}): ")


def _said(error: ApiError, message: str, hint: str) -> ApiError:
    return ApiError(
        error.kind,
        message,
        hint,
        type=error.type,
        status=error.status,
        request_id=error.request_id,
    )
