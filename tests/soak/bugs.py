"""Raise at random lines of a chat, one a run: python -m tests.soak.bugs [RUNS] [SEED].

With --stop a Ctrl-C is what comes there. With --beside the chat is one that asks beside itself:
side questions, comparisons, a title.

The chat is whole: the loop, the prompt on a scripted keyboard, views, commands, turns, a journal,
and the strict engine. Each time it must live on, lose no text, and say once what happened.
"""

import io
import os
import random
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeAlias
from unittest import mock

from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

import chatrepl
from chatrepl.cli.exits import leave
from chatrepl.cli.loop import new_runner
from chatrepl.core.errors import StorageError
from chatrepl.session.session import Session
from chatrepl.shells.desk import Desk
from chatrepl.shells.prompt_feeds import Toolbar, complete, left_edit
from chatrepl.shells.repl import Repl
from chatrepl.shells.titles import Titles
from chatrepl.storage.journal import Journal
from chatrepl.storage.read import load
from chatrepl.terminal.markdown.look import DARK
from chatrepl.terminal.modes import Tty
from chatrepl.terminal.prompt import prompt as prompt_module
from chatrepl.terminal.prompt.prompt import Prompt
from chatrepl.terminal.prompt.values import Feeds, PromptEntry, PromptOptions, Submitted
from chatrepl.terminal.say import Speaker
from chatrepl.terminal.views.live import LiveView
from chatrepl.terminal.views.parts import Style
from tests.commands.playing import Player
from tests.terminal.views.replies import console_on

Site: TypeAlias = tuple[str, int]
ROOT: Final = Path(chatrepl.__file__).parent
ROOMS: Final = (
    "commands", "core", "pages", "session", "shells/prompt_feeds.py", "shells/replies.py",
    "storage", "terminal/prompt", "terminal/say.py", "terminal/views", "turn.py", "aside.py",
    "attachments",
)  # fmt: skip
FILE_TEXT: Final = "what the staged file holds"
FILE: Final = "a file"
ATTACH: Final = "/image {folder}/notes.txt"
SCRIPT: Final = (
    "demo: say first `x` ```y```",
    "/history",
    "/set effort low",
    ATTACH,
    f"demo: say second, with {FILE}",
    "/context",
    "/branch one",
    "/undo",
    "/redo",
    "demo: say third",
    "/drop 1",
    "/restore",
    "/pin 2",
    "/export md",
    "/clear",
    "demo: say on a new page",
    "/undo",
    "/truncate! 2",
    "/retry",
    "demo: say last",
)
BESIDE: Final = (
    "demo: say first",
    "/btw demo: say aside",
    "/btw",
    "/compare haiku opus -- demo: say many",
    "/pick 2",
    "/diff",
    "/context exact",
    "/btw keep",
    "demo: say last",
)
ROOMS_BESIDE: Final = (
    "commands/beside.py", "commands/compare.py", "core/exchange/plan.py", "session/beside.py",
    "session/comparison.py", "shells/comparing.py", "shells/comparison.py", "shells/counting.py",
    "shells/side_questions.py", "shells/titles.py", "terminal/views/gutter.py", "turn.py",
    "aside.py",
)  # fmt: skip
MOST_READS: Final = 4 * len(SCRIPT)
PATIENCE_S: Final = 60
PAUSE_S: Final = 3.0


class InjectedError(Exception):
    """What nobody thought of."""


