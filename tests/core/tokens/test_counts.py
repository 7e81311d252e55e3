import pytest

from chatrepl.core.exchange.request import Request
from chatrepl.core.exchange.view import build_sent
from chatrepl.core.models import TABLE, Model
from chatrepl.core.talk.blocks import TextBlock, ThinkingBlock, ToolUseBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, State, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.core.tokens.counts import Ledger
from chatrepl.core.tokens.learned import family
from tests.core.replay import NEW, OLD, Chat, Texts, quantile, simulate


def count(text: str) -> int:
    return len(text) // 4


def said(role: str, text: str) -> Message:
    return Message("user" if role == "user" else "assistant", (TextBlock(text),))


def ask(*messages: Message, **params: object) -> Request:
    return Request({"model": NEW.id, **params}, messages)


def usage(total: int, out: int = 50, thinking: int = 0) -> Usage:
    return Usage(3, out, cache_read_input_tokens=total - 3, thinking_tokens=thinking)


HELLO, HI = said("user", "hello " * 20), said("assistant", "hi there " * 20)


@pytest.mark.parametrize(("model", "other"), [(OLD, NEW), (NEW, OLD)])
def test_estimates_tighten_as_the_chat_goes_on(model: object, other: object) -> None:
    found = simulate(model, other, chats=200, themed=True, seed=2)  # type: ignore[arg-type]
    bars = {0: 0.20, 1: 0.06, 3: 0.03, 10: 0.015}
    for turns, bar in bars.items():
        assert quantile(found.turns[turns], 0.95) <= bar
    assert quantile(found.dropped, 0.95) <= 0.01
    assert quantile(found.switched, 0.95) <= 0.06


def test_every_text_is_encoded_once() -> None:
    import random

    texts = Texts()
    chat = Chat(texts, random.Random(1), NEW, themed=False)
    for _ in range(60):
        chat.turn()
    words = {b.text for m in chat.messages for b in m.content if isinstance(b, TextBlock)}
    assert texts.encoded_chars == sum(map(len, words))


def test_the_total_includes_what_came_from_the_cache() -> None:
    ledger = Ledger(count)
    ledger.observe(ask(HELLO), NEW, Usage(3, 50, 0, 50_000), HI)
    assert ledger.request(ask(HELLO, HI, HELLO), NEW).tokens > 50_000


def test_a_reported_total_is_exact_and_a_draft_makes_it_an_estimate() -> None:
    ledger = Ledger(count)
    ledger.observe(ask(HELLO), NEW, usage(100), HI)
    more = said("user", "more")
    ledger.observe(ask(HELLO, HI, more), NEW, usage(170))
    assert ledger.message(more, NEW).exact
    assert ledger.message(HI, NEW).exact
    assert not ledger.message(said("user", "new"), NEW).exact


def test_a_reply_counts_as_its_output_without_the_thinking_that_stays_behind() -> None:
    ledger = Ledger(count)
    reply = Message("assistant", (ThinkingBlock("hm " * 30, "s"), TextBlock("yes")))
    ledger.observe(ask(HELLO), NEW, usage(100, 50, thinking=40), reply)
    assert ledger.message(reply, NEW).tokens == 54
    assert ledger.message(reply.without_thinking, NEW).tokens == 14


def test_thinking_that_never_came_is_no_part_of_the_reply() -> None:
    ledger = Ledger(count)
    ledger.observe(ask(HELLO), NEW, usage(100, 50, thinking=40), HI)
    assert ledger.message(HI, NEW).tokens == 14


def test_a_native_prefill_is_part_of_the_reply() -> None:
    ledger = Ledger(count)
    begun = said("assistant", "To begin with, " * 10)
    reply = said("assistant", "To begin with, " * 10 + "yes")
    ledger.observe(ask(HELLO, begun), OLD, usage(130, 5), reply)
    assert ledger.message(reply, OLD).tokens > 30
    assert not ledger.message(reply, OLD).exact


def test_results_of_the_service_s_tools_make_a_reply_an_estimate() -> None:
    reply = Message("assistant", (ToolUseBlock("server_tool_use", "i", "web", {}), *HI.content))
    ledger = Ledger(count)
    ledger.observe(ask(HELLO), NEW, usage(100), reply)
    assert not ledger.message(reply, NEW).exact


