import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.attachments.documents import read_text
from chatrepl.cli import stdin
from chatrepl.core.errors import ChatreplError, UsageError

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@contextmanager
def _fed(data: bytes) -> Iterator[None]:
    """Let standard input be a file that holds `data`."""
    with pytest.MonkeyPatch.context() as patch, TemporaryFile() as stream:
        stream.write(data)
        stream.seek(0)
        patch.setattr("sys.stdin", stream)
        yield


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_text_comes_through_unchanged(text: str) -> None:
    with _fed(text.encode()):
        assert stdin.read() == stdin.Piped(text.lstrip("\ufeff"))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(data: bytes) -> None:
    with _fed(data):
        try:
            found = stdin.read()
        except UsageError as error:
            refused = error.message
        else:
            refused = ""
    if refused:
        assert "neither" in refused or "cannot be read" in refused
        return
    assert found.data in {b"", data}
    assert found.data or found.note or found.text == data.decode().lstrip("\ufeff")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le"])
def test_text_in_another_encoding_is_read_as_a_file_is_and_this_is_said(encoding: str) -> None:
    with _fed("Grüße aus Köln".encode(encoding)):
        piped = stdin.read()

    assert piped.text == read_text("Grüße aus Köln".encode(encoding), "x", 99).text
    assert "not UTF-8" in piped.note


def test_a_nul_makes_it_binary_but_where_the_rest_is_surely_text() -> None:
    with _fed(b"a\0b"), pytest.raises(UsageError, match="binary"):
        stdin.read()
    with _fed(b"a" * 66_000 + b"\0"):
        piped = stdin.read()
    assert piped.text.endswith("a\ufffd")
    assert "NUL" in piped.note


def test_a_picture_is_kept_as_it_is() -> None:
    with _fed(PNG):
        assert stdin.read() == stdin.Piped(data=PNG)


def test_more_than_a_request_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdin, "MOST_BYTES", 10)

    with _fed(b"x" * 10):
        assert stdin.read().text == "x" * 10
    with _fed(b"x" * 11), pytest.raises(ChatreplError) as caught:
        stdin.read()
    assert caught.value.exit_code == 5


def test_a_folder_is_no_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    monkeypatch.setattr("sys.stdin", type("Folder", (), {"fileno": lambda _: descriptor,
                                                         "closed": False})())  # fmt: skip
    with pytest.raises(UsageError, match="directory"):
        stdin.read()
    os.close(descriptor)


def test_no_stdin_is_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr("sys.stdin", stream)
        assert not stdin.is_keyboard()
        assert stdin.read() == stdin.Piped()


def test_who_stops_waiting_disturbs_no_reading(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    go = threading.Event()
    monkeypatch.setattr(stdin, "read", lambda: go.wait(5) and stdin.Piped("late"))

    future = stdin.read_in_background()
    future.cancel()
    go.set()

    assert future.result(5).text == "late"
    assert capsys.readouterr().err == ""


def test_it_is_read_in_the_background_with_its_errors() -> None:
    with _fed(b"hello"):
        assert stdin.read_in_background().result(5).text == "hello"
    with _fed(b"\x7fELF\0"), pytest.raises(UsageError):
        stdin.read_in_background().result(5)
