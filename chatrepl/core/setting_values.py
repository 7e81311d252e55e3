"""Which values a setting takes, and how a typed one is read: one kind of setting each.

To add a kind, give it a name, its words in `_WANTED`, and a case in `parse` and `_fits`.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias, TypeGuard

from chatrepl.core.errors import ConfigError
from chatrepl.core.numbers import LARGEST, whole
from chatrepl.core.value import frozen

SettingKind: TypeAlias = Literal[
    "text", "command", "integer", "number", "switch", "words", "names", "domains", "models",
    "headers", "place", "body",
]  # fmt: skip


@frozen
class Option:
    """One setting as the outside sees it. `key` is its name in the file, dots included.

    `least` and `most` bound a number; `least` is also how long a text must be. A default of None
    stands for a number that is not set, which is typed and written as an empty text. The `choices`
    of a switch are what it may be beyond on and off.
    """

    name: str
    key: str
    kind: SettingKind
    default: Any
    about: str
    choices: tuple[str, ...]
    least: float
    most: float | None

    @property
    def offered(self) -> tuple[str, ...]:
        """All values that it may have, where they are few."""
        return (*(("true", "false") if self.kind == "switch" else ()), *self.choices)

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "CHATREPL_" + self.key.upper().replace(".", "_")


def check(opt: Option, value: object) -> Any:
    """Give `value` in the setting's own type. Raises ConfigError where it is none of its values."""
    if opt.default is None and value in (None, ""):
        return None
    value = _of_kind(opt.kind, value)
    if opt.kind == "switch" and opt.choices and isinstance(value, str):
        value = _SWITCH.get(value, value)
        if value in opt.choices:
            return value
    if not _fits(opt.kind, value):
        # A table may hold secrets: what it holds is not repeated.
        given = "" if opt.kind in _TABLES else f", not {_show(value)}"
        raise ConfigError(f"{opt.key} takes {_wanted(opt)}{given}.")
    if opt.kind == "body" and isinstance(value, Mapping):
        _check_body(opt, value)
    if opt.choices and opt.kind != "switch" and value not in opt.choices:
        raise ConfigError(f"{opt.key} takes {_wanted(opt)}, not {_show(value)}.")
    if isinstance(value, str) and len(value.strip()) < opt.least:
        raise ConfigError(f"{opt.key} must not be empty.")
    if _is_int(value) or isinstance(value, float):
        _check_bounds(opt, value)
    return value


def _wanted(opt: Option) -> str:
    offered = ", ".join(choice or '""' for choice in opt.choices)
    if opt.kind == "switch" and offered:
        return f"true, false or {offered}"
    return f"one of {offered}" if offered else _WANTED[opt.kind]


def _of_kind(kind: SettingKind, value: object) -> object:
    """Give a value in the form in which its kind is kept, as far as it has one."""
    if kind == "command" and isinstance(value, list | tuple) and _are_texts(value):
        return shlex.join(value)
    if kind == "models" and isinstance(value, str):
        value = value.replace(",", " ").split()
    if kind in _LISTS and isinstance(value, list | tuple):
        return tuple(value)
    if kind == "body" and isinstance(value, str):
        return _json(value, "{") if value.strip() else {}  # TOML has no null
    if kind == "number" and _is_int(value):
        return float(value) if abs(value) <= LARGEST else float("inf")
    return value


def _check_body(opt: Option, body: Mapping[str, object]) -> None:
    if own := _RESERVED.intersection(body):
        raise ConfigError(f"{opt.key} cannot hold {min(own)}: that is chatrepl's own.")
    if "model" in body and not (isinstance(body["model"], str) and body["model"]):
        raise ConfigError(f"{opt.key} needs a name as model, or none of its own.")


def _check_bounds(opt: Option, value: float) -> None:
    if value < opt.least:
        raise ConfigError(f"{opt.key} must be at least {opt.least:g}, not {_show(value)}.")
    most = _MOST[opt.kind] if opt.most is None else opt.most
    if value > most:
        raise ConfigError(f"{opt.key} must be at most {most:g}, not {_show(value)}.")


