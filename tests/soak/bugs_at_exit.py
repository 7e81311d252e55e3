"""Raise at random lines while a chat is left: python -m tests.soak.bugs_at_exit [RUNS] [SEED].

All that runs between Ctrl-D and the end of the process. Each time the conversation is on the disk,
the terminal is as it was, and one line says what happened. With --stop a signal is what comes.
"""

import json
import os
import random
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn
from unittest import mock

from chatrepl.storage.read import load
from tests.e2e.terminal import DONE, Terminal
from tests.soak import bugs
from tests.soak.bugs import InjectedError, Injector, Site
from tests.soak.bugs_in_runs import ROOMS

_HERE: Final = "tests.soak.bugs_at_exit"
_WORDS: Final = ("Traceback", "Exception", "never retrieved", "Injected", "Press ENTER")
_BUG: Final = 70


class TerminatedError(SystemExit):
    """What a deadly signal raises."""

    def __init__(self, _where: str) -> None:
        super().__init__(143)


_STOPS: Final = {KeyboardInterrupt: 130, TerminatedError: 143}


@dataclass
class LateInjector(Injector):
    """Looks away until it is armed."""

    armed: bool = False

    def _on_line(self, frame: FrameType, event: str, arg: object) -> Any:
        return super()._on_line(frame, event, arg) if self.armed else self._on_line


def act(site: Site | None, nth: int, how: str, told: Path) -> None:
    """Be the program, but for one line after the chat."""
    from chatrepl.__main__ import main as run_program
    from chatrepl.shells.repl import Repl

    signals = {stop.__name__: stop for stop in _STOPS}
    injector = LateInjector(site, nth, signals.get(how, InjectedError))
    talk, end = Repl.run, os._exit

    def run_and_arm(repl: Repl) -> None:
        talk(repl)
        injector.armed = True

    def tell_and_leave(code: int) -> NoReturn:
        sys.settrace(None)
        told.write_text(json.dumps([injector.raised, list(injector.runs.items())]))
        end(code)

    sys.argv = ["chatrepl", "--demo"]
    with (
        mock.patch.object(bugs, "ROOMS", ROOMS),
        mock.patch.object(Repl, "run", run_and_arm),
        mock.patch.object(os, "_exit", tell_and_leave),
        injector.at_work(threads=False),
    ):
        run_program()


def hold(site: Site | None, nth: int, how: str = "") -> tuple[bool, list[Any], list[str]]:
    """Hold a chat; tell whether anything was raised, which lines ran, and what is wrong."""
    with tempfile.TemporaryDirectory() as name:
        home, told = Path(name), Path(name) / "told"
        file, line = site or ("", 0)
        argv = [sys.executable, "-m", _HERE, "--act", file, str(line), str(nth), how, str(told)]
        env = {"HOME": name, "XDG_STATE_HOME": str(home / "state")}
        with Terminal(argv, columns=100, rows=40, env=env) as terminal:
            terminal.wait_for("^› Ask anything")
            terminal.send("demo: say kept").keys("enter")
            terminal.wait_for(DONE)
            terminal.wait_for("^›$", visible=True)
            terminal.settle(0.3).keys("c-d")
            code = terminal.wait_exit(30)
            everything, sane = terminal.everything(), terminal.tty_is_sane()
        raised, runs = json.loads(told.read_text()) if told.exists() else (True, [])
        logs = list((home / "state" / "chatrepl" / "bugs").glob("*"))
        wrong = [f"{word!r} is shown" for word in _WORDS if word in everything]
        said = len(re.findall("bug in chatrepl", everything))
        if (len(logs), said) != ((1, 1) if raised and not how else (0, 0)):
            wrong.append(f"{len(logs)} logs, said {said} times: {everything[-300:]}")
        if any(log.stat().st_mode & 0o777 != 0o600 for log in logs):
            wrong.append("others may read the log")
        if code not in {0, _BUG, *_STOPS.values()} or (code == _BUG and how):
            wrong.append(f"it ended with {code}")
        if not sane:
            wrong.append("the terminal is left in other modes")
        journals = (home / "state" / "chatrepl" / "conversations").glob("*.jsonl")
        texts = [turn.text for path in journals for turn in load(path).conversation.path()]
        if texts != ["kept"]:
            wrong.append(f"on the disk is {texts}")
    return raised, runs, wrong


def main(args: Sequence[str]) -> int:
    if "--act" in args:
        name, at, which, stop, told = args[1:]
        act((name, int(at)) if name else None, int(which), stop, Path(told))
    words = [word for word in args if not word.startswith("--")]
    runs, seed = map(int, [*words, *("40", "1")[len(words) :]])
    rng, bad, missed = random.Random(seed), 0, 0
    _, counted, wrong = hold(None, 1)
    assert not wrong, wrong
    sites = sorted((tuple(at), times) for at, times in counted if at[0] != "shells/guard.py")
    for _ in range(runs):
        (file, line), times = rng.choice(sites)
        how = rng.choice(sorted(stop.__name__ for stop in _STOPS)) if "--stop" in args else ""
        nth = rng.randint(1, min(times, 9))
        raised, _, wrong = hold((file, line), nth, how)
        missed, bad = missed + (not raised), bad + bool(wrong)
        for what in wrong:
            print(f"{file}:{line} #{nth} {how}: {what}", flush=True)
    print(f"{runs} runs ({missed} raised nothing) of {len(counted)} lines, {bad} went wrong")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
