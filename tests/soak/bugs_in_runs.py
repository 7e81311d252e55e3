"""Raise at random lines of whole runs, from the first to the last.

    python -m tests.soak.bugs_in_runs [shot|each|batch] [RUNS] [SEED] [--stop]

A run over many items goes on in spite of it: at most one item is lost, and the same command gets
that one, too. Whatever it is, there is one log for the user alone, one line, and no traceback. With
--stop a Ctrl-C is what comes there.
"""

import json
import os
import random
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final, NoReturn
from unittest import mock

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import Served, serve
from tests.e2e.piped import Desk, Done
from tests.faults import nursery
from tests.soak import bugs
from tests.soak.bugs import InjectedError, Injector, Site

ROOMS: Final = (
    "api", "attachments", "cli", "commands", "config", "core", "pages", "session", "shells",
    "storage", "terminal", "turn.py", "aside.py",
)  # fmt: skip
_ITEMS: Final = 8
_OUT: Final = "".join(f"w{n}\n" for n in range(_ITEMS))
_INJECT: Final = "SOAK_INJECT"
_HERE: Final = "tests.soak.bugs_in_runs"
_WORDS: Final = ("Traceback", "Exception ignored", "never retrieved", "Injected", "ExceptionGroup")
_BUG: Final = 70
_MOST_COUNTED: Final = 40
ARGS: Final = {
    "shot": ("demo: say hello", "--save", "kept"),
    "each": ("--each", "-j", "3", "--out", "out.txt", "{}"),
    "batch": ("--each", "--batch", "--out", "out.txt", "{}"),
}


@contextmanager
def _injected(asked: dict[str, Any]) -> Iterator[None]:
    """Raise, or count, as the environment of a run says."""
    wish = json.loads(asked["env"].pop(_INJECT, "{}"))
    if not wish:
        yield
        return
    raises = KeyboardInterrupt if wish["stops"] else InjectedError
    site = tuple(wish["site"]) if wish["site"] else None
    injector = Injector(site, wish["nth"], raises)
    leave = os._exit

    def tell_and_leave(code: int) -> NoReturn:
        sys.settrace(None)
        told = {"raised": injector.raised, "runs": list(injector.runs.items())}
        Path(wish["tells"]).write_text(json.dumps(told))
        leave(code)

    with mock.patch.object(os, "_exit", tell_and_leave):
        with injector.at_work(threads=raises is InjectedError):
            yield
        tell_and_leave(99)  # it ended in another way than the program does


def _serve(number: int) -> None:
    be = nursery._be

    def be_injected(asked: dict[str, Any]) -> None:
        with _injected(asked):
            be(asked)

    with mock.patch.object(nursery, "_be", be_injected), mock.patch.object(bugs, "ROOMS", ROOMS):
        nursery.serve(number)


