"""What many questions will come to, before the first is sent: a look at all, and the price."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from chatrepl.cli.questions import Questions
from chatrepl.core.errors import ChatreplError
from chatrepl.core.items import Item
from chatrepl.core.money import BATCH_FACTOR
from chatrepl.core.talk.usage import Usage
from chatrepl.core.words import compact, dollars
from chatrepl.shells.attempt import ItemQuestion
from chatrepl.shells.mutter import fitted
from chatrepl.storage.answer_log import Done

_FIRST: Final = 20  # of the items are counted whole, and then each so-and-so-many-th
_EVERY: Final = 37
_MOST: Final = 400


@dataclass(slots=True)
class Bill:
    """What is asked, and what it takes at most; tokens are estimated by those of some questions."""

    requests: int = 0
    done: int = 0
    chars: int = 0
    counted: int = 0
    counted_chars: int = 0
    counted_tokens: int = 0
    longest: int = 0  # reply, in tokens
    usd_a_request: float | None = None
    played: str = ""  # stands after money that nobody pays
    first: ItemQuestion | None = None

    @property
    def tokens(self) -> int:
        """The tokens of all questions, about."""
        return round(self.counted_tokens * self.chars / max(1, self.counted_chars))

    def words(self, *, batch: bool = False) -> str:
        """Say it in a line, with the price where that is known: that of a `batch`, or of both."""
        parts = [f"{self.requests:,} {'request' if self.requests == 1 else 'requests'}"]
        parts += [f"{self.done:,} done before"] if self.done else []
        parts += [f"~{compact(self.tokens)} in", f"≤ {compact(self.requests * self.longest)} out"]
        if self.usd_a_request is None:
            return " · ".join([*parts, "price unknown"])
        usd = self.usd_a_request * self.requests
        half = dollars(usd * BATCH_FACTOR)
        price = f"≤ {half}" if batch else f"≤ {dollars(usd)} (--batch {half})"
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
        chars = sum(len(template.fill(item)) for template in questions.templates)
        bill.chars += chars
        if bill.requests <= _FIRST or (bill.requests % _EVERY == 0 and bill.counted < _MOST):
            _count(bill, item, chars, questions)
    if bill.first is not None:
        request = bill.first.request
        limit = request.params.get("max_tokens")
        bill.longest = limit if isinstance(limit, int) else 0
        usage = Usage(bill.tokens // bill.requests, bill.longest)
        cost = questions.session.prices.of_request(request, usage)
        bill.usd_a_request = cost.usd if cost is not None else None
    return bill


def _count(bill: Bill, item: Item, chars: int, questions: Questions) -> None:
    try:
        question = questions(item)
    except ChatreplError:  # it will fail, and costs nothing
        return
    session = questions.session
    bill.first = bill.first or question
    bill.counted += 1
    bill.counted_chars += chars
    bill.counted_tokens += session.ledger.request(question.request, session.model).tokens


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