def test_system_prompt_and_tools_are_counted() -> None:
    ledger = Ledger(count)
    bare = ledger.request(ask(HELLO), NEW).tokens
    assert ledger.request(ask(HELLO, system="Be kind. " * 50), NEW).tokens > bare + 50
    assert ledger.request(ask(HELLO, tools=[{"name": "look " * 50}]), NEW).tokens > bare + 50
    blocks = [{"type": "text", "text": "Be kind. " * 50}]
    assert ledger.request(ask(HELLO, system=blocks), NEW).tokens > bare + 50


def test_count_tokens_is_a_new_anchor() -> None:
    ledger = Ledger(count)
    ledger.counted(ask(HELLO), NEW, 321)
    assert ledger.request(ask(HELLO), NEW).tokens == 321


def chat(*turns: tuple[Message, ...], receipt: Receipt | None = None) -> Conversation:
    found = Conversation()
    for i, messages in enumerate(turns):
        parent = found.head
        found = found.add(Turn(TurnId(str(i)), parent, messages, receipt))
    return found


def test_the_next_total_is_that_of_the_request() -> None:
    ledger = Ledger(count)
    talk, draft = chat((HELLO, HI)), said("user", "and now?")
    sent = build_sent(talk, NEW, draft)
    expected = ledger.request(Request({"model": NEW.id}, sent.messages), NEW)
    assert ledger.next_total(talk, NEW, draft) == expected
    assert ledger.next_total(talk, NEW) is ledger.next_total(talk, NEW)


def test_a_change_of_effort_makes_a_turn_no_longer() -> None:
    ledger = Ledger(count)
    plain, changed = chat((HELLO, HI)), chat((HELLO, Message("system", (), effort="low"), HI))
    assert ledger.turn(plain.path()[0], NEW) == ledger.turn(changed.path()[0], NEW)


def test_what_a_preview_says_is_what_a_drop_leaves() -> None:
    ledger = Ledger(count)
    talk = chat((HELLO, HI), (said("user", "b"), said("assistant", "c")))
    before = ledger.next_total(talk, NEW).tokens
    first = ledger.turn(talk.path()[0], NEW).tokens
    after = ledger.next_total(talk.with_marks({TurnId("0"): "dropped"}), NEW).tokens
    assert before - after == pytest.approx(first, abs=1)


def test_a_saved_conversation_is_believed_where_it_is_still_what_was_sent() -> None:
    bound = build_sent(chat((HELLO,)), NEW).bound
    reply = Message("assistant", HI.content, NEW.id, bound)
    talk = chat((HELLO, reply), receipt=Receipt(NEW.id, "end_turn", usage=usage(777, 50)))
    ledger = Ledger(count)
    ledger.resume(talk)
    assert ledger.next_total(talk, NEW).tokens == 777 + 54
    other = Ledger(count)
    changed = Conversation(talk.turns, State(talk.head, system="Be brief."))
    other.resume(changed)
    assert other.next_total(changed, NEW).tokens < 300


@pytest.mark.parametrize("model", [OLD, NEW])
@pytest.mark.parametrize("date", ["", "-20260801"])
def test_a_saved_conversation_teaches_of_the_model_that_answered_and_of_those_that_count_alike(
    model: Model, date: str
) -> None:
    bound = build_sent(chat((HELLO,)), model).bound
    reply = Message("assistant", HI.content, model.id + date, bound)
    talk = chat((HELLO, reply), receipt=Receipt(model.id, "end_turn", usage=usage(777, 50)))
    ledger = Ledger(count)
    ledger.resume(talk)
    assert ledger.next_total(talk, model).tokens == 777 + 54
    alike = next(one for one in TABLE.values() if family(one) == family(model) and one != model)
    assert ledger.doubt(ask(HELLO), alike) == 0
    other = OLD if model is NEW else NEW
    assert ledger.doubt(ask(HELLO), other) > 0.9


def test_scales_are_taken_over_from_earlier_sessions() -> None:
    first = Ledger(count)
    for i in range(20):
        reply = said("assistant", f"{i} " + "word " * 300)
        first.observe(ask(HELLO), NEW, usage(100, 900), reply)
    second = Ledger(count, first.tally.scales)
    assert second.text("word " * 100, NEW).tokens > Ledger(count).text("word " * 100, NEW).tokens


