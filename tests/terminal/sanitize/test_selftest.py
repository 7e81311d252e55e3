"""The check at start-up."""

import pytest

from chatrepl.terminal.sanitize import selftest


def test_the_check_passes_here() -> None:
    selftest.self_test()


def test_the_check_fails_where_the_rule_is_not_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "display", lambda text: text)
    with pytest.raises(RuntimeError):
        selftest.self_test()
