"""The chat's loop when the terminal or a command fails."""

import asyncio
import errno
import io
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, cast

import pytest

from chatrepl.core.errors import UsageError
from chatrepl.shells.repl import Desk, Repl
from chatrepl.terminal.prompt.values import Closed, Submitted
from chatrepl.terminal.say import Speaker
from tests.commands.playing import Player
from tests.terminal.views.replies import console_on


class Script:
    """A prompt at which one thing after the other happens."""

    def __init__(self, *happens: BaseException | Closed | Submitted) -> None:
        self._happens: Iterator[BaseException | Closed | Submitted] = iter(happens)

    def read(self, _run: object, _draft: str) -> Closed | Submitted:
        one = next(self._happens)
        if isinstance(one, BaseException):
            raise one
        return one


def talk(*happens: BaseException | Closed | Submitted) -> str:
    """Run a chat at such a prompt; give what was said."""
    file = io.StringIO()
    prompt, none = cast("Any", Script(*happens)), cast("Any", None)
    speaker = Speaker(console_on(file, color=None))
    desk = Desk(prompt, speaker, *[none] * (len(fields(Desk)) - 2))
    with asyncio.Runner() as runner:
        Repl(Player().session, desk, stream=none, count=none, runner=runner).run()
    return file.getvalue()


def test_errors_and_interrupts_are_said_and_the_chat_goes_on() -> None:
    assert talk(UsageError("No.", "Try /help."), KeyboardInterrupt(), Closed()) == (
        "No.\nTry /help.\n\nStopped.\n\n"
    )


@pytest.mark.parametrize("line", ["exit", " quit ", "exit\n"])
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


def test_other_faults_of_the_system_are_no_hangup() -> None:
    with pytest.raises(OSError, match="full"):
        talk(OSError(errno.ENOSPC, "full"))
    with pytest.raises(OSError, match="lost"):
        talk(OSError(errno.EIO, "lost", "/a/file"))
