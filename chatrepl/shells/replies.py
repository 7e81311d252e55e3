"""The replies of a chat: watched while they come, and what stands under them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from chatrepl.aside import ask_aside
from chatrepl.commands.forms import bare_choice, complaint
from chatrepl.commands.workshop import made_lines
from chatrepl.core.characters import is_unseen
from chatrepl.core.errors import AGAIN, CHANGE, INTERRUPTED, ChatreplError
from chatrepl.core.exchange.form import Form
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.message import Message
from chatrepl.core.words import meta_line, next_step
from chatrepl.core.world import Display
from chatrepl.session.foreword import foreword
from chatrepl.session.session import Session
from chatrepl.shells.consent import Consent
from chatrepl.shells.desk import Desk, Relay, WorkLoop
from chatrepl.shells.guard import Guard
from chatrepl.shells.side_questions import SideQuestions
from chatrepl.terminal.keyboard import Off, Reactions, watch_keyboard
from chatrepl.terminal.say import Speaker
from chatrepl.terminal.views.live import LiveView
from chatrepl.turn import Stream

if TYPE_CHECKING:  # most chats have no tools
    from chatrepl.shells.tool_consent import ToolConsent

Answered = TypeVar("Answered")
Answering: TypeAlias = Callable[[Display], Coroutine[None, None, Answered]]

# What a failure says to do, once the message is back in the prompt.
_BACK: Final = {
    AGAIN: "Nothing is lost; Enter sends it again.",
    CHANGE: "Your message is back in the prompt.",
}


@dataclass(slots=True)
class Replies:
    """The replies of one chat. `put_back` gets the line that nothing came of.

    `replied` is called after each that came whole; `tools` asks before one runs, where there are
    any.
    """

    session: Session
    desk: Desk
    stream: Stream
    runner: WorkLoop
    guard: Guard
    consent: Consent
    put_back: Callable[[str], None]
    replied: Callable[[], None] = lambda: None
    tools: "ToolConsent | None" = None
    beside: SideQuestions = field(init=False)

    def __post_init__(self) -> None:
        self.beside = SideQuestions(
            self.session, self.stream, self.desk, self.consent, self.show, self.put_back
        )

    def show(self, answer: Answering[Answered], relay: Relay | None = None) -> Answered:
        """Show an answer as it comes, and give it."""
        return self.runner.run(self._watched(answer, relay or self.desk.new_view()))

    def turn(self, reply: Answering[Turn], typed: str = "") -> None:
        """Show the reply of a turn, and what is to be said of it. Raises what broke it off."""
        before = self.session.conversation
        try:
            view = self.desk.new_view()
            view.condense = condenser(self.session.next.form)
            with self.beside.opened():
                turn = self.runner.run(self._watched(reply, view))
        except (asyncio.CancelledError, KeyboardInterrupt):
            self.guard.code = INTERRUPTED
            if before is not self.session.conversation:
                self._sum_up(self.session.conversation.path()[-1])
                return
            self.put_back(typed)
            back = " Your message is back in the prompt." if typed else ""
            self.desk.speaker.line(f"Stopped before any text came.{back}")
        except Exception as error:
            if before is not self.session.conversation:
                failure = error if isinstance(error, ChatreplError) else None
                self._sum_up(self.session.conversation.path()[-1], failure)
            elif typed:
                self.put_back(typed)
                tell_of_draft(error)
            raise
        else:
            self._sum_up(turn)

    def aside(self, message: Message) -> Reply | None:
        """Let the model write something aside; None where it failed. Raises KeyboardInterrupt."""
        reply = None
        try:
            reply = self.show(lambda view: ask_aside(self.session, message, self.stream, view))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
        except ChatreplError as error:
            self.desk.speaker.error(error)
        self.desk.speaker.gap()
        return reply

    def _sum_up(self, turn: Turn, error: ChatreplError | None = None) -> None:
        tell_of_files(self.session, turn, self.desk.speaker)
        for words, style in remarks(self.session, turn, error):
            self.desk.speaker.line(words, style)
        if self.session.settings.notify and turn.receipt:
            self.desk.attention.call(turn.receipt)

    async def _watched(self, reply: Answering[Answered], view: LiveView | Relay) -> Answered:
        """Show a reply as it comes; Esc and Ctrl-C stop it, and what is typed is kept.

        A side question that is typed is asked at once. Where tools run, Esc stops them first; what
        is asked about them has the terminal to itself.
        """
        desk, tools, task = self.desk, self.tools, asyncio.current_task()
        attention, notify = desk.attention, self.session.settings.notify

        def end() -> None:
            if task is not None:
                task.cancel()

        def takes(line: str) -> bool:
            if self.beside.take(line, view.let_ask):
                return True
            desk.prompt.line_waits(line)
            return False

        def stop() -> None:
            if tools is None or not tools.stop():
                end()

        reactions = Reactions(
            stop=stop,
            keep=desk.prompt.type_ahead,
            before_suspend=view.suspend,
            after_suspend=view.resume,
            hear=attention.hear,
            waits=view.let_wait,
            takes=takes,
            end=end,
        )
        call = attention.call_to_question if notify else int
        async with watch_keyboard(desk.tty, reactions) as off:
            with attention.watching(notify=notify), _asking(tools, view, off, call):
                answered = await reply(view)
        self.replied()
        return answered


@contextmanager
def _asking(
    tools: "ToolConsent | None", view: LiveView | Relay, off: Off, call: Callable[[], object]
) -> Iterator[None]:
    """Let questions about tools be asked while a reply is watched; each is called to."""
    if tools is None:
        yield
        return

    @contextmanager
    def apart() -> Iterator[None]:
        view.suspend()
        try:
            with off():
                call()
                yield
        finally:
            view.resume()

    with tools.asking(apart):
        yield


def tell_of_draft(error: Exception) -> None:
    """Let a failure say what can be done with the message that is back in the prompt."""
    if isinstance(error, ChatreplError):
        error.hint = _BACK.get(error.hint, error.hint)


def condenser(form: Form | None) -> Callable[[str], str] | None:
    """Give what takes a choice out of its JSON; None where none is asked for."""
    if form is None or not form.choices:
        return None
    return lambda text: bare_choice(form, text) or text


def tell_of_files(session: Session, turn: Turn, say: Speaker) -> None:
    """Name the files that a reply made. The service is asked: only where no event loop runs."""
    for line in made_lines(session, turn):
        say.line(line, "meta")


def remarks(
    session: Session, turn: Turn, error: ChatreplError | None = None
) -> Iterator[tuple[str, str]]:
    """Give the lines under a reply, each with its style.

    Where an `error` cut it, what is to be done is the error's to say, which comes next.
    """
    receipt = turn.receipt
    if receipt is None:
        return
    step = next_step(receipt, goes_on=turn.ending is not None or turn.waits)
    if error is not None and step:
        error.hint, step = step.removeprefix("The reply was cut. "), ""
    if receipt.stop_reason is not None and is_unseen(turn.text):
        if turn.assistant is None:
            yield "The reply is empty.", "warning"
        elif not step:
            yield "The reply holds no text.", "warning"
    end = "reply ends · " if session.settings.accessible else ""
    yield end + meta_line(receipt, demo=session.is_demo), "meta"
    if session.books.miss:
        yield session.books.miss, "meta"
    for words in (complaint(session.next.form, turn.text), *foreword(session), step):
        if words:
            yield words, "warning"
