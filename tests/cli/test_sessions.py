import io
import json
from pathlib import Path

import pytest

from chatrepl.cli.options import Options
from chatrepl.cli.sessions import show_sessions
from tests.cli.given import settle
from tests.cli.test_saved import keep


def _shown(*words: str, manner: str = "json") -> str:
    out, err = io.StringIO(), io.StringIO()
    assert show_sessions(Options(prompt=list(words), output=manner), out, err) == 0
    assert out.getvalue()  # the headings at least
    return out.getvalue() + err.getvalue()


def test_conversations_are_listed_and_found_by_name_and_by_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)
    assert "no saved" in _shown(manner="text")
    keep(Options(save="First Notes"), "about whales")
    keep(Options(save="second"), "about cranes")

    assert "First Notes" in _shown(manner="text")
    for words, count in ((("whales",), 1), (("first", "notes"), 1), (("about",), 2), (("x!",), 0)):
        found = json.loads(_shown(*words))["sessions"]
        assert len(found) == count
        assert all(session["turns"] == 1 for session in found)
    assert "No saved" in _shown("x!", manner="text")
