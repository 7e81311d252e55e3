"""However a path gets into the line, the file is found."""

import shlex
from collections.abc import Callable
from pathlib import Path
from platform import node
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments import dropped as module
from chatrepl.attachments.dropped import Dropped, are_dropped, dropped
from chatrepl.core.errors import AttachmentError

NAMES = ["first day.jpg", "it's here.png", 'say "hi".txt', "a(1) [x].txt", "100% $HOME.txt",
         "plain.md", "two  blanks.txt", "back\\slash.txt", "Grüße.txt", "~tilde.txt"]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Holiday pictures").mkdir()
    for name in NAMES:
        (tmp_path / "Holiday pictures" / name).write_text(name)
    return tmp_path / "Holiday pictures"


def escaped(path: str) -> str:
    return "".join(c if c.isalnum() or c in "/._-" else f"\\{c}" for c in path)


def double(path: str) -> str:
    return '"' + "".join(f"\\{c}" if c in '"\\$`' else c for c in path) + '"'


WAYS: dict[str, Callable[[str], str]] = {
    "typed": str,
    "escaped": escaped,
    "quoted by a shell": shlex.quote,
    "in double quotes": double,
    "an address": lambda path: "file://" + quote(path),
    "an address of this computer": lambda path: f"file://{node()}" + quote(path),
    "an address of this host": lambda path: "file://localhost" + quote(path),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("blanks", ["{}", " {} ", "{}\r\n"])
def test_one_path_is_found_however_a_terminal_writes_it(
    folder: Path, name: str, way: Callable[[str], str], blanks: str
) -> None:
    path = str(folder / name)
    assert dropped(blanks.format(way(path))) == Dropped((path,))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_several_paths_are_found_in_one_line(folder: Path, way: Callable[[str], str]) -> None:
    paths = tuple(str(folder / name) for name in NAMES)
    assert dropped(" ".join(map(way, paths)) + " ") == Dropped(paths)


@pytest.mark.parametrize(
    "line",
    ["~/Holiday pictures/first day.jpg", "$HOME/Holiday pictures/first day.jpg",
     '"$HOME/Holiday pictures/first day.jpg"', "${HOME}/Holiday\\ pictures/first\\ day.jpg",
     "./Holiday pictures/first day.jpg"],
)  # fmt: skip
def test_the_home_folder_is_understood(folder: Path, line: str) -> None:
    (path,) = dropped(line).paths
    assert Path(path).samefile(folder / "first day.jpg")


def test_words_behind_the_files_are_words(folder: Path) -> None:
    line = f"{folder}/plain.md look at this"
    assert dropped(line) == Dropped((f"{folder}/plain.md",), rest="look at this")
    assert dropped("https://a.example/x.png please") == Dropped(
        ("https://a.example/x.png",), rest="please"
    )


def test_what_is_not_there_is_told_file_by_file_or_whole(folder: Path) -> None:
    there = f"{folder}/plain.md"
    assert dropped("no such thing").paths == ("no such thing",)
    assert dropped("a.png b.png").paths == ("a.png", "b.png")
    assert dropped(f"a.png {there}").paths == ("a.png", there)
    assert dropped(f"what {there}").paths == ("what", there)
    assert dropped("file://elsewhere/a.png").paths == ("file://elsewhere/a.png",)
    assert dropped("  ") == Dropped()


def test_folders_and_patterns_stand_for_their_files(folder: Path) -> None:
    assert len(dropped(str(folder)).many) == len(NAMES)
    assert dropped(f"{folder}/*.md").many == (f"{folder}/plain.md",)
    assert len(dropped("**/*.txt").many) == sum(name.endswith(".txt") for name in NAMES)
    assert dropped(f"{folder}/a(1) [x].txt").many == ()
    assert dropped("*.none").paths == ("*.none",)


def test_too_many_files_and_none_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(AttachmentError, match="no files"):
        dropped(f"{folder}/empty")
    monkeypatch.setattr(module, "MOST_FILES", 3)
    for line in (f"{folder}", f"{folder}/*"):
        with pytest.raises(AttachmentError, match="more than 3 files"):
            dropped(line)


@given(st.text(st.sampled_from("ab/.*[]\\'\" ~$@\0\n%:file"), max_size=40))
def test_any_line_is_read_or_refused(line: str) -> None:
    try:
        named = dropped(line)
    except AttachmentError:
        return
    assert isinstance(named, Dropped)


def test_a_line_of_nothing_but_files_was_dropped(folder: Path) -> None:
    for name in NAMES:
        for way in WAYS.values():
            assert are_dropped(way(str(folder / name)) + " ")
    assert are_dropped(f"{folder}/plain.md '{folder}/first day.jpg'")
    assert are_dropped("~/Holiday pictures/plain.md")
    for line in (f"{folder}/plain.md is wrong", str(folder), "/help", "plain.md", "", "/" * 30_000,
                 f"{folder}/*.md", f"{folder}/none.md", "'quoted' words"):  # fmt: skip
        assert not are_dropped(line)