def test_going_on_turn_by_turn_counts_like_starting_anew() -> None:
    on = Ledger(count)
    talk = Conversation()
    for i in range(6):
        blocks = (ThinkingBlock("hm", "s"),) if i == 3 else ()
        bound = build_sent(talk, NEW, said("user", f"q{i}")).bound
        reply = Message("assistant", (*blocks, TextBlock(f"a{i} " * i or "x")), NEW.id, bound)
        messages = (said("user", f"q{i}"),) if i == 4 else (said("user", f"q{i}"), reply)
        talk = talk.add(Turn(TurnId(str(i)), talk.head, messages))
        assert on.next_total(talk, NEW) == Ledger(count).next_total(talk, NEW)
        dropped = talk.with_marks({TurnId("0"): "dropped"})
        assert on.next_total(dropped, NEW) == Ledger(count).next_total(dropped, NEW)


def test_a_reply_that_was_interrupted_is_no_lesson() -> None:
    ledger = Ledger(count)
    long = said("assistant", "word " * 400)
    ledger.observe(ask(HELLO), NEW, usage(100, 2), long)
    assert ledger.message(long, NEW).tokens > 300
    cut = Receipt(model=NEW.id, usage=usage(100, 300), stop_reason=None)
    reply = Message("assistant", long.content, NEW.id)
    ledger.resume(chat((HELLO, reply), receipt=cut))
    assert not ledger.message(reply, NEW).exact


def test_asking_about_an_unchanged_chat_again_encodes_and_builds_nothing() -> None:
    asked: list[str] = []
    ledger = Ledger(lambda text: asked.append(text) or 1)  # type: ignore[func-returns-value]
    talk = chat((HELLO, HI))
    first = ledger.next_total(talk, NEW)
    assert ledger.next_total(talk, NEW) is first
    assert len(asked) == 2
    assert ledger.next_total(talk, OLD) is not first
    assert len(asked) == 2


def test_a_conversation_without_receipts_teaches_nothing() -> None:
    unanswered = Conversation().add(
        Turn(TurnId("0"), None, (HELLO,), Receipt(NEW.id, "end_turn", usage=usage(100)))
    )
    said_by = Message("assistant", HI.content, NEW.id)
    other = chat((HELLO, said_by, HELLO), receipt=Receipt(NEW.id, "end_turn", usage=usage(100)))
    by_nobody = chat(
        (HELLO, said("assistant", "hi")), receipt=Receipt("", "end_turn", usage=usage(100, 9))
    )
    for talk in (Conversation(), chat((HELLO, HI)), unanswered, other, by_nobody):
        ledger = Ledger(count)
        ledger.resume(talk)
        assert ledger.tally.base is None


def test_reports_without_counts_teach_nothing() -> None:
    ledger = Ledger(count)
    ledger.observe(ask(HELLO), NEW, Usage(), HI)
    assert ledger.tally == Ledger(count).tally


def test_results_among_the_messages_are_put_together_anew() -> None:
    ledger = Ledger(count)
    talk = chat((HELLO, HI))
    before = ledger.next_total(talk, NEW).tokens
    call = Message("assistant", (ToolUseBlock("tool_use", "i", "look", {}), TextBlock("hm")))
    talk = talk.add(Turn(TurnId("x"), talk.head, (said("user", "go"), call)))
    alone = Ledger(count).next_total(talk, NEW)
    assert ledger.next_total(talk, NEW) == alone
    assert alone.tokens > before


def test_a_plain_exchange_is_added_and_anything_else_is_put_together_anew() -> None:
    for before in (None, (HELLO, HI), (HELLO,)):
        talk = Conversation()
        if before is not None:
            talk = talk.add(Turn(TurnId("a"), None, before))
        ledger, fresh = Ledger(count), Ledger(count)
        ledger.next_total(talk, NEW)
        talk = talk.add(Turn(TurnId("b"), talk.head, (HELLO, HI)))

        assert ledger.next_total(talk, NEW) == fresh.next_total(talk, NEW)


def test_a_system_prompt_weighs_the_same_as_text_and_as_a_marked_block() -> None:
    ledger = Ledger(count)
    block = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    plain = ledger.request(ask(HELLO, system="Be brief."), NEW)

    assert ledger.request(ask(HELLO, system=block), NEW) == plain
    assert ledger.request(ask(HELLO), NEW).tokens < plain.tokens
