"""One question to several models, or several times, in a pipe: `-m a,b`, `-n K`.

The answers come in the order given, under headings or as a JSON object each; the exit code is the
worst of theirs.
"""

import asyncio
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TextIO, cast

from chatrepl.cli.options import Options
from chatrepl.core.errors import INTERRUPTED, SAFE, ChatreplError, UsageError
from chatrepl.core.result import Result
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.message import Message
from chatrepl.session.comparison import MOST, begin_comparison, end_comparison, labels
from chatrepl.session.session import Session
from chatrepl.shells.comparing import HeldBack, Race, Side, sides_of
from chatrepl.shells.mutter import mutter
from chatrepl.shells.oneshot import STOPPED, Manner, Shot, Terminable
from chatrepl.terminal.sanitize.text import one_line
from chatrepl.terminal.views.json_lines import write_json
from chatrepl.turn import Stream, run_turn


def asked_models(options: Options, session: Session) -> tuple[str, ...]:
    """Give the models to ask, in the order given. Raises UsageError, before anything is sent."""
    named = tuple(session.named(name).id for name in options.named_models)
    times = 1 if options.samples is None else options.samples
    models = named or (session.model.id,)
    if (count := len(models) * times) > MOST:
        raise UsageError(f"-n: that is {count:,} replies; {MOST} are the most at once.", SAFE)
    return tuple(id_ for id_ in models for _ in range(times))


class _Labelled:
    """A stream for words to the user, which says of which reply they are."""

    def __init__(self, stream: TextIO | None, name: str) -> None:
        self._stream, self._name = stream, name

    def write(self, text: str) -> int:
        words = f"chatrepl: {self._name}: {text.removeprefix('chatrepl: ')}"
        if self._stream is not None:
            self._stream.write(words if text.startswith("chatrepl: ") else text)
        return len(text)

    @property
    def held(self) -> str:
        """What waits to be said."""
        return self._stream.getvalue() if isinstance(self._stream, io.StringIO) else ""

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@dataclass(slots=True)
class _SideShot(Shot):
    """One of several shots; signals end them all together."""

    side: Side | None = None

    async def _ask(self, message: Message, stream: Stream) -> Turn:
        view = self._view()
        watched = self.side.watched(view) if self.side is not None else view
        return await run_turn(self.session, message, stream, watched)


@dataclass(slots=True)
class Shots:
    """All shots of one comparison: the first writes as it comes, the others in their turn."""

    session: Session
    models: Sequence[str]
    manner: Manner
    out: TextIO
    err: TextIO | None
    codes: dict[str, int] = field(default_factory=dict)
    _shots: dict[str, _SideShot] = field(default_factory=dict)
    _unshown: dict[str, HeldBack] = field(default_factory=dict)
    _results: list[dict[str, Any]] = field(default_factory=list)

    async def answer(self, message: Message, stream: Stream) -> int:
        """Ask all, write the answers, and give the worst exit code."""
        names = labels(len(self.models), blind=False)
        race = Race(self.session, sides_of(self.session, self.models, names))
        for side in race.sides:
            self._shots[side.label] = self._shot(side, is_first=side is race.sides[0])

        async def ask(side: Side) -> None:
            self.codes[side.label] = await self._shots[side.label].answer(message, stream)

        begin_comparison(self.session)
        left = list(race.sides)
        self._begin(left[0])
        stopped = 0
        with Terminable() as terminable:
            try:
                async with race.under_way(ask):
                    while left:
                        await race.ended(left[0])
                        self._finish(left)
            except asyncio.CancelledError:
                stopped = terminable.code or INTERRUPTED
            finally:
                end_comparison(self.session, [side.turn for side in race.sides], blind=False)
        while left:
            self._finish(left)
        if self.manner.output == "json":
            is_ok = all(result["ok"] for result in self._results)
            write_json(self.out, {"schema": 1, "ok": is_ok, "results": self._results})
        race.raise_bugs()
        return stopped or max(self.codes.values(), default=0)

    def _shot(self, side: Side, *, is_first: bool) -> _SideShot:
        live = is_first and self.manner.output == "text"
        out = self.out if live else io.StringIO()
        name = self._name(side)
        err = _Labelled(self.err if live else io.StringIO(), name)
        manner = self.manner
        if self.manner.output == "jsonl":
            manner = replace(manner, output="json")
        if not live:
            unshown = self._unshown[side.label] = HeldBack()
            rendered = manner.rendered
            manner = replace(manner, live_status=False)
            if rendered is not None:
                manner = replace(manner, rendered=lambda: unshown)
        return _SideShot(side.session, manner, out, cast("TextIO", err), side=side)

    def _name(self, side: Side) -> str:
        again = [one for one in self.models if one == side.model]
        return side.model if len(again) == 1 else f"{side.model} ({side.label})"

    def _begin(self, side: Side) -> None:
        """Write the heading of an answer."""
        if self.manner.output == "text":
            before = "" if side.label == "1" else "\n"
            encoding = (self.out.encoding or "").casefold().replace("-", "")
            mark = "──" if self.manner.screen and encoding == "utf8" else "##"
            self.out.write(f"{before}{mark} {one_line(self._name(side))}\n\n")
            self.out.flush()

    def _finish(self, left: list[Side]) -> None:
        """Write what is held back of the first that is left, and begin the next."""
        side = left.pop(0)
        shot = self._shots[side.label]
        if isinstance(shot.out, io.StringIO):
            self._release(side, shot, shot.out.getvalue())
        if left:
            self._begin(left[0])

    def _release(self, side: Side, shot: _SideShot, text: str) -> None:
        if self.manner.output == "text":
            if self.manner.rendered is not None and not text:
                self._unshown[side.label].seen(self.manner.rendered())
            self.out.write(text)
            self.out.flush()
        else:
            came = json.loads(text) if text else self._unasked(side)
            self._results.append({"index": len(self._results), **came})
            if self.manner.output == "jsonl":
                write_json(self.out, self._results[-1])
        words = cast("_Labelled", shot.err).held
        mutter(self.err, words.rstrip("\n"))

    def _unasked(self, side: Side) -> dict[str, Any]:
        error = ChatreplError(STOPPED[INTERRUPTED], exit_code=INTERRUPTED)
        return Result(model=side.model, error=error).to_wire()
