"""One setting: what it is called, which values it takes, and how a typed one is read."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, TypeGuard

from chatrepl.core.errors import ConfigError
from chatrepl.core.frozen import frozen

Kind: TypeAlias = Literal["text", "integer", "number", "switch", "words", "table"]


@frozen
class Option:
    """One setting as the outside sees it. `key` is its name in the file, dots included.

    `least` and `most` bound a number; `least` is also how long a text must be.
    """

    name: str
    key: str
    kind: Kind
    default: Any
    about: str
    choices: tuple[str, ...]
    least: float
    most: float | None

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "CHATREPL_" + self.key.upper().replace(".", "_")


def check(opt: Option, value: object) -> Any:
    """Give `value` in the setting's own type. Raises ConfigError where it is none of its values."""
    wanted = _WANTED[opt.kind]
    if opt.kind == "words" and isinstance(value, list | tuple):
        value = tuple(value)
    if opt.kind == "number" and _is_int(value):
        value = float(value) if abs(value) < 10**300 else float("inf")
    if not _fits(opt.kind, value):
        # A table may hold secrets: what it holds is not repeated.
        shown = "" if opt.kind == "table" else f", not {_show(value)}"
        raise ConfigError(f"{opt.key} takes {wanted}{shown}.")
    if opt.choices and value not in opt.choices:
        offered = ", ".join(choice or '""' for choice in opt.choices)
        raise ConfigError(f"{opt.key} takes one of {offered}, not {_show(value)}.")
    if isinstance(value, str) and len(value.strip()) < opt.least:
        raise ConfigError(f"{opt.key} must not be empty.")
    if _is_int(value) or isinstance(value, float):
        _check_bounds(opt, value)
    return value


def _check_bounds(opt: Option, value: float) -> None:
    if value < opt.least:
        raise ConfigError(f"{opt.key} must be at least {opt.least:g}, not {_show(value)}.")
    if opt.most is not None and value > opt.most:
        raise ConfigError(f"{opt.key} must be at most {opt.most:g}, not {_show(value)}.")


def parse(opt: Option, text: str) -> Any:
    """Read a value that was typed: `--set`, `/set` and the environment. Raises ConfigError.

    Lists are parted by commas, tables are `name: value` parted by commas; both may be JSON.
    """
    match opt.kind:
        case "switch":
            return check(opt, _SWITCH.get(text.strip().casefold(), text))
        case "integer" | "number":
            return check(opt, _number(opt, text))
        case "words":
            listed = _json(text, "[")
            return check(opt, [p for p in text.split(",") if p] if listed is None else listed)
        case "table":
            table = _json(text, "{")
            return check(opt, _pairs(opt, text) if table is None else table)
        case _:
            return check(opt, text)


_SWITCH: Final = {
    "true": True, "on": True, "yes": True, "1": True,
    "false": False, "off": False, "no": False, "0": False,
}  # fmt: skip
_WANTED: Final[Mapping[Kind, str]] = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "switch": "true or false",
    "words": "a list of texts that are not blank",
    "table": "header names with a text each",
}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def _number(opt: Option, text: str) -> object:
    try:
        return int(text) if opt.kind == "integer" else float(text)
    except ValueError:
        return text


def _json(text: str, opening: str) -> Any:
    if not text.lstrip().startswith(opening):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _pairs(opt: Option, text: str) -> dict[str, str]:
    pairs = {}
    for part in text.split(","):
        name, colon, value = part.partition(":")
        if colon:
            pairs[name.strip()] = value.strip()
        elif part.strip():
            raise ConfigError(f"{opt.key} takes name: value, parted by commas, or a JSON object.")
    return pairs


def _fits(kind: Kind, value: object) -> bool:
    match kind:
        case "switch":
            return isinstance(value, bool)
        case "integer":
            return _is_int(value)
        case "number":
            return isinstance(value, float) and value - value == 0  # neither NaN nor infinite
        case "words":
            return isinstance(value, tuple) and all(
                isinstance(item, str) and item.strip() for item in value
            )
        case "table":
            return isinstance(value, Mapping) and all(map(_is_header, value, value.values()))
        case _:
            return isinstance(value, str)


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_header(name: object, value: object) -> bool:
    return (
        isinstance(name, str)
        and isinstance(value, str)
        and _HEADER_NAME.fullmatch(name) is not None
        and _HEADER_VALUE.fullmatch(value) is not None
    )


def _show(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if _is_int(value) and value.bit_length() > 200:
        return "so large a number"
    return shown(repr(value))


def shown(text: str) -> str:
    """Cut `text` to what fits into a message of one line."""
    return text if len(text) <= 60 else text[:59] + "…"
