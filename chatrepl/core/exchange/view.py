"""What of a conversation is sent: a view of the path, always valid, never a change of it.

Dropped, summarised and refused turns are left out whole. Thinking goes back only to the model
that wrote it, and only while everything before it is sent unchanged; else the service may refuse
it as bound to another conversation. Tool calls nobody answered are left out. Text files are read
out to models that know no documents.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from chatrepl.core.exchange.pairing import paired
from chatrepl.core.exchange.terms import (
    Midway,
    TermsSoFar,
    defined_in,
    fitted,
    only_prompt,
    together,
    without_prompt,
)
from chatrepl.core.models import Model
from chatrepl.core.talk.blocks import Block, DocumentBlock, TextBlock
from chatrepl.core.talk.conversation import Conversation, Summary, Turn
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen

ACKNOWLEDGED: Final = "Understood."
OPENING: Final = "(The conversation begins with the reply.)"


@frozen
class Sent:
    """The messages of one request. `bound` names this very past, for the thinking that follows."""

    messages: tuple[Message, ...]
    system: str
    bound: str


def is_sent(turn: Turn, conversation: Conversation) -> bool:
    """Tell whether `turn` itself is part of what is sent."""
    if conversation.state.standing(turn.id) in {"dropped", "summarised"}:
        return False
    return turn.receipt is None or turn.receipt.stop_reason != "refusal"


def summary_sent(conversation: Conversation) -> Summary | None:
    """Give the summary, where it stands for anything: for turns that are here, and not dropped."""
    state = conversation.state
    if state.summary is None:
        return None
    standings = (state.standing(turn.id) for turn in conversation.path())
    return state.summary if "summarised" in standings else None


def build_sent(conversation: Conversation, model: Model, *new: Message, tools: str = "") -> Sent:
    """Put together what `model` gets to see, with the `new` messages at its end.

    `tools` is the tools as JSON: they belong to the past that thinking is bound to.
    """
    return bind(*place_sent(conversation, model, *new), model, tools)


def place_sent(
    conversation: Conversation, model: Model, *new: Message, midway: Midway | None = None
) -> tuple[tuple[Message, ...], str]:
    """Give the messages and the system prompt that `model` gets to see, thinking and all."""
    turns, midway = conversation.path(), midway or Midway.of(model)
    so_far = TermsSoFar.of(turns)
    first = new if so_far.top is not None else map(_untermed, new)
    chosen = (*_chosen(conversation, turns, so_far.begun), *first)
    system, messages = _system(conversation, chosen, model)
    fit = (fitted(m, model, midway) if m.role == "system" else m for m in paired(messages))
    defined = so_far.top.tools if so_far.top is not None else {}
    merged = _merge(_begun(_placed(fit, set(defined))))
    return tuple(merged if model.documents else map(_read_out, merged)), system


def _read_out(message: Message) -> Message:
    """Give a message with its text files as text, for whoever takes no documents."""
    content = tuple(_in_words(block) for block in message.content)
    return message if content == message.content else replace(message, content=content)


def _in_words(block: Block) -> Block:
    if not isinstance(block, DocumentBlock) or not block.text:
        return block
    name = f"{' '.join(block.title.split())}\n" if block.title else ""
    return TextBlock(name + framed(block.text.removesuffix("\n"), "document"))


def _untermed(message: Message) -> Message:
    """Give a message without the terms that stand at the top of the request."""
    return only_prompt(message) if message.role == "system" else message


def _chosen(conversation: Conversation, turns: tuple[Turn, ...], begun: int) -> Iterator[Message]:
    """Give the messages of the turns that are sent, and every change of prompt and terms.

    The terms of the first `begun` turns are no changes.
    """
    summary = summary_sent(conversation)
    for number, turn in enumerate(turns):
        if summary is not None and turn.id in summary.covers:
            yield Message.user(framed(summary.text, "summary"))
            yield Message("assistant", (TextBlock(ACKNOWLEDGED),))
            summary = None
        whole = is_sent(turn, conversation)
        messages = turn.messages if number >= begun else map(_untermed, turn.messages)
        yield from (m for m in messages if whole or m.role == "system")


def _system(
    conversation: Conversation, messages: tuple[Message, ...], model: Model
) -> tuple[str, tuple[Message, ...]]:
    """Give the system prompt for the top, and the messages with what changes of it in between.

    A model that takes no changes in between gets the newest one at the top. A change to nothing
    cannot be a message: it takes away the top and all that came before it.
    """
    state = conversation.state
    changes = [at for at, message in enumerate(messages) if message.prompt is not None]
    if not model.mid_system:
        newest = messages[changes[-1]].text if changes else state.system
        top = newest if state.next_system is None else state.next_system
        return top, tuple(m for m in messages if m.role != "system")
    cleared = max((at for at in changes if not messages[at].text.strip()), default=None)
    if cleared is None:
        return state.system, messages
    rest = (
        without_prompt(m) if at <= cleared and m.prompt is not None else m
        for at, m in enumerate(messages)
    )
    return "", tuple(rest)


def _placed(messages: Iterable[Message], defined: set[str]) -> Iterator[Message]:
    """Let system messages stand where they may: after a user's message, last or before a reply.

    The tools `defined` so far are those that can be taken away again.
    """
    held: list[Message] = []
    before = ""
    for message in (*messages, None):
        if message is not None and message.role == "system":
            held.append(message)
            continue
        after = "assistant" if message is None else message.role
        if held and (before, after) == ("user", "assistant"):
            change = together(held, defined)
            if change is not None:
                yield change
                defined |= {str(tool["name"]) for tool in defined_in(change)}
            held = []
        if message is not None:
            yield message
            before = message.role


def _begun(messages: Iterable[Message]) -> Iterator[Message]:
    """Let the first message be the user's, also where a conversation begins with a reply."""
    rest = iter(messages)
    first = next(rest, None)
    if first is None:
        return
    if first.role != "user":
        yield Message.user(OPENING)
    yield first
    yield from rest


