"""The chat: read a line, run it as a command or a turn, say what happened, and again."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import islice

from chatrepl.attachments.attach import Attachment
from chatrepl.commands.context_policy import warn_when_full, weigh_up
from chatrepl.commands.rewriting import rewrite_open
from chatrepl.commands.slash import own_named, run_line
from chatrepl.core.characters import without_hidden
from chatrepl.core.errors import UnsentError
from chatrepl.core.exchange.request import Request
from chatrepl.core.outcome import (
    Aside,
    Beside,
    Card,
    Changes,
    Choose,
    Compare,
    Confirm,
    Continue,
    Copy,
    Count,
    Draft,
    Edit,
    Exactly,
    Job,
    Notice,
    Outcome,
    Page,
    Pick,
    Quit,
    Say,
    Send,
    Several,
    Table,
)
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.talk.message import Message
from chatrepl.core.words import hidden_words
from chatrepl.session.next_on_disk import keep_unsent
from chatrepl.session.session import Session
from chatrepl.session.title import title
from chatrepl.session.whole import whole
from chatrepl.shells.consent import Consent
from chatrepl.shells.counting import exact_count
from chatrepl.shells.desk import Desk, WorkLoop
from chatrepl.shells.guard import Guard, tell_if_long
from chatrepl.shells.line_reader import LineReader
from chatrepl.shells.prompt_feeds import left_edit
from chatrepl.shells.replies import Replies
from chatrepl.shells.typed_line import BARE, is_command, is_dropped, is_to_attach
from chatrepl.terminal.prompt.values import Closed, Interrupted, PromptEntry, Submitted
from chatrepl.turn import Stream, continue_turn, run_turn

_MOST_PICTURES = 4  # that are drawn of what is attached at once


@dataclass(slots=True)
class Repl:
    """One chat on a terminal; `waiting` is entered while the prompt waits."""

    session: Session
    desk: Desk
    stream: Stream
    count: Callable[[Request], Coroutine[None, None, int]]
    runner: WorkLoop
    draft: str = ""
    waiting: Callable[[], AbstractContextManager[object]] = nullcontext
    running: bool = field(default=True)
    consent: Consent = field(init=False)
    guard: Guard = field(init=False)
    replies: Replies = field(init=False)
    lines: LineReader = field(init=False)
    _pasted: Sequence[str] = field(default=(), init=False)
    _later: str = field(default="", init=False)  # a draft that an edit stands before

    def __post_init__(self) -> None:
        self.guard = Guard(self.session, self.desk.speaker, self.desk.prompt)
        self.lines = LineReader(self.desk.prompt, self.guard, self.runner)
        self.consent = Consent(self.session, self.desk.ask, self._refused)
        self.replies = Replies(
            self.session, self.desk, self.stream, self.runner, self.guard, self.consent,
            self._put_back,
        )  # fmt: skip

    def run(self) -> None:
        """Talk until the user leaves. What goes wrong on the way is said, and the chat goes on.

        Raises what keeps the prompt from coming back at all.
        """
        with self.guard.watch(self.runner.get_loop()):
            try:
                while self.running:
                    with suppress(KeyboardInterrupt):  # pressed while something is said
                        self._step()
            finally:
                for left in (self._later, self.desk.prompt.take_ahead()):
                    if left:
                        self.desk.prompt.remember(left)

    def _step(self) -> None:
        chores: tuple[Callable[[], object], ...] = (
            *(self.replies.beside.show_next for _ in range(self.replies.beside.waiting)),
            self.guard.tell,
            self.desk.speaker.rest,
            lambda: keep_unsent(self.session),
        )
        for chore in chores:
            with self.guard.around(repeats=False):
                chore()
        waiting, runs_ahead = "", False
        with self.guard.around(repeats=False):
            if not (self.draft or self.session.next.edits):
                self.draft, self._later = self._later, ""
            if runs_ahead := self.desk.prompt.command_waits:  # it runs by itself
                waiting, self.draft = self.draft, ""
        try:
            with self.waiting():
                entry, self.draft = self.lines.read(self.draft)
            self._take(entry)
        finally:
            if runs_ahead and self.draft and self.session.next.edits:
                behind = self.desk.prompt.take_ahead()  # typed before there was anything to edit
                self._later = "\n".join(filter(None, (self._later, waiting, behind)))
            else:
                self.draft = "\n".join(filter(None, (waiting, self.draft)))

    def _take(self, entry: PromptEntry | None) -> None:
        match entry:
            case Submitted(text, pasted):
                self._marked(lambda: self.take(text, pasted))
            case Closed() | Interrupted():
                self.running = False
            case None:
                pass

    def begin(self, message: Message) -> None:
        """Send the first message, which did not come from the prompt."""
        self.desk.speaker.line(self.desk.prompt.options.mark + message.text, "")
        if not self.consent.to_send(message):
            self.draft = message.text
            return
        self.show_attached()
        self._marked(lambda: self._send(message, message.text))

    def _marked(self, work: Callable[[], object]) -> None:
        """Do something, and mark for the terminal where its output begins, ends, and how."""
        self.guard.code = 0
        with self.desk.attention.output(lambda: self.guard.code), self.guard.around():
            work()

    def take(self, text: str, pasted: Sequence[str] = ()) -> None:
        """Run a submitted text: a command, or a message; `pasted` are the pastes it may hold."""
        if not text.strip():
            if left := left_edit(self.session):
                self.desk.speaker.line(left)
            return
        if self.session.next.rewrites is not None and not text.startswith("/"):
            self._do(lambda: rewrite_open(self.session, text))
            return
        self._pasted, text = pasted, BARE.get(text.strip().lower(), text)
        self.draft = text
        if text.startswith("//"):
            self.send(text[1:], pasted)
        elif is_dropped(text) and is_to_attach(self.desk.ask):
            self._command(f"/image {text}")
        elif text.startswith("/") and is_command(
            text, self.desk.ask, lambda word: own_named(self.session, word)
        ):
            settings = self.session.settings
            self._command(text)
            if settings is not self.session.settings:
                self.desk.dress()
        else:
            self.send(text, pasted)

    def _command(self, line: str) -> None:
        """Run a command, and show the pictures that it stages."""
        self.draft = ""
        before = {id(item) for item in self.session.next.staged}
        self._do(lambda: run_line(self.session, line))
        self._draw(item for item in self.session.next.staged if id(item) not in before)

    def _draw(self, files: Iterable[Attachment]) -> None:
        for block in islice((file.block for file in files), _MOST_PICTURES):
            self.desk.picture(block)

    def _refused(self) -> None:
        self.desk.speaker.line(f"{UnsentError()}" if self.draft else "Not sent.")

    def send(self, text: str, pasted: Sequence[str] = ()) -> None:
        """Send a message with what is staged and what it mentions."""
        self.draft = text  # whatever stops us before the turn, the text is not lost
        if not self.session.settings.keep_hidden:
            text, hidden = without_hidden(text)
            if hidden:
                self.desk.speaker.line(f"{hidden_words(hidden)} left out of your message.")
                self.draft = text
        if "@" in text:
            self._send_mentioning(text, pasted)
        else:
            self.show_attached(())
            self._send_if_agreed(text)

    def _send_mentioning(self, text: str, pasted: Sequence[str]) -> None:
        from chatrepl.shells.mentioned import attach_mentions, existing, not_mentioning  # seldom

        mentioned = attach_mentions(
            self.session, text, self.desk.ask, pasted, self.desk.speaker.line
        )
        files = tuple(mentioned.values())
        self.session.stage(*files)
        self.show_attached(files)
        try:
            self._send_if_agreed(text)
        finally:
            if self.draft == text:  # nothing came; what was refused is mentioned no more
                staged = self.session.next.staged
                refused = (path for path, file in mentioned.items() if file not in staged)
                self.draft = not_mentioning(text, refused, existing(self.session))
            self.session.unstage(*files)  # where nothing came, the draft names them again

    def _send_if_agreed(self, text: str) -> None:
        message, base = self.session.compose(text), self.session.next.base
        if not self.consent.to_send(message):
            return
        self.act(weigh_up(self.session, message))
        if self.consent.to_pay():
            self.draft, before = "", self.session.context()
            self._send(message, text, base)
            self.act(warn_when_full(self.session, before.tokens if before else 0))

    def show_attached(self, new: Iterable[Attachment] | None = None) -> None:
        """Say what goes with the next message; what is `new` was not seen yet, or nothing was."""
        for item in self.session.next.staged:
            self.desk.speaker.line(item.line)
        self._draw(self.session.next.staged if new is None else new)

    def _do(self, change: Callable[[], Outcome]) -> None:
        """Let the session be changed, wholly or not at all; then do what that asks for."""
        with tell_if_long(self.desk.speaker.line), whole(self.session):
            outcome = change()
        self.act(outcome)

    def act(self, outcome: Outcome) -> None:  # noqa: C901, PLR0912 - one case an outcome
        """Do what a command asked for."""
        match outcome:
            case None:
                pass
            case Notice() | Table() | Card() | Page() | Exactly() | Changes():
                self.desk.speaker.say(outcome)
            case Several(outcomes):
                for one in outcomes:
                    self.act(one)
            case Pick():
                self._pick(outcome)
            case Confirm() | Choose():
                self._confirm(outcome)
            case Send(message, base):
                if self.consent.to_send(message) and self.consent.to_pay():
                    self._send(message, "", base)
            case Say(text, typed, meanwhile):
                try:
                    with meanwhile():
                        self.send(text, self._pasted)
                finally:
                    self.draft = self.draft and typed
            case Draft(text, _):
                self.draft = text
            case Edit(text, then_edited):
                self.draft = edited = self.desk.edit(text)  # until it is where it belongs
                with whole(self.session):
                    outcome = then_edited(edited)
                self.draft = ""
                self.act(outcome)
            case Copy(text, what):
                self.desk.speaker.line(f"Copied {what} {self.desk.copy(text)}")
            case Job(_, work):
                self._do(work)
            case Quit():
                self.running = False
            case Continue():
                if self.consent.to_send() and self.consent.to_pay():
                    self.replies.turn(lambda view: continue_turn(self.session, self.stream, view))
            case Aside(message, then):
                if self.consent.to_send(message):
                    reply = self.replies.aside(message)
                    self._do(lambda: then(reply))
            case Beside():
                self.replies.beside.ask(outcome)
            case Compare():
                self._compare(outcome)
            case Count():
                self._do(exact_count(outcome, self.count, self.runner, self.desk, self.consent))

    def _confirm(self, asked: Confirm | Choose) -> None:
        self.act(asked.preview)
        if isinstance(asked, Choose):
            self._do(asked.way(self.desk.choose(asked.question, "".join(asked.ways))))
            return
        answer = self.desk.ask(asked.question)
        if answer is None and self.draft:  # a message that was to be sent
            raise UnsentError
        if answer:
            self._do(asked.apply)
        else:
            self.desk.speaker.line(asked.refused)

    def _pick(self, asked: Pick) -> None:
        if not self.desk.prompt.draws:
            self._do(asked.otherwise)
        elif chosen := self.desk.prompt.pick(self.runner.run, asked):
            self._do(lambda: asked.choose(chosen))
        else:
            self.desk.speaker.line("Nothing was chosen.")

    def _send(self, message: Message, typed: str, base: Conversation | None = None) -> None:
        if self.session.settings.title:
            self.desk.attention.name_window(title(self.session) or message.text)
        self.replies.turn(
            lambda view: run_turn(self.session, message, self.stream, view, base), typed
        )

    def _compare(self, asked: Compare) -> None:
        from chatrepl.shells.comparison import compare  # seldom asked for

        before, show = self.session.conversation, self.replies.show
        try:
            compare(self.session, asked, self.stream, self.desk, self.consent, show)
        finally:
            if self.session.conversation is before:
                self._put_back(asked.typed)

    def _put_back(self, line: str) -> None:
        self.draft = self.draft or line
