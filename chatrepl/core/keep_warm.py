"""Does it pay to read the cache again before it expires, by how long its user stays away?

Each time between two requests of a conversation was an absence, and after its last one somebody
has been away since. Of those who were away for as long as now, the share that came back while one
more read would still help is the chance that it does.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from chatrepl.core.prompt_cache import LEAST_USD, TTL_SECONDS
from chatrepl.core.spending import Spending
from chatrepl.core.value import frozen
from chatrepl.core.words import dollars

MOST_IN_A_ROW: Final = 3  # reads while nobody comes: their price stays far below one rewrite
DAYS: Final = 30  # of which absences are looked at
_LEAD_S: Final = 60.0  # before it expires, so that a read that has to wait still comes in time
_LEAD_SHARE: Final = 0.1
# What is expected of somebody of whom nothing is known, as if it had been seen so often: half come
# back before they have been away twice as long, and of these two in five find the chat still open.
_SEEN: Final = 2.0
_RETURNING: Final = 0.2


@frozen
class Absences:
    """How long somebody was away, in seconds, each time; `lasting` are those that still last."""

    ended: tuple[float, ...] = ()
    lasting: tuple[float, ...] = ()

    @classmethod
    def of(cls, spendings: Iterable[Spending], now: float, here: str) -> "Absences":
        """Read them off the ledger; the one that lasts in the conversation `here` is in question.

        What nobody asked for, and what belongs to no conversation, tells of nobody.
        """
        ended: list[float] = []
        newest: dict[str, float] = {}
        for spending in spendings:
            if spending.warm or not spending.conversation:
                continue
            before = newest.get(spending.conversation, spending.when)
            ended += [spending.when - before] if spending.when > before else []
            newest[spending.conversation] = max(before, spending.when)
        newest.pop(here, None)
        return cls(tuple(ended), tuple(now - when for when in newest.values()))

    def chance(self, away: float, cold: float, until: float) -> float:
        """Tell how likely one who was `away` so long is back after `cold` and before `until`."""
        still = sum(length > away for length in (*self.ended, *self.lasting))
        back = sum(cold < length <= until for length in self.ended)
        usual = _RETURNING * (until - cold) / until
        return (back + _SEEN * usual) / (still + _SEEN)


@frozen
class Reread:
    """One more read: what it costs, and what it saves where it is of use."""

    usd: float
    saves_usd: float

    def pays(self, chance: float) -> bool:
        """Tell whether more is to be expected of it than it costs."""
        return self.saves_usd >= LEAST_USD and chance * self.saves_usd > self.usd


@frozen
class Kept:
    """What reading the cache again came to in this session; `in_a_row` since somebody came.

    They came last at `since`. Without the reads of this row, the last at `read_at`, it would be
    cold from `cold_at` on; being warm then saves `saves_usd` for its `tokens`.
    """

    times: int = 0
    usd: float = 0.0
    saved_usd: float = 0.0
    in_a_row: int = 0
    since: float = 0.0
    read_at: float = 0.0
    cold_at: float = 0.0
    saves_usd: float = 0.0
    tokens: int = 0

    def read(self, again: Reread, at: float, tokens: int, *, since: float, cold: float) -> "Kept":
        """Enter one read; `since` and `cold` count where it is the first of a row."""
        row = self if self.in_a_row else replace(self, since=since, cold_at=cold)
        return replace(
            row,
            times=self.times + 1,
            usd=self.usd + again.usd,
            in_a_row=self.in_a_row + 1,
            read_at=at,
            saves_usd=again.saves_usd,
            tokens=tokens,
        )

    def came(self, at: float, read: int, last: float) -> "Kept":
        """Enter that somebody came, and how many tokens were `read` then.

        Where the `last` read was another, this row made no difference.
        """
        is_ours = self.in_a_row > 0 and last == self.read_at and at >= self.cold_at
        share = min(1.0, read / self.tokens) if is_ours and self.tokens else 0.0
        return replace(self, in_a_row=0, saved_usd=self.saved_usd + share * self.saves_usd)

    def less(self, other: "Kept") -> "Kept":
        """Give what came after `other`."""
        usd, saved_usd = self.usd - other.usd, self.saved_usd - other.saved_usd
        return Kept(self.times - other.times, usd, saved_usd)

    def words(self) -> str:
        """Say what it came to: `Kept warm 2 times for $0.03; saved $0.21.`"""
        times = "once" if self.times == 1 else f"{self.times} times"
        saved = dollars(self.saved_usd) if self.saved_usd > 0 else "nothing"
        return f"Kept warm {times} for {dollars(self.usd)}; saved {saved}."


def due(until: float, ttl: str) -> float:
    """Tell when to read again what expires at `until`."""
    return until - min(_LEAD_S, _LEAD_SHARE * TTL_SECONDS.get(ttl, 300.0))
