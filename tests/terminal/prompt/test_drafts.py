"""What is being typed outlives what kills the chat."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from chatrepl.terminal.prompt import drafts
from chatrepl.terminal.prompt.drafts import DraftKeeper, hand_over
from chatrepl.terminal.prompt.history import DiskHistory


def typed(keeper: DraftKeeper, *lines: str, line: list[str]) -> None:
    """Type so that each line rests for long enough."""

    async def typing() -> None:
        for text in lines:
            line[0] = text
            keeper.changed()
            keeper.changed()
            await asyncio.sleep(0.02)

    asyncio.run(typing())


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "_REST_S", 0.001)


def keeper(folder: Path | None) -> tuple[DraftKeeper, list[str]]:
    line = [""]
    return DraftKeeper(folder, lambda: line[0]), line


def killed(folder: Path, *lines: str) -> None:
    """Let a chat type, and be gone without a word."""
    chat, line = keeper(folder)
    typed(chat, *lines, line=line)
    chat._path = None  # it lets go of nothing
    os.close(chat._file)


def rescued(folder: Path, *, stored: bool = True) -> list[str]:
    lines: list[str] = []

    def take(text: str) -> bool:
        lines.append(text)
        return stored

    hand_over(folder, take)
    return lines


@pytest.mark.parametrize("lines", [("a much longer line", "é 日 🙂"), ("a", "two\nrows")])
def test_the_line_as_it_last_rested_is_found_once(tmp_path: Path, lines: tuple[str, ...]) -> None:
    killed(tmp_path, *lines)

    assert rescued(tmp_path) == [lines[-1]]
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_taken_stays_for_the_next(tmp_path: Path) -> None:
    killed(tmp_path, "half a thought")

    assert rescued(tmp_path, stored=False) == rescued(tmp_path) == ["half a thought"]
    assert rescued(tmp_path) == []


def test_nobody_takes_the_line_of_a_chat_that_lives(tmp_path: Path) -> None:
    chat, line = keeper(tmp_path / "new")
    typed(chat, "still here", line=line)
    (file,) = (tmp_path / "new").iterdir()

    assert rescued(tmp_path / "new") == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    chat.drop()
    assert list((tmp_path / "new").iterdir()) == []


def test_an_empty_line_leaves_nothing_and_the_next_is_kept_again(tmp_path: Path) -> None:
    chat, line = keeper(tmp_path)
    typed(chat, "a thought", "", line=line)
    assert list(tmp_path.iterdir()) == []

    typed(chat, "another", line=line)
    assert len(list(tmp_path.iterdir())) == 1
    chat.drop()


@pytest.mark.parametrize("junk", [b"", b"no JSON", b"[1]", b"\xff\x00", b"[" * 100_000])
def test_junk_harms_nothing(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "1-a.json").write_bytes(junk)
    (tmp_path / "2-b.json").mkdir()
    killed(tmp_path, "a thought")

    assert [text for text in rescued(tmp_path) if text] == ["a thought"]


def test_without_a_folder_or_a_place_in_it_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    for folder in (None, tmp_path / "taken"):
        chat, line = keeper(folder)
        typed(chat, "a thought", line=line)
        chat.drop()

    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_where_no_event_loop_runs_nothing_waits(tmp_path: Path) -> None:
    chat, line = keeper(tmp_path)
    chat.changed()
    typed(chat, "a thought", line=line)

    assert len(list(tmp_path.iterdir())) == 1
    chat.drop()


def test_it_comes_back_as_the_last_line_of_the_history(tmp_path: Path) -> None:
    history = DiskHistory(tmp_path / "history")
    history.append_string("before")
    killed(tmp_path / "drafts", "what was @typed")

    assert [*DiskHistory(tmp_path / "history").load_history_strings()] == [
        "what was @typed",
        "before",
    ]
    assert [*DiskHistory(tmp_path / "history").load_history_strings()][1:] == ["before"]
    assert list((tmp_path / "drafts").iterdir()) == []


def test_where_the_history_cannot_be_written_the_line_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "history").mkdir()
    killed(tmp_path / "drafts", "a thought")
    DiskHistory(tmp_path / "history").load_history_strings()

    assert rescued(tmp_path / "drafts") == ["a thought"]
