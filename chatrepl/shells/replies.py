"""What stands under a reply: notes, hints, and a reply in a form made short."""

from collections.abc import Callable, Iterator
from typing import Final

from chatrepl.commands.forms import bare_choice, complaint
from chatrepl.commands.workshop import made_lines
from chatrepl.core.errors import AGAIN, CHANGE, ChatreplError
from chatrepl.core.exchange.form import Form
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.words import meta_line, next_step
from chatrepl.session.foreword import foreword
from chatrepl.session.session import Session
from chatrepl.terminal.say import Speaker

# What a failure says to do, once the message is back in the prompt.
_BACK: Final = {
    AGAIN: "Nothing is lost; Enter sends it again.",
    CHANGE: "Your message is back in the prompt.",
}


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
    if receipt.stop_reason is not None and not turn.text.strip():
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
