"""The conversation: a tree of turns with a head, as frozen values.

Undo, retry, edit and branch move the head; dropping marks a turn. Nothing is ever destroyed.
What of a conversation is sent is decided in `core/exchange/view.py`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any, Final, Literal, NewType, TypeAlias

from chatrepl.core.talk.blocks import (
    THINKING,
    Block,
    DocumentBlock,
    TextBlock,
    block_from_wire,
    is_blank,
)
from chatrepl.core.talk.usage import Usage
from chatrepl.core.value import frozen, variant
from chatrepl.core.wire import Wire, encode

if TYPE_CHECKING:
    from chatrepl.core.tools import McpServer

TurnId = NewType("TurnId", str)
Role: TypeAlias = Literal["user", "assistant", "system"]
PrefillMode: TypeAlias = Literal["native", "schema", "emulated"]
Mark: TypeAlias = Literal["dropped", "pinned"]
USUAL_SYSTEM: Final = "usual_system"  # the fact that holds it while one message has another


@dataclass(frozen=True)
class Message:
    """One message as the API takes it.

    `model` and `bound` tell which model wrote it and after which past (`core/exchange/view.py`):
    thinking may only be sent back to that model after that very past. A system message may change
    the `effort` from here on (`core/exchange/terms.py`); an empty one leaves it to the model.
    """

    role: Role
    content: tuple[Block, ...]
    model: str = ""
    bound: str = ""
    effort: str | None = None

    @classmethod
    def user(cls, text: str, *attached: Block) -> "Message":
        """Make a user message: attachments first, then the text, if there is any."""
        return cls("user", (*attached, *((TextBlock(text),) if text else ())))

    @classmethod
    def from_wire(cls, wire: Wire) -> "Message":
        content = wire["content"]
        wires = [{"type": "text", "text": content}] if isinstance(content, str) else content
        blocks = tuple(map(block_from_wire, wires))
        config = wire.get("output_config")
        return cls(wire["role"], blocks, effort=config["effort"] or "" if config else None)

    def to_wire(self) -> dict[str, Any]:
        wire = {"role": self.role, "content": [block.to_wire() for block in self.content]}
        if self.effort is None:
            return wire
        return {**wire, "output_config": {"effort": self.effort or None}}

    @property
    def text(self) -> str:
        """The text blocks, joined as they follow one another."""
        return "".join(block.text for block in self.content if isinstance(block, TextBlock))

    @property
    def prompt(self) -> str | None:
        """The system prompt that holds from here on; None where the message changes none."""
        is_change = any(isinstance(block, TextBlock) for block in self.content)
        return self.text if self.role == "system" and is_change else None

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to read in it: it changes the effort alone."""
        return self.effort is not None and not self.content

    @property
    def markdown(self) -> str:
        """What it says, block by block."""
        return "\n".join(block.to_markdown() for block in self.content)

    @variant
    def sendable(self) -> "Message":
        """The same without blank text, which the service refuses."""
        content = tuple(b for b in self.content if not is_blank(b))
        return self if len(content) == len(self.content) else replace(self, content=content)

    @variant
    def citing(self) -> "Message":
        """The same with every document of it asked to be cited; made once, as its bytes are."""
        content = tuple(b.citing if isinstance(b, DocumentBlock) else b for b in self.content)
        return self if content == self.content else replace(self, content=content)

    @cached_property
    def encoded(self) -> bytes:
        """The message as JSON; made once, however often it is sent."""
        return encode(self.to_wire()).encode("utf-8", "replace")

    @cached_property
    def digest(self) -> bytes:
        return hashlib.sha256(self.encoded).digest()

    @cached_property
    def has_thinking(self) -> bool:
        return any(isinstance(block, THINKING) for block in self.content)

    @cached_property
    def remotes(self) -> frozenset[str]:
        """The servers whose tools the service called or listed in it."""
        blocks = (block for block in self.content if block.type.startswith("mcp_tool_"))
        if (first := next(blocks, None)) is None:
            return frozenset()
        from chatrepl.core.exchange.connector import remote  # seldom needed

        return frozenset(n for block in (first, *blocks) if (n := remote(block)) is not None)

    @cached_property
    def without_thinking(self) -> "Message":
        content = tuple(block for block in self.content if not isinstance(block, THINKING))
        return replace(self, content=content)


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
        return last is not None and last.role == "user" and answers_calls(last)

    @property
    def rounds(self) -> int:
        """How often the model was asked until it had its say: once more for each set of answers."""
        return 1 + sum(m.role == "user" and answers_calls(m) for m in self.messages[1:])

    @property
    def calls(self) -> int:
        """How many calls of ours were answered."""
        answers = (m for m in self.messages[1:] if m.role == "user" and answers_calls(m))
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
        if system_of(plain) == text:
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
        """The turns from the first to `head`, or to where we stand."""
        return tuple(self._up(head or self.state.head))[::-1]

    def children(self, of: TurnId | None) -> tuple[Turn, ...]:
        """The turns that follow directly upon `of`, oldest first."""
        return tuple(turn for turn in self.turns.values() if turn.parent == of)

    def with_marks(self, marks: Mapping[TurnId, Mark | None]) -> "Conversation":
        """Set marks; None takes one away."""
        merged = {**self.state.marks, **marks}
        remaining = {turn: mark for turn, mark in merged.items() if mark is not None}
        return self.then(replace(self.state, marks=remaining))

    def _up(self, at: TurnId | None) -> Iterator[Turn]:
        while at is not None:
            turn = self.turns[at]
            yield turn
            at = turn.parent


def answers_calls(message: Message) -> bool:
    """Tell whether a message begins with an answer to a call of ours."""
    return bool(message.content) and message.content[0].type == "tool_result"


def container_id(container: Wire | None) -> str:
    """Name a container that a reply tells of; empty where it tells of none."""
    name = container.get("id") if container is not None else None
    return name if isinstance(name, str) else ""


def system_of(conversation: Conversation) -> str:
    """Give the system prompt that the next message will have."""
    state = conversation.state
    if state.next_system is not None:
        return state.next_system
    changes = prompts(m for turn in conversation.path() for m in turn.messages)
    return changes[-1] if changes else state.system


def prompts(messages: Iterable[Message]) -> list[str]:
    """Give the system prompts that change in those messages."""
    return [message.prompt for message in messages if message.prompt is not None]
