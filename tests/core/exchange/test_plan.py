"""Plans: what a question, the rest of a reply and a side question send, and how replies join."""

from dataclasses import replace

import pytest

from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.form import Form
from chatrepl.core.exchange.plan import Plan, Situation, plan_aside, plan_rest, plan_turn
from chatrepl.core.exchange.refused import Refused
from chatrepl.core.exchange.reply import BlockStart, MessageStop, Reply, TextDelta, ThinkingDelta
from chatrepl.core.exchange.request import Ask
from chatrepl.core.models import find
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import Block, TextBlock, ThinkingBlock, ToolUseBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, State, Turn, TurnId
from chatrepl.core.talk.message import Message

NATIVE, EMULATED = "claude-haiku-4-5", "claude-opus-5-5"
QUESTION = Message.user("Count.")
THOUGHT = ThinkingBlock("hm", "s")
CALL = ToolUseBlock("server_tool_use", "srv", "web_search", {})


def talk(*reply: Block, question: Message = QUESTION) -> Conversation:
    turn = Turn(TurnId("a"), None, (question, Message("assistant", reply)))
    return Conversation(state=State(system="Be brief.")).add(turn)


def situation(model: str, conversation: Conversation, **more: str) -> Situation:
    return Situation(conversation, Settings(model=model), find(model), Ask(**more))  # type: ignore[arg-type]


def came(*texts: str, whole: bool = False) -> Reply:
    reply = Reply()
    for text in texts:
        reply = reply.apply(TextDelta(text))
    return reply.apply(MessageStop()) if whole else reply


def texts(plan: Plan) -> list[str]:
    return [f"{m.role}: {m.text}" for m in plan.request.messages]


def test_a_question_begins_a_turn_after_what_it_follows() -> None:
    now = talk(TextBlock("One."))
    plan = plan_turn(situation(EMULATED, now, prefill="So"), Message.user("More."))
    assert plan.turn.parent == TurnId("a")
    assert plan.turn.messages[0].content == plan.request.messages[-1].content
    assert plan.turn.question == Message.user("More.").content  # without the words of ours
    assert plan.begins is not None
    assert plan.begins.text == "So"

    again = plan_turn(situation(NATIVE, now), QUESTION, now.before(now.turns[TurnId("a")]))
    assert again.turn.parent is None
    assert texts(again) == ["user: Count."]
    assert again.begins is None


def test_without_a_message_no_reply_is_begun() -> None:
    now = situation(NATIVE, talk(TextBlock("One.")), prefill="So")
    assert now.request(None).messages[-1].text == "One."


def test_a_model_that_takes_a_prefill_goes_on_from_the_cut_itself() -> None:
    plan = plan_rest(situation(NATIVE, talk(THOUGHT, TextBlock("One, two"))))
    assert texts(plan) == ["user: Count.", "assistant: One, two"]
    assert plan.turn.parent is None
    assert plan.turn.messages == (QUESTION,)


@pytest.mark.parametrize(
    "now",
    [
        situation(EMULATED, talk(TextBlock("One, two"))),
        replace(
            situation(NATIVE, talk(TextBlock("One, two"))),
            settings=Settings(model=NATIVE, thinking="on"),
        ),
        situation(NATIVE, talk(CALL, TextBlock("One, two"))),
        situation(NATIVE, talk(TextBlock("One, two"), question=Message.user(" "))),
        situation(
            NATIVE,
            Conversation().add(
                Turn(TurnId("a"), None, (Message("assistant", (TextBlock("One, two"),)),))
            ),
        ),
    ],
    ids=["no prefill", "thinking", "more than text", "nothing asked", "no question"],
)
def test_elsewhere_the_rest_is_asked_for(now: Situation) -> None:
    plan = plan_rest(now)
    assert texts(plan)[-1].startswith("user: Your last reply was cut off.")
    assert plan.request.prefill is None
    assert plan.begins is not None
    assert plan.begins.text == "One, two"


def test_what_is_set_for_the_next_message_is_none_of_the_rest_s_business() -> None:
    form = Form.choose(("a", "b"))
    now = situation(EMULATED, talk(TextBlock("One")), prefill="So")
    now = replace(now, ask=replace(now.ask, schema=form.schema, instruction="In a form."))
    waiting = replace(now.conversation.state, next_system="Be long.")
    now = replace(now, conversation=now.conversation.then(waiting))
    for plan in (plan_rest(now), plan_aside(now, Message.user("Sum up."), now.model)):
        assert plan.request.prefill is None
        assert "output_config" not in plan.request.params
        assert b"In a form." not in plan.request.encode()
    assert b"Be long." not in plan_rest(now).request.encode()


def test_there_must_be_text_to_go_on_with() -> None:
    for now in (Conversation(), talk(TextBlock("One"), CALL)):
        with pytest.raises(UsageError, match="no text to go on with"):
            plan_rest(situation(NATIVE, now))


@pytest.mark.parametrize(
    ("reason", "hint"), [("refusal", "/edit changes"), ("end_turn", "/restore sends")]
)
def test_what_is_not_sent_is_not_gone_on_with(reason: str, hint: str) -> None:
    turn = replace(talk(TextBlock("One")).turns[TurnId("a")], receipt=Receipt(stop_reason=reason))
    now = Conversation().add(turn).with_marks({turn.id: "dropped"})
    with pytest.raises(UsageError, match="not sent") as refused:
        plan_rest(situation(NATIVE, now))
    assert hint in refused.value.hint


def test_what_the_service_refused_is_in_no_plan() -> None:
    now = talk(THOUGHT, TextBlock("One"))
    refused = Refused(thinking=frozenset({TurnId("a")}))
    plan = plan_turn(replace(situation(EMULATED, now), refused=refused), Message.user("More."))
    assert all(not message.has_thinking for message in plan.request.messages)
    assert plan.after is now


def test_a_reply_is_written_with_the_past_it_is_bound_to() -> None:
    plan = plan_turn(situation(EMULATED, Conversation()), QUESTION)
    assert plan.written(came()) is None
    written = plan.written(came("Yes."))
    assert written is not None
    assert (written.text, written.model) == ("Yes.", EMULATED)
    assert written.bound == plan.request.bound != ""


def test_what_comes_after_a_cut_takes_the_place_of_its_last_text() -> None:
    plan = plan_rest(situation(EMULATED, talk(THOUGHT, TextBlock("One"))))
    cut = plan.cut
    assert cut is not None
    assert plan.written(came()) is None
    assert plan.written(came(whole=True)) == cut.message
    more = plan.written(came("One", ", two"))
    assert more is not None
    assert more.content == (THOUGHT, TextBlock("One, two"))

    thought = Reply().apply(ThinkingDelta("hm")).apply(BlockStart(1, CALL.to_wire()))
    called = plan.written(thought.apply(MessageStop()))
    assert called is not None
    assert called.content[:2] == (THOUGHT, TextBlock("One"))


def test_after_a_pause_the_reply_so_far_goes_along() -> None:
    plan = plan_turn(situation(EMULATED, Conversation()), QUESTION)
    request = plan.resumed(came("Wait."))
    assert [m.role for m in request.messages] == ["user", "assistant"]
    assert request.messages[-1].bound == plan.request.bound
