"""/load and /delete alone: one of the saved conversations is chosen, renamed or deleted."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.commands.picking import numbered
from chatrepl.core.errors import StorageError, UsageError
from chatrepl.core.outcome import Pick
from chatrepl.storage.journal import resume
from chatrepl.storage.library import list_entries
from tests.commands.test_saved import begin, labels, leave
from tests.commands.trimmer import Trimmer


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "conversations"
    for name in ("whales", "moon"):
        chat = begin(folder)
        chat.say(f"demo: say about {name}")
        chat.do(f"/save {name}")
        leave(chat)
    return folder


@pytest.fixture(name="chat")
def _chat(folder: Path) -> Iterator[Trimmer]:
    chat = begin(folder)
    yield chat
    leave(chat)


def _id(folder: Path, name: str) -> str:
    return next(entry.id for entry in list_entries(folder) if entry.name == name)


def _pick(chat: Trimmer, name: str) -> str:
    """Do as a user who looks at all rows and takes one."""
    asked: list[Pick] = []

    def take(pick: Pick) -> str:
        asked.append(pick)
        return next(row.id for row in pick.rows[:] if row.title == name)

    chat.pick = take
    chat.do("/load")
    return ", ".join(row.title for row in asked[0].rows)


def test_what_is_chosen_is_opened_and_the_open_one_is_not_offered(chat: Trimmer) -> None:
    chat.say("demo: say the open one")
    assert set(_pick(chat, "moon").split(", ")) == {"whales", "moon"}
    assert chat.text == "about moon"


def test_a_choice_that_is_left_changes_nothing(chat: Trimmer) -> None:
    chat.pick = lambda _asked: ""
    chat.do("/load")
    assert not chat.session.conversation.path()
    assert chat.heard == "Nothing was chosen."


def test_a_row_tells_age_turns_and_cost_and_a_damaged_file_says_so(
    chat: Trimmer, folder: Path
) -> None:
    (folder / "20260101-000000-broken.jsonl").write_bytes(b"\xff no record\n")
    chat.session.equip(clock=lambda: max(e.when for e in list_entries(folder)) + 7_300)
    rows: list[tuple[str, ...]] = []

    def look(asked: Pick) -> str:
        rows.extend((row.title, *row.facts) for row in asked.rows[:])
        return ""

    chat.pick = look
    chat.do("/load")
    facts = {title: rest for title, *rest in rows}
    assert facts["20260101-000000-broken"] == ["2 h", "damaged", ""]
    assert facts["moon"][:2] == ["2 h", "1 turn"]
    assert facts["moon"][2].startswith(("$", "<$"))


@pytest.mark.parametrize("was_open", [False, True])
def test_a_chosen_one_is_renamed_and_stays_as_old_as_it_is(
    chat: Trimmer, folder: Path, was_open: bool
) -> None:
    if was_open:
        chat.do("/load moon")
        chat.do("/load whales")
    id_ = _id(folder, "moon")
    before = {entry.id: entry.when for entry in list_entries(folder)}
    said: list[str] = []

    def rename(asked: Pick) -> str:
        place = next(i for i, row in enumerate(asked.rows) if row.id == id_)
        said.append(asked.rename(id_, " The  moon "))
        said.append(asked.rows[place].title)
        with pytest.raises(UsageError):
            asked.rename(id_, "\x07")
        return ""

    chat.pick = rename
    chat.do("/load")
    assert said[0] == "It is called The moon now."
    chat.do("/clear")
    assert "The moon" in labels(chat)
    if not was_open:
        assert said[1] == "The moon"
        assert {entry.id: entry.when for entry in list_entries(folder)} == before


def test_one_that_another_chatrepl_has_open_is_neither_renamed_nor_deleted(
    chat: Trimmer, folder: Path
) -> None:
    other = resume(next(e.path for e in list_entries(folder) if e.name == "moon")).journal

    def change(asked: Pick) -> str:
        row = next(row for row in asked.rows if row.title == "moon")
        with pytest.raises(StorageError, match="not renamed"):
            asked.rename(row.id, "sun")
        with pytest.raises(StorageError, match="open in another"):
            asked.delete(row.id)
        return ""

    chat.pick = change
    chat.do("/load")
    other.close()
    assert sorted(labels(chat)) == ["moon", "whales"]


def test_delete_alone_asks_before_it_deletes_what_is_chosen(chat: Trimmer) -> None:
    chat.pick = lambda asked: next(row.id for row in asked.rows if row.title == "moon")
    chat.agree = False
    chat.do("/delete")
    assert "moon" in labels(chat)
    chat.agree = True
    chat.do("/delete")
    assert labels(chat) == ["whales"]
    chat.pick = lambda asked: asked.delete(asked.rows[0].id) and ""
    chat.do("/load")
    assert not labels(chat)
    chat.do("/load")
    assert chat.heard == "Nothing is saved yet."
    chat.say("demo: say one")
    chat.do("/load")
    assert chat.heard == "No other conversation is saved."


def test_without_a_screen_the_list_is_numbered_and_a_number_opens_one(chat: Trimmer) -> None:
    chat.do("/load")
    rows = chat.tables[-1].rows
    assert [row[0] for row in rows] == ["1", "2"]
    assert chat.tables[-1].footer == "/load 1 takes the first."
    chat.do("/load 2")
    assert chat.text == f"about {rows[1][1]}"
    chat.do("/clear")
    for other in ("2026", "x"):  # the beginning of an id, if anything
        assert numbered(chat.session, other) is None


@pytest.mark.parametrize("number", ["0", "2", "20", "202", "999"])
def test_a_number_that_is_in_no_list_means_no_id(chat: Trimmer, number: str, folder: Path) -> None:
    chat.do("/load moon")  # one other is left, and every id begins with a year
    for line in (f"/load {number}", f"/delete! {number}"):
        with pytest.raises(UsageError, match=f"has the number {number}"):
            chat.do(line)
    assert len(list_entries(folder)) == 2
    chat.do(f"/save {number}0 lights")
    chat.do("/clear")
    if number != "2":  # then there are two in the list
        chat.do(f"/load {number}")
        assert chat.text == "about moon"


def test_a_name_that_is_a_number_goes_before_a_number_of_the_list(
    chat: Trimmer, folder: Path
) -> None:
    chat.do("/load whales")
    chat.do("/save 1")
    chat.do("/clear")
    chat.do("/load 1")
    assert chat.text == "about whales"
    chat.do("/clear")
    chat.do("/delete 1")
    assert labels(chat) == ["moon"]


def test_a_long_list_ends_with_how_many_more_there_are(
    chat: Trimmer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatrepl.commands.picking._MOST_LISTED", 1)
    chat.do("/delete")
    assert chat.tables[-1].footer == "1 more in /sessions. /delete 1 takes the first."
    assert replace(chat.tables[-1], rows=()).headings[1] == "name"
