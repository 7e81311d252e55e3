"""No regular expression in chatrepl takes more than its text is long, whatever the text.

Each pattern is found where it is called, and tried with texts made of its own parts: what it
repeats, again and again, behind what must come before it, and before what it cannot take.
"""

import ast
import importlib
import re
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import pytest

import chatrepl

# Where no text is long, and why.
SHORT = {
    "chatrepl.attachments.caution:_SECRET": "the name of a file",
    "chatrepl.config.file:_A_PART": "a line of which all is such parts",
}
ROOT = Path(chatrepl.__file__).parent
METHODS = frozenset({"search", "match", "fullmatch", "sub", "findall", "finditer", "split"})
REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
MANY = 16  # what repeats at most so often is short
HALF = 16_384
WORTH_S = 0.008
TAILS = ("", "\0", "!", "\n", "x", " ", '"', "é")
SAMPLES = "a1 -_.\t\n\"'\\[]{}()<>:;,#*`~|/=+!?&%$@^\0é"


class Call(NamedTuple):
    """One pattern, and how it is asked."""

    where: str
    pattern: "re.Pattern[Any]"
    method: str


def calls() -> dict[str, Call]:
    """Find every pattern, by module, line and method."""
    paths = (path for path in sorted(ROOT.rglob("*.py")) if "demo" not in path.parts)
    every = (call for path in paths for call in calls_in(path))
    return {call.where: call for call in every if call.where.rpartition(".")[0] not in SHORT}


def calls_in(path: Path) -> Iterator[Call]:
    text = path.read_text()
    if not re.search(r"^ *import re$", text, re.MULTILINE):
        return
    tree = ast.parse(text)
    name = ".".join(("chatrepl", *path.relative_to(ROOT).with_suffix("").parts))
    module = vars(importlib.import_module(name.removesuffix(".__init__")))
    compiled = {key for key, value in module.items() if isinstance(value, re.Pattern)}
    named = {id(n.value) for n in tree.body if isinstance(n, ast.Assign | ast.AnnAssign)}
    asked = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
            continue
        if node.value.id in compiled and node.attr in METHODS:
            asked.add(node.value.id)
            where = f"{name}:{node.value.id}.{node.attr}"
            yield Call(where, module[node.value.id], node.attr)
    for unasked in sorted(compiled - asked):  # in a table, or asked elsewhere: by match at a place
        yield Call(f"{name}:{unasked}", module[unasked], "match")
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(ast.Name("re"), method), [first, *_], keywords) if (
                method in METHODS | {"compile"} and id(node) not in named
            ):
                flags = next((k.value for k in keywords if k.arg == "flags"), None)
                source = value_of(first, module)
                if method == "compile" and len(node.args) > 1:
                    flags = node.args[1]
                flag = value_of(flags, module) or 0
                if isinstance(source, str | bytes):
                    where = f"{name}:{node.lineno}.{method}"
                    asked_as = "finditer" if method == "compile" else method
                    yield Call(where, re.compile(source, flag), asked_as)


def value_of(node: ast.expr | None, module: dict[str, Any]) -> Any:
    """Work out an expression of the module's own names; None where it needs others."""
    if node is None:
        return None
    try:
        return eval(compile(ast.Expression(node), "", "eval"), module)
    except NameError:
        return None


def ask(call: Call, text: str | bytes) -> None:
    if call.method == "sub":
        call.pattern.sub(text[:0], text)
    elif call.method == "finditer":
        for _ in call.pattern.finditer(text):
            pass
    else:
        getattr(call.pattern, call.method)(text)


def attacks(pattern: "re.Pattern[Any]") -> Iterator[tuple[str, str, str]]:
    """Give texts as a beginning, what is repeated, and an end."""
    source = pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    tree = parser.parse(text, pattern.flags & ~re.UNICODE & ~re.LOCALE)
    seen = set()
    for before, units in spots(list(tree), ""):
        for unit in units:
            for begin, middle in ((before, unit), ("", before + unit), ("", before), ("", unit)):
                if middle and (begin, middle) not in seen:
                    seen.add((begin, middle))
                    yield from ((begin, middle, tail) for tail in TAILS)


