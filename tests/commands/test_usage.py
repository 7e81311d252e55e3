from pathlib import Path

from chatrepl.commands.slash import complete_line
from chatrepl.core.spending import Spending
from chatrepl.core.talk.usage import Usage
from chatrepl.storage.accounts import Accounts
from tests.commands.trimmer import Trimmer


def test_usage_shows_the_ledger_beside_the_conversations(tmp_path: Path) -> None:
    chat = Trimmer()
    chat.do("/usage")
    assert "no ledger" in chat.said[-1]

    chat.session.equip(library=tmp_path / "conversations")
    chat.do("/usage today")
    assert chat.said[-1] == "Nothing was spent today."

    now = chat.session.edges.clock()
    Accounts.of(tmp_path).enter(Spending("a", now, "claude-opus-5-5", Usage(1000, 20)))
    chat.do("/usage all model")
    assert [row[:2] for row in chat.tables[-1].rows] == [("claude-opus-5-5", "1")]


def test_usage_offers_its_words_one_after_the_other() -> None:
    session = Trimmer().session
    offered = [text for text, _ in complete_line(session, "/usage today mo")[1]]
    assert offered == ["month", "model"]
    assert len(complete_line(session, "/usage ")[1]) == 7