@dataclass
class Injector:
    """Counts the lines that are run in `ROOMS`, or raises at the n-th run of one of them."""

    site: Site | None = None
    nth: int = 1
    raises: type[BaseException] = InjectedError
    runs: Counter[Site] = field(default_factory=Counter)
    raised: bool = False

    @contextmanager
    def at_work(self, *, threads: bool = True) -> Iterator[None]:
        if threads:
            threading.settrace(self._on_call)
        sys.settrace(self._on_call)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)

    def _on_call(self, frame: FrameType, _event: str, _arg: object) -> Any:
        name = _room(frame.f_code.co_filename)
        if not name or (self.site is not None and self.site[0] != name):
            return None
        if frame.f_code is leave.__code__:  # the floor: something stands outside of it all
            return None
        return self._on_line

    def _on_line(self, frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line" and not self.raised:
            at = _room(frame.f_code.co_filename), frame.f_lineno
            self.runs[at] += 1
            if at == self.site and self.runs[at] == self.nth:
                self.raised = True
                raise self.raises(f"injected at {at[0]}:{at[1]}")
        return self._on_line


_names: dict[str, str] = {}


def _room(file: str) -> str:
    """Give a file's name within the package, where it is in one of the rooms."""
    name = _names.get(file)
    if name is None:
        with suppress(ValueError):
            name = Path(file).relative_to(ROOT).as_posix()
        name = name if name and name.startswith(ROOMS) else ""
        _names[file] = name
    return name


class Typist(Prompt):
    """Types the script, a line a prompt, as somebody does who looks at what stands there."""

    keyboard: PipeInput
    lines: list[str]
    expects: str = ""
    command: str = ""
    unheard: bool = False
    reads: int = 0
    wrong: list[str]
    attach: str
    is_there: Callable[[str], bool]
    has_file: Callable[[], bool]

    def read(self, run: Any, default: str = "") -> PromptEntry:
        self.reads += 1
        if self.unheard:  # the keys are still there
            self.unheard = False
            return self._read(run, default)
        expects = self.expects
        if expects and not self.is_there(expects) and default != expects:
            self.wrong.append(f"{expects!r} is lost: the line holds {default!r}")
        if default and default not in {expects, self.command}:
            self.wrong.append(f"the line holds {default!r}")
        self.expects = ""
        if self.lines and FILE in self.lines[0] and not self.has_file():
            self.lines.insert(0, self.attach)
        if not default and self.lines:
            line = self.lines.pop(0)
            self.command = line if line.startswith("/") else ""
            self.expects = "" if self.command else line
            self.keyboard.send_text(f"\x15{line}\r")
        elif default:
            self.expects = "" if default == self.command else default
            self.keyboard.send_text("\r")
        else:
            self.keyboard.send_text("\x04")
        if self.reads > MOST_READS:
            raise SystemExit("it does not come to an end")
        return self._read(run, default)

    def _read(self, run: Any, default: str) -> PromptEntry:
        again = threading.Timer(PAUSE_S, self._press_again)
        again.start()
        try:
            while (entry := super().read(run, default)) == Submitted(""):
                default = ""  # one Enter too many
        except Exception:
            self.unheard = not self.draft
            raise
        else:
            return entry
        finally:
            again.cancel()

    def _press_again(self) -> None:
        """Press the key once more that was not heard."""
        if self.draft:
            self.keyboard.send_text("\r")
        elif not self.lines:
            self.keyboard.send_text("\x04")


@dataclass
class Run:
    """One chat under an injection, and what is wrong with it."""

    folder: Path
    injector: Injector
    script: tuple[str, ...] = SCRIPT
    wrong: list[str] = field(default_factory=list)
    screen: io.StringIO = field(default_factory=io.StringIO)
    player: Player = field(default_factory=Player)

    def hold(self) -> list[str]:
        """Hold the chat; give what is wrong."""
        (self.folder / "notes.txt").write_text(FILE_TEXT)
        session = self.player.session
        conversations = self.folder / "conversations"
        conversations.mkdir()
        session.begin_with(session.conversation, Journal.new(conversations))
        session.equip(new_recorder=lambda: Journal.new(conversations))
        journals = []
        stderr = io.StringIO()
        env = {"XDG_STATE_HOME": str(self.folder), "TERM": "xterm-256color"}
        with mock.patch.dict(os.environ, env), mock.patch("sys.stderr", stderr):
            try:
                self._talk(session)
            except BaseException as error:  # whatever it is
                self.wrong.append(f"the chat ended with {error!r}")
            talks = (*session.shelf.all, (session.conversation, session.recorder))
            for conversation, recorder in talks:
                recorder.state(conversation)
                assert isinstance(recorder, Journal)
                recorder.close()
                journals.append((conversation, recorder))
        self._check(journals, stderr.getvalue())
        return self.wrong

    def _talk(self, session: Session) -> None:
        console = console_on(self.screen, width=120)
        speaker = Speaker(console)
        tty = Tty(keyboard=-1)
        style = Style(look=DARK, raw=False, repaint=True, utf8=True, thinking=True)
        with create_pipe_input() as keyboard, new_runner() as runner:
            with (
                mock.patch.object(prompt_module, "_keyboard", return_value=keyboard),
                mock.patch.object(prompt_module, "open_output", return_value=DummyOutput()),
            ):
                feeds = Feeds(
                    complete=lambda text, at: complete(session, text, at),
                    toolbar=Toolbar(session),
                    cleared=lambda: left_edit(session),
                )
                prompt = Typist(PromptOptions(history=self.folder / "history"), feeds, tty)
            prompt.keyboard, prompt.wrong = keyboard, self.wrong
            prompt.lines = [line.format(folder=self.folder) for line in self.script]
            prompt.attach = ATTACH.format(folder=self.folder)
            prompt.is_there = self._is_there
            prompt.has_file = lambda: bool(session.next.staged)
            desk = Desk(
                prompt,
                speaker,
                tty,
                lambda: LiveView(console, style, lambda: 0.0),
                lambda _question: True,
                lambda _question, _letters: "Y",
                lambda text: text,
                lambda _text: "is on the clipboard.",
            )
            repl = Repl(session, desk, self.player.stream, self.player.count, runner)
            repl.replies.replied = Titles(session, self.player.stream, runner.get_loop).consider
            with self.injector.at_work(threads=self.injector.raises is InjectedError):
                repl.run()

    def _is_there(self, text: str) -> bool:
        """Tell whether a question has come into any conversation."""
        session = self.player.session
        talks = (session.conversation, *(pair[0] for pair in session.shelf.all))
        return any(
            text in message.text
            for talk in talks
            for turn in talk.turns.values()
            for message in turn.messages
            if message.role == "user"
        )

    def _check(self, journals: list[Any], stderr: str) -> None:
        screen = self.screen.getvalue()
        for word in ("Traceback", "Press ENTER", "Exception in", "never retrieved", "Unhandled"):
            if word in screen + stderr:
                self.wrong.append(f"{word!r} is shown")
        for line in self.script:
            if not line.startswith("/") and not self._is_there(line):
                self.wrong.append(f"{line!r} was never sent")
        if set(self.player.statuses) != {200}:
            self.wrong.append(f"the service answered {self.player.statuses}")
        is_attached = any(FILE in line for line in self.script)
        if is_attached and not any(
            FILE_TEXT in str(request.body()) for request in self.player.requests
        ):
            self.wrong.append("the staged file was not sent")
        for conversation, journal in journals:
            if not conversation.turns:
                continue
            try:
                saved = load(journal.path).conversation
            except StorageError as error:
                self.wrong.append(error.message)
                continue
            if not journal.unsaved and saved.path() != conversation.path():
                self.wrong.append(f"the file of {journal.id} says otherwise")
        logs = list((self.folder / "chatrepl" / "bugs").glob("*"))
        said = screen.count("A bug in chatrepl") + stderr.count("passed over")
        is_bug = self.injector.raised and issubclass(self.injector.raises, Exception)
        if (len(logs), said) != ((1, 1) if is_bug else (0, 0)):
            self.wrong.append(f"{len(logs)} logs, said {said} times")
        if any(log.stat().st_mode & 0o777 != 0o600 for log in logs):
            self.wrong.append("others may read the log")


def hold(
    site: Site | None = None,
    nth: int = 1,
    raises: type[BaseException] = InjectedError,
    script: tuple[str, ...] = SCRIPT,
) -> tuple[Injector, Run]:
    injector = Injector(site, nth, raises)
    signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(PATIENCE_S)
    with tempfile.TemporaryDirectory() as name:
        run = Run(Path(name), injector, script)
        if script is BESIDE:
            run.player.session.use(titles="model")
        run.hold()
    signal.alarm(0)
    return injector, run


def _hangs(_number: int, _frame: object) -> None:
    raise SystemExit("it hangs")


def sites(script: tuple[str, ...] = SCRIPT) -> Mapping[Site, int]:
    """Give the lines that a chat runs, and how often."""
    for _ in range(2):  # what is kept for good is made in the first
        injector, run = hold(script=script)
        assert not run.wrong, run.wrong
    return injector.runs


def run(
    runs: int,
    seed: int = 1,
    raises: type[BaseException] = InjectedError,
    script: tuple[str, ...] = SCRIPT,
) -> tuple[int, list[str]]:
    """Hold chats until so many raised; give how many did not, and what was wrong."""
    rng = random.Random(seed)
    counted = sorted(sites(script).items())
    wrong: list[str] = []
    missed = done = 0
    while done < runs:
        before = len(wrong)
        site, times = rng.choice(counted)
        nth = rng.randint(1, times)
        injector, held = hold(site, nth, raises, script)
        done += injector.raised
        missed += not injector.raised  # what timers do is never the same
        wrong += [f"{site[0]}:{site[1]} #{nth}: {what}" for what in held.wrong]
        if wrong[before:]:
            print("\n".join(wrong[before:]), flush=True)
    return missed, wrong


def main() -> int:
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    runs, seed = map(int, [*words, *("200", "1")[len(words) :]])
    raises = KeyboardInterrupt if "--stop" in sys.argv else InjectedError
    is_beside = "--beside" in sys.argv
    with mock.patch(f"{__name__}.ROOMS", ROOMS_BESIDE if is_beside else ROOMS):
        missed, wrong = run(runs, seed, raises, BESIDE if is_beside else SCRIPT)
    bad = {line.partition(": ")[0] for line in wrong}
    print(f"{runs} runs ({missed} more raised nothing), {len(bad)} of them went wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
