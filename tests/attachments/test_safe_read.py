import os
import shlex
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatrepl.attachments.safe_read import open_regular, plain_path
from chatrepl.core.errors import AttachmentError

LIMIT = 1_000_000
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=30)


def read(path: str, limit: int = LIMIT) -> bytes:
    with open_regular(path) as file:
        return file.read_all(limit)


def _fifo(folder: Path) -> str:
    os.mkfifo(folder / "fifo")
    return str(folder / "fifo")


def _socket(folder: Path) -> str:
    at = folder / "socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(at))
    return str(at)


def _loop(folder: Path) -> str:
    (folder / "loop").symlink_to("loop")
    return str(folder / "loop")


def _link(target: str) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        (folder / "link").symlink_to(target)
        return str(folder / "link")

    return make


def _sparse(folder: Path) -> str:
    with (folder / "sparse").open("wb") as file:
        file.truncate(10 << 30)
    return str(folder / "sparse")


def _below_a_file(folder: Path) -> str:
    (folder / "file").touch()
    return str(folder / "file" / "below")


HOSTILE: dict[str, tuple[Callable[[Path], str], str, int]] = {
    "directory": (str, "it is a directory", 2),
    "FIFO": (_fifo, "it is a FIFO", 2),
    "socket": (_socket, "it is a socket", 2),
    "endless device": (lambda _: "/dev/zero", "it is a device", 2),
    "full device": (lambda _: "/dev/full", "it is a device", 2),
    "null device": (lambda _: "/dev/null", "it is a device", 2),
    "link to a device": (_link("/dev/zero"), "it is a device", 2),
    "link to nothing": (_link("nowhere"), "a link to a file that does not exist", 2),
    "circle of links": (_loop, "a link that leads in a circle", 2),
    "ten gigabytes of nothing": (_sparse, "the limit is 1.0 MB", 5),
    "nothing": (lambda folder: str(folder / "none"), "there is no such file", 2),
    "path through a file": (_below_a_file, "not a directory", 2),
    "empty name": (lambda _: "", "no file is named", 2),
    "NUL in the name": (lambda _: "a\0b", "no file name may have", 2),
    "endless name": (lambda _: "x" * 5_000, "the name is too long", 2),
    "half a surrogate": (lambda _: "\ud800", "no", 2),
    "memory of a process": (lambda _: "/proc/self/mem", "cannot be attached", 2),
    "endless map": (lambda _: "/proc/self/pagemap", "cannot be attached", 2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_path_is_refused_in_words(name: str, tmp_path: Path) -> None:
    make, words, code = HOSTILE[name]
    path = make(tmp_path)
    if path.startswith("/proc") and not Path(path).exists():
        pytest.skip("there is no such file system here")
    with pytest.raises(AttachmentError) as caught:
        read(path, 0 if path.endswith("pagemap") else LIMIT)
    if not path.endswith("pagemap"):
        assert words in caught.value.message
        assert caught.value.exit_code == code
    assert caught.value.message.isprintable()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(AttachmentError, match="you may not read it"):
        read(str(path))


def test_a_denied_open_is_put_into_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("chatrepl.attachments.safe_read.os.open", deny)
    with pytest.raises(AttachmentError, match="you may not read it"):
        read("anything")


def test_a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read(str(path), 5) == b"12345"
    with pytest.raises(AttachmentError) as caught:
        read(str(path), 4)
    assert caught.value.exit_code == 5


def test_a_file_that_claims_to_be_empty_is_read_to_its_end() -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("there is no such file system here")
    assert b"Pid:" in read("/proc/self/status")
    with pytest.raises(AttachmentError, match="more than 10 bytes"):
        read("/proc/self/status", 10)


def test_a_file_that_grows_while_it_is_read_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 10)
    with open_regular(str(path)) as file:
        assert file.head() == b"x" * 10
        with path.open("ab") as more:
            more.write(b"y" * LIMIT)
        with pytest.raises(AttachmentError):
            file.read_all(LIMIT)


def test_the_head_is_part_of_the_whole(tmp_path: Path) -> None:
    data = os.urandom(200_000)
    (tmp_path / "f").write_bytes(data)
    with open_regular(str(tmp_path / "f")) as file:
        assert file.head() == data[:65_536]
        assert file.read_all(LIMIT) == data


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    threads, before = threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(20):
        read(str(tmp_path / "f"))
        with pytest.raises(AttachmentError):
            read("/dev/zero")
    assert threading.active_count() < threads + 10
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(name=NAMES)
def test_a_path_is_understood_however_a_terminal_writes_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name in {".", ".."} or len(os.fsencode(name)) > 200:
        return
    path.write_bytes(b"here")
    try:
        quoted = shlex.quote(str(path))
        for written in (str(path), quoted, f" {quoted} ", path.as_uri()):
            assert plain_path(written) == str(path)
    finally:
        path.unlink()


def test_escaped_blanks_and_the_home_folder_are_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "my photo.png").touch()
    assert plain_path("~/my\\ photo.png") == str(tmp_path / "my photo.png")
    assert plain_path("~/my photo.png") == str(tmp_path / "my photo.png")
    assert plain_path("~/none") == str(tmp_path / "none")


def test_a_file_with_a_literal_odd_name_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("'a'").touch()
    Path("a").touch()
    assert plain_path("'a'") == "'a'"


def test_a_file_of_another_computer_is_refused() -> None:
    with pytest.raises(AttachmentError, match="another computer"):
        plain_path("file://elsewhere/etc/hosts")
