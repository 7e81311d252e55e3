"""What of a conversation is sent: a view of the path, always valid, never a change of it.

Dropped, summarised and refused turns are left out whole. Thinking goes back only to the model
that wrote it, and only while everything before it is sent unchanged; else the service may refuse
it as bound to another conversation. Tool calls nobody answered are left out.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from chatrepl.core.exchange.pairing import paired
from chatrepl.core.models import Model
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Message, Turn
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
    state = conversation.state
    if state.marks.get(turn.id) == "dropped":
        return False
    if state.summary is not None and turn.id in state.summary.covers:
        return False
    return turn.receipt is None or turn.receipt.stop_reason != "refusal"


def build_sent(conversation: Conversation, model: Model, *new: Message, tools: str = "") -> Sent:
    """Put together what `model` gets to see, with the `new` messages at its end.

    `tools` is the tools as JSON: they belong to the past that thinking is bound to.
    """
    return bind(*place_sent(conversation, model, *new), model, tools)


def place_sent(
    conversation: Conversation, model: Model, *new: Message
) -> tuple[tuple[Message, ...], str]:
    """Give the messages and the system prompt that `model` gets to see, thinking and all."""
    chosen = (*_chosen(conversation, conversation.path()), *new)
    system, messages = _system(conversation, chosen, model)
    return tuple(_merge(_begun(_placed(paired(messages))))), system


def _chosen(conversation: Conversation, turns: tuple[Turn, ...]) -> Iterator[Message]:
    """Give the messages of the turns that are sent, and every change of the system prompt."""
    summary = conversation.state.summary
    for turn in turns:
        if summary is not None and turn.id in summary.covers:
            yield Message.user(framed(summary.text, "summary"))
            yield Message("assistant", (TextBlock(ACKNOWLEDGED),))
            summary = None
        whole = is_sent(turn, conversation)
        yield from (m for m in turn.messages if whole or m.role == "system")


def _system(
    conversation: Conversation, messages: tuple[Message, ...], model: Model
) -> tuple[str, tuple[Message, ...]]:
    """Give the system prompt for the top, and the messages with what changes of it in between.

    A model that takes no changes in between gets the newest one at the top. A change to nothing
    cannot be a message: it takes away the top and all that came before it.
    """
    state = conversation.state
    changes = [at for at, message in enumerate(messages) if message.role == "system"]
    if not model.mid_system:
        newest = messages[changes[-1]].text if changes else state.system
        top = newest if state.next_system is None else state.next_system
        return top, tuple(m for m in messages if m.role != "system")
    cleared = max((at for at in changes if not messages[at].text.strip()), default=None)
    if cleared is None:
        return state.system, messages
    rest = (m for at, m in enumerate(messages) if at > cleared or m.role != "system")
    return "", tuple(rest)


def _placed(messages: Iterable[Message]) -> Iterator[Message]:
    """Let system messages stand where they may: after a user's message, last or before a reply."""
    held: Message | None = None
    before = ""
    for message in messages:
        if message.role == "system":
            held = message
            continue
        if held is not None and (before, message.role) == ("user", "assistant"):
            yield held
            held = None
        yield message
        before = message.role
    if held is not None and before == "user":
        yield held


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
