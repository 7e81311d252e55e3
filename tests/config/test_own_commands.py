"""The files of one's own commands: found, read, trusted, refused."""

import os
from pathlib import Path

import pytest

from chatrepl.config.own_commands import MOST_BYTES, OwnFolders, beside
from chatrepl.core.errors import UsageError
from chatrepl.core.own_command import OwnCommand
from tests.config.samples import SAMPLES


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder of one's own commands."""
    folder = tmp_path / "config" / "commands"
    folder.mkdir(parents=True, mode=0o700)
    return folder


class Memory(dict[str, str]):
    """What was agreed to."""

    def folders(self, beside: Path | None) -> OwnFolders:
        return OwnFolders(beside, lambda: self, self.__setitem__)


def write(folder: Path, name: str, text: str | bytes) -> Path:
    *folders, last = name.split(":")
    path = folder.joinpath(*folders, f"{last}.md")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("name", SAMPLES)
def test_files_that_were_made_for_other_programs_work_as_they_are(
    name: str, own: Path, here: Path
) -> None:
    text, expected = SAMPLES[name]
    path = write(own, name, text)
    source = Memory().folders(own)
    command = source.read(name)

    assert source.names() == (name,)
    assert command.path == str(path)
    assert {key: getattr(command, key) for key in expected} == expected
    assert not source.is_local(name)
    assert source.about(name) == (command.usage.partition(" ")[2], command.summary)


def test_there_are_thirty_of_them() -> None:
    assert len(SAMPLES) >= 30


def test_what_is_no_command_is_passed_over(own: Path, here: Path) -> None:
    for name in ("good.md", "two words.md", ".hidden.md", "README", "a!b.md", "-x.md", "x.MD"):
        (own / name).write_text("x")
    (own / ".git").mkdir()
    (own / ".git" / "x.md").write_text("x")
    (own / "sub.md").mkdir()

    assert Memory().folders(own).names() == ("good", "sub")
    with pytest.raises(UsageError, match="not a regular file"):
        Memory().folders(own).read("sub")


