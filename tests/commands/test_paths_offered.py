"""Files are offered wherever a command takes one, and as it takes it."""

from pathlib import Path

import pytest

from chatrepl.shells.prompt_feeds import complete
from tests.commands.playing import Player


def offered(line: str) -> list[str]:
    return [candidate.text for candidate in complete(Player().session, line, len(line))]


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("/system @no", "@notes.md"),
        ("/set system @no", "@notes.md"),
        ("/set! system @no", "@notes.md"),
        ("/schema no", "notes.md"),
        ("/image no", "notes.md"),
        ("/import no", "notes.md"),
        ("/export no", "notes.md"),
        ("/export md no", "notes.md"),
        ("/export fo", "folder/"),
        ("/download all fo", "folder/"),
        ("look at @no", "notes.md"),
    ],
)
def test_a_file_is_offered_as_the_command_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, file: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.md").write_text("Be brief.")
    (tmp_path / "folder").mkdir()
    assert file in offered(line)


@pytest.mark.parametrize(
    "line", ["/system no", "/set model @no", "/set theme @no", "/system", "/prefill @no"]
)
def test_no_file_is_offered_where_none_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.md").write_text("Be brief.")
    assert not [text for text in offered(line) if "notes" in text]


def test_what_an_export_cannot_be_named_is_not_offered_in_the_place_of_a_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("notes.png", "notes of mine.md", "notes.html"):
        (tmp_path / name).touch()
    assert offered("/export no") == ["notes.html"]


def test_words_stand_before_files() -> None:
    assert offered("/system ") == ["@", "edit", "clear"]
    assert offered("/export ") == ["md", "json", "html", "curl", "python"]