def parse(opt: Option, text: str) -> Any:
    """Read a value that was typed: `--set`, `/set` and the environment. Raises ConfigError.

    Lists are parted by commas, tables are `name: value` parted by commas; both may be JSON.
    """
    if opt.default is None and not text.strip():
        return None
    match opt.kind:
        case "switch":
            return check(opt, _SWITCH.get(text.strip().casefold(), text))
        case "integer" | "number":
            return check(opt, _number(opt, text))
        case "words" | "names" | "domains" | "models":
            listed = _json(text, "[")
            parts = text.split(",") if opt.kind == "words" else text.replace(",", " ").split()
            return check(opt, [p for p in parts if p] if listed is None else listed)
        case "command":
            listed = _json(text, "[")
            return check(opt, text if listed is None else listed)
        case "headers" | "place":
            table = _json(text, "{")
            return check(opt, _pairs(opt, text) if table is None else table)
        case _:
            return check(opt, text)


_SWITCH: Final = {
    "true": True, "on": True, "yes": True, "1": True,
    "false": False, "off": False, "no": False, "0": False,
}  # fmt: skip
_WANTED: Final[Mapping[SettingKind, str]] = {
    "text": "a text",
    "command": "a command: a list of words, or a text that is split into words",
    "integer": "a whole number",
    "number": "a number",
    "switch": "true or false",
    "words": "a list of texts that are not blank",
    "names": "a list of names without spaces",
    "domains": "a list of domains such as example.com, without https://",
    "models": "a list of models, or default alone",
    "headers": "header names with a text each",
    "place": "city, region, country (two letters) and timezone, each a text",
    "body": 'a JSON object such as {"top_k": 5}',
}
_MOST: Final[Mapping[SettingKind, float]] = {"integer": LARGEST, "number": 1e9}
_LISTS: Final = frozenset({"words", "names", "domains", "models"})
_TABLES: Final = frozenset({"headers", "place", "body"})
_RESERVED: Final = frozenset({"messages", "stream"})
_PLACE: Final = frozenset({"city", "region", "country", "timezone"})
_DOMAIN: Final = r"[\w-]+(\.[\w-]+)+(/\S*)?"
_MODEL: Final = r"[^\s,]+"
_HEADER_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PATTERNS: Final = {"names": _HEADER_NAME, "domains": _DOMAIN, "models": _MODEL}
_HEADER_VALUE: Final = r"[\t\x20-\x7e\x80-\xff]*"


def _number(opt: Option, text: str) -> object:
    try:
        return whole(text) if opt.kind == "integer" else float(text)
    except ValueError:
        return text


def _json(text: str, opening: str) -> Any:
    if not text.lstrip().startswith(opening):
        return None
    from chatrepl.core.foreign_json import exactly  # seldom needed

    try:
        return exactly(text)
    except ValueError:
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


def _fits(kind: SettingKind, value: object) -> bool:
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
        case "names" | "domains" | "models":
            pattern = _PATTERNS[kind]
            return isinstance(value, tuple) and all(
                isinstance(item, str) and re.fullmatch(pattern, item) is not None for item in value
            )
        case "headers":
            return isinstance(value, Mapping) and all(map(_is_header, value, value.values()))
        case "place":
            return isinstance(value, Mapping) and all(map(_is_place, value, value.values()))
        case "body":
            return isinstance(value, Mapping) and _is_json(dict(value))
        case _:
            return isinstance(value, str)


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_texts(values: Iterable[object]) -> TypeGuard[Iterable[str]]:
    return all(isinstance(value, str) for value in values)


def _is_header(name: object, value: object) -> bool:
    return (
        isinstance(name, str)
        and isinstance(value, str)
        and re.fullmatch(_HEADER_NAME, name) is not None
        and re.fullmatch(_HEADER_VALUE, value) is not None
    )


def _is_place(name: object, value: object) -> bool:
    if name not in _PLACE or not isinstance(value, str) or not value.strip():
        return False
    return name != "country" or (len(value) == 2 and value.isalpha())


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _show(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if _is_int(value) and value.bit_length() > 200:
        return "so large a number"
    if as_written := getattr(value, "isoformat", None):  # a date or a time of TOML
        return str(as_written())
    return shown(repr(list(value) if isinstance(value, tuple) else value))


def shown(text: str) -> str:
    """Cut `text` to what fits into a message of one line, and can be read there."""
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= 60 else text[:59] + "…"
