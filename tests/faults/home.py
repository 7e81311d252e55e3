"""A home to try faults in: what a run said, what it left on the disk, and the rules for both."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from chatrepl.storage.read import load
from tests.e2e.piped import Desk, Done
from tests.faults.nursery import Nursery

CANARY = "sk-ant-canary-0123456789-abcdefghij"
QUESTION = "what is truth?"
# A word of two humps is how classes are called; the names of protocols and files are none.
_CLASS = re.compile(
    r"\b(?:[A-Z][a-z]+){2,}\b|\b\w+(?:Error|Exception|Timeout)\b|Errno|0x[0-9a-f]{6}"
)
_MOST_LINES = 3


@dataclass(slots=True)
class Home:
    """Somebody's home, the service they talk to, and where runs come from."""

    desk: Desk
    nursery: Nursery
    runs: int = 0

    @property
    def path(self) -> Path:
        return self.desk.home

    def ask(
        self, *args: str, env: Mapping[str, str | None] | None = None, stdin: bytes = b""
    ) -> Done:
        """Ask the question in a single shot that is kept."""
        return self.run(QUESTION, "--save", f"kept{self.runs}", *args, env=env, stdin=stdin)

    def run(
        self,
        *args: str,
        env: Mapping[str, str | None] | None = None,
        stdin: bytes = b"",
        clock: float | str = 0.0,
    ) -> Done:
        """Run the program and hold it to the rules for what is said.

        `clock` puts its clock wrong by some seconds; a "wild" one jumps a month at every look.
        """
        self.runs += 1
        folder = self.path / "streams"
        folder.mkdir(exist_ok=True)
        paths = [folder / f"{self.runs}.{number}" for number in range(3)]
        paths[0].write_bytes(stdin)
        given = self.desk.env({"ANTHROPIC_API_KEY": CANARY, **(env or {})})
        code = self.nursery.run(args, given, self.path, paths, clock)
        done = Done(code, *(path.read_text("utf-8", "replace") for path in paths[1:]))
        check(done)
        self.holds_no_key()
        return done

    def holds_no_key(self) -> None:
        """Check that nothing below the home holds the key."""
        for path in self.path.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert CANARY not in path.read_text("utf-8", "replace"), path

    def kept(self) -> tuple[str, str]:
        """Give question and reply of the newest conversation as they come back from the disk."""
        return newest(self.path)

    @property
    def requests(self) -> list[Any]:
        return self.desk.served.requests


@contextlib.contextmanager
def home_in(path: Path, nursery: Nursery) -> Iterator[Home]:
    with serve(Engine()) as served:
        yield Home(Desk(path, served), nursery)


def newest(home: Path) -> tuple[str, str]:
    """Give the last question and reply of the newest conversation below `home`."""
    paths = sorted(home.rglob("conversations/*.jsonl"), key=lambda path: path.name)
    found = max(paths, key=lambda path: path.stat().st_mtime_ns)
    turn = load(found).conversation.path()[-1]
    asked = turn.user.text if turn.user is not None else ""
    return asked, turn.assistant.text if turn.assistant is not None else ""


def check(done: Done) -> None:
    """Check the rules that hold for everything a run says."""
    assert complaint(done.out, done.err) == "", done


def complaint(out: str, err: str) -> str:
    """Say which rule is broken: key, traceback, length, words of programs, control characters."""
    if CANARY in out + err or CANARY[-12:] in out + err:
        return "the key is shown"
    if "Traceback" in err or 'File "' in err:
        return "there is a traceback"
    said = err.partition("chatrepl: ")[2]  # before it stands what came of an answer that was held
    if len(said.splitlines()) > _MOST_LINES:
        return "it takes more than three lines"
    if found := _CLASS.search(err):
        return f"it speaks of {found.group()}"
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", err):
        return "control characters are let through"
    return ""
