"""The conversation: a tree of turns with a head, as frozen values.

Undo, retry, edit and branch move the head; dropping marks a turn. Nothing is ever destroyed.
What of a conversation is sent is decided in `core/exchange/view.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Final, Literal, NewType, TypeAlias

from chatrepl.core.talk.blocks import Block, TextBlock
from chatrepl.core.talk.message import Message, prompts
from chatrepl.core.talk.usage import Usage
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

if TYPE_CHECKING:
    from chatrepl.core.tools import McpServer

TurnId = NewType("TurnId", str)
PrefillMode: TypeAlias = Literal["native", "schema", "emulated"]
Mark: TypeAlias = Literal["dropped", "pinned"]
USUAL_SYSTEM: Final = "usual_system"  # the fact that holds it while one message has another


@frozen
class Prefill:
    """How a reply was made to begin with `text`."""

    text: str
    mode: PrefillMode


@frozen
class Receipt:
    """What the service reported about a reply. `stop_reason` is None for one that was cut short.

    `sent` is what is kept of the request (`core/exchange/noted.py`); `container` is where code ran.
    Of a whole reply it is `uncounted` that a try before it was torn once it was being paid for.
    """

    model: str = ""
    stop_reason: str | None = None
    stop_details: Wire | None = None
    usage: Usage = field(default_factory=Usage)
    message_id: str | None = None
    request_id: str | None = None
    prefill: Prefill | None = None
    cost_usd: float | None = None
    uncached_usd: float | None = None
    duration_s: float = 0.0
    error: str = ""
    stop_sequence: str | None = None
    sent: Wire | None = None
    container: Wire | None = None
    uncounted: bool = False


@frozen
class Turn:
    """A fresh user message and all that followed from it, up to the next one.

    `messages` holds, in the order of sending, the user's message, perhaps a system message for what
    changes here, and the reply; in rounds, where tools were called: calls, answers, and so on.
    The last `ours` blocks of the user's message are instructions of ours that went out with it
    (emulated prefill): part of what is sent, no part of what is shown.
    `receipt` is None for a turn that was written by hand or waits for its reply. In one `by_hand`
    the reply is the user's, in the place of a model's.
    """

    id: TurnId
    parent: TurnId | None
    messages: tuple[Message, ...]
    receipt: Receipt | None = None
    ours: int = 0
    created: float = 0.0
    by_hand: bool = False

    @property
    def user(self) -> Message | None:
        return next((m for m in self.messages if m.role == "user"), None)

    @property
    def question(self) -> tuple[Block, ...]:
        """What the user wrote and attached, without instructions of ours."""
        content = self.user.content if self.user is not None else ()
        return content[: len(content) - self.ours]

    @property
    def assistant(self) -> Message | None:
        """The last reply in this turn."""
        return next((m for m in reversed(self.messages) if m.role == "assistant"), None)

    @property
    def text(self) -> str:
        """The text of the reply; empty where there is none."""
        return "" if self.assistant is None else self.assistant.text

    @property
    def ending(self) -> TextBlock | None:
        """The text that the turn ends in, if it does: only that can be gone on with."""
        last = self.messages[-1] if self.messages else None
        block = last.content[-1] if last is not None and last.content else None
        is_reply = last is not None and last.role == "assistant"
        return block if is_reply and isinstance(block, TextBlock) else None

    @property
    def waits(self) -> bool:
        """Tell whether the turn ends in answers to calls, which the model has not taken up."""
        last = self.messages[-1] if len(self.messages) > 1 else None
        return last is not None and last.answers_calls

    @property
    def rounds(self) -> int:
        """How often the model was asked until it had its say: once more for each set of answers."""
        return 1 + sum(message.answers_calls for message in self.messages[1:])

    @property
    def calls(self) -> int:
        """How many calls of ours were answered."""
        answers = (message for message in self.messages[1:] if message.answers_calls)
        return sum(b.type == "tool_result" for message in answers for b in message.content)

    @property
    def was_cut(self) -> bool:
        """Tell whether the reply can be gone on with: interrupted, torn, or at its length limit."""
        return self.receipt is not None and self.receipt.stop_reason in {
            None,
            "max_tokens",
            "model_context_window_exceeded",
        }


@frozen
class Summary:
    """Text that stands for turns which are no longer sent themselves."""

    covers: frozenset[TurnId]
    text: str


@frozen
class State:
    """Where we stand in the tree and what shapes the next request; undo steps over these.

    `servers` are those of tools that the service connects to, by their names.
    """

    head: TurnId | None = None
    system: str = ""
    next_system: str | None = None
    marks: Mapping[TurnId, Mark] = field(default_factory=dict)
    summary: Summary | None = None
    branches: Mapping[str, TurnId | None] = field(default_factory=dict)
    servers: "Mapping[str, McpServer]" = field(default_factory=dict)

    def standing(self, turn: TurnId) -> Mark | Literal["summarised", ""]:
        """Say in a word what sets a turn apart from those that are simply sent."""
        mark = self.marks.get(turn)
        if mark != "dropped" and self.summary is not None and turn in self.summary.covers:
            return "summarised"
        return mark or ""


@frozen
class Conversation:
    """Turns by id, each with a parent, and the state we are in, with those before and after it.

    Turns are only ever added: whatever is undone, dropped or branched off stays in the tree.
    """

    turns: Mapping[TurnId, Turn] = field(default_factory=dict)
    state: State = field(default_factory=State)
    past: tuple[State, ...] = ()
    future: tuple[State, ...] = ()

    @property
    def head(self) -> TurnId | None:
        return self.state.head

    @property
    def last_message_id(self) -> str | None:
        """The service's name of the newest reply, if it gave one."""
        receipts = (turn.receipt for turn in reversed(self.path()))
        return next((receipt.message_id for receipt in receipts if receipt), None)

    @property
    def system(self) -> str:
        """The system prompt that the next message will have."""
        if self.state.next_system is not None:
            return self.state.next_system
        changes = prompts(message for turn in self.path() for message in turn.messages)
        return changes[-1] if changes else self.state.system

    @property
    def container(self) -> str:
        """Where code of the service ran last, on whatever branch; empty where none ran."""
        receipts = (turn.receipt for turn in reversed([*self.turns.values()]) if turn.receipt)
        return next((name for one in receipts if (name := container_id(one.container))), "")

    def add(self, turn: Turn) -> "Conversation":
        """Hang `turn` under its parent and make it the head.

        A system prompt that waits for the next message waits on where `turn` did not take it along.
        """
        return self.grown((turn,))

    def grown(self, turns: Iterable[Turn]) -> "Conversation":
        """Hang each of `turns` under its parent, one after the other."""
        added, states = dict(self.turns), [self.state]
        for turn in turns:
            added[turn.id] = turn
            waits = states[-1].next_system
            waiting = None if waits in prompts(turn.messages) else waits
            states.append(replace(self.state, head=turn.id, next_system=waiting))
        past = [state for state, later in pairwise(states) if state != later]
        if not past:
            return replace(self, turns=added)
        return replace(self, turns=added, state=states[-1], past=(*self.past, *past), future=())

    def then(self, state: State) -> "Conversation":
        """Go on to `state`; what was undone before can no longer be redone."""
        if state == self.state:
            return self
        return replace(self, state=state, past=(*self.past, self.state), future=())

    def before(self, turn: Turn) -> "Conversation":
        """Stand where `turn` was asked; the system prompt that came with it comes again.

        A newer one that waits for the next message stays.
        """
        asked = takewhile(lambda m: m.role != "assistant", turn.messages)
        change, changes = self.state.next_system, prompts(asked)
        if change is None and changes:
            change = changes[-1]
        return self.then(replace(self.state, head=turn.parent, next_system=change))

    def with_system(self, text: str) -> "Conversation":
        """Stand here with that system prompt for the next message; no step to undo."""
        plain = replace(self, state=replace(self.state, next_system=None))
        if plain.system == text:
            return plain
        if not self.path():
            return replace(plain, state=replace(plain.state, system=text))
        return replace(plain, state=replace(plain.state, next_system=text))

    def settled(self) -> "Conversation":
        """Stand here without a system prompt that waits for the next message."""
        return self.then(replace(self.state, next_system=None))

    def undo(self) -> "Conversation":
        """Step back to the state before the last change; without one, stay."""
        if not self.past:
            return self
        future = (self.state, *self.future)
        return replace(self, state=self.past[-1], past=self.past[:-1], future=future)

    def redo(self) -> "Conversation":
        """Step forth to the state that was undone last; without one, stay."""
        if not self.future:
            return self
        past = (*self.past, self.state)
        return replace(self, state=self.future[0], past=past, future=self.future[1:])

    def path(self, head: TurnId | None = None) -> tuple[Turn, ...]:
        """Give the turns from the first to `head`, or to where we stand."""
        turns, at = [], head or self.state.head
        while at is not None:
            turns.append(self.turns[at])
            at = turns[-1].parent
        return tuple(reversed(turns))

    def children(self, of: TurnId | None) -> tuple[Turn, ...]:
        """Give the turns that follow directly upon `of`, oldest first."""
        return tuple(turn for turn in self.turns.values() if turn.parent == of)

    def with_marks(self, marks: Mapping[TurnId, Mark | None]) -> "Conversation":
        """Set marks; None takes one away."""
        merged = {**self.state.marks, **marks}
        remaining = {turn: mark for turn, mark in merged.items() if mark is not None}
        return self.then(replace(self.state, marks=remaining))


def container_id(container: Wire | None) -> str:
    """Name a container that a reply tells of; empty where it tells of none."""
    name = container.get("id") if container is not None else None
    return name if isinstance(name, str) else ""