@dataclass
class Runs:
    """Runs of one command, and what was wrong with them."""

    kind: str
    stops: bool
    young: nursery.Nursery
    wrong: list[str] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    ended: list[str] = field(default_factory=list)  # where it took the whole run

    def one(self, site: Site | None = None, nth: int = 1) -> dict[str, Any]:
        """Hold one run, and judge it; give what the injector tells."""
        home = Path(mkdtemp(prefix="bugs-"))
        try:
            with serve(Engine()) as served:
                return self._judged(Desk(home, served, self.young), served, site, nth)
        finally:
            shutil.rmtree(home)

    def _judged(self, desk: Desk, served: Served, site: Site | None, nth: int) -> dict[str, Any]:
        args, stdin = ARGS[self.kind], "".join(f"demo: say w{n}\n" for n in range(_ITEMS)).encode()
        if self.kind == "shot":
            stdin = b""
        tells = desk.home / "told.json"
        wish = {"site": site, "nth": nth, "stops": self.stops, "tells": str(tells)}
        env = {_INJECT: json.dumps(wish), "XDG_STATE_HOME": str(desk.home / "state")}
        done = desk.run(*args, stdin=stdin, env=env)
        told: dict[str, Any] = json.loads(tells.read_text()) if tells.exists() else {"raised": 1}
        # The SDK takes a bug in what it sends by for a lost connection, and sends again.
        is_kept = bool(told["raised"]) and (site is None or not site[0].startswith("api/"))
        wrong = [*self._words(desk, done, raised=is_kept)]
        if self.kind != "shot":
            wrong += self._lost(desk, done, stdin)
        where = f"{site[0]}:{site[1]} #{nth}" if site else "nowhere"
        self.wrong += [f"{where}: {what}" for what in wrong]
        self.codes[done.code] += 1
        if done.code == _BUG:
            self.ended.append(where)
        return told

    def _words(self, desk: Desk, done: Done, *, raised: bool) -> Iterator[str]:
        everything = done.out + done.err
        for word in _WORDS:
            if word in everything:
                yield f"{word!r} is said: {everything[-400:]}"
        logs = list((desk.home / "state" / "chatrepl" / "bugs").glob("*"))
        is_bug = raised and not self.stops
        said = len(set(re.findall(r"bug in chatrepl[^/]*(\S+)\.$", done.err, re.MULTILINE)))
        if len(logs) > 1 or said != len(logs) or (is_bug and not logs):
            yield f"{len(logs)} logs, said {said} times, exit {done.code}: {done.err[-400:]}"
        if any(log.stat().st_mode & 0o777 != 0o600 for log in logs):
            yield "others may read the log"
        is_told = done.code == 1 and "the conversation is not saved" in done.err
        if done.code not in {0, 9, 70} and not (self.stops and done.code == 130) and not is_told:
            yield f"exit {done.code}: {done.err[-400:]}"

    def _lost(self, desk: Desk, done: Done, stdin: bytes) -> Iterator[str]:
        failed = re.search(r"· (\d+) failed", done.err)
        if failed and int(failed[1]) > 1:
            yield f"{failed[1]} items failed: {done.err[-600:]}"
        before = len(desk.bodies)
        again = desk.run(*ARGS[self.kind], "--retry-failed", stdin=stdin)
        out = desk.home / "out.txt"
        written = out.read_text() if out.exists() else ""
        if (again.code, written) != (0, _OUT):
            yield f"again: exit {again.code}, {written!r}: {done.err[-300:]}|{again.err[-300:]}"
        if done.code == 9 and len(desk.bodies) - before > 1:
            yield f"{len(desk.bodies) - before} were asked again"


def run(kind: str, runs: int, seed: int, *, stops: bool = False) -> Runs:
    rng = random.Random(seed)
    command = [sys.executable, "-m", _HERE, "--serve"]
    with mock.patch.object(nursery, "COMMAND", command), nursery.Nursery() as young:
        held = Runs(kind, stops, young)
        counted: dict[Site, int] = {}
        for _ in range(2):  # what is loaded late is there in the second
            counted = {(str(s[0]), int(s[1])): n for s, n in held.one()["runs"]}
        assert not held.wrong, held.wrong
        sites = sorted(counted.items())
        for _ in range(runs):
            site, times = rng.choice(sites)
            before = len(held.wrong)
            held.one(site, rng.randint(1, min(times, _MOST_COUNTED)))
            for line in held.wrong[before:]:
                print(line, flush=True)
    return held


def main(args: Sequence[str]) -> int:
    if "--serve" in args:
        _serve(int(args[-1]))
        return 0
    words = [word for word in args if not word.startswith("--")]
    kind, runs, seed = [*words, *("each", "100", "1")[len(words) :]]
    held = run(kind, int(runs), int(seed), stops="--stop" in args)
    bad = {line.partition(": ")[0] for line in held.wrong}
    print(f"{runs} runs, {len(bad)} of them went wrong; exit codes {dict(held.codes)}")
    print("\n".join(sorted(held.ended)))
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
