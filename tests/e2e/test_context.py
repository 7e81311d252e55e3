"""The context as it is seen and cut on a real terminal."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.terminal import DONE, Terminal


@contextmanager
def chat(home: Path, *options: str, columns: int = 80, **env: str) -> Iterator[Terminal]:
    argv = [sys.executable, "-m", "chatrepl", "--demo", *options]
    with Terminal(argv, columns=columns, rows=40, env={"HOME": str(home), **env}) as terminal:
        terminal.wait_for("[›>] ")
        yield terminal
        terminal.settle().keys("c-d")
        assert terminal.wait_exit() == 0


def say(terminal: Terminal, text: str, answer: str) -> None:
    before = len(re.findall(DONE, terminal.everything(), re.MULTILINE))
    terminal.send(text).keys("enter")
    terminal.wait_for(answer)
    terminal.wait_count(DONE, before + 1)


def test_turns_are_dropped_seen_and_taken_back_at_forty_columns(tmp_path: Path) -> None:
    with chat(tmp_path, columns=40) as terminal:
        say(terminal, "demo: say one", r"^one$")
        say(terminal, "demo: say two", r"^two$")
        terminal.send("/context").keys("enter")
        terminal.wait_for(r"^1 .*█+ .*sent")
        terminal.send("/drop 1").keys("enter")
        terminal.wait_for(r"1 turn no longer sent \(1\)")
        terminal.wait_for(r"\[y/N\]")
        terminal.send("y").keys("enter")
        terminal.wait_for(r"/undo takes that back")
        terminal.settle()
        terminal.send("/history").keys("enter")
        terminal.wait_for(r"^1 .*dropped$")
        assert all(len(line) <= 40 for line in terminal.everything().splitlines())


def test_bars_are_plain_where_the_terminal_has_no_utf8(tmp_path: Path) -> None:
    with chat(tmp_path, LC_ALL="C") as terminal:
        say(terminal, "demo: say one", r"^one$")
        terminal.send("/context").keys("enter")
        terminal.wait_for(r"^1 .*########")
        assert "█" not in terminal.everything()


def test_a_summary_is_streamed_and_used_after_a_yes(tmp_path: Path) -> None:
    with chat(tmp_path) as terminal:
        for word in ("one", "two", "three"):
            say(terminal, f"demo: say {word}", f"^{word}$")
        terminal.send("/compact").keys("enter")
        terminal.wait_for(r"1 turn no longer sent")
        terminal.settle()
        terminal.send("y").keys("enter")
        terminal.wait_for(r"/undo takes that back")
        terminal.settle()
        terminal.send("/context").keys("enter")
        terminal.wait_for(r"^1 .*summarised")
    assert list(tmp_path.rglob("scales.json")) == []  # the engine teaches nothing of the service


def test_the_limit_of_cost_stops_and_gives_the_message_back(tmp_path: Path) -> None:
    with chat(tmp_path, "--set", "max_cost_usd=0.000001") as terminal:
        say(terminal, "demo: say one", r"^one$")
        terminal.send("demo: say two").keys("enter")
        terminal.wait_for(r"Spent .* of \$.*y:\s+send\s+it")
        terminal.settle()
        terminal.send("n").keys("enter")
        terminal.wait_for("Not sent")
        terminal.wait_for(r"[›>] demo: say two$")
        terminal.keys("c-c")
