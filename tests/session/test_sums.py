"""What a session cost: where something is in no count, its sums are told to be at least so."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

import pytest

from chatrepl.cli.farewell import farewell
from chatrepl.commands.cost import cost_question
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import (
    MessageDelta,
    MessageStart,
    MessageStop,
    RetryWait,
    StreamEvent,
    TextDelta,
)
from chatrepl.core.exchange.request import Request
from chatrepl.core.money import Meter
from chatrepl.core.result import Result
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.session.session import Session
from chatrepl.shells.prompt_feeds import Toolbar
from chatrepl.storage.records import turn_from_record, turn_to_record
from chatrepl.turn import run_turn
from tests.commands.trimmer import Trimmer
from tests.views import QuietView

MODEL, UNPRICED = "claude-opus-5-5", "claude-nobody-1"
TORN = ApiError(ApiErrorKind.CONNECTION, "torn")
COUNTED = {"input_tokens": 900_000, "output_tokens": 1}
BEGUN, TEXT = MessageStart(MODEL, usage=COUNTED), TextDelta("Hello")
END = (MessageDelta("end_turn", None, {"output_tokens": 40_000}), MessageStop())
WHOLE = (BEGUN, TEXT, *END)
CASES = [
    ((*WHOLE,), False),
    ((BEGUN, TEXT, TORN), True),
    ((BEGUN, TEXT, asyncio.CancelledError()), True),
    ((BEGUN, RetryWait("torn", 1, 1, 4), *WHOLE), True),
    ((RetryWait("busy", 1, 1, 4), *WHOLE), False),
    ((BEGUN, RetryWait("torn", 1, 1, 4), BEGUN, TEXT, TORN), True),
    ((MessageStart(MODEL), TEXT, *END[1:]), True),  # a server without counts
    ((MessageStart(MODEL), TEXT, TORN), True),
    ((MessageStart(MODEL), RetryWait("torn", 1, 1, 4), *WHOLE), False),
    ((TORN,), False),  # nothing came that could be paid for
]


def asked(session: Session, *events: StreamEvent | BaseException) -> None:
    """Ask, and hear that."""

    async def stream(_request: Request) -> AsyncGenerator[StreamEvent, None]:
        for event in events:
            if isinstance(event, BaseException):
                raise event
            yield event

    with suppress(ApiError, asyncio.CancelledError):
        asyncio.run(run_turn(session, session.compose("Hi"), stream, QuietView()))


@pytest.mark.parametrize(("events", "is_partial"), CASES)
@pytest.mark.parametrize("before", [(), WHOLE])
def test_a_sum_is_at_least_so_where_something_was_not_counted_now_and_when_it_is_read_again(
    before: tuple[StreamEvent, ...],
    events: tuple[StreamEvent | BaseException, ...],
    is_partial: bool,
) -> None:
    session = Trimmer().session
    for each in filter(None, (before, events)):
        asked(session, *each)
    meter, talk = session.books.meter, session.conversation
    assert meter.cost.at_least is is_partial

    read = {id_: turn_from_record(turn_to_record(turn)) for id_, turn in talk.turns.items()}
    again = Meter.of(type(talk)(turns=read))
    assert (again.cost, again.replies, again.unpriced) == (
        meter.cost,
        meter.replies,
        meter.unpriced,
    )


def _toolbar(session: Session) -> str:
    return " · ".join(part.text for part in Toolbar(session)())


def _context(session: Session) -> str:
    chat = Trimmer()
    chat.session = session
    chat.do("/cost")
    return chat.heard


def _question(session: Session) -> str:
    session.use(max_cost_usd=1.0)
    return cost_question(session).partition("; ")[0]


PLACES: tuple[Callable[[Session], str], ...] = (_toolbar, _context, _question, farewell)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("events", "is_partial"), [CASES[0], CASES[1], CASES[3], CASES[6]])
def test_every_place_that_tells_a_sum_tells_that_it_may_be_more(
    events: tuple[StreamEvent | BaseException, ...],
    is_partial: bool,
    place: Callable[[Session], str],
) -> None:
    session = Trimmer().session
    asked(session, *WHOLE)
    asked(session, *events)
    text = place(session)
    assert "$" in text
    assert (" or more" in text) is is_partial


def test_what_was_asked_aside_and_has_no_price_is_missed_too() -> None:
    meter = Meter().add(Usage(1), None, replies=0)
    assert meter.money_words() == "$0 or more"
    assert meter.add(Usage(1), Cost(0.5, 0.5)).paid_words() == "$0.50 or more"


@pytest.mark.parametrize(("events", "is_partial"), CASES[:6])
def test_a_result_for_programs_tells_it(
    events: tuple[StreamEvent | BaseException, ...], is_partial: bool
) -> None:
    session = Trimmer().session
    asked(session, *events)
    (turn,) = session.conversation.path()
    result = Result(receipt=turn.receipt).to_wire()
    assert (result["cost_at_least"], result["cost_usd"] > 0) == (is_partial, True)
