"""What tests do not take over from whoever starts them: a user's settings, signals ignored."""

import os
import signal
from collections.abc import Iterator

import pytest

_OURS = ("ANTHROPIC_", "CHATREPL_", "XDG_", "LC_")
_OTHERS = (
    "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "COLORFGBG", "COLUMNS",
    "LINES", "EDITOR", "VISUAL", "PAGER", "TMUX", "STY", "SSH_TTY", "SSH_CONNECTION", "LANG",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
    "PYTHONUNBUFFERED", "PYTHONWARNINGS", "PYTHONUTF8", "PYTHONIOENCODING",
    "PYTHONDONTWRITEBYTECODE",  # each program that a test starts would compile all anew
)  # fmt: skip
_SIGNALS = (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP)


def hear_signals() -> None:
    """Let the programs that are run from here hear signals that we were to ignore.

    Under nohup we still outlive a hangup: to catch a signal and do nothing is nothing that a
    program inherits. Ctrl-C is what Python would have made of it, as what is tested looks for that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of a shell's background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)


def bare_environment() -> Iterator[None]:
    """Take away what a user has set, and set what every terminal has."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_OURS) or name in _OTHERS:
                patch.delenv(name)
        patch.setenv("SHELL", "/bin/sh")
        patch.setenv("TERM", "xterm-256color")
        yield
