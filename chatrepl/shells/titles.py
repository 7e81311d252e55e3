"""Titles that a model gives to conversations.

Where `titles` is "model", the model that does it for the least is asked once, beside the first
reply's end: from the conversation as it was sent, so that what is in the cache is read from there.
Nobody waits for it, nothing is shown, and where it fails the first words stand.
"""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from chatrepl.aside import ask_aside
from chatrepl.commands.cost import cost_question
from chatrepl.core.errors import ChatreplError
from chatrepl.core.exchange.params import thinking_param, will_think
from chatrepl.core.exchange.plan import Plan, plan_aside
from chatrepl.core.exchange.reply import Reply, StreamEvent
from chatrepl.core.models import Model
from chatrepl.core.talk.message import Message
from chatrepl.session.session import Session
from chatrepl.shells.guard import beside
from chatrepl.storage.journal import Journal
from chatrepl.turn import Stream

QUESTION: Final = (
    "Name our conversation so far, in its own language and in at most six words, for a list of "
    "conversations. Reply with the name alone."
)
_GIVEN: Final = "titled"  # the fact that a model was asked
_LONGEST: Final = 60
_TOKENS_OUT: Final = 16
_MOST_TOKENS: Final = 64  # of a title; thinking would need more
_AROUND: Final = " \t\"'`*_#“”„«».:"


@dataclass(slots=True)
class Titles:
    """Has conversations titled in the background of `loop`."""

    session: Session
    stream: Stream
    loop: Callable[[], asyncio.AbstractEventLoop]
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def consider(self) -> None:
        """Have the conversation titled, where that is wanted, was not done, and costs nothing.

        To be called after each reply.
        """
        session, journal = self.session, self.session.recorder
        path = session.conversation.path()
        if session.settings.titles != "model" or not isinstance(journal, Journal):
            return
        replied = path[-1].receipt if path else None
        if len(path) != 1 or replied is None or replied.stop_reason is None:
            return
        if journal.name or journal.unsaved or journal.facts.get(_GIVEN) or cost_question(session):
            return
        journal.meta(**{_GIVEN: True})
        self._task = beside(self.loop(), self._name(journal, self._plan()))

    def stop(self) -> None:
        """Wait for nothing that is still under way."""
        if self._task is not None:
            self._task.cancel()

    def _plan(self) -> Callable[[], Plan]:
        """Plan to ask for the conversation as it is now, whatever becomes of it meanwhile."""
        session, conversation = self.session, self.session.conversation
        model = cheapest(session)

        def plan() -> Plan:
            here = replace(session.situation, conversation=conversation)
            if model.id != here.model.id:  # it has nothing in the cache that thinking depends on
                settings = replace(here.settings, thinking="off", effort="")
                here = replace(here, settings=settings)
            if not will_think(model, thinking_param(here.settings, model)):
                here = replace(here, settings=replace(here.settings, max_tokens=_MOST_TOKENS))
            return plan_aside(here, Message.user(QUESTION), model)

        return plan

    async def _name(self, journal: Journal, plan: Callable[[], Plan]) -> None:
        with suppress(ChatreplError):
            asked = Message.user(QUESTION)
            reply = await ask_aside(self.session, asked, self.stream, Silence(), plan)
            words = tidy(reply.text)
            if words and reply.complete and not journal.name:
                journal.meta(title=words)


class Silence(nullcontext[object]):
    """A view of what nobody waits for."""

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Show nothing."""


def cheapest(session: Session) -> Model:
    """Find the model that reads the conversation for the least; what is cached counts as such."""
    here, turn = session.model, session.conversation.path()[-1]
    usage = turn.receipt.usage if turn.receipt is not None else None
    tokens = usage.total_input_tokens + usage.output_tokens if usage is not None else 0
    cached = usage.cache_read_input_tokens + usage.cache_creation_input_tokens if usage else 0
    content = [block for message in turn.messages for block in message.content]
    prices: list[tuple[float, str]] = []
    for id_, model in session.service.models.items():
        rates = session.edges.rates(id_, tokens)
        if rates is None or model.lifecycle == "retired" or model.untaken(content):
            continue
        warm = min(cached, tokens) if id_ == here.id else 0
        price = warm * rates.read + (tokens - warm) * rates.input + _TOKENS_OUT * rates.output
        prices.append((price, id_))
    return session.service.model(min(prices)[1]) if prices else here


def tidy(text: str) -> str:
    """Make a title of what a model wrote: its first line, without marks around it."""
    line = next(filter(None, map(str.strip, text.splitlines())), "")
    words = " ".join("".join(char if char.isprintable() else " " for char in line).split())
    words = words.strip(_AROUND)
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST].rsplit(' ', 1)[0]}…"
