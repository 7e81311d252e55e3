from pathlib import Path

import pytest

from chatrepl.attachments.attach import load
from chatrepl.attachments.limits import AttachmentLimits
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Message, Receipt, Turn, TurnId
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.world import Edges
from chatrepl.session.session import Session
from chatrepl.shells.prompt_feeds import Toolbar
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
    assert "prefill" in words(toolbar)
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
    assert "▣ a.txt, b.txt +1" in drawn
    assert "b.txt" not in words(toolbar)
