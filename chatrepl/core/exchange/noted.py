"""What a turn keeps of its request, so that it can be put together again to the byte.

The conversation has the messages, the system prompt, the tools and what was dropped at the time.
So no more is kept than the small parameters, in their order, the beta features that were not of
the settings, and a digest of all.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Final, TypeAlias

from chatrepl.core.exchange.request import Ask, Request
from chatrepl.core.exchange.terms import CHANGES, EFFORT_CHANGES, TOOL_CHANGES, Midway, TermsSoFar
from chatrepl.core.exchange.view import is_sent
from chatrepl.core.talk.conversation import Conversation, Turn
from chatrepl.core.talk.message import Message, prompts
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire, encode

# What else there is comes from the settings, and may hold a key.
_KEPT: Final = frozenset(
    {
        "model", "max_tokens", "stop_sequences", "cache_control", "thinking", "output_config",
        "diagnostics", "speed", "service_tier", "tool_choice", "temperature", "top_p", "top_k",
        "container",
    }
)  # fmt: skip
BlockRow: TypeAlias = tuple[str, str, int, str, str]


def note_of(request: Request) -> Wire:
    """Note of a request what its conversation does not tell; null stands for the settings' part."""
    params = {key: value if key in _KEPT else None for key, value in request.params.items()}
    betas = {"betas": list(request.betas)} if request.betas else {}
    return {"params": params, "digest": _digest(request), **betas}


def restored(request: Request, note: Wire) -> Request:
    """Give a request that was put together anew with the parameters that were noted."""
    params = note.get("params")
    if not isinstance(params, Mapping):
        return request
    both = {k: request.params.get(k) if value is None else value for k, value in params.items()}
    return replace(request, params={k: value for k, value in both.items() if value is not None})


def asked_under(ask: Ask, after: Conversation, turn: Turn, note: Wire) -> Ask:
    """Give `ask` with the terms that `turn` was asked under, as far as the conversation tells."""
    params, noted = note.get("params"), note.get("betas")
    betas = noted if isinstance(noted, list) else ()
    midway = Midway(effort=EFFORT_CHANGES in betas, tools=TOOL_CHANGES in betas)
    had_tools = isinstance(params, Mapping) and "tools" in params
    so_far = TermsSoFar.of((*after.path(), turn))
    if had_tools and not (so_far.now.tools or (so_far.top or so_far.now).tools):
        return replace(ask, midway=midway)  # the settings have them
    return replace(ask, midway=midway, terms=so_far.now)


def is_exact(request: Request, note: Wire) -> bool:
    """Tell whether that is what was sent, byte for byte."""
    return note.get("digest") == _digest(request)


def _digest(request: Request) -> str:
    return hashlib.sha256(request.encode()).hexdigest()


def when_asked(conversation: Conversation, turn: Turn) -> Conversation:
    """Give the conversation as it stood when `turn` was asked: its marks, prompt and summary."""
    states = (*conversation.past, conversation.state, *conversation.future)
    stood = (old for old, new in pairwise(states) if new.head == turn.id != old.head)
    changes = prompts(turn.messages)
    state = replace(
        next(stood, conversation.state),
        head=turn.parent,
        next_system=changes[-1] if changes else None,
    )
    return replace(conversation, state=state)


def asked_last(turn: Turn) -> Turn:
    """Give a turn of several rounds as it stood when its last request was sent."""
    last = max(n for n, m in enumerate(turn.messages) if n and m.answers_calls)
    return replace(turn, messages=turn.messages[: last + 1])


@frozen
class PastRequest:
    """A request, the conversation it was made of, and the turn that it asked."""

    request: Request
    after: Conversation
    turn: Turn

    def rows(self) -> Iterator[BlockRow]:
        """List what was sent: place, kind, bytes, why, and where it begins; then what was not."""
        params = self.request.params
        first = "cached" if self._read else "sent"
        for key in ("tools", "system"):
            if params.get(key):
                text = encode(params[key])
                yield key, "", len(text.encode()), first, text
        for at, message in enumerate(self.request.messages):
            for number, block in enumerate(message.content):
                text = encode(block.to_wire())
                size, why = len(text.encode()), self._why(at, number)
                begins = text if block.type in CHANGES else block.to_markdown() or text
                yield f"{at + 1} {message.role}", block.type, size, why, begins
            if message.effort is not None:
                text = encode(message.to_wire()["output_config"])
                yield f"{at + 1} system", "output_config", len(text), self._why(at, 0), text
        for number, turn in enumerate(self.after.path(), 1):
            if not is_sent(turn, self.after):
                is_dropped = self.after.state.marks.get(turn.id) == "dropped"
                why = "dropped" if is_dropped else "left out"
                yield f"turn {number}", "", 0, why, "".join(b.to_markdown() for b in turn.question)

    @property
    def _read(self) -> int:
        receipt = self.turn.receipt
        return receipt.usage.cache_read_input_tokens if receipt is not None else 0

    def _why(self, at: int, number: int) -> str:
        message = self.request.messages[at]
        last = max(n for n, m in enumerate(self.request.messages) if m.role == "user")
        if at == last:
            is_ours = number >= len(message.content) - self.turn.ours
            return "ours" if is_ours else "new"
        if at > last:
            return "new" if message.role == "system" else "ours"
        cached = "cached" if self._read and at < last - 1 else ""
        if message.role == "system":
            return cached or "sent"
        home = self._home(message)
        if home is None:
            return "ours"
        is_pinned = self.after.state.marks.get(home.id) == "pinned"
        return ", ".join(filter(None, ("pinned" if is_pinned else "", cached))) or "sent"

    def _home(self, message: Message) -> Turn | None:
        """Find the turn that a message is of; one that stands for others is of none."""
        first, turns = message.content[0], self.after.path()
        return next((t for t in turns if any(first in m.content for m in t.messages)), None)
