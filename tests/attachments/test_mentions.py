import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments.mentions import (
    complete_path,
    find_mentions,
    is_file,
    unmentioned,
)
from chatrepl.core.typed_words import NEVER_LAST

FILES = {"a.png", "my file.txt", "src/x.py", "data", "odd(1).md", "/abs/y.txt", 'say "hi".txt'}
NAMES = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20
)


def paths(text: str) -> list[str]:
    return [mention.path for mention in find_mentions(text, FILES.__contains__)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("look at @a.png", ["a.png"]),
        ("@a.png", ["a.png"]),
        ("@a.png, please", ["a.png"]),
        ("(see @a.png).", ["a.png"]),
        ("@a.png and @src/x.py?", ["a.png", "src/x.py"]),
        ("@odd(1).md", ["odd(1).md"]),
        ('@"my file.txt" here', ["my file.txt"]),
        ("@'my file.txt'", ["my file.txt"]),
        (r"@my\ file.txt!", ["my file.txt"]),
        ("@/abs/y.txt", ["/abs/y.txt"]),
        ("line\n@data\n", ["data"]),
        ("@./missing.txt.", ["./missing.txt"]),
        ('@"./missing file"', ["./missing file"]),
        ("@https://a.example/x.png.", ["https://a.example/x.png"]),
        ("mail joe@a.png", []),
        ("@user, hello", []),
        ("@dataclass @property", []),
        ("@missing.txt @'missing'", []),
        ("@https://a.example/page", []),
        ("@ a.png @", []),
        ("@./ @.. @../", []),
        ("```\n@a.png\n```\n@data", ["data"]),
        ("~~~ python\n@a.png", []),
        ("`````\n```\n@a.png\n`````\n@data", ["data"]),
    ],
)
def test_files_are_mentioned_and_people_are_not(text: str, found: list[str]) -> None:
    assert paths(text) == found


def as_mention(path: str) -> str:
    if not re.search(r"[\s\\\"'`]", path) and path[-1:] not in NEVER_LAST:
        return f"@{path}"
    quote = "'" if '"' in path else '"'
    return f"@{quote}{path}{quote}"


@given(NAMES, st.text(max_size=20), st.sampled_from(["", " ", "\n", " word"]))
def test_a_mention_is_read_back_as_it_was_written(name: str, before: str, after: str) -> None:
    if ('"' in name and "'" in name) or name.startswith("~"):
        return
    text = f"{before.replace('`', '').replace('~', '').replace('@', '')} {as_mention(name)}{after}"
    mentions = find_mentions(text, name.__eq__)
    assert [mention.path for mention in mentions if mention.path == name] == [name]


@given(st.text(st.sampled_from("@a.png \"'\\`~/\n([,x"), max_size=60))
def test_spans_are_ordered_and_begin_with_the_sign(text: str) -> None:
    at = 0
    for mention in find_mentions(text, FILES.__contains__):
        assert at <= mention.start < mention.end <= len(text)
        assert text[mention.start] == "@"
        at = mention.end


def test_a_text_full_of_signs_asks_the_disk_a_bounded_number_of_times() -> None:
    asked: list[str] = []

    def exists(path: str) -> bool:
        asked.append(path)
        return False

    find_mentions("@a.png.. " * 50_000, exists)
    assert len(asked) <= 10_000


def test_folders_devices_and_the_home_folder_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "folder").mkdir()
    (tmp_path / "note").touch()
    found = find_mentions("@folder @note @~/note @/dev/null @" + "x" * 5_000 + " @\0")
    assert [mention.path for mention in found] == ["note", f"{tmp_path}/note", "/dev/null"]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "Photos").mkdir()
    for name in ("photo.png", "phone.txt", ".hidden", "Photos/one.jpg", "bad\x1b.txt"):
        (tmp_path / name).touch()
    return tmp_path


def test_paths_are_completed_folders_with_a_slash(tree: Path) -> None:
    assert list(complete_path("ph"))[:3] == ["phone.txt", "photo.png", "Photos/"]
    assert list(complete_path("Pho"))[:3] == ["Photos/", "phone.txt", "photo.png"]
    assert list(complete_path("Photos/")) == ["Photos/one.jpg"]
    assert list(complete_path("./phon")) == ["./phone.txt"]
    assert list(complete_path("~/phon")) == ["~/phone.txt"]
    assert list(complete_path(f"{tree}/phon")) == [f"{tree}/phone.txt"]


def test_hidden_and_unprintable_names_are_not_offered_unasked(tree: Path) -> None:
    assert ".hidden" not in complete_path("")
    assert list(complete_path(".h")) == [".hidden"]
    assert list(complete_path("bad")) == []


@pytest.mark.parametrize("prefix", ["none/", "photo.png/", "a\0/b", "~nobody-here/"])
def test_where_nothing_can_be_listed_nothing_is_offered(prefix: str, tree: Path) -> None:
    assert list(complete_path(prefix)) == []


def test_what_git_ignores_is_offered_only_where_nothing_else_is(tree: Path) -> None:
    (tree / ".gitignore").write_text("*.txt\nPhotos/\n")
    assert list(complete_path("ph")) == ["photo.png"]
    assert list(complete_path("phone")) == ["phone.txt"]
    assert list(complete_path("Photos/")) == ["Photos/one.jpg"]


def test_letters_of_a_path_find_it_in_the_tree(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(complete_path("ojpg")) == ["Photos/one.jpg"]
    assert list(complete_path("pto")) == ["Photos/", "photo.png", "Photos/one.jpg"]
    (tree / "gone").mkdir()
    monkeypatch.chdir(tree / "gone")
    (tree / "gone").rmdir()
    assert list(complete_path("one")) == []


def test_a_mention_can_be_made_a_word() -> None:
    text = 'see @a.txt and @"b c.txt", not @d.txt'
    first, second, _ = find_mentions(text, lambda _path: True)
    assert unmentioned(text, ()) == text
    assert unmentioned(text, (first, second)) == 'see a.txt and "b c.txt", not @d.txt'


@pytest.mark.parametrize("name", ["~\0", "~\0/x", "~x\0", "a\0b", "./a\0b", "~\ud800", "\udcff"])
def test_a_name_that_no_file_may_have_is_no_mention_and_breaks_nothing(name: str) -> None:
    assert all(not is_file(mention.path) for mention in find_mentions(f"see @{name} there"))
    assert list(complete_path(name)) == []
