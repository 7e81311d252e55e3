"""What was spent, by day, model or conversation: `--usage` prints it, `/usage` shows it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from chatrepl.core.errors import UsageError
from chatrepl.core.money import Meter
from chatrepl.core.outcome import Table
from chatrepl.core.spending import GROUPINGS, Grouping, PriceOf, Spending, Spent, grouped
from chatrepl.core.value import frozen
from chatrepl.core.words import compact, dollars
from chatrepl.storage.accounts import Accounts
from chatrepl.storage.library import list_entries

SPANS: Final = ("today", "7d", "month", "all")
_MOST_DAYS: Final = 36_500
_ALONE: Final = "outside of saved conversations"
_NUMBERS: Final = frozenset({1, 2, 3, 4, 5, 6})


@frozen
class UsageQuestion:
    """Of which time is asked, and by what its requests are put together."""

    span: str = "month"
    by: Grouping = "day"

    @classmethod
    def read(cls, words: Sequence[str]) -> "UsageQuestion":
        """Read what was typed, in any order: a span, and day, model or conversation.

        Raises UsageError for what is neither.
        """
        span, by = cls().span, cls().by
        for word in words:
            match word.removeprefix("--").casefold():
                case "by":
                    pass
                case "day" | "model" | "conversation" as grouping:
                    by = grouping
                case text if text in SPANS or re.fullmatch(r"[1-9]\d{0,4}d", text):
                    span = text
                case _:
                    spans, groupings = ", ".join(SPANS), ", ".join(GROUPINGS)
                    raise UsageError(
                        f"Usage is told of a time ({spans}), by {groupings}; not of {word}."
                    )
        return cls(span, by)

    def since(self, now: float) -> float:
        """Give the moment that the time begins at."""
        local = datetime.fromtimestamp(now)  # noqa: DTZ006 - a day begins by the clock on the wall
        today = local.replace(hour=0, minute=0, second=0, microsecond=0)
        match self.span:
            case "all":
                return 0.0
            case "today":
                return today.timestamp()
            case "month":
                return today.replace(day=1).timestamp()
            case days:
                back = min(int(days.removesuffix("d")), _MOST_DAYS) - 1
                return (today - timedelta(days=back)).timestamp()


@frozen
class Spendings:
    """What was spent in a time, put together; `names` are those of conversations."""

    asked: UsageQuestion
    since: float
    groups: Mapping[str, Spent]
    total: Spent
    names: Mapping[str, str]

    def name(self, key: str) -> str:
        """Give the words that a group is known by."""
        return self.names.get(key) or key or _ALONE


def look_at(state: Path | None, asked: UsageQuestion, price: PriceOf, now: float) -> Spendings:
    """Read the ledger in a state folder."""
    since = asked.since(now)
    spendings: Iterable[Spending] = Accounts.of(state).read(since) if state is not None else ()
    groups, total = grouped(spendings, asked.by, price)
    names = {}
    if asked.by == "conversation" and state is not None:
        listed = list_entries(state / "conversations")
        names = {entry.id: entry.label for entry in listed if entry.id in groups}
    return Spendings(asked, since, groups, total, names)


def usage_list(spent: Spendings) -> Table:
    """List what was spent; the last row sums it up."""
    heads = (spent.asked.by, "requests", "in", "cached", "out", "cost", "saved")
    rows = [_row(spent.name(key), group) for key, group in spent.groups.items()]
    if len(rows) > 1:
        rows.append(_row("all", spent.total))
    return Table(heads, tuple(rows), footer=_footer(spent.total), right=_NUMBERS)


def none_spent(asked: UsageQuestion) -> str:
    """Say that nothing was entered in that time."""
    when = {"today": "today", "month": "this month", "all": "yet"}.get(asked.span, "in that time")
    return f"Nothing was spent {when}."


def usage_facts(spent: Spendings) -> dict[str, Any]:
    """Give the same for programs."""
    begun = datetime.fromtimestamp(spent.since).astimezone().isoformat(timespec="seconds")
    groups = spent.groups.items()
    return {
        "span": spent.asked.span,
        "by": spent.asked.by,
        "since": begun if spent.since else None,
        "rows": [
            {spent.asked.by: key or None, "name": spent.name(key), **_facts(group)}
            for key, group in groups
        ],
        "total": _facts(spent.total),
    }


def _row(name: str, spent: Spent) -> tuple[str, ...]:
    meter = spent.meter
    usage, cost = meter.usage, meter.known_usd
    at_least = "≥ " * meter.cost.at_least
    return (
        name,
        f"{meter.replies:,}",
        compact(usage.total_input_tokens),
        compact(usage.cache_read_input_tokens),
        at_least * bool(spent.cut) + compact(usage.output_tokens),
        at_least * (cost is not None) + dollars(cost),
        "unknown" if cost is None else _saved(meter.cost.saved_usd),
    )


def _saved(usd: float) -> str:
    return f"-{dollars(-usd)}" if usd <= -0.00005 else dollars(usd)


def _footer(total: Spent) -> str:
    cut = f"≥: {_replies(total.cut)} cut, which took at least this." if total.cut else ""
    unpriced = total.meter.unpriced
    price = "price" if unpriced == 1 else "prices"
    unknown = f"The {price} of {_replies(unpriced)} not known, and not counted." if unpriced else ""
    return " ".join(filter(None, (cut, unknown, _warmed(total.warm))))


def _warmed(warm: Meter) -> str:
    """Say what of it only kept the cache warm."""
    if not warm.replies:
        return ""
    requests = "1 request" if warm.replies == 1 else f"{warm.replies:,} requests"
    return f"{requests} only kept the cache warm, for {dollars(warm.known_usd)}."


def _replies(count: int) -> str:
    return "1 reply is" if count == 1 else f"{count:,} replies are"


def _facts(spent: Spent) -> dict[str, Any]:
    meter = spent.meter
    return {
        "requests": meter.replies,
        "usage": meter.usage.to_wire() | {"web_search_requests": meter.usage.web_search_requests},
        "cost_usd": meter.known_usd,
        "saved_usd": None if meter.known_usd is None else meter.cost.saved_usd,
        "unpriced": meter.unpriced,
        "cut": spent.cut,
        "kept_warm": spent.warm.replies,
        "kept_warm_usd": spent.warm.known_usd,
    }