def _merge(messages: Iterable[Message]) -> Iterator[Message]:
    """Join neighbours of one role, as the service would; not every server does."""
    held: Message | None = None
    for message in messages:
        if held is not None and held.role == message.role and _same_origin(held, message):
            held = replace(held, content=(*held.content, *message.content))
            continue
        if held is not None:
            yield held
        held = message
    if held is not None:
        yield held


def _same_origin(one: Message, other: Message) -> bool:
    """Tell whether two neighbours may become one: thinking keeps the past it is bound to."""
    return not (one.has_thinking or other.has_thinking)


def bind(messages: tuple[Message, ...], system: str, model: Model, tools: str) -> Sent:
    """Strip thinking that is bound to another past or model, and name the past that results."""
    # A signature holds for the very `system`, `tools` and messages that came before the thinking:
    # after any change newer models refuse it, 400 "bound to a different conversation", or drop it
    # without a word, and other models' thinking is paid for and not read. To strip is always
    # allowed. Each digest is over what is sent, so that stripping changes the past of what follows
    # (platform.claude.com/docs/en/build-with-claude/preserved-thinking/prefix-checks).
    past = hashlib.sha256(f"{system}\0{tools}".encode("utf-8", "replace")).digest()
    sent: list[Message] = []
    for message in messages:
        fits = message.model == model.id and message.bound == past.hex()
        slim = message if fits or not message.has_thinking else message.without_thinking
        sent.append(slim)
        past = hashlib.sha256(past + slim.digest).digest()
    return Sent(tuple(sent), system, past.hex())


def framed(text: str, name: str) -> str:
    """Put data into a frame that it cannot close itself, whatever stands in it."""
    taken = set(re.findall(rf"(?i)<\s{{0,20}}/?\s{{0,20}}{name}(-\d{{1,9}})?", text))
    endings = ("", *(f"-{number}" for number in range(1, len(taken) + 1)))
    free = name + next(ending for ending in endings if ending not in taken)
    return f"<{free}>\n{text}\n</{free}>"
