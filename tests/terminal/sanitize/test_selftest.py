"""The check at start-up."""

import pytest

from chatrepl.terminal.sanitize import text


def test_the_check_passes_here() -> None:
    text.self_test()


def test_the_check_fails_where_the_rule_is_not_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "display", lambda text: text)
    with pytest.raises(RuntimeError):
        text.self_test()
