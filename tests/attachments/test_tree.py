import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments import tree
from chatrepl.attachments.tree import fuzzy, tracked, walk


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")


def test_files_and_folders_are_listed_the_nearest_first(tmp_path: Path) -> None:
    put(tmp_path, "b/c/d.txt", "a.txt", "b/e.txt")

    listed = walk(str(tmp_path))
    assert listed.paths == ("a.txt", "b/", "b/c/", "b/e.txt", "b/c/d.txt")
    assert listed.files == ("a.txt", "b/e.txt", "b/c/d.txt")
    assert listed.whole


def test_what_git_ignores_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a.py", "a.pyc", "build/x.py", "src/keep.log", "src/b.log", "src/deep/c.log",
        "src/gen/x.py", "docs/build.md", ".hidden/x", "node_modules/x.js", "note.tmp")  # fmt: skip
    (tmp_path / ".gitignore").write_text("*.pyc\n/build/\n*.log\n")
    (tmp_path / "src/.gitignore").write_text("!keep.log\ngen/\n")
    (tmp_path / ".git/info").mkdir(parents=True)
    (tmp_path / ".git/info/exclude").write_text("*.tmp\n")

    assert walk(str(tmp_path)).files == ("a.py", "docs/build.md", "src/keep.log")
    put(tmp_path, "src/deep/d.py", "src/deep/e.tmp")
    assert walk(str(tmp_path / "src/deep")).files == ("d.py",)
    for folder, names, left in (
        ("", ["a.py", "a.pyc", "build/", "src/", "note.tmp"], ["a.py", "src/"]),
        ("src", ["keep.log", "b.log", "deep/", "gen/"], ["keep.log", "deep/"]),
        ("src/deep", ["c.log", "d.py", "e.tmp"], ["d.py"]),
    ):
        assert tracked(str(tmp_path / folder), names) == left


def test_a_walk_ends_whatever_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, *(f"{n}/{m}.txt" for n in range(5) for m in range(5)))
    (tmp_path / "0/up").symlink_to(tmp_path)
    assert "0/up" in walk(str(tmp_path)).paths
    monkeypatch.setattr(tree, "_MOST_ENTRIES", 8)
    listed = walk(str(tmp_path))
    assert len(listed.paths) < 20
    assert not listed.whole
    monkeypatch.setattr(tree, "_MOST_SECONDS", 0.0)
    assert walk(str(tmp_path)).paths == ()


def test_what_cannot_be_read_is_as_good_as_empty(tmp_path: Path) -> None:
    assert walk(str(tmp_path / "none")).paths == ()
    (tmp_path / ".gitignore").mkdir()
    put(tmp_path, "a.txt")
    assert walk(str(tmp_path)).files == ("a.txt",)
    name = os.fsencode(str(tmp_path)) + b"/bad\xff"
    Path(os.fsdecode(name)).touch()
    assert walk(str(tmp_path)).files == ("a.txt",)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("main", "src/main.py"),
        ("smp", "src/main.py"),
        ("SRC/M", "src/main.py"),
        ("tmain", "tests/test_main.py"),
        ("rdme", "README.md"),
        ("test_m", "tests/test_main.py"),
    ],
)
def test_letters_in_their_order_find_a_path(typed: str, first: str) -> None:
    paths = ["README.md", "src/", "src/main.py", "src/domains.py", "tests/test_main.py"]
    assert fuzzy(paths, typed, 5)[0] == first
    assert fuzzy(paths, "zq", 5) == []
    assert len(fuzzy(paths, "s", 2)) == 2


def likeness(path: str, typed: str) -> tuple[int, ...] | None:
    """Tell how near a path is to what was typed, in another way than the program."""
    path, typed = path.casefold(), typed.casefold().replace(" ", "")
    folders, mark, name = path.rstrip("/").rpartition("/")
    name = path[len(folders + mark) :]
    if name.startswith(typed):
        return 0, 0, len(path)
    if typed in name:
        return 1, name.index(typed), len(path)
    if typed in path:
        return 2, path.index(typed), len(path)
    letters = iter(enumerate(path))
    places = [next((at for at, char in letters if char == letter), -1) for letter in typed]
    return None if -1 in places else (3, places[-1] - places[0], len(path))


_WORDS = st.text("abA./ ", max_size=7)


@given(st.lists(_WORDS, max_size=8), _WORDS, st.integers(0, 8))
def test_the_likeliest_of_all_paths_come_first(paths: list[str], typed: str, most: int) -> None:
    fit = [(rank, path) for path in paths if (rank := likeness(path, typed)) is not None]
    best = fuzzy(paths, typed, most)
    assert best == [path for _, path in sorted(fit)[:most]]
