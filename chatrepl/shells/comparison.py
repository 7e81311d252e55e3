"""A comparison in a chat: the first reply streams, the others are shown whole as they end."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TypeAlias

from chatrepl.core.errors import ChatreplError
from chatrepl.core.outcome import Compare
from chatrepl.core.words import meta_line
from chatrepl.core.world import Display
from chatrepl.session.comparison import begin_comparison, end_comparison, labels, share_news
from chatrepl.session.session import Session
from chatrepl.shells.comparing import HeldBack, Race, Side, sides_of
from chatrepl.shells.consent import Consent
from chatrepl.shells.desk import Desk, Relay
from chatrepl.shells.replies import condenser, remarks, tell_of_files
from chatrepl.turn import Stream, run_turn

Watching: TypeAlias = Callable[[Callable[[Display], Coroutine[None, None, None]], Relay], None]


def compare(
    session: Session,
    asked: Compare,
    stream: Stream,
    desk: Desk,
    consent: Consent,
    watched: Watching,
) -> None:
    """Ask all, and show what comes. Raises KeyboardInterrupt where it was stopped."""
    if not consent.to_send(asked.message):
        return
    relay = Relay(desk.new_view, condenser(session.next.form))
    comparison = Comparison(session, asked, stream, desk, relay)
    watched(lambda _view: comparison.run(), relay)
    for turn in session.conversation.path()[-1:]:
        tell_of_files(session, turn, desk.speaker)
    if comparison.stopped:
        raise KeyboardInterrupt


@dataclass(slots=True)
class Comparison:
    """One comparison: who is asked, and what of it is still to be shown."""

    session: Session
    asked: Compare
    stream: Stream
    desk: Desk
    relay: Relay
    stopped: bool = False
    _race: Race = field(init=False)
    _left: list[Side] = field(init=False)
    _unshown: dict[str, HeldBack] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        names = labels(len(self.asked.models), blind=self.asked.blind)
        self._race = Race(self.session, sides_of(self.session, self.asked.models, names))
        self._left = list(self._race.sides)

    async def run(self) -> None:
        """Ask all, and show what comes. A stop stops all of them; what came is kept and shown."""
        begin_comparison(self.session)
        try:
            async with self._race.under_way(self._ask):
                await self._watch()
        except asyncio.CancelledError:
            self.stopped = True
        finally:
            turns = [side.turn for side in self._race.sides]
            end_comparison(self.session, turns, blind=self.asked.blind)
        for side in tuple(self._left):
            self._show(side)
        came = [side.label for side in self._race.sides if side.turn is not None]
        if len(came) > 1:
            going = "" if self.asked.blind else f"You go on from {came[0]}; "
            words = f"{going}/pick {came[1]} goes on there, /diff {came[0]} {came[1]} compares."
            self.desk.speaker.line(words)
        self._race.raise_bugs()

    async def _watch(self) -> None:
        self._rule(self._first, "")
        await self._race.ended(self._first)
        self._show(self._first)
        while self._left:
            with self.relay.fresh():  # tells that something is waited for
                ended = await self._race.ended(*self._left)
            for side in ended:
                self._show(side)

    @property
    def _first(self) -> Side:
        return self._race.sides[0]

    async def _ask(self, side: Side) -> None:
        view: Display
        if side is self._first:
            view = self.relay
        else:
            view = self._unshown[side.label] = HeldBack()
        message, base = self.asked.message, self.asked.base
        try:
            await run_turn(side.session, message, self.stream, side.watched(view), base)
        except ChatreplError as error:
            side.error = error

    def _show(self, side: Side) -> None:
        """Show what is not on the screen yet of a side that has ended."""
        self._left.remove(side)
        receipt = side.turn.receipt if side.turn is not None else None
        if side is not self._first:
            self._rule(
                side, meta_line(receipt, demo=self.session.is_demo) if receipt is not None else ""
            )
            if unshown := self._unshown.get(side.label):
                view = self.relay.fresh()
                unshown.seen(view, view.at)
        say, error = self.desk.speaker, side.error
        if side.turn is not None:
            share_news(self.session, side.session)
            for words, style in remarks(side.session, side.turn, error):
                if style != "meta" or (side is self._first and not self.asked.blind):
                    say.line(words, style)
            share_news(self.session, side.session)
        elif error is None:
            say.line("Nothing came.")
        if error is not None:
            say.error(error)
        say.gap()

    def _rule(self, side: Side, sums: str) -> None:
        named = () if self.asked.blind else (side.model, sums)
        self.desk.speaker.line(" · ".join(filter(None, (f"── {side.label}", *named))), "heading")
