"""What was spent: a spending for each request, what many of them come to, and what may still be.

Unknown stays unknown: a sum that misses a price says so.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias, get_args

from chatrepl.core.errors import ChatreplError
from chatrepl.core.foreign_json import counted
from chatrepl.core.money import BATCH_FACTOR, FAST_FACTOR, Meter
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.value import frozen
from chatrepl.core.words import dollars, exactly

PriceOf: TypeAlias = Callable[[str, Usage, float], Cost | None]
Grouping: TypeAlias = Literal["day", "model", "conversation"]
GROUPINGS: Final[tuple[Grouping, ...]] = get_args(Grouping)
_MOST: Final = 1e12
_LATEST: Final = 2.5e11  # in the year 9892; no calendar of ours goes beyond 9999
_SLACK_USD: Final = 1e-9  # sums of fractions are not exact
_COUNTS: Final = {
    "in": "input_tokens",
    "out": "output_tokens",
    "write": "cache_creation_input_tokens",
    "read": "cache_read_input_tokens",
    "write_1h": "cache_creation_1h_tokens",
    "searches": "web_search_requests",
}


class BudgetError(ChatreplError):
    """What would be sent may cost more than is left to spend."""

    exit_code = 5


@frozen
class Spending:
    """What one request took, as far as we know it.

    `cost` is None where nobody priced it: `priced` does. One that is `open` is replaced by a later
    one of the same id; a reply that was cut has `at_least` its counts. Budgets count `held_usd`
    where that is more: what a request under way, or cut, may come to. One that is `warm` only
    kept the cache so.
    """

    id: str
    when: float
    model: str
    usage: Usage = Usage()
    conversation: str = ""
    cost: Cost | None = None
    at_least: bool = False
    open: bool = False
    batch: bool = False
    fast: bool = False
    held_usd: float = 0.0
    warm: bool = False

    @property
    def took_anything(self) -> bool:
        """Whether the service counted anything for it."""
        return self.usage != Usage()

    @property
    def day(self) -> date:
        """The day that it was made on, here."""
        return datetime.fromtimestamp(self.when).astimezone().date()

    def priced(self, price: PriceOf) -> Cost | None:
        """Give what it cost: as it was entered, else by `price`."""
        cost = self._priced(price)
        return cost and replace(cost, at_least=cost.at_least or self.at_least)

    def _priced(self, price: PriceOf) -> Cost | None:
        if self.cost is not None:
            return self.cost
        cost = price(self.model, self.usage, self.when)
        if cost is None:
            return None
        if self.fast:
            searches = Usage(web_search_requests=self.usage.web_search_requests)
            extra = price(self.model, replace(self.usage, web_search_requests=0), self.when)
            searching = price(self.model, searches, self.when) or Cost()
            cost = cost if extra is None else extra.times(FAST_FACTOR) + searching
        return cost.times(BATCH_FACTOR) if self.batch else cost

    def to_wire(self) -> dict[str, Any]:
        """Write it down, without what says nothing."""
        counts = {key: getattr(self.usage, name) for key, name in _COUNTS.items()}
        cost = self.cost
        record = {
            "id": self.id,
            "at": round(self.when, 3),
            "model": self.model,
            "chat": self.conversation,
            **counts,
            "usd": cost and cost.usd,
            "uncached_usd": cost and cost.uncached_usd,
            "held_usd": self.held_usd,
            "least": self.at_least,
            "open": self.open,
            "batch": self.batch,
            "fast": self.fast,
            "warm": self.warm,
        }
        needed = {"id", "at", "model"} | ({"usd", "uncached_usd"} if cost is not None else set())
        return {key: value for key, value in record.items() if value or key in needed}

    @classmethod
    def from_wire(cls, wire: object) -> "Spending | None":
        """Read one back; None for what is none."""
        if not isinstance(wire, dict):
            return None
        id_, when, model = wire.get("id"), _amount(wire.get("at"), _LATEST), wire.get("model")
        if not isinstance(id_, str) or when is None or not isinstance(model, str):
            return None
        usd, uncached = _amount(wire.get("usd")), _amount(wire.get("uncached_usd"))
        chat = wire.get("chat")
        return cls(
            id_,
            when,
            model,
            Usage(**{name: counted(wire.get(key)) or 0 for key, name in _COUNTS.items()}),
            chat if isinstance(chat, str) else "",
            Cost(usd, usd if uncached is None else uncached) if usd is not None else None,
            at_least=wire.get("least") is True,
            open=wire.get("open") is True,
            batch=wire.get("batch") is True,
            fast=wire.get("fast") is True,
            warm=wire.get("warm") is True,
            held_usd=_amount(wire.get("held_usd")) or 0.0,
        )


def _amount(value: object, most: float = _MOST) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < most else None


@frozen
class Spent:
    """What several requests came to; `cut` of them took at least their counts.

    `warm` is what of it only kept the cache so.
    """

    meter: Meter = Meter()
    cut: int = 0
    warm: Meter = Meter()

    def add(self, spending: Spending, price: PriceOf) -> "Spent":
        cost = spending.priced(price)
        warm = self.warm.add(spending.usage, cost) if spending.warm else self.warm
        meter = self.meter.add(spending.usage, cost)
        return Spent(meter, self.cut + spending.at_least, warm)


def grouped(
    spendings: Iterable[Spending], by: Grouping, price: PriceOf
) -> tuple[dict[str, Spent], Spent]:
    """Sum spendings up by what they have in common, in the order of their names; and all of them.

    Those under no conversation stand under an empty name.
    """
    groups: dict[str, Spent] = {}
    total = Spent()
    for spending in spendings:
        if not spending.took_anything:
            continue
        name = _name(spending, by)
        groups[name] = groups.get(name, Spent()).add(spending, price)
        total = total.add(spending, price)
    return dict(sorted(groups.items())), total


def _name(spending: Spending, by: Grouping) -> str:
    if by == "day":
        return spending.day.isoformat()
    return spending.model if by == "model" else spending.conversation


@frozen
class Limit:
    """A bound on what is spent: by which setting, how much, and how much of it is gone or held."""

    key: str
    most_usd: float
    gone_usd: float

    @property
    def left_usd(self) -> float:
        return max(0.0, self.most_usd - self.gone_usd - _SLACK_USD)


def narrowest(limits: Iterable[Limit]) -> Limit | None:
    """Find the limit that leaves least; None where there is none."""
    return min(limits, key=lambda limit: limit.left_usd, default=None)


def affordable(left_usd: float, wanted: int, price: Callable[[int], float]) -> int:
    """Tell how many of the `wanted` tokens may come out; `price` is that of so many, all told."""
    fixed, whole = price(0), price(wanted)
    if whole <= left_usd:
        return wanted
    if fixed >= left_usd:
        return 0
    most = min(wanted, int(wanted * (left_usd - fixed) / (whole - fixed)))
    while most > 0 and price(most) > left_usd:
        most -= max(1, most // 1000)
    return max(0, most)


def refusal(limit: Limit, worst_usd: float, *, shortest: bool = False) -> BudgetError:
    """Say that nothing was sent, since it may cost more than is left, and be it the `shortest`."""
    what = "Even a short reply" if shortest else "This"
    less = "Less to read" if shortest else "A lower max_tokens"
    return BudgetError(
        f"{what} may cost up to {dollars(worst_usd)}, and {limit.key} = {exactly(limit.most_usd)} "
        f"leaves {dollars(limit.left_usd)}.",
        f"Nothing was sent. {less} costs less, and a higher {limit.key} allows more.",
    )
