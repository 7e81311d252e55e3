"""The states of a conversation as changes: what a step cost is what it changed.

The states before, now and after form a line. A record keeps the first `keep` of it, appends the
`steps`, each as what differs from the one before, and says `at` which we stand. So going on,
undoing and redoing are all one record. `head` stands in every step: a lost record costs no more
than that record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from chatrepl.core.talk.conversation import Conversation, Mark, State, Summary, Turn, TurnId
from chatrepl.storage.records import DamagedError, one_of, text, turn_id, whole

if TYPE_CHECKING:
    from chatrepl.core.tools import McpServer

_MARKS: Final = frozenset({"dropped", "pinned"})
_MOST_LOST: Final = 10_000


@dataclass(slots=True)
class HistoryLine:
    """The line of states and where on it we stand."""

    states: list[State] = field(default_factory=lambda: [State()])
    at: int = 0

    @classmethod
    def of(cls, conversation: Conversation) -> "HistoryLine":
        states = [*conversation.past, conversation.state, *conversation.future]
        return cls(states, len(conversation.past))

    @property
    def state(self) -> State:
        return self.states[self.at]

    def change(self, new: "HistoryLine") -> dict[str, Any] | None:
        """Write what leads from this line to `new`; None where nothing differs."""
        keep = _common(self.states, new.states)
        before = [State() if keep == 0 else new.states[keep - 1], *new.states[keep:]]
        steps = [_step(a, b) for a, b in pairwise(before)]
        if not steps and keep == len(self.states) and self.at == new.at:
            return None
        return {"t": "state", "keep": keep, "steps": steps, "at": new.at}

    def apply(self, record: Mapping[str, Any]) -> None:
        """Take over a change. Raises DamagedError, and then nothing has changed."""
        keep, at = whole(record.get("keep")), whole(record.get("at"))
        steps = record.get("steps")
        if not isinstance(steps, list) or keep > len(self.states) + _MOST_LOST:
            raise DamagedError("no steps")
        last = self.states[min(keep, len(self.states)) - 1] if keep else State()
        added = []
        for step in steps:
            last = _stepped(last, step)
            added.append(last)
        # Records that were lost left gaps: places on the line must stay what they were.
        self.states.extend([self.states[-1]] * (keep - len(self.states)))
        del self.states[keep:]
        self.states.extend(added or ([] if self.states else [State()]))
        self.at = min(at, len(self.states) - 1)

    def last_head(self, turns: Mapping[TurnId, Turn]) -> TurnId | None:
        """Find the newest head up to where we stand that is one of `turns`."""
        before = reversed(self.states[: self.at + 1])
        return next((state.head for state in before if state.head in turns), None)

    def conversation(self, turns: Mapping[TurnId, Turn]) -> Conversation:
        """Put line and turns together; what refers to lost turns is left out."""
        states: list[State] = []
        for state in self.states:
            head = states[-1].head if states else None
            states.append(_restricted(state, turns, head))
        past, future = tuple(states[: self.at]), tuple(states[self.at + 1 :])
        return Conversation(turns, states[self.at], past, future)


def _common(old: Sequence[State], new: Sequence[State]) -> int:
    count = 0
    for a, b in zip(old, new, strict=False):
        if a is not b and a != b:
            break
        count += 1
    return count


def _step(old: State, new: State) -> dict[str, Any]:
    step: dict[str, Any] = {"head": new.head}
    if new.system != old.system:
        step["system"] = new.system
    if new.next_system != old.next_system:
        step["next_system"] = new.next_system
    if new.marks != old.marks:
        step["marks"] = _changes(old.marks, new.marks)
    if new.branches != old.branches:
        gone = [name for name in old.branches if name not in new.branches]
        step["branches"] = {
            name: head
            for name, head in new.branches.items()
            if name not in old.branches or old.branches[name] != head
        }
        if gone:
            step["gone"] = gone
    if new.summary != old.summary:
        step["summary"] = (
            None
            if new.summary is None
            else {"covers": sorted(new.summary.covers), "text": new.summary.text}
        )
    if new.servers != old.servers:
        step["servers"] = [_server(server) for server in new.servers.values()]
    return step


def _server(server: "McpServer") -> dict[str, Any]:
    """Write a server down; that a command prints its token is told, the command is not."""
    record = {"name": server.name, "url": server.url, "tools": list(server.tools),
              "deny": list(server.deny), "token": bool(server.token_command)}  # fmt: skip
    return {key: value for key, value in record.items() if value}


def _servers(records: Any) -> "dict[str, McpServer]":
    from chatrepl.core.exchange.connector import NOT_KEPT  # seldom needed
    from chatrepl.core.tools import McpServer

    if not isinstance(records, list):
        raise DamagedError("no list of servers")
    servers = {}
    for record in map(_mapping, records):
        name, (tools, deny) = (
            text(record.get("name")),
            map(_names, (record.get(k, []) for k in ("tools", "deny"))),
        )
        token = NOT_KEPT if record.get("token") is True else ()
        servers[name] = McpServer(
            name, url=text(record.get("url")), connect="service", token_command=token,
            tools=tools, deny=deny,
        )  # fmt: skip
    return servers


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise DamagedError("no list of names")
    return tuple(map(text, value))


def _changes(old: Mapping[TurnId, Mark], new: Mapping[TurnId, Mark]) -> dict[str, Mark | None]:
    changed: dict[str, Mark | None] = {k: v for k, v in new.items() if old.get(k) != v}
    for key in old:
        if key not in new:
            changed[key] = None
    return changed


def _stepped(state: State, step: Any) -> State:
    if not isinstance(step, dict):
        raise DamagedError("no step")
    head = step.get("head")
    state = replace(state, head=None if head is None else turn_id(head))
    if "system" in step:
        state = replace(state, system=text(step["system"]))
    if "next_system" in step:
        new = step["next_system"]
        state = replace(state, next_system=None if new is None else text(new))
    if "marks" in step:
        state = replace(state, marks=_marked(state.marks, _mapping(step["marks"])))
    if "branches" in step or "gone" in step:
        state = replace(state, branches=_branches(state, step))
    if "servers" in step:
        state = replace(state, servers=_servers(step["servers"]))
    if "summary" in step:
        state = replace(state, summary=_summary(step["summary"]))
    return state


def _marked(marks: Mapping[TurnId, Mark], changed: Mapping[str, Any]) -> dict[TurnId, Mark]:
    marked = dict(marks)
    for turn, mark in changed.items():
        if mark is None:
            marked.pop(turn_id(turn), None)
        elif one_of(_MARKS, mark):
            marked[turn_id(turn)] = mark
        else:
            raise DamagedError("no mark")
    return marked


def _branches(state: State, step: Mapping[str, Any]) -> dict[str, TurnId | None]:
    gone = step.get("gone", [])
    if not isinstance(gone, list):
        raise DamagedError("no list of names")
    branches = {name: head for name, head in state.branches.items() if name not in gone}
    for name, head in _mapping(step.get("branches", {})).items():
        branches[name] = None if head is None else turn_id(head)
    return branches


def _summary(value: Any) -> Summary | None:
    if value is None:
        return None
    covers = _mapping(value).get("covers")
    if not isinstance(covers, list):
        raise DamagedError("no list of turns")
    return Summary(frozenset(map(turn_id, covers)), text(value.get("text")))


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DamagedError("no object")
    return value


def _restricted(state: State, turns: Mapping[TurnId, Turn], head: TurnId | None) -> State:
    """Leave out what refers to turns that are lost; without its head a state keeps the last."""
    whole_ = (
        (state.head is None or state.head in turns)
        and all(turn in turns for turn in state.marks)
        and all(at is None or at in turns for at in state.branches.values())
        and (state.summary is None or all(turn in turns for turn in state.summary.covers))
    )
    if whole_:
        return state
    summary = state.summary
    if summary is not None:
        covers = frozenset(turn for turn in summary.covers if turn in turns)
        summary = replace(summary, covers=covers) if covers else None
    return replace(
        state,
        head=state.head if state.head is None or state.head in turns else head,
        marks={turn: mark for turn, mark in state.marks.items() if turn in turns},
        branches={n: at for n, at in state.branches.items() if at is None or at in turns},
        summary=summary,
    )
