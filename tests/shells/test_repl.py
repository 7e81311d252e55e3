"""The chat's loop when the terminal or a command fails."""

import asyncio
import errno
import io
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, cast
from unittest.mock import Mock

import pytest

from chatrepl.core.errors import UnsentError, UsageError
from chatrepl.shells.desk import Desk
from chatrepl.shells.guard import Guard
from chatrepl.shells.repl import Repl
from chatrepl.terminal.prompt.values import Closed, Submitted
from chatrepl.terminal.say import Speaker
from tests.commands.playing import Player
from tests.terminal.views.replies import console_on
from tests.views import ShownView

_NEEDED = sum(p.default is MISSING and p.default_factory is MISSING for p in fields(Desk))
Happening: TypeAlias = BaseException | Closed | Submitted | Callable[[], object]


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATREPL_STATE_DIR", str(tmp_path))


class Script:
    """A prompt at which one thing after the other happens."""

    history: ClassVar[list[str]]
    drafts: ClassVar[list[str]]
    ahead: ClassVar[list[str]]

    def __init__(self, happens: Iterable[Happening], draft: str) -> None:
        self._happens = iter(happens)
        self.draft = draft
        Script.history, Script.drafts, Script.ahead = [], [], []

    @property
    def command_waits(self) -> bool:
        return self.ahead[:1] != [] and self.ahead[0].startswith("/")

    def take_ahead(self) -> str:
        taken = "\n".join(self.ahead)
        self.ahead.clear()
        return taken

    def read(self, _run: object, draft: str) -> Closed | Submitted:
        self.drafts.append(draft)
        if self.ahead and not draft:
            return Submitted(self.ahead.pop(0))
        match next(self._happens):
            case BaseException() as raised:
                raise raised
            case Closed() | Submitted() as heard:
                return heard
            case call:
                call()
                return Submitted("")

    def clear(self) -> None:
        pass

    def above(self, _say: Callable[[], None]) -> bool:
        return False

    def keep_draft(self) -> None:
        self.remember(self.draft)

    def remember(self, text: str) -> None:
        self.history.append(text)


def talk(
    *happens: Happening,
    draft: str = "",
    waiting: str = "",
    ahead: Iterable[str] = (),
    player: Player | None = None,
) -> str:
    """Run a chat at such a prompt; give what was said."""
    file = io.StringIO()
    prompt, none = cast("Any", Script(happens, draft)), cast("Any", None)
    Script.ahead.extend(ahead)
    speaker = Speaker(console_on(file, color=None))
    desk = Desk(prompt, speaker, *[none] * (_NEEDED - 2))
    with asyncio.Runner() as runner:
        session = (player or Player()).session
        Repl(session, desk, stream=none, count=none, runner=runner, draft=waiting).run()
    return file.getvalue()


def test_errors_and_interrupts_are_said_and_the_chat_goes_on() -> None:
    assert talk(UsageError("No.", "Try /help."), KeyboardInterrupt(), Closed()) == (
        "No.\nTry /help.\n\nStopped.\n\n"
    )


def test_a_text_that_is_taken_back_is_no_error() -> None:
    assert talk(UnsentError(), Closed()) == "Not sent; your message is in the prompt.\n\n"


@pytest.mark.parametrize("line", ["exit", " quit ", "exit\n", "Exit", ":q!", ".quit", "exit()"])
def test_what_leaves_any_shell_leaves_here(line: str) -> None:
    assert talk(Submitted(line), UsageError("Not reached.")) == ""


@pytest.mark.parametrize(("line", "shows"), [("help", "/exit"), ("?", "Ctrl-R")])
def test_help_and_a_question_mark_alone_are_the_help(line: str, shows: str) -> None:
    assert shows in talk(Submitted(line), Closed())


@pytest.mark.parametrize("number", [errno.EIO, errno.EPIPE])
def test_a_terminal_that_is_gone_ends_the_chat_as_a_hangup(number: int) -> None:
    with pytest.raises(SystemExit) as left:
        talk(OSError(number, "gone"))
    assert left.value.code == 129


@pytest.mark.parametrize(
    "fault",
    [OSError(errno.ENOSPC, "full"), OSError(errno.EIO, "lost", "/a/file"), RuntimeError(), ""],
    ids=repr,
)
def test_what_nobody_thought_of_is_said_and_the_chat_goes_on(fault: Exception) -> None:
    said = talk(fault if isinstance(fault, Exception) else asyncio.CancelledError(), Closed())

    assert said.startswith(("A bug in chatrepl stopped this; nothing is lost", "Stopped."))
    assert "Traceback" not in said


