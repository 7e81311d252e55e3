"""What became of many questions: counted for the last line, the exit code, and the bar."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from chatrepl.core.items import Item
from chatrepl.core.talk.usage import Cost
from chatrepl.core.words import paid

_NAMED: Final = 10  # of those that failed


@dataclass(slots=True)
class RunTally:
    """Counts results as they are written, and what attempts cost as they end.

    `total` is the number of items, where it is known before the end. No word of `secrets` is in the
    lines about them.
    """

    total: int | None = None
    demo: bool = False
    secrets: tuple[str, ...] = ()
    done: int = 0
    failed: int = 0
    cost: Cost = Cost()
    failures: list[str] = field(default_factory=list)
    cut: int = 0
    cuts: list[str] = field(default_factory=list)
    changed: Callable[["RunTally"], None] = lambda _tally: None
    _begun_at: float = field(default_factory=time.monotonic)

    def count(self, item: Item, result: dict[str, Any]) -> None:
        """Count a result that was written."""
        self.done += 1
        self.cost += Cost(at_least=result.get("cost_at_least") is True)
        if not result["ok"]:
            self.failed += 1
            if len(self.failures) < _NAMED:
                label = item.label_without(self.secrets)
                reason = result["error"]["message"]
                named = reason.casefold().startswith(f"item {item.number + 1} ")
                self.failures.append(reason if named else f"{label}: {reason}")
        elif result.get("stop_reason") == "max_tokens":
            self.cut += 1
            if len(self.cuts) < _NAMED:
                self.cuts.append(item.label_without(self.secrets))
        self.changed(self)

    def pay(self, usd: float) -> None:
        """Add what an attempt cost."""
        self.cost += Cost(usd, usd)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._begun_at

    def line(self) -> str:
        """Sum it up: `998 answered · 2 failed · $0.84 · 52 s`."""
        return " · ".join([*self._counts(), *self._cost(), f"{self.seconds:.1f} s"])

    def now(self) -> str:
        """Say how it goes: `25 answered · 1 failed · 14 left · 3.5/s · $0.02`."""
        rate = f"{self.done / max(self.seconds, 0.1):.1f}/s"
        return " · ".join([*self._counts(), rate, *self._cost()])

    def _cost(self) -> list[str]:
        played = " (demo)" if self.demo else ""
        return [f"{paid(self.cost)}{played}"] if self.cost.usd else []

    def _counts(self) -> list[str]:
        words = [f"{self.done - self.failed:,} answered"]
        words += [f"{self.failed:,} failed"] if self.failed else []
        left = (self.total or self.done) - self.done
        return [*words, *([f"{left:,} left"] if left > 0 else [])]

    def failed_lines(self) -> list[str]:
        """Name the first of those that failed."""
        return [*self.failures, *_more(self.failed, self.failures)]

    def cut_lines(self) -> list[str]:
        """Name the first of those whose answers are not whole, and say what helps."""
        if not self.cut:
            return []
        lines = [f"{label}: the reply reached its length limit." for label in self.cuts]
        return [*lines, *_more(self.cut, self.cuts), "-t allows longer replies."]


def _more(count: int, named: list[str]) -> list[str]:
    more = count - len(named)
    return [f"and {more:,} more"] if more else []
