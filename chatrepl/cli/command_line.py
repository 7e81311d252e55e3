"""The command line, read quickly where it is plain.

typer gives completion and words for mistakes, but takes a tenth of a second to import: it only gets
what is not read whole here.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from chatrepl.cli.options import FLAGS, Options
from chatrepl.core.errors import UsageError
from chatrepl.core.fences import LANGUAGES

_MAY_BE_VALUE: Final[Mapping[str, Callable[[str], bool]]] = {
    "extract": lambda word: word in LANGUAGES,
    "local": lambda word: word.endswith(".gguf"),
}
_TAKE_WORDS: Final = {"usage", "sessions"}
_SHORT_SWITCHES: Final = {
    name[1]
    for flag in FLAGS.values()
    if flag.kind == "switch"
    for name in flag.names
    if name[2:] == ""
}
_FIELDS: Final = {name: key for key, flag in FLAGS.items() for name in flag.names}


def options_of(argv: Sequence[str]) -> Options:
    """Read a command line. Raises UsageError.

    Where a shell asks how a line may go on, the answer is printed, and SystemExit raised.
    """
    options = None if "_CHATREPL_COMPLETE" in os.environ else read(argv)
    return read_strictly(argv) if options is None else options


def read_strictly(argv: Sequence[str]) -> Options:
    """Read a command line with typer, which has words for what is wrong. Raises UsageError."""
    from chatrepl.cli.app import parse

    try:
        return parse(spell_out(argv))
    except UsageError:
        if {"-h", "--help"}.intersection(before_dashes(argv)):
            return Options(help_=True)
        raise


def spell_out(argv: Sequence[str]) -> list[str]:
    """Give `-x` and `--local` their value: the next word where it may be one, else an empty one."""
    words: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*words, word, *rest]
        if may_be_value := _MAY_BE_VALUE.get(_FIELDS.get(word, "")):
            named = bool(rest) and may_be_value(rest[0].casefold())
            word = f"--{_FIELDS[word]}={rest.pop(0) if named else ''}"
        words += _parted(word)
        if word in _FIELDS and FLAGS[_FIELDS[word]].kind != "switch":
            words += rest[:1]
            del rest[:1]
    return words


def _parted(word: str) -> list[str]:
    """Part `--usage=7d`: what these two take stands as words behind them."""
    name, equals, text = word.partition("=")
    if not equals or text.startswith("-") or _FIELDS.get(name) not in _TAKE_WORDS:
        return [word]
    return [name, *([text] if text else [])]


def before_dashes(argv: Sequence[str]) -> Sequence[str]:
    """Give the words among which options may stand."""
    return argv[: argv.index("--")] if "--" in argv else argv


def asked_manner(argv: Sequence[str]) -> str:
    """Tell how the answer is to be written, of a command line that nobody could read whole."""
    words = before_dashes(argv)
    if "--json" in words:
        return "json"
    said = {_manner_said(word, following) for word, following in pairwise((*words, ""))}
    return next((manner for manner in ("jsonl", "json") if manner in said), "text")


def _manner_said(word: str, following: str) -> str:
    """Tell which manner a word asks for, alone or with the one after it: `-ojson`, `-qo json`."""
    if word.startswith("--"):
        name, equals, manner = word.partition("=")
        return (manner if equals else following) if name == "--output" else ""
    before, name, manner = word.partition("o")
    is_named = bool(name) and before[:1] == "-" and set(before[1:]) <= _SHORT_SWITCHES
    return (manner or following) if is_named else ""


def read(argv: Sequence[str]) -> Options | None:
    """Read a plain command line; None where it is not plain, and typer is to have its say."""
    values: dict[str, Any] = {"prompt": []}
    rest = spell_out(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            values["prompt"] += rest
            break
        if not word.startswith("-") or word == "-":
            values["prompt"].append(word)
        elif not _take(values, word, rest):
            return None
    return Options(**values)


def _take(values: dict[str, Any], word: str, rest: list[str]) -> bool:
    """Take one option with its value; False where it is typer's to understand or to refuse."""
    name, equals, text = word.partition("=")
    key = _FIELDS.get(name, "")
    flag = FLAGS.get(key)
    if flag is None or (equals and (flag.kind == "switch" or not name.startswith("--"))):
        return False
    if flag.kind == "switch":
        values[key] = True
        return True
    if not equals:
        if not rest or (rest[0].startswith("-") and rest[0] != "-"):
            return False
        text = rest.pop(0)
    if flag.choices and text not in flag.choices:
        return False
    match flag.kind:
        case "many":
            values.setdefault(key, []).append(text)
        case "text":
            values[key] = text
        case "number":
            if not text.isascii() or not text.isdigit() or len(text) > 18:
                return False
            values[key] = int(text)
    return True
