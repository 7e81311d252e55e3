"""What is kept of a reply's end."""

import pytest

from chatrepl.core.exchange.plan import Plan
from chatrepl.core.exchange.reply import MessageDelta, MessageStart, MessageStop, Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.usage import Cost
from chatrepl.core.world import PAID_ASIDE
from chatrepl.session.books import Books, paid_aside, receipt_of

PLAN = Plan(Request({"model": "asked"}, ()), Conversation(), Turn(TurnId(""), None, ()))


def test_a_whole_reply_keeps_its_reason_model_and_cost() -> None:
    reply = Reply()
    for event in (MessageStart("wrote", "msg_1"), MessageDelta("end_turn"), MessageStop()):
        reply = reply.apply(event)
    receipt = receipt_of(PLAN, reply, Cost(0.5, 0.75), 2.0, "")

    assert (receipt.model, receipt.stop_reason) == ("wrote", "end_turn")
    assert (receipt.cost_usd, receipt.uncached_usd, receipt.duration_s) == (0.5, 0.75, 2.0)


def test_a_cut_reply_has_no_reason_and_no_negative_time() -> None:
    reply = Reply().apply(MessageDelta("end_turn"))
    receipt = receipt_of(PLAN, reply, None, -1.0, "torn")

    assert (receipt.model, receipt.stop_reason, receipt.error) == ("asked", None, "torn")
    assert (receipt.cost_usd, receipt.duration_s) == (None, 0.0)


@pytest.mark.parametrize("fact", [None, 3, [], [1], ["a", "b"], {"usd": 1}])
def test_what_was_paid_aside_is_summed_up_and_damage_counts_as_nothing(fact: object) -> None:
    facts = paid_aside({PAID_ASIDE: fact}, Cost(0.25, 0.5))
    facts = paid_aside(facts, Cost(0.25, 0.25))
    talk = Books().elsewhere(Conversation(), facts).talk
    assert (talk.cost, talk.replies) == (Cost(0.5, 0.75), 0)