def test_without_a_folder_there_are_none(tmp_path: Path, here: Path) -> None:
    for source in (Memory().folders(None), Memory().folders(tmp_path / "none")):
        assert source.names() == source.waiting() == ()
        assert source.why() == ""
        with pytest.raises(UsageError, match="no command /x"):
            source.read("x")
    with pytest.raises(UsageError, match="no configuration folder"):
        Memory().folders(None).place("x")
    assert Memory().folders(tmp_path).place("a:b") == str(tmp_path / "a" / "b.md")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"---\na: b\n---\n\xff\n", ":4: this is not UTF-8 text"),
        (b"x" * (MOST_BYTES + 1), "larger than 262 kB"),
        (b"---\nwhat is this\n---\nx", ":2: what is this is no key and value"),
        (b"+++\nx = = 1\ny = 2\n+++\nx", ":2:5: this is no value"),
        (b"+++\nx = 1\n[model]\ny = 2\n+++\nx", ":3: model takes a text or a list"),
        (b"+++\nx = [[1]\n+++\nx", ":2: "),
        (b"+++\nx = 1\neffort = 'all'\n+++\nx", ":3: effort is one of"),
        (b"---\nchoose: a,b\nrows: c\n---\nx", ":3: choose and rows exclude each other"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_why(
    content: bytes, words: str, own: Path, here: Path
) -> None:
    path = write(own, "bad", content)
    source = Memory().folders(own)

    with pytest.raises(UsageError, match=words) as refused:
        source.read("bad")
    assert refused.value.message.startswith(f"{path}:")
    assert source.about("bad") == ("", refused.value.message.removeprefix(f"{own}/"))


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_not(
    own: Path, here: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (own / "out.md").symlink_to(tmp_path / "secret.txt")
    write(own, "real", "x")
    (own / "in.md").symlink_to("real.md")
    (own / "folder").symlink_to(tmp_path)
    (own / "gone.md").symlink_to("nothing.md")
    source = Memory().folders(own)

    with pytest.raises(UsageError, match="leads out of its folder"):
        source.read("out")
    with pytest.raises(UsageError, match="no such file"):
        source.read("gone")
    assert source.about("gone")[1]
    assert source.read("in").body == "x"
    assert source.names() == ("gone", "in", "out", "real")


def test_a_fifo_is_not_waited_for(own: Path, here: Path) -> None:
    os.mkfifo(own / "pipe.md")

    with pytest.raises(UsageError, match="not a regular file"):
        Memory().folders(own).read("pipe")


def test_the_folder_where_one_works_counts_once_it_was_agreed_to(here: Path, own: Path) -> None:
    local = here / ".chatrepl" / "commands"
    write(local, "deploy", "Deploy $1")
    write(local, "same", "not this")
    write(own, "same", "this")
    memory = Memory()
    source = memory.folders(own)

    assert (source.names(), source.waiting()) == (("same",), ("deploy",))
    assert str(local) in source.why()
    with pytest.raises(UsageError, match="no command /deploy"):
        source.read("deploy")
    source.agree()
    assert (source.names(), source.waiting()) == (("same", "deploy"), ())
    assert (source.read("deploy").is_local, source.is_local("deploy")) == (True, True)
    assert source.read("same").body == "this"
    assert memory.folders(own).names() == ("same", "deploy")


@pytest.mark.parametrize("change", ["content", "new", "gone", "renamed", "linked"])
def test_a_folder_that_changed_is_asked_about_again(change: str, here: Path) -> None:
    local = here / ".chatrepl" / "commands"
    first, second = write(local, "a", "one"), write(local, "sub:b", "two")
    memory = Memory()
    memory.folders(None).agree()
    assert memory.folders(None).names() == ("a", "sub:b")
    match change:
        case "content":
            first.write_text("One")
        case "new":
            write(local, "c", "three")
        case "gone":
            second.unlink()
        case "renamed":
            first.rename(local / "z.md")
        case _:
            first.unlink()
            first.symlink_to(here / ".." / "elsewhere.md")

    assert memory.folders(None).names() == ()
    assert memory.folders(None).waiting()


def test_what_is_read_is_what_was_agreed_to(here: Path) -> None:
    path = write(here / ".chatrepl" / "commands", "a", "one")
    source = Memory().folders(None)
    source.agree()
    path.write_text("another")

    with pytest.raises(UsageError, match="no command /a"):
        source.read("a")


def test_a_file_that_changes_behind_the_look_at_it_is_not_read_anew(here: Path) -> None:
    path = write(here / ".chatrepl" / "commands", "a", "one")
    source = Memory().folders(None)
    source.agree()
    assert source.names() == ("a",)
    source._until = float("inf")
    path.write_text("another")

    assert source.about("a") == ("", "one")


def test_what_was_agreed_to_counts_also_where_nothing_is_kept(here: Path) -> None:
    write(here / ".chatrepl" / "commands", "a", "one")
    source = OwnFolders(None, dict, lambda _path, _digest: None)
    source.agree()

    assert source.read("a").body == "one"


def test_a_folder_that_others_may_write_to_is_asked_about_as_well(own: Path, here: Path) -> None:
    write(own, "a", "one")
    own.chmod(0o777)
    memory = Memory()
    source = memory.folders(own)

    assert (source.names(), source.waiting()) == ((), ("a",))
    assert "chmod go-w" in source.why()
    source.agree()
    assert memory.folders(own).read("a").body == "one"
    write(own, "b", "two")
    assert memory.folders(own).waiting() == ("a", "b")


def test_a_command_knows_a_changed_file_at_once(own: Path, here: Path) -> None:
    path = write(own, "a", "one")
    source = Memory().folders(own)
    assert (source.read("a").body, source.about("a")) == ("one", ("", "one"))
    path.write_text("and two")

    assert (source.read("a").body, source.about("a")) == ("and two", ("", "and two"))
    path.unlink()
    assert source.about("a")[0] == ""


def test_another_working_folder_has_its_own(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(here / ".chatrepl" / "commands", "a", "one")
    source = Memory().folders(None)
    assert source.waiting() == ("a",)
    monkeypatch.chdir(tmp_path)

    assert source.waiting() == ()
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert source.waiting() == ()


def test_files_are_named_from_the_folder_of_the_command_or_from_here(own: Path) -> None:
    command = OwnCommand("x", "", folder=str(own))
    (own / "style.md").write_text("x")

    assert beside(command, "style.md") == str(own / "style.md")
    assert beside(command, "other.md") == "other.md"
    assert beside(command, "a\0b") == "a\0b"
