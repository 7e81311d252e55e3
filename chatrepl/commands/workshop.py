"""Commands about code that the service runs, and the files that it makes."""

from typing import Literal

from chatrepl.commands.cost import cooled
from chatrepl.commands.registry import command
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Notice, Outcome
from chatrepl.session.session import Session

_PRICE = "Beside /web on it costs nothing more; else $0.05 an hour after 1,550 free ones a month."


@command("code", group="next reply")
def code(session: Session, how: Literal["on", "off"] | None = None) -> Outcome:
    """Let the service run code while it answers, in a container that has no network.

    The container stays with the conversation, and all branches of it share its files.
    """
    if how is None:
        return Notice(_running(session))
    if how == "on" and not session.model.code:
        raise UsageError(f"{session.model.id} runs no code.")
    lost = cooled(session, lambda: session.use(code=how == "on"))
    price = f" {_PRICE}" if how == "on" else ""
    return Notice(f"{_running(session)}{price}{lost}")


def _running(session: Session) -> str:
    return f"Running code is {'on' if session.settings.code else 'off'}."
