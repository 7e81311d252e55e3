"""What many questions will come to, before the first is sent: a look at all, and the price."""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chatrepl.cli.questions import Questions
from chatrepl.core.errors import ChatreplError
from chatrepl.core.items import Item
from chatrepl.core.money import BATCH_FACTOR
from chatrepl.core.words import at_most, compact
from chatrepl.session.worst_case import WorstCase
from chatrepl.shells.attempt import ItemQuestion
from chatrepl.shells.mutter import fitted
from chatrepl.storage.answer_log import Done

_FIRST: Final = 500  # of the items are counted whole, and then each so-and-so-many-th
_FIRST_FILES: Final = 20  # which are read for it
_EVERY: Final = 37
_MOST: Final = 900


@dataclass(slots=True)
class Bill:
    """What is asked, and what it takes at most; what is not counted is like what is.

    A size is that of an item's words and of its own file, in bytes.
    """

    requests: int = 0
    done: int = 0
    size: int = 0
    largest: int = 0
    counted: int = 0
    counted_size: int = 0
    counted_tokens: int = 0
    counted_usd: float | None = 0.0  # None where nobody knows the price
    longest: int = 0  # reply, in tokens
    played: str = ""  # stands after money that nobody pays
    first: ItemQuestion | None = None

    @property
    def _share(self) -> float:
        """How much all are of those that are counted: by number, or by size where that is more."""
        number, size = self.requests - self.counted, self.size - self.counted_size
        return 1 + max(number / max(1, self.counted), size / max(1, self.counted_size))

    @property
    def tokens(self) -> int:
        """The tokens of all questions, about."""
        return round(self.counted_tokens * self._share)

    @property
    def most_usd(self) -> float | None:
        """What all of it costs at most; None where nobody knows the price."""
        return None if self.counted_usd is None else self.counted_usd * self._share

    def words(self, *, batch: bool = False) -> str:
        """Say it in a line, with the price where that is known: that of a `batch`, or of both."""
        parts = [f"{self.requests:,} {'request' if self.requests == 1 else 'requests'}"]
        parts += [f"{self.done:,} done before"] if self.done else []
        parts += [f"~{compact(self.tokens)} in", f"≤ {compact(self.requests * self.longest)} out"]
        if (usd := self.most_usd) is None or self.first is None:
            return " · ".join([*parts, "price unknown"])
        half = at_most(usd * BATCH_FACTOR)
        price = f"≤ {half}" if batch else f"≤ {at_most(usd)} (--batch {half})"
        return " · ".join([*parts, f"{price}{self.played}"])


def look_through(items: Iterable[Item], questions: Questions, *, log: Done, again: bool) -> Bill:
    """Look at all items and tell what they come to. Raises UsageError for one that is none."""
    bill = Bill(played=questions.session.edges.played)
    for item in items:
        questions.check(item)
        result = log.get(item.number, item.id)
        if result is not None and (result["ok"] or not again):
            bill.done += 1
            continue
        bill.requests += 1
        size = _size(item, questions)
        bill.size += size
        is_first = bill.requests <= (_FIRST_FILES if item.path else _FIRST)
        is_sample = bill.requests % _EVERY == 0 and bill.counted < _MOST
        if is_first or is_sample or size > bill.largest:
            _count(bill, item, size, questions)
    return bill


def _size(item: Item, questions: Questions) -> int:
    size = sum(len(one.fill(item).encode("utf-8", "replace")) for one in questions.templates)
    with suppress(OSError, ValueError):
        size += Path(item.path).stat().st_size if item.path else 0
    return size


def _count(bill: Bill, item: Item, size: int, questions: Questions) -> None:
    try:
        question = questions(item)
    except ChatreplError:  # it will fail, and costs nothing
        bill.size -= size
        return
    bill.largest = max(bill.largest, size)
    bill.counted += 1
    bill.counted_size += size
    session, request = questions.session, question.request
    bill.first = bill.first or question
    case = WorstCase(session, request)
    bill.longest = max(bill.longest, case.wanted)
    bill.counted_tokens += session.ledger.request(request, session.model).tokens
    usd = case.most_usd()
    if usd is None or bill.counted_usd is None:
        bill.counted_usd = None
    else:
        bill.counted_usd += usd


def at_terminal() -> bool:
    """Tell whether there is somebody to ask: stderr is a terminal, and so is the keyboard."""
    try:
        return sys.stderr is not None and sys.stderr.isatty() and os.path.exists(os.ctermid())  # noqa: PTH110
    except (ValueError, AttributeError):
        return False


def agreed(question: str) -> bool:
    """Ask on the terminal, whatever standard input is; anything but yes is no."""
    sys.stderr.write(f"{fitted(sys.stderr, f'{question} [y/N]')} ")
    sys.stderr.flush()
    try:
        with open(os.ctermid(), encoding="utf-8", errors="replace") as keyboard:  # noqa: PTH123
            return keyboard.readline().strip().casefold() in {"y", "yes"}
    except OSError:
        return False
