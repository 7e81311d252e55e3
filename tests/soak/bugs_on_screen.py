"""Raise at random lines on a real terminal: python -m tests.soak.bugs_on_screen [RUNS] [SEED].

Each time the prompt must be back with what was typed, and the screen hold no word of Python's.
"""

import random
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.terminal import DONE, Terminal
from tests.soak.bugs import Injector, Site, sites

SCRIPT: Final = ("demo: say one", "/history", "demo: code", "/context", "/undo", "demo: say last")
LOOKS: Final = 200
_HERE: Final = "tests.soak.bugs_on_screen"


def act(site: Site, nth: int) -> None:
    """Be the program, but for one line."""
    from chatrepl.__main__ import main as run_program

    sys.argv = ["chatrepl", "--demo"]
    with Injector(site, nth).at_work(threads=False):  # the SDK is loaded in one
        run_program()


def hold(site: Site, nth: int) -> tuple[bool, list[str]]:
    """Hold a chat on a terminal; tell whether anything was raised, and what is wrong."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        argv = [sys.executable, "-m", _HERE, "--act", site[0], str(site[1]), str(nth)]
        env = {"HOME": name, "XDG_STATE_HOME": str(home / "state")}
        with Terminal(argv, columns=100, rows=40, env=env) as terminal:
            if "bug" in terminal.wait_for("^› Ask anything|is a bug in")[0]:
                return False, []  # there was no chat yet
            wrong = [what for line in SCRIPT if (what := _type(terminal, line))]
            terminal.keys("c-c", "c-d")
            code = terminal.wait_exit(30)
            logs = list((home / "state" / "chatrepl" / "bugs").glob("*"))
            everything = terminal.everything()
            sane = terminal.tty_is_sane()
    if code:
        wrong.append(f"it ended with {code}: {everything[-300:]}")
    words = ("Traceback", "Press ENTER", "Exception", "never retrieved", "Injected")
    wrong += [f"{word!r} is shown" for word in words if word in everything]
    said = len(re.findall("[Aa] bug in chatrepl", everything))
    if len(logs) > 1 or said != len(logs):
        wrong.append(f"{len(logs)} logs, said {said} times")
    if not sane:
        wrong.append("the terminal is left in other modes")
    return bool(logs), wrong


def _type(terminal: Terminal, line: str) -> str:
    """Type a line, once more where it comes back; say what is wrong."""
    before, is_asked = _answers(terminal), line.startswith("demo")
    terminal.send(line).pump(0.05).keys("enter")
    for _ in range(LOOKS):
        terminal.pump(0.1)
        row = _last_row(terminal)
        if row == f"› {line}" and _ready(terminal):  # it is back, or was not heard
            terminal.keys("enter")
        elif row == "›" and (not is_asked or _answers(terminal) > before):
            return ""
    return f"{line!r} has no answer:\n{terminal.everything()[-600:]}"


def _ready(terminal: Terminal) -> bool:
    """Tell whether the prompt waits for keys: its toolbar stands below it."""
    return terminal.screen().rstrip().rpartition("\n")[2].startswith("sonnet")


def _answers(terminal: Terminal) -> int:
    return len(re.findall(DONE, terminal.everything(), re.MULTILINE))


def _last_row(terminal: Terminal) -> str:
    rows = [row for row in terminal.screen().split("\n") if row.startswith("›")]
    return rows[-1] if rows else ""


def run(runs: int, seed: int = 1) -> list[str]:
    """Hold chats until so many raised; give what was wrong."""
    rng = random.Random(seed)
    counted = sorted(sites().items())
    wrong, done = [], 0
    while done < runs:
        site, times = rng.choice(counted)
        nth = rng.randint(1, min(times, 6))
        raised, what = hold(site, nth)
        done += raised
        for each in what:
            wrong.append(f"{site[0]}:{site[1]} #{nth}: {each}")
            print(wrong[-1], flush=True)
    return wrong


def main() -> int:
    if "--act" in sys.argv:
        act((sys.argv[2], int(sys.argv[3])), int(sys.argv[4]))
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    wrong = run(runs, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print(f"{runs} runs, {len(wrong)} faults")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
