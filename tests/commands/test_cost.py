from dataclasses import replace

from chatrepl.commands.cost import agree_to_cost, cost_question
from chatrepl.core.exchange.form import Form
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import ThinkingBlock
from chatrepl.core.talk.message import Message
from chatrepl.shells.replies import condenser, remarks
from tests.commands.trimmer import Trimmer


def test_nothing_is_asked_without_a_limit_or_below_it() -> None:
    chat = Trimmer()
    chat.talk("demo: say one")
    assert cost_question(chat.session) == ""

    chat.session.use(max_cost_usd=100.0)
    assert cost_question(chat.session) == ""


def test_a_limit_asks_before_it_is_exceeded_and_then_once_for_as_much_again() -> None:
    chat = Trimmer()
    chat.talk("demo: say one")
    spent = chat.session.books.meter.cost.usd
    chat.session.use(max_cost_usd=spent * 1.01)
    question = cost_question(chat.session)
    assert "this one is about" in question
    assert "y: send it · N: back to the prompt" in question

    agree_to_cost(chat.session)
    assert cost_question(chat.session) == ""
    chat.talk(*["demo: count to 30"] * 3)
    assert cost_question(chat.session)


def test_settings_that_rule_each_other_out_are_told_and_can_be_changed_all_the_same() -> None:
    chat = Trimmer(settings=Settings(model="claude-haiku-4-5"))
    chat.talk("otters swim " * 3000, "demo: say two")
    assert chat.session.books.footprint is not None
    chat.do("/prefill pin Well")
    chat.do("/think on")
    assert chat.heard.startswith("Thinking is on.")
    assert "either a prefill or thinking" in chat.heard

    for line in ("/code on", "/think on", "/set max_tokens 900", "/model opus"):
        chat.do(line)
    assert chat.session.settings.max_tokens == 900
    chat.do("/model claude-haiku-4-5")
    assert "either a prefill or thinking" in chat.heard
    chat.do("/think off")
    assert chat.heard == "Thinking is off."
    chat.do("/think auto")
    chat.do("/prefill Once")
    assert "either a prefill or thinking" not in chat.heard
    chat.talk("demo: say three")


def test_what_comes_is_not_guessed_at_while_nobody_can_count() -> None:
    chat = Trimmer()
    chat.talk("demo: say one")
    chat.session.use(max_cost_usd=chat.session.books.meter.cost.usd / 2)
    chat.session.equip(can_count=lambda: False)

    assert "this one" not in cost_question(chat.session)


def test_a_reply_is_followed_by_its_figures_and_what_to_do_next() -> None:
    chat = Trimmer()
    plain = chat.say("demo: say one")
    cut = chat.say("demo: stop max_tokens; count to 300")
    empty = replace(plain, messages=plain.messages[:1])

    assert [style for _, style in remarks(chat.session, plain)] == ["meta"]
    assert any("/continue" in text for text, _ in remarks(chat.session, cut))
    assert next(remarks(chat.session, empty))[0] == "The reply is empty."
    assert list(remarks(chat.session, replace(plain, receipt=None))) == []
    by_hand = chat.session.add_turn(None, Message.user("x"))
    assert list(remarks(chat.session, by_hand)) == []


def test_a_choice_is_taken_out_of_its_json_and_anything_else_is_left() -> None:
    condense = condenser(Form.choose(("yes", "no")))

    assert condense is not None
    assert list(map(condense, ('{"choice":"yes"}', "no", '{"choi'))) == ["yes", "no", '{"choi']
    assert condenser(None) is condenser(Form(None)) is None


def test_a_reply_that_was_cut_while_it_thought_is_asked_for_again() -> None:
    chat = Trimmer()
    turn = chat.say("demo: stop max_tokens; count to 300")
    thought = Message("assistant", (ThinkingBlock("hm", "s"),))
    cut = replace(turn, messages=(*turn.messages[:-1], thought))

    assert any("/continue" in text for text, _ in remarks(chat.session, turn))
    assert not any("/continue" in text for text, _ in remarks(chat.session, cut))


def test_a_missed_cache_is_explained_under_the_reply() -> None:
    chat = Trimmer()
    chat.talk("demo: say one\n" + "otters swim " * 400)
    chat.do("/model haiku-5-5")
    turn = chat.say("demo: say two")

    assert any("the model changed" in text for text, _ in remarks(chat.session, turn))
