"""Errors that say "later" by their status and "never" by their words.

Local servers and gateways answer 500 where the request itself is at fault, as does llama.cpp to an
image without a projector; asking again does not help. To add one, add its words.
"""

import re
from typing import Final

from chatrepl.api.errors.sizes import is_too_large
from chatrepl.core.errors import ApiErrorKind

# Texts, which `re` compiles when an error comes: most runs never see one.
_SIGNS: Final = (
    (
        ApiErrorKind.NOT_FOUND,
        (
            r"model.{0,80}(not (be )?found|(does not|doesn't) exist)"
            r"|(unknown|no such|invalid|unsupported) model|no model.{0,20}(found|named|loaded)"
            r"|model_?not_?(found|supported)|not a (valid|known) model"
            r"|requested model is not|no healthy deployments? for"
        ),
    ),
    (
        ApiErrorKind.INVALID,
        (
            r"(not|n't|no) (\w+ )?(supported|support|permitted|allowed|implemented)|unsupported"
            r"|(unknown|unexpected|unrecognized|invalid|extra|missing) "
            r"(\w+ )?(inputs?|fields?|param\w*|arguments?|keys?|requests?|roles?|types?|variants?"
            r"|values?|json)|expected (last )?role|incompatible|cannot (continue|set|use)"
            r"|bad ?request|invalid_?request|validation ?error|failed to parse|mmproj|jinja"
            r"|chat template|conversation roles|must (be|alternate|start|end|have|not)|too large"
        ),
    ),
)
# Some failures of the moment speak of a context or an input, too.
_PASSING: Final = (
    r"overload|temporar|try again|retry|later|timed? ?out|busy|unavailable|rate limit|connection"
    r"|capacity|context (deadline|cancel)|internal (server )?error$"
)


def permanent_kind(words: str) -> ApiErrorKind | None:
    """Tell what an error of the server really is; None where asking again may help."""
    low = words.casefold()
    if re.search(_PASSING, low):
        return None
    if is_too_large(low):
        return ApiErrorKind.TOO_LARGE
    return next((kind for kind, sign in _SIGNS if re.search(sign, low)), None)


def is_no_model(words: str, model: str) -> bool:
    """Tell whether a refusal means that there is no `model`: some routers say so with a 400."""
    low = words.casefold()
    is_named = model.casefold() in low or "requested model" in low
    return is_named and re.search(dict(_SIGNS)[ApiErrorKind.NOT_FOUND], low) is not None
