"""A small run of the soak, and faults that it must find."""

from pathlib import Path

import pytest

from chatrepl.storage.journal import Journal
from tests.soak import faults


def test_a_talk_under_random_faults_grows_by_nothing_and_is_kept() -> None:
    figures = faults.run(40, 3)

    assert sum(figures["ended"].values()) == 40
    assert figures["ended"]["answered"] > 20
    assert len(figures["ended"]) >= 3
    assert figures["megabytes grown"] <= 30
    assert figures["descriptors grown"] <= 4
    assert figures["files that differ from memory"] == []


def test_the_talk_finds_what_leaks() -> None:
    figures = faults.run(30, 3, leak=True)

    assert figures["megabytes grown"] > 30
    assert figures["descriptors grown"] > 4


def test_the_talk_finds_a_journal_that_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "finish", lambda self, turn: None)
    monkeypatch.setattr(Journal, "state", lambda self, conversation: None)

    assert faults.run(10, 3)["files that differ from memory"]


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = faults.descriptors()
    faults.run(3)
    assert faults.descriptors() <= before + 1