@pytest.mark.parametrize("line", ["why\u200b?", "/etc/hosts is read", "'/a b' holds what?"])
@pytest.mark.parametrize(
    "breaks", ["is_dropped", "is_command", "without_hidden", "hidden_words", "weigh_up"]
)
def test_whatever_breaks_before_a_message_is_sent_its_text_is_back_in_the_prompt(
    breaks: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bool:
        raise LookupError

    speaker, view = Speaker(console_on(io.StringIO())), cast("Any", ShownView)
    desk = Desk(*[cast("Any", None)] * _NEEDED)
    desk = replace(desk, prompt=cast("Any", Script((), "")), speaker=speaker, new_view=view)
    desk = replace(desk, ask=lambda _: True)
    none = cast("Any", None)
    repl = Repl(Player().session, desk, stream=none, count=none, runner=none)
    monkeypatch.setattr(f"chatrepl.shells.repl.{breaks}", fails)
    with suppress(LookupError, AttributeError):
        repl.take(line)
    assert repl.draft in {line, line.replace("\u200b", "")}


def test_a_prompt_that_never_comes_back_ends_the_chat_with_the_draft_in_the_history() -> None:
    with pytest.raises(LookupError):
        talk(LookupError(), LookupError(), LookupError(), draft="a thought")
    assert Script.history == ["a thought"] * 2


def test_a_chore_that_fails_each_time_is_said_once_and_keeps_nobody_from_the_prompt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(_session: object) -> None:
        raise LookupError

    monkeypatch.setattr("chatrepl.shells.repl.keep_unsent", fails)

    assert talk(UsageError("No."), UsageError("No."), Closed()).count("A bug") == 1


def test_a_bug_in_a_thread_or_a_callback_is_said_before_the_next_prompt() -> None:
    def elsewhere() -> None:
        thread = threading.Thread(target=lambda: int("x"))
        thread.start()
        thread.join()

    assert talk(elsewhere, Closed()).count("A bug in chatrepl") == 1


def test_a_bug_in_a_thread_is_said_above_the_line_that_is_being_typed() -> None:
    file = io.StringIO()
    prompt = Mock(above=lambda say: say())
    guard = Guard(Player().session, Speaker(console_on(file, color=None)), prompt)
    with asyncio.Runner() as runner, guard.watch(runner.get_loop()):
        thread = threading.Thread(target=lambda: int("x"))
        thread.start()
        thread.join()
        runner.run(asyncio.sleep(0))
        assert file.getvalue().count("A bug in chatrepl") == 1


def test_a_draft_that_never_came_into_the_line_is_not_lost_with_the_prompt() -> None:
    talk(LookupError("x"), Closed(), waiting="half a thought")
    assert Script.drafts == ["half a thought"] * 2


def test_what_breaks_while_something_is_said_is_said_plainly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_args: object) -> None:
        raise LookupError

    monkeypatch.setattr(Speaker, "line", fails)

    talk(UsageError("No."), KeyboardInterrupt(), Closed())
    assert capsys.readouterr().out.count("A bug in chatrepl") == 2


EDITS = [
    ("/edit 1 reply", "one", Submitted("three")),
    ("/edit 1 reply", "one", Submitted("")),
    ("/edit 1", "demo: say one", Submitted("")),
]


@pytest.mark.parametrize(("line", "opened", "ends"), EDITS)
@pytest.mark.parametrize("waiting", ["", "half a thought"])
@pytest.mark.parametrize("behind", [(), ("and this", "/context")])
def test_what_waits_while_something_is_edited_comes_back_after_it_and_is_no_part_of_it(
    line: str, opened: str, ends: Submitted, waiting: str, behind: tuple[str, ...]
) -> None:
    player = Player()
    player.say("demo: say one")
    talk(ends, Closed(), player=player, waiting=waiting, ahead=(line, *behind))
    later = "\n".join(filter(None, (waiting, *behind)))
    assert Script.drafts == ["", opened, later]
    assert player.text == (ends.text or "one")
    assert player.session.books.meter.replies == 1
    assert Script.history == []


def test_what_waits_behind_an_edit_is_in_the_history_where_the_chat_is_left() -> None:
    player = Player()
    player.say("demo: say one")
    ahead = ("/edit 1 reply",)
    talk(Submitted("/exit"), player=player, waiting="half a thought", ahead=ahead)
    assert Script.drafts == ["", "one"]
    assert Script.history == ["half a thought"]


def test_what_was_typed_for_later_is_in_the_history_where_the_chat_ends() -> None:
    def ends() -> None:
        Script.ahead.append("typed meanwhile")
        raise SystemExit(143)

    with pytest.raises(SystemExit):
        talk(ends)
    assert Script.history == ["typed meanwhile"]


def test_a_command_that_edits_nothing_leaves_the_draft_where_it_is() -> None:
    talk(Closed(), waiting="half a thought", ahead=("/help",))
    assert Script.drafts == ["", "half a thought"]
