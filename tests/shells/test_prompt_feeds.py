from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.attachments.attach import load
from chatrepl.attachments.limits import AttachmentLimits
from chatrepl.core.exchange.form import Form
from chatrepl.core.money import Rates
from chatrepl.core.prompt_cache import Footprint
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.world import Edges, NoRecorder
from chatrepl.session.session import Session
from chatrepl.shells.prompt_feeds import Toolbar, left_edit
from chatrepl.terminal.prompt.values import Submitted


def fresh() -> Session:
    names = iter(map(str, range(99)))
    edges = Edges(clock=lambda: 1.0, new_id=lambda: next(names))
    return Session(Settings(model="claude-haiku-4-5"), edges)


def words(toolbar: Toolbar) -> str:
    return " · ".join(part.text for part in toolbar())


def test_a_new_chat_shows_its_model_and_nothing_else() -> None:
    assert words(Toolbar(fresh())) == "haiku-4-5"


def test_nothing_is_put_together_anew_while_nothing_has_changed() -> None:
    toolbar = Toolbar(fresh())
    assert toolbar() is toolbar()


def test_a_change_is_shown() -> None:
    session = fresh()
    toolbar = Toolbar(session)
    toolbar()
    session.prepare(prefill="Sure")
    assert "reply begins Sure" in words(toolbar)
    session.add_turn(None, Message.user("q"), Message("assistant", (TextBlock("a"),)))
    assert "k" in words(toolbar)
    assert "$" not in words(toolbar)
    session.equip(guide="help")
    session.prepare(prefill="")
    assert "demo" in words(toolbar)


def test_while_nobody_can_count_the_newest_known_usage_stands_or_nothing() -> None:
    session = fresh()
    session.equip(can_count=lambda: False)
    known = Receipt(stop_reason="end_turn", usage=Usage(input_tokens=1200, output_tokens=300))
    for receipt, shown in ((Receipt(), False), (known, True), (Receipt(), True)):
        names = len(session.conversation.turns)
        head = session.conversation.head
        turn = Turn(TurnId(str(names)), head, (Message.user("q"),), receipt)
        session.change(session.conversation.add(turn))
        assert ("1.5k/" in words(Toolbar(session))) is shown
    assert "$" not in words(Toolbar(session))


def test_money_is_shown_once_something_was_spent() -> None:
    session = fresh()
    session.add_turn(None, Message.user("q"))
    toolbar = Toolbar(session)
    assert "$" not in words(toolbar)
    session.books = session.books.paid(Usage(input_tokens=1000), Cost(0.25, 0.25))
    assert "$0.25" in words(toolbar)


def test_a_conversation_that_was_gone_on_with_costs_what_its_receipts_say() -> None:
    session = fresh()
    for usd in (0.25, 0.5, None):
        receipt = Receipt(stop_reason="end_turn", cost_usd=usd, uncached_usd=usd)
        turn = Turn(TurnId(str(usd)), session.conversation.head, (Message.user("q"),), receipt)
        session.change(session.conversation.add(turn))
    known = session.conversation
    session = fresh()
    session.begin_with(known, NoRecorder())
    toolbar = Toolbar(session)
    assert "$0.75" in words(toolbar)
    session.books = session.books.paid(Usage(input_tokens=1000), Cost(0.25, 0.25))
    assert "$1.00" in words(toolbar)
    session.open(Conversation(), NoRecorder())
    session.add_turn(None, Message.user("q"))
    assert "$" not in words(toolbar)
    assert session.books.meter.cost.usd == 0.25


def test_that_nothing_is_saved_is_shown_as_long_as_it_is_so() -> None:
    session = fresh()
    toolbar = Toolbar(session)
    session.begin_with(session.conversation, NoRecorder("the disk is full"))
    assert words(toolbar) == "haiku-4-5 · NOT SAVED"
    session.begin_with(session.conversation, NoRecorder())
    assert words(toolbar) == "haiku-4-5"


def test_modes_come_first_and_say_how_to_leave_them() -> None:
    session = fresh()
    toolbar = Toolbar(session)
    session.use(multiline=True)
    assert words(toolbar) == "multi-line: Alt-Enter sends · haiku-4-5"
    session.use(multiline=False)
    session.prepare(form=Form(None, ("yes", "no")))
    assert words(toolbar) == "1 of: yes, no · haiku-4-5"
    session.prepare(form=Form({"type": "object"}), pinned_prefill='{"colour":')
    assert words(toolbar) == 'reply begins {"colour": · schema · haiku-4-5'


def test_an_edit_is_shown_until_it_is_left_and_that_is_said() -> None:
    session = fresh()
    first = session.add_turn(None, Message.user("one"), Message("assistant", (TextBlock("1"),)))
    second = session.add_turn(first.id, Message.user("two"))
    toolbar = Toolbar(session)
    assert left_edit(session) == ""
    session.edit(second, ())
    assert words(toolbar).startswith("editing turn 2: Ctrl-C leaves it · haiku-4-5")
    assert left_edit(session) == "Edit left; turn 2 stays as it was."
    assert "editing" not in words(toolbar)


@pytest.mark.parametrize(
    ("tokens", "rates", "shown"),
    [
        (1_000, Rates(1, 5, 0.1, 1.25, 2), False),
        (5_200, Rates(1, 5, 0.1, 1.25, 2), False),
        (5_300, Rates(1, 5, 0.1, 1.25, 2), True),
        (100_000, Rates(1, 5, 0.1, 1.25, 2), True),
        (100_000, None, False),
    ],
)
def test_a_cache_that_is_gone_is_told_from_one_cent_on(
    tokens: int, rates: Rates | None, shown: bool
) -> None:
    session = fresh()
    session.add_turn(None, Message.user("q"), Message("assistant", (TextBlock("a"),)))
    footprint = Footprint("another", "", "", "", (), "1h", 1.0, tokens)
    session.books = replace(session.books, footprint=footprint)
    session.equip(rates=lambda _model, _tokens: rates)
    assert ("cache gone" in words(Toolbar(session))) is shown


def test_a_share_of_the_budget_is_told_from_half_of_it_on() -> None:
    session = fresh()
    session.add_turn(None, Message.user("q"))
    assert "%" not in words(Toolbar(session))
    session.use(context_budget_tokens=10)
    assert "%" in words(Toolbar(session))


def test_the_first_chats_name_the_ways_to_more() -> None:
    session = fresh()
    assert words(Toolbar(session, is_new_here=True)) == "haiku-4-5 · ? keys · / commands"


def test_a_server_that_is_not_the_service_s_own_is_named() -> None:
    session = fresh()
    session.use(base_url="https://me:pw@gate.example:8443/v1?key=k")
    assert words(Toolbar(session)) == "haiku-4-5 · gate.example:8443"
    session.use(base_url="https://api.anthropic.com")
    assert words(Toolbar(session)) == "haiku-4-5"
    session.use(base_url="https://gate.example")
    session.equip(guide="help")
    assert words(Toolbar(session)) == "haiku-4-5 · demo"


def test_what_is_attached_is_named_also_while_it_is_only_mentioned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text(name)
    session = fresh()
    toolbar = Toolbar(session)
    session.stage(load("a.txt", limits=AttachmentLimits()))

    assert "▣ a.txt" in words(toolbar)
    drawn = " · ".join(part.text for part in toolbar(Submitted("see @b.txt and @c.txt")))
    assert "▣ 3 files: a.txt, b.txt +1" in drawn
    assert "b.txt" not in words(toolbar)
