"""What a person selects: the program in a real tmux, which knows the rows that it wrapped itself.

`capture-pane -J` joins those and no others, as a selection does: a hard end of a line stays one.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.terminal import PATIENCE_S
from tests.faults.raw import END, OPEN, START, answering, sends, text

TMUX = shutil.which("tmux")
pytestmark = pytest.mark.skipif(TMUX is None, reason="NO TMUX HERE: selecting is not tested")
WIDTHS = (40, 80, 200)


class Pane:
    """One pane of a tmux server of its own."""

    def __init__(self, socket: Path, columns: int, rows: int, argv: list[str]) -> None:
        self._socket = socket
        size = ["-x", str(columns), "-y", str(rows)]
        self._tmux("-f", os.devnull, "new-session", "-d", *size, "--", *argv)

    def _tmux(self, *words: str) -> str:
        command = [TMUX or "", "-S", str(self._socket), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def type(self, words: str) -> None:
        """Type words and Enter, with a pause between."""
        self._tmux("send-keys", "-l", words)
        time.sleep(0.2)
        self._tmux("send-keys", "Enter")

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def lines(self) -> list[str]:
        """All lines from the first on, as they are selected."""
        out = self._tmux("capture-pane", "-p", "-J", "-S", "-", "-E", "-")
        return [line.rstrip() for line in out.splitlines()]

    def wait(self, there: Callable[[list[str]], bool]) -> list[str]:
        """Wait until the lines are as asked; give them."""
        until = time.monotonic() + PATIENCE_S
        while not there(lines := self.lines()):
            assert time.monotonic() < until, "\n".join(lines)
            time.sleep(0.1)
        return lines

    def close(self) -> None:
        self._tmux("kill-server")


@contextmanager
def chatting(
    home: Path, reply: str, columns: int, *options: str, piece: int = 40, pause_s: float = 0.002
) -> Iterator[Pane]:
    """Open a chat whose service streams this reply to each question."""
    pieces = [text(reply[start : start + piece]) for start in range(0, len(reply), piece)]
    with answering(sends(OPEN + START, *pieces, END, pause_s=pause_s)) as url:
        env: Mapping[str, str] = {
            "HOME": str(home), "ANTHROPIC_API_KEY": "sk-ant-test", "ANTHROPIC_BASE_URL": url,
            "LANG": "C.UTF-8",
        }  # fmt: skip
        given = [f"{name}={value}" for name, value in env.items()]
        argv = ["env", "-u", "NO_COLOR", *given, sys.executable, "-m", "chatrepl", *options]
        pane = Pane(home / "tmux", columns, 24, argv)
        try:
            pane.wait(lambda lines: any("Ask anything" in line for line in lines))
            pane.type("hi")
            yield pane
        finally:
            pane.close()


def is_over(lines: list[str]) -> bool:
    """Tell whether the line under the reply is there."""
    return any("in · " in line and "out" in line for line in lines)


WORDS = "stone river market window garden letter engine signal"
ADDRESS = "https://a.example/path?q=" + "abc%20" * 30
CODE = [
    "pip install " + " ".join(f"package-{n}==1.{n}" for n in range(12)),
    "short",
    "  " + '{"key": ' + ", ".join(f'"value {n}"' for n in range(300)) + "}",
    "x" * 160,
    "echo " + "河の水は静かに流れる " * 12 + "end",
    "word " * 700 + "end",
]
BLOCK = "\n".join(CODE)
REPLY = f"""Some words first, **bold** ones, too.

See {ADDRESS} for more, or
{ADDRESS}1

- item ({ADDRESS}2)
  {WORDS}

  ```bash
  {BLOCK.replace(chr(10), chr(10) + "  ")}
  ```

> quoted {ADDRESS}3

```
{BLOCK}
```

The end.
"""


@pytest.mark.parametrize("columns", WIDTHS)
def test_rows_of_code_and_addresses_are_selected_whole(tmp_path: Path, columns: int) -> None:
    with chatting(tmp_path, REPLY, columns) as pane:
        lines = pane.wait(is_over)
    bare = [line.strip() for line in lines]

    for row in CODE:
        assert bare.count(row.strip()) == 2, row
    begin = lines.index("── code") + 1
    assert lines[begin : begin + len(CODE)] == CODE
    for number in ("", "1", "2", "3"):
        whole = f"{ADDRESS}{number}"
        assert sum(whole in line.split() or f"({whole})" in line.split() for line in lines) == 1
    assert "The end." in bare


@pytest.mark.parametrize("columns", WIDTHS)
def test_raw_lines_are_selected_whole(tmp_path: Path, columns: int) -> None:
    raw = [f"{WORDS} " * 5 + "end", "", ADDRESS, "**not bold** `x`", "- " + "word " * 500 + "end"]
    reply = "\n".join([*raw, *CODE])
    with chatting(tmp_path, reply, columns, "--raw") as pane:
        lines = pane.wait(is_over)

    begin = lines.index(raw[0])
    assert lines[begin : begin + len(raw) + len(CODE)] == [*raw, *CODE]


@pytest.mark.parametrize(
    "sizes",
    [[(40, 24), (120, 24)], [(30, 24)], [(40, 12), (40, 30)], [(79, 24), (60, 24), (50, 24)]],
)
def test_a_window_that_changes_in_mid_reply_keeps_one_of_everything(
    tmp_path: Path, sizes: list[tuple[int, int]]
) -> None:
    texts = [" ".join(f"p{n}w{m}" for m in range(150)) for n in range(6)]
    table = "| a | b |\n|---|---|\n" + "".join(f"| r{n} | x |\n" for n in range(25))
    reply = "\n\n".join(f"{p}\n\n```sh\n{n}: {CODE[0]}\n```" for n, p in enumerate([*texts, table]))
    with chatting(tmp_path, f"{table}\n{reply}", 80, piece=60, pause_s=0.03) as pane:
        for number, size in enumerate(sizes):
            seen = f"p{2 * number}w140" if number else "r9"
            pane.wait(lambda lines, seen=seen: any(seen in line for line in lines))  # type: ignore[misc]
            pane.resize(*size)
        lines = pane.wait(is_over)

    for number in range(7):
        assert lines.count(f"{number}: {CODE[0]}") == 1
    words = re.findall(r"\bp\dw\d+|^r\d+", "\n".join(lines), re.MULTILINE)
    rows = [f"r{n}" for n in range(25)]
    assert words == [*rows, *(f"p{n}w{m}" for n in range(6) for m in range(150)), *rows]
