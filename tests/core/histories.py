"""Random histories, and what must hold of everything that is sent after a cut.

`find_fault` gives the first rule that is broken. The mutants are planners and senders as they are
often written; each must be caught.
"""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from chatrepl.core.context.trim import Budget, TrimPlan, Weighed, pinned, plan, weigh
from chatrepl.core.exchange.view import build_sent
from chatrepl.core.models import TABLE
from chatrepl.core.talk.blocks import (
    Block,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from chatrepl.core.talk.conversation import Conversation, State, Turn, TurnId
from chatrepl.core.talk.message import Message, Role

MODEL = TABLE["claude-opus-5-5"]
SYSTEM = "Be brief."

Planner: TypeAlias = Callable[[Conversation, tuple[Weighed, ...], Budget], TrimPlan]
Sender: TypeAlias = Callable[[Conversation, TrimPlan], tuple[Message, ...]]


@dataclass(frozen=True)
class History:
    """A conversation whose pins are set, and the tokens of its turns."""

    conversation: Conversation
    tokens: dict[TurnId, int]
    budget: Budget

    def weighed(self) -> tuple[Weighed, ...]:
        return weigh(self.conversation, lambda turn: self.tokens[turn.id])


def random_history(rng: random.Random) -> History:
    turns: dict[TurnId, Turn] = {}
    past = hashlib.sha256(f"{SYSTEM}\0".encode()).digest()
    parent: TurnId | None = None
    count = rng.randint(1, 14)
    for k in range(count):
        open_loop = k == count - 1 and rng.random() < 0.1
        messages = []
        for message in _messages(rng, k, open_loop=open_loop):
            mine = _bind(message, past.hex()) if message.has_thinking else message
            messages.append(mine)
            past = hashlib.sha256(past + mine.digest).digest()
        if k == count - 1 and not open_loop and rng.random() < 0.7:
            messages = messages[:1]
        id_ = TurnId(f"t{k}")
        turns[id_] = Turn(id_, parent, tuple(messages))
        parent = id_
    marks = {id_: "pinned" for id_ in turns if rng.random() < 0.15}
    conversation = Conversation(turns, State(parent, SYSTEM)).with_marks({**marks})  # type: ignore[dict-item]
    tokens = {id_: rng.randint(10, 900) * rng.choice((1, 1, 4)) for id_ in turns}
    limit = rng.randint(50, 20000)
    budget = Budget(
        limit,
        int(limit * rng.choice((0.3, 0.5, 0.6, 0.8))),
        rng.choice((None, None, 3)),
    )
    return History(conversation, tokens, budget)


def _bind(message: Message, past: str) -> Message:
    """Bind thinking to its past; the digest, which that does not change, is not made again."""
    bound = replace(message, model=MODEL.id, bound=past)
    bound.__dict__["digest"] = message.digest
    return bound


@lru_cache(maxsize=10_000)
def _message(role: Role, *specs: str) -> Message:
    return Message(role, tuple(_block(*spec.split(":")) for spec in specs))


def _block(kind: str, name: str) -> Block:
    match kind:
        case "image":
            return ImageBlock.base64("image/png", name)
        case "thinking":
            return ThinkingBlock(name, "sig")
        case "call":
            return ToolUseBlock("tool_use", name, "look", {})
        case "result":
            return ToolResultBlock("tool_result", name, "found")
        case _:
            return TextBlock(name)


def _messages(rng: random.Random, k: int, *, open_loop: bool) -> list[Message]:
    pictures = ["image:AAAA"] * rng.randint(1, 4) if rng.random() < 0.15 else []
    messages = [_message("user", *pictures, f"text:q{k}")]
    if rng.random() < 0.1:
        messages.append(_message("system", f"text:s{k}"))
    loops = rng.choice((0, 0, 0, 1, 1, 3))
    for n in range(loops + open_loop):
        ids = [f"c{k}.{n}.{j}" for j in range(rng.randint(1, 3))]
        begun = _begun(rng, f"a{k}.{n}")
        messages.append(_message("assistant", *begun, *(f"call:{id_}" for id_ in ids)))
        if n < loops:
            messages.append(_message("user", *(f"result:{id_}" for id_ in ids)))
    if not open_loop:
        messages.append(_message("assistant", *_begun(rng, f"a{k}"), f"text:r{k}"))
    return messages


def _begun(rng: random.Random, text: str) -> list[str]:
    thinking = [f"thinking:{text}"] if rng.random() < 0.5 else []
    return [*thinking, f"text:{text}"] if rng.random() < 0.5 else thinking


def our_plan(conversation: Conversation, turns: tuple[Weighed, ...], budget: Budget) -> TrimPlan:
    return plan(turns, budget, pins=pinned(conversation))


def our_send(conversation: Conversation, made: TrimPlan) -> tuple[Message, ...]:
    marked = conversation.with_marks(dict.fromkeys(made.dropped, "dropped"))
    return build_sent(marked, MODEL).messages


def find_fault(
    history: History, planner: Planner = our_plan, sender: Sender = our_send
) -> str | None:
    """Plan a cut and send what is left; give what is wrong, None if nothing is."""
    conversation, budget = history.conversation, history.budget
    turns = history.weighed()
    made = planner(conversation, turns, budget)
    messages = sender(conversation, made)
    return (
        _structure(messages)
        or (made.dropped and _thinking(messages, conversation))
        or _whole(conversation, made, messages, budget)
        or _amounts(history, turns, made)
        or _again(conversation, turns, made, planner, budget)
    )


def _structure(messages: tuple[Message, ...]) -> str | None:
    if not messages or messages[0].role != "user":
        return "does not begin with the user"
    before: Message | None = None
    open_calls: set[str] = set()
    for message in messages:
        results = {b.tool_use_id for b in message.content if isinstance(b, ToolResultBlock)}
        if not message.content:
            return "empty message"
        if message.role == "system":
            if before is None or before.role != "user":
                return "system message out of place"
            continue
        if before is not None and before.role == message.role:
            return "roles do not alternate"
        if results != open_calls:
            return "tool calls and results do not match"
        open_calls = {b.id for b in message.content if isinstance(b, ToolUseBlock)}
        before = message
    return "tool call without result" if open_calls else None


def _thinking(messages: tuple[Message, ...], conversation: Conversation) -> str | None:
    """Thinking may be there only as long as everything is as it was without the cut."""
    uncut = [message for turn in conversation.path() for message in turn.messages]
    for at, message in enumerate(messages):
        if at >= len(uncut) or message.digest != uncut[at].digest:
            broken = any(later.has_thinking for later in messages[at:])
            return "thinking after a changed past" if broken else None
    return None


def _whole(
    conversation: Conversation, made: TrimPlan, messages: tuple[Message, ...], budget: Budget
) -> str | None:
    turns = conversation.path()
    texts = {b.text for m in messages for b in m.content if isinstance(b, TextBlock)}
    for k, turn in enumerate(turns):
        wanted = {
            b.text
            for m in turn.messages
            for b in m.content
            if isinstance(b, TextBlock) and m.role != "system"
        }
        if wanted & texts and not wanted <= texts:
            return "a turn is split"
        gone = not wanted & texts
        if gone != (turn.id in made.dropped):
            return "what is sent is not what was planned"
        if gone and conversation.state.marks.get(turn.id) == "pinned":
            return "a pinned turn is gone"
        if gone and k == len(turns) - 1:
            return "a recent turn is gone"
    order = [b.text for m in messages for b in m.content if isinstance(b, TextBlock)]
    asked = [int(text[1:]) for text in order if text.startswith("q")]
    return None if asked == sorted(asked) else "the order is changed"


def _amounts(history: History, turns: tuple[Weighed, ...], made: TrimPlan) -> str | None:
    budget, pins = history.budget, pinned(history.conversation)
    kept = [turn for turn in turns if turn.id not in made.dropped]
    after, images = sum(t.tokens for t in kept), sum(t.images for t in kept)
    most = budget.images if budget.images is not None else images
    before, all_images = sum(t.tokens for t in turns), sum(t.images for t in turns)
    within = before <= budget.limit and (budget.images is None or all_images <= budget.images)
    free = [t for t in turns[:-1] if t in kept and t.id not in pins]
    if (made.before, made.after) != (before, after):
        return "the preview's totals are wrong"
    if made.fits != (after <= budget.limit and images <= most):
        return "fits is wrong"
    if within and made.dropped:
        return "cut without need"
    if turns[-1].open:
        return "cut in an open tool loop" if made.dropped else None
    if made.dropped and after > budget.target and free:
        return "the target is missed"
    return "given up early" if not within and not made.fits and free else None


def _again(
    conversation: Conversation,
    turns: tuple[Weighed, ...],
    made: TrimPlan,
    planner: Planner,
    budget: Budget,
) -> str | None:
    rest = tuple(turn for turn in turns if turn.id not in made.dropped)
    if made.fits and planner(conversation, rest, budget).dropped:
        return "cutting again cuts more"
    marked = conversation.with_marks(dict.fromkeys(made.dropped, "dropped"))
    if marked.turns != conversation.turns:
        return "the transcript is changed"
    if made.dropped and marked.undo().state != conversation.state:
        return "undo does not restore"
    return None


def slice_messages(conversation: Conversation, made: TrimPlan) -> tuple[Message, ...]:
    """Mutant: cut by messages, not by turns."""
    messages = [m for turn in conversation.path() for m in turn.messages]
    return tuple(messages[len(made.dropped) * 2 :])


def keep_thinking(conversation: Conversation, made: TrimPlan) -> tuple[Message, ...]:
    """Mutant: send thinking whatever came before it."""
    kept = (turn for turn in conversation.path() if turn.id not in made.dropped)
    return tuple(m for turn in kept for m in turn.messages)


def split_loop(conversation: Conversation, made: TrimPlan) -> tuple[Message, ...]:
    """Mutant: a cut may fall between a tool's call and its result."""
    messages = list(our_send(conversation, made))
    for at, message in enumerate(messages):
        if any(isinstance(b, ToolUseBlock) for b in message.content):
            return tuple(messages[at + 1 :])
    return tuple(messages)


def forget_pins(_: Conversation, turns: tuple[Weighed, ...], budget: Budget) -> TrimPlan:
    """Mutant: pins do not count."""
    return plan(turns, budget)


MUTANTS: dict[str, tuple[Planner, Sender]] = {
    "slices by message": (our_plan, slice_messages),
    "sends thinking after a changed past": (our_plan, keep_thinking),
    "forgets pins": (forget_pins, our_send),
    "splits a tool loop": (our_plan, split_loop),
}
