"""What a line `demo: …` asks for. Clauses are parted by `;`.

A new clause is one function in `CLAUSES`, and one line in `guide.py`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from chatrepl.demo.faults import STREAM_FAULTS
from chatrepl.demo.tools.code import CALLS
from chatrepl.demo.tools.shows import SHOWS
from chatrepl.demo.wire import ERROR_TYPES

STOPS = (
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal",
    "model_context_window_exceeded",
)  # fmt: skip
CALLERS = ("code", "direct", "none")
_LINE = re.compile(r"^[ \t]*demo:[ \t]*(.+?)[ \t]*$", re.IGNORECASE | re.MULTILINE)


class PrefillBehaviour(StrEnum):
    """How the engine treats an instruction to begin with some text."""

    REPEAT = "repeat"
    OMIT = "omit"
    SPLIT = "split"
    WHITESPACE = "whitespace"


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What is asked for beyond an ordinary answer."""

    error: int = 0
    times: int = 0  # how often the error or the fault comes before all is well; 0 for always
    retry_after: tuple[str, str] | None = None  # its kind and its value
    spend_limit: bool = False
    fault: str = ""
    after: int = 0  # text deltas before a fault of the stream
    stop: str = ""
    category: str = "general_harms"
    pauses: int = 1  # how often pause_turn comes before the reply is whole
    slow: float = 0.0
    pace: float | None = None
    speed: float | None = None  # a pace that stays
    prefill: PrefillBehaviour | None = None
    overlap: int | None = None
    caller: str = ""  # who calls the web tools: code, direct, or none for the blocks of 2025
    tool_error: str = ""
    topic: str = ""
    argument: str = ""
    unknown: str = ""


def find_plan(text: str) -> DemoPlan:
    """Return the plan of all `demo:` lines in a text."""
    plan = DemoPlan()
    for match in _LINE.finditer(text):
        plan = parse_plan(match.group(1), plan)
    return plan


def parse_plan(line: str, plan: DemoPlan | None = None) -> DemoPlan:
    """Add the clauses of one line to a plan; what is not understood becomes `unknown`."""
    plan = plan or DemoPlan()
    if line.partition(" ")[0].lower() in _WHOLE_LINE:
        return _clause(line, plan)
    for clause in line.split(";"):
        if clause.strip():
            plan = _clause(clause.strip(), plan)
    return plan


def _clause(clause: str, plan: DemoPlan) -> DemoPlan:
    word, _, rest = clause.partition(" ")
    read = CLAUSES.get(word.lower())
    try:
        if read is not None:
            return read(plan, rest.strip())
    except (ValueError, IndexError, KeyError):
        return replace(plan, unknown=clause)
    return replace(plan, unknown=clause)


def _error(plan: DemoPlan, rest: str) -> DemoPlan:
    words = rest.lower().split()
    code = words.pop(0)
    if code in {"refused", "headers", "silence", "redirect"}:
        plan = replace(plan, fault=code)
    elif int(code) not in ERROR_TYPES:
        raise ValueError(code)
    else:
        plan = replace(plan, error=int(code))
    while words:
        word = words.pop(0)
        if re.fullmatch(r"x\d+", word):
            plan = replace(plan, times=int(word[1:]))
        elif word == "spend":
            plan = replace(plan, spend_limit=True)
        elif word == "retry-after":
            plan = replace(plan, retry_after=_retry_after(words))
        else:
            raise ValueError(word)
    return plan


def _retry_after(words: list[str]) -> tuple[str, str]:
    kind = words.pop(0)
    if kind in {"nonsense", "absurd", "none"}:
        return kind, ""
    if kind in {"ms", "date"}:
        return kind, str(float(words.pop(0)))
    return "s", f"{float(kind):g}"


def _stream(plan: DemoPlan, rest: str) -> DemoPlan:
    words = rest.lower().split()
    if words[0] not in STREAM_FAULTS:
        raise ValueError(words[0])
    plan = replace(plan, fault=words.pop(0), after=4)
    while words:
        word = words.pop(0)
        if word == "after":
            plan = replace(plan, after=int(words.pop(0)))
        elif re.fullmatch(r"x\d+", word):
            plan = replace(plan, times=int(word[1:]))
        else:
            raise ValueError(word)
    return plan


