from pathlib import Path

import pytest

from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.pages.found import Find, find_all, found_facts, found_list, jumps
from chatrepl.storage.library import SavedEntry

SIEVE = SavedEntry("20261128-ab12", "/x/20261128-ab12.jsonl", "sieve", "About primes", 9, 0.0, 9)
BARE = SavedEntry("20261127-cd34", "/x/20261127-cd34.jsonl", "", "", 9, 0.0, 9)


def found(entry: SavedEntry | None, *turns: str) -> Find:
    return Find(entry, turns, len(turns), "user", "…a ", "Needle", " b…")


def test_each_conversation_is_a_line_with_its_turns_and_the_newest_place() -> None:
    finds = (found(None, "2", "3", "4", "7"), found(SIEVE, "12", "ab12"), found(BARE, "1"))
    table = found_list(finds, " needle ")

    assert table.rows == (
        ("(this one)", "2-4, 7", "4", "…a Needle b…"),
        ("sieve", "12, ab12", "2", "…a Needle b…"),
        ("20261127-cd34", "1", "1", "…a Needle b…"),
    )
    assert table.sought == "needle"
    assert list(jumps(finds)) == ["/goto 7 goes there", "/load sieve ab12 opens it there"]
    assert list(jumps(finds[2:])) == ["/load 20261127-cd34 1 opens it there"]


def test_many_turns_are_told_as_far_as_there_is_room() -> None:
    ((_, turns, _, _),) = found_list([found(SIEVE, *map(str, range(1, 99, 2)))], "x").rows
    assert turns == "1, 3, 5, 7, 9, 11, 13…"


def test_a_program_reads_turns_as_numbers_and_branches_as_ids() -> None:
    assert found_facts(found(SIEVE, "12", "ab12")) == {
        "id": "20261128-ab12", "name": "sieve", "turns": [12, "ab12"], "places": 2, "role": "user",
        "excerpt": "…a Needle b…",
    }  # fmt: skip
    assert found_facts(found(BARE, "1"))["name"] is None
    assert found_facts(found(None, "1"))["id"] is None


@pytest.mark.parametrize("words", ["", "  "])
def test_no_words_are_nowhere(words: str, tmp_path: Path) -> None:
    talk = Conversation().add(Turn(TurnId("t"), None, (Message.user("a b"),)))
    assert find_all(talk, tmp_path, words) == ()
    assert len(find_all(talk, tmp_path, "A B")) == 1
    assert len(find_all(talk, None, " b ")) == 1


def test_a_conversation_that_went_away_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hit = type("Hit", (), {"entry": SIEVE, "turn": TurnId("t"), "role": "user"})()
    monkeypatch.setattr("chatrepl.pages.found.search", lambda *_: (hit,))
    assert find_all(Conversation(), tmp_path, "x") == ()