def spots(items: list[Any], before: str) -> Iterator[tuple[str, list[str]]]:
    """Find what repeats without a bound, with a text for what stands before it."""
    for at, (op, value) in enumerate(items):
        head = before + "".join(one(item) for item in items[:at])
        if op in REPEATS:
            _, high, body = value
            if high is codes.MAXREPEAT or high > MANY:
                yield head, some(list(body))
            yield from spots(list(body), head)
        elif op is codes.BRANCH:
            for branch in value[1]:
                yield from spots(list(branch), head)
        elif op in {codes.SUBPATTERN, codes.ATOMIC_GROUP}:
            yield from spots(list(value[-1] if op is codes.SUBPATTERN else value), head)
        elif op in {codes.ASSERT, codes.ASSERT_NOT}:
            yield from spots(list(value[1]), head)
    yield before, ["".join(one(item) for item in items)]
    yield before, ["".join(one(item) for item in items[:-1])]


def some(items: list[Any]) -> list[str]:
    """Give a few different texts that the parts take."""
    choices = [options(item) or [""] for item in items]
    return ["".join(parts) for parts, _ in zip(product(*choices), range(12), strict=False)]


def one(item: Any) -> str:
    return next(iter(options(item)), "")


def options(item: Any) -> list[str]:
    op, value = item
    if op is codes.LITERAL:
        return [chr(value)]
    if op in {codes.IN, codes.NOT_LITERAL, codes.ANY}:
        return of_class(item)
    if op in REPEATS:
        low, _, body = value
        return [text * max(1, low) for text in some(list(body))]
    if op is codes.BRANCH:
        return [text for branch in value[1] for text in some(list(branch))[:2]]
    if op is codes.SUBPATTERN:
        return some(list(value[-1]))
    if op is codes.ATOMIC_GROUP:
        return some(list(value))
    return []


def of_class(item: Any) -> list[str]:
    op, value = item
    if op is codes.ANY:
        return ["a", " "]
    if op is codes.NOT_LITERAL:
        return [char for char in SAMPLES if ord(char) != value][:3]
    negated = value[0][0] is codes.NEGATE
    hits = [char for char in SAMPLES if any(holds(part, char) for part in value) != negated]
    first = [chr(part[1] if part[0] is codes.LITERAL else part[1][0]) for part in value
             if part[0] in {codes.LITERAL, codes.RANGE}]  # fmt: skip
    return (hits[:2] + hits[-1:]) or ([] if negated else first[:2])


def holds(part: Any, char: str) -> bool:
    op, value = part
    if op is codes.LITERAL:
        return bool(ord(char) == value)
    if op is codes.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    if op is codes.CATEGORY:
        kind = str(value).rpartition("_")[2].lower()
        is_one = {"digit": str.isdigit, "space": str.isspace}.get(
            kind, lambda c: c.isalnum() or c == "_"
        )(char)
        return bool(is_one) != ("NOT" in str(value))
    return False


def took(call: Call, attack: tuple[str, str, str], size: int) -> float:
    begin, middle, tail = attack
    text = begin + middle * (size // len(middle)) + tail
    raw: str | bytes = text
    if isinstance(call.pattern.pattern, bytes):
        raw = text.encode("latin-1", "replace")
    since = time.process_time()
    ask(call, raw)
    return time.process_time() - since


def grows(call: Call, attack: tuple[str, str, str]) -> bool:
    """Tell whether twice the text takes far more than twice the time, again and again."""
    if all(took(call, attack, HALF // 16) >= WORTH_S for _ in range(3)):  # the whole takes hours
        return True
    if took(call, attack, HALF) < WORTH_S:  # whatever grows with the square takes longer
        return False
    ratios = (took(call, attack, 2 * HALF) / took(call, attack, HALF) for _ in range(3))
    return all(ratio > 3 for ratio in ratios)


def slow(call: Call) -> tuple[str, str, str] | None:
    return next((attack for attack in attacks(call.pattern) if grows(call, attack)), None)


CALLS = calls()


@pytest.mark.parametrize("where", CALLS)
def test_no_pattern_takes_longer_than_its_text_is_long(where: str) -> None:
    assert slow(CALLS[where]) is None


@pytest.mark.parametrize("pattern", ["a+b", "<x>.*?</x>", r"\s*=", r":\s*[^x]*?\s*;"])
def test_the_texts_find_a_pattern_that_does(pattern: str) -> None:
    assert slow(Call("", re.compile(pattern, re.DOTALL), "search"))
