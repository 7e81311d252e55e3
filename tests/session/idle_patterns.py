"""How people leave their chats waiting: made up, repeatable, and billed by the engine's cache."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from chatrepl.api.prices import SteadyPrices
from chatrepl.core.exchange.plan import plan_turn
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.keep_warm import Absences
from chatrepl.core.settings import Settings
from chatrepl.core.spending import Spending
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.demo.cache import Cache, lay_out
from chatrepl.demo.tokens import count_text
from chatrepl.session.warming import enter, is_worth_it, next_warming, priced
from tests.session.cache_model import MODEL, Talk, served

WHEN: Final = 1_790_000_000.0
_PRICES: Final = SteadyPrices()
_MIN, _HOUR = 60.0, 3600.0
_PAST: Final = " ".join(f"the otter keeps tin number {number}" for number in range(400))

# The absences within one conversation, and how long its chat stays open after the last of them.
Chat: TypeAlias = tuple[list[float], float]
Kind: TypeAlias = Callable[[random.Random], Iterator[Chat]]


def _quick(rng: random.Random, count: int) -> list[float]:
    return [rng.expovariate(1 / (3 * _MIN)) for _ in range(count)]


def _steady(rng: random.Random) -> Iterator[Chat]:
    for _ in range(3):
        yield _quick(rng, 4), rng.uniform(0, 20 * _MIN)


def _meetings(rng: random.Random) -> Iterator[Chat]:
    for _ in range(2):
        gaps = _quick(rng, 3) + [rng.uniform(50 * _MIN, 110 * _MIN) for _ in range(3)]
        rng.shuffle(gaps)
        yield gaps, 8 * _HOUR


def _lunch(rng: random.Random) -> Iterator[Chat]:
    days: list[float] = []
    for _ in range(4):
        days += [*_quick(rng, 1), rng.gauss(75 * _MIN, 15 * _MIN), *_quick(rng, 1), 15 * _HOUR]
    yield days, 60 * _HOUR


def _overnight(rng: random.Random) -> Iterator[Chat]:
    days: list[float] = []
    for _ in range(7):
        days += [*_quick(rng, 1), rng.uniform(13 * _HOUR, 16 * _HOUR)]
    yield days, 60 * _HOUR


def _leaver(rng: random.Random) -> Iterator[Chat]:
    for _ in range(9):
        yield _quick(rng, 1), rng.uniform(6 * _HOUR, 20 * _HOUR)


def _lognormal(rng: random.Random) -> Iterator[Chat]:  # 27 % above 5 minutes, 10 % above 15
    for _ in range(4):
        yield [rng.lognormvariate(4.697, 1.642) for _ in range(6)], rng.choice((0, 12 * _HOUR))


def _slow(rng: random.Random) -> Iterator[Chat]:
    for _ in range(3):
        yield [rng.uniform(0.5 * _HOUR, 5 * _HOUR) for _ in range(5)], rng.uniform(0, 20 * _HOUR)


def _bursts(rng: random.Random) -> Iterator[Chat]:
    for _ in range(3):
        gaps = [*_quick(rng, 2), rng.uniform(1 * _HOUR, 3 * _HOUR), *_quick(rng, 2)]
        yield gaps, rng.choice((5 * _MIN, 30 * _HOUR))


def _turncoat(rng: random.Random) -> Iterator[Chat]:
    yield from _meetings(rng)
    yield from _leaver(rng)


def _weekly(rng: random.Random) -> Iterator[Chat]:
    yield [gap for _ in range(7) for gap in (*_quick(rng, 1), 100 * _HOUR)], 100 * _HOUR


KINDS: Final[Mapping[str, Kind]] = {
    "steady": _steady,
    "meetings": _meetings,
    "lunch": _lunch,
    "overnight": _overnight,
    "leaver": _leaver,
    "lognormal": _lognormal,
    "slow": _slow,
    "bursts": _bursts,
    "turncoat": _turncoat,
    "weekly": _weekly,
}


@dataclass
class Bill:
    """What reading the cache again cost, and what it avoided, in dollars."""

    cost: float = 0.0
    avoided: float = 0.0
    told: float = 0.0
    reads: int = 0

    def __add__(self, other: "Bill") -> "Bill":
        return Bill(
            self.cost + other.cost,
            self.avoided + other.avoided,
            self.told + other.told,
            self.reads + other.reads,
        )


@dataclass
class User:
    """One who leaves chats waiting, with a ledger; each request is billed with and without reads.

    `otherwise` is the service's cache as it would be without them.
    """

    settings: Settings
    ledger: list[Spending] = field(default_factory=list)
    bill: Bill = field(default_factory=Bill)
    now: float = WHEN

    def live(self, chats: Iterator[Chat]) -> Bill:
        """Have all the chats, one after the other."""
        for number, (absences, left_open) in enumerate(chats):
            self._chat(f"chat{number}", absences, left_open)
        return self.bill

    def _chat(self, name: str, absences: list[float], left_open: float) -> None:
        edges = {
            "price": lambda model, usage, _: _PRICES.price(model, usage, WHEN),
            "can_count": lambda: False,
        }
        talk = Talk(self.settings, self.now, edges)
        otherwise = Cache(lambda: talk.now)
        self._say(talk, otherwise, name, _PAST)
        for seconds in absences:
            self._wait(talk, name, talk.now + max(1.0, seconds))
            self._say(talk, otherwise, name, "and then?")
        self._wait(talk, name, talk.now + left_open)
        self.now = talk.now
        kept = talk.session.books.kept
        self.bill.told += kept.saved_usd if kept is not None else 0.0

    def _say(self, talk: Talk, otherwise: Cache, name: str, text: str) -> None:
        plan = plan_turn(talk.session.situation, Message.user(text))
        cold = Usage().merged(otherwise.bill(lay_out(served(plan.request), count_text)).usage())
        sent = talk.now
        usage = talk.hold(plan, 1.0, 5)
        usd = [_usd(replace(one, output_tokens=0)) for one in (cold, usage)]
        self.bill.avoided += usd[0] - usd[1]
        self.ledger.append(Spending(f"{len(self.ledger)}", sent, MODEL, usage, name))

    def _wait(self, talk: Talk, name: str, until: float) -> None:
        session = talk.session
        while (warming := next_warming(session)) is not None and warming.at < until:
            talk.now = max(talk.now, warming.at)
            again = priced(session, warming)
            assert again is not None
            absences = Absences.of(self.ledger, talk.now, name)
            if not is_worth_it(session, warming, again, absences):
                break
            usage = talk.bill(warming.plan.request)
            assert (usage.cache_creation_input_tokens, usage.input_tokens) == (0, 0)
            reply = Reply(usage=usage, usage_known=True)
            assert enter(session, warming, again, talk.now, reply)
            self.bill.cost += _usd(usage)
            self.bill.reads += 1
            self.ledger.append(
                Spending(f"{len(self.ledger)}", talk.now, MODEL, usage, name, warm=True)
            )
        talk.now = until


def _usd(usage: Usage) -> float:
    cost = _PRICES.price(MODEL, usage, WHEN)
    assert cost is not None
    return cost.usd
