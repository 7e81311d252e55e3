from chatrepl.cli.toolbar import Toolbar
from chatrepl.core.blocks import TextBlock
from chatrepl.core.conversation import Message
from chatrepl.core.edges import Edges
from chatrepl.core.settings import Settings
from chatrepl.session import Session


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
    session.prefill = "Sure"
    assert "prefill" in words(toolbar)
    session.add_turn(None, Message.user("q"), Message("assistant", (TextBlock("a"),)))
    assert "k" in words(toolbar)
    session.demo_help = "help"
    session.prefill = ""
    assert "demo" in words(toolbar)
