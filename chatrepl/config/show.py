"""Settings for people: each with its value and where that comes from, without secrets."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from chatrepl.config.load import Loaded
from chatrepl.core.settings import OPTIONS

Row: TypeAlias = tuple[str, str, str]
HIDDEN: Final = "(hidden)"
_LONGEST: Final = 200
_SECRET_NAME: Final = re.compile(
    r"key|token|secret|auth|cookie|passw|credential|signature", re.IGNORECASE
)
_SECRET_VALUE: Final = re.compile(r"(bearer|basic)\s+\S|sk-|[\w+/=.-]{24,}", re.IGNORECASE)
_LOGIN: Final = re.compile(r"(?<=://)[^/?#]*@")


def describe(loaded: Loaded) -> tuple[Row, ...]:
    """List each setting's key, its value as it would stand in the file, and its origin."""
    return tuple(
        (key, _shown(getattr(loaded.settings, opt.name)), loaded.origins[key])
        for key, opt in OPTIONS.items()
    )


def toml(value: Any) -> str:
    """Write a setting's value as TOML."""
    if isinstance(value, Mapping):
        pairs = (f"{toml(name)} = {toml(item)}" for name, item in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        value = {name: _masked(name, text) for name, text in value.items()}
    elif isinstance(value, str):
        value = _LOGIN.sub(f"{HIDDEN}@", value)
    text = toml(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _masked(name: str, value: str) -> str:
    secret = _SECRET_NAME.search(name) or _SECRET_VALUE.search(value)
    return HIDDEN if secret else value
