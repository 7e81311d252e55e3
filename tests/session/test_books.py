"""What is kept of a reply's end."""

from chatrepl.core.exchange.plan import Plan
from chatrepl.core.exchange.reply import MessageDelta, MessageStart, MessageStop, Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.usage import Cost
from chatrepl.session.books import receipt_of

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
