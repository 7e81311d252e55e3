"""What the row below a reply says while there is nothing to read: seconds, tokens, a retry."""

from collections.abc import Callable

from rich.text import Text

from chatrepl.core.exchange.reply import (
    CallAnswered,
    InputDelta,
    MessageDelta,
    MessageStart,
    Reply,
    RetryWait,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.talk.blocks import ToolResultBlock
from chatrepl.core.words import compact
from chatrepl.terminal.sanitize.text import one_line

TURN_S = 0.12
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_DASHES = "|/-\\"
_STALLED_S = 2.0  # a text that does not go on for so long is waited for
_LONG_S = 5.0
_CHARS_A_TOKEN = 4
_LONGEST_NAME = 24
_CAUSE_COLUMNS = 42  # of a retry: what follows it stands within 80


class Progress:
    """Follows the events of one reply; `words` is the row as it is now."""

    def __init__(self, clock: Callable[[], float], *, utf8: bool) -> None:
        self._clock = clock
        self._utf8 = utf8
        self._begun_at = self._read_at = clock()
        self._thinking_since: float | None = None
        self._wait: RetryWait | None = None
        self._reading = False
        self._chars = 0
        self._counted = 0
        self._running = ""  # the tools that are called
        self._running_since = 0.0
        self.waiting = 0  # messages that were typed meanwhile
        self.beside = 0  # questions that were asked meanwhile

    def begin(self) -> None:
        """Count the seconds from now."""
        self._begun_at = self._read_at = self._clock()

    def go_on(self) -> None:
        """What took the terminal for a while is over: a tool runs from now on."""
        self._running_since = self._clock()

    @property
    def waits(self) -> bool:
        """Whether nothing of the reply has come yet."""
        return not self._reading and self._thinking_since is None

    def note(self, event: StreamEvent, reply: Reply) -> None:
        """Take an event."""
        self._wait = event if isinstance(event, RetryWait) else None
        match event:
            case TextDelta(text):
                self._chars += len(text)
                self._thinking_since = None
                self._reading = True
                self._read_at = self._clock()
            case ThinkingDelta(text):
                self._chars += len(text)
                self.think()
            case InputDelta(text):
                self._chars += len(text)
            case CallAnswered():
                self._running = _unanswered(reply)
            case MessageDelta() if reply.calls:
                self._thinking_since = None
                self._running, self._running_since = _unanswered(reply), self._clock()
            case MessageStart():
                self._running = ""
            case _:
                self._counted = max(self._counted, reply.total_usage.output_tokens)

    def think(self) -> None:
        """Thinking begins, or goes on."""
        if self._thinking_since is None:
            self._thinking_since = self._clock()

    def words(self) -> Text | None:
        """The row; nothing while there is something to read."""
        now = self._clock()
        if self._wait is not None:
            return Text(retry_words(self._wait, utf8=self._utf8), style="warning", end="")
        if self._running:
            clock = f"{self._running}, {now - self._running_since:.0f} s"
        elif self._thinking_since is not None:
            clock = f"thinking {now - self._thinking_since:.0f} s"
        elif not self._reading or now - self._read_at > _STALLED_S:
            clock = f"{now - self._begun_at:.0f} s"
        else:
            words = ", ".join(filter(None, (self._waiting(), self._asked())))
            return Text(words, style="meta", end="") if words else None
        tokens = "" if self._running else self._tokens()
        parts = [clock, tokens, self._waiting(), self._asked()]
        if self._running or now - self._begun_at > _LONG_S:
            parts.append("Esc stops it" if self._running else "Esc stops")
        marks, dot = (_SPINNER, " · ") if self._utf8 else (_DASHES, ", ")
        mark = marks[int((now - self._begun_at) / TURN_S) % len(marks)]
        return Text(f"{mark} {dot.join(filter(None, parts))}", style="meta", end="")

    def _waiting(self) -> str:
        if self.waiting < 2:
            return "1 message waits" if self.waiting else ""
        return f"{self.waiting} messages wait"

    def _asked(self) -> str:
        if self.beside < 2:
            return "1 side question asked" if self.beside else ""
        return f"{self.beside} side questions asked"

    def _tokens(self) -> str:
        guess = self._chars // _CHARS_A_TOKEN
        if max(guess, self._counted) < 10:  # one is counted before any comes
            return ""
        mark = "~" if guess > self._counted else ""
        return f"{mark}{compact(max(guess, self._counted))} tokens"


def _unanswered(reply: Reply) -> str:
    """Say which tools run: those that were called last and have not answered."""
    from chatrepl.core.talk.arguments import tool_name  # most replies call nothing

    calls = reply.calls
    answers = sum(isinstance(block, ToolResultBlock) for block in reply.blocks)
    names = list(dict.fromkeys(tool_name(call.name) for call in calls[answers:]))
    if len(names) > 1:
        return f"{one_line(names[0], _LONGEST_NAME)} and {len(names) - 1} more run"
    return f"{one_line(names[0], _LONGEST_NAME)} runs" if names else ""


def retry_words(wait: RetryWait, *, utf8: bool = True) -> str:
    """Say why there is another try, and when."""
    reason = one_line(wait.reason.rstrip("."), _CAUSE_COLUMNS)
    tries = f"{wait.attempt}/{wait.attempts}"
    parts = (reason, f"again in {wait.seconds} s", tries, "Esc stops")
    return (" · " if utf8 else ", ").join(parts)
