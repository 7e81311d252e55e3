"""JSON that comes from outside: what is read here can be written, sent and read again.

All JSON that we did not write ourselves a moment ago comes through here: streams, error bodies,
model lists, imports, journals, caches, schemas. The rules are those of `tame`; what breaks one is
left out of its list or object, and counted. Nothing here is recursive past `DEEPEST`, and all of
it is linear in the size of the text.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from chatrepl.core.numbers import MOST_DIGITS
from chatrepl.core.value import frozen

MOST_COUNT: Final = 10**9
DEEPEST: Final = 100
_MOST: Final = 10**MOST_DIGITS
_UNTAME: Final[Any] = object()  # stands for a value that breaks a rule, until it is left out
_MARK: Final = r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]'
_STEPS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


@frozen
class Decoded:
    """What a text held, and how many values of it were left out."""

    value: Any = None
    left_out: int = 0


class _UntameError(ValueError):
    """A number that breaks a rule."""


def decode(data: bytes | str, deepest: int = DEEPEST, *, halves: bool = False) -> Decoded:
    """Read JSON, and leave out what breaks a rule. Raises ValueError where it is none.

    A byte order mark is passed over. With `halves`, half a surrogate stays as it is: the other half
    may come later.
    """
    text = (data.decode() if isinstance(data, bytes) else data).removeprefix("\ufeff")
    shallow = shallow_text(text, deepest)
    if shallow is text and (halves or ("\\ud" not in text and "\\uD" not in text)):
        try:
            return Decoded(_STRICT.decode(text))
        except _UntameError:
            pass
    return tame(_LENIENT.decode(shallow), deepest, halves=halves)


def tame(value: object, deepest: int = DEEPEST, *, halves: bool = False) -> Decoded:
    """Leave out what breaks a rule: numbers without an end or with more than 18 digits, lists and
    objects nested deeper than `deepest`, what is no JSON. Half a surrogate becomes U+FFFD, unless
    `halves` may stay.
    """
    left_out = 0
    written: Callable[[str], str] = str if halves else _whole

    def walk(item: Any, room: int) -> Any:
        match item:
            case None | bool():
                return item
            case str():
                return written(item)
            case int():
                return item if -_MOST < item < _MOST else _UNTAME
            case float():
                return item if item - item == 0 else _UNTAME
            case list() | tuple() if room:
                return [kept for child in item if (kept := step(child, room)) is not _UNTAME]
            case Mapping() if room:
                pairs = ((written(str(key)), step(child, room)) for key, child in item.items())
                return {key: kept for key, kept in pairs if kept is not _UNTAME}
            case _:
                return _UNTAME

    def step(child: object, room: int) -> Any:
        nonlocal left_out
        kept = walk(child, room - 1)
        left_out += kept is _UNTAME
        return kept

    whole = walk(value, deepest)
    return Decoded(None, 1) if whole is _UNTAME else Decoded(whole, left_out)


def exactly(text: str, **how: Any) -> Any:
    """Read JSON as it stands; `how` is as for `json.loads`.

    Raises ValueError where it is none, or nested deeper than `DEEPEST`: how deep the parser itself
    goes differs from one Python to the next, and what reads on goes no deeper.
    """
    if shallow_text(text) is not text:
        raise ValueError("too deep")
    return json.loads(text, **how)


def read_json(data: bytes | str) -> Any:
    """Read JSON; None where it cannot be read."""
    try:
        return decode(data).value
    except ValueError:
        return None


def omissions(count: int) -> str:
    """Say how many values were left out."""
    values = "1 value was" if count == 1 else f"{count:,} values were"
    return f"{values} left out: a number beyond all measure, or too much nesting."


def counted(value: object) -> int | None:
    """Take a number that counts something; None where it is none, or beyond all measure."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_COUNT:
        return value
    return None


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def shallow_text(text: str, deepest: int = DEEPEST) -> str:
    """Put a number without an end in place of what is nested too deeply."""
    if text.count("[") + text.count("{") <= deepest:
        return text
    pieces, at, depth = [], 0, 0
    for mark in re.finditer(_MARK, text):
        step = _STEPS.get(mark[0], 0)
        depth += step
        if step > 0 and depth == deepest + 1:
            pieces.append(f"{text[at : mark.start()]}1e999")
        elif step < 0 and depth == deepest:
            at = mark.end()
    return "".join((*pieces, text[at:])) if pieces else text


def _decoder(on_untame: Callable[[], Any]) -> json.JSONDecoder:
    def whole(digits: str) -> Any:
        return int(digits) if len(digits.lstrip("-")) <= MOST_DIGITS else on_untame()

    def fraction(digits: str) -> Any:
        value = float(digits)
        return value if value - value == 0 else on_untame()

    def constant(_name: str) -> Any:
        return on_untame()

    return json.JSONDecoder(parse_int=whole, parse_float=fraction, parse_constant=constant)


def _refuse() -> Any:
    raise _UntameError


_STRICT: Final = _decoder(_refuse)
_LENIENT: Final = _decoder(lambda: _UNTAME)