def _stop(plan: DemoPlan, rest: str) -> DemoPlan:
    words = rest.lower().split()
    if words[0] not in STOPS:
        raise ValueError(words[0])
    plan = replace(plan, stop=words[0])
    for word in words[1:]:
        if re.fullmatch(r"x\d+", word):
            plan = replace(plan, pauses=int(word[1:]))
        else:
            plan = replace(plan, category=word)
    return plan


def _say(plan: DemoPlan, rest: str) -> DemoPlan:
    text = json.loads(rest) if rest.startswith('"') and rest.endswith('"') else rest
    return replace(plan, topic="say", argument=str(text))


def _number(field: str) -> Callable[[DemoPlan, str], DemoPlan]:
    def read(plan: DemoPlan, rest: str) -> DemoPlan:
        value = float(rest.partition(" ")[0])
        if not 0 <= value < 1e6:
            raise ValueError(rest)
        named: dict[str, Any] = {field: int(value) if field == "overlap" else value}
        return replace(plan, **named)

    return read


def _topic(name: str) -> Callable[[DemoPlan, str], DemoPlan]:
    def read(plan: DemoPlan, rest: str) -> DemoPlan:
        return replace(plan, topic=name, argument=rest)

    return read


def _counted(name: str) -> Callable[[DemoPlan, str], DemoPlan]:
    def read(plan: DemoPlan, rest: str) -> DemoPlan:
        number = int(re.sub(r"^to ", "", rest).replace(",", ""))
        if not 0 < number <= 5_000_000:
            raise ValueError(rest)
        return replace(plan, topic=name, argument=str(number))

    return read


def _prefill(plan: DemoPlan, rest: str) -> DemoPlan:
    return replace(plan, prefill=PrefillBehaviour(rest.lower()))


def _among(name: str, choices: tuple[str, ...]) -> Callable[[DemoPlan, str], DemoPlan]:
    """Return how to read a topic that has kinds; the first is meant where none is named."""

    def read(plan: DemoPlan, rest: str) -> DemoPlan:
        kind = rest.lower() or choices[0]
        if kind not in choices:
            raise ValueError(rest)
        return replace(plan, topic=name, argument=kind)

    return read


def _tools(plan: DemoPlan, rest: str) -> DemoPlan:
    seed, _, rounds = rest.partition(" ")
    return replace(plan, topic="tools", argument=f"{int(seed or 1)} {int(rounds or 3)}")


def _caller(plan: DemoPlan, rest: str) -> DemoPlan:
    if rest.lower() not in CALLERS:
        raise ValueError(rest)
    return replace(plan, caller=rest.lower())


def _tool_error(plan: DemoPlan, rest: str) -> DemoPlan:
    if not re.fullmatch(r"[a-z_]+", rest):
        raise ValueError(rest)
    return replace(plan, tool_error=rest)


_TOPICS = (
    "echo-request", "help", "think", "tool", "search", "fetch", "cite", "hostile", "unicode",
    "mcp", "tool-search",
)  # fmt: skip
_WHOLE_LINE = frozenset({"say", "echo-request"})
CLAUSES: dict[str, Callable[[DemoPlan, str], DemoPlan]] = {
    "error": _error,
    "stream": _stream,
    "stop": _stop,
    "slow": _number("slow"),
    "pace": _number("pace"),
    "speed": _number("speed"),
    "overlap": _number("overlap"),
    "prefill": _prefill,
    "say": _say,
    "count": _counted("count"),
    "long": _counted("long"),
    "caller": _caller,
    "tool-error": _tool_error,
    "tools": _tools,
    "code": _among("code", (*CALLS, "tool")),
    "show": _among("show", tuple(SHOWS)),
    **{name: _topic(name) for name in _TOPICS},
}
