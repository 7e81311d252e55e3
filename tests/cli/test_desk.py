"""What the chat lays out of the terminal."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chatrepl.cli.assemble import new_session
from chatrepl.cli.desk import _draw
from chatrepl.cli.options import Options
from tests.attachments.test_thumbnail import block
from tests.cli.given import loaded, settle


@pytest.mark.parametrize(
    ("sets", "escapes", "term", "begins"),
    [
        ((), True, "xterm-kitty", "\x1b_G"),
        ((), True, "xterm", "\x1bP"),
        (("accessible=true",), True, "xterm-kitty", ""),
        ((), False, "xterm-kitty", ""),
    ],
)
def test_pictures_are_drawn_only_where_the_terminal_can(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sets: tuple[str, ...],
    *,
    escapes: bool,
    term: str,
    begins: str,
) -> None:
    settle(monkeypatch, tmp_path, TERM=term)
    for name in ("TMUX", "KITTY_WINDOW_ID", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    session = new_session(Options(), loaded(*sets), interactive=True)
    written: list[str] = []
    tty = cast("Any", SimpleNamespace(knows_escapes=escapes, write=written.append))

    _draw(block(40, 30), tty=tty, session=session, sixel=True)
    assert [drawn[: len(begins)] for drawn in written] == ([begins] if begins else [])
