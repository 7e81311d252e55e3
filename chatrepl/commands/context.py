"""Commands that decide what of the conversation is sent."""

from chatrepl.commands.registry import command
from chatrepl.core.conversation import Mark, TurnId
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Confirm, Notice, Outcome
from chatrepl.core.sent import is_sent
from chatrepl.session import Session


@command("truncate", group="context")
def truncate(session: Session, amount: str, *, force: bool = False) -> Outcome:
    """Send only the newest AMOUNT turns from now on. The others stay in the history.

    A preview comes first; /truncate! applies at once, and /undo takes it back.
    """
    if not amount.isdigit() or int(amount) < 1:
        raise UsageError(f"/truncate takes a number of turns, not {amount}.")
    sent = [t for t in session.conversation.path() if is_sent(t, session.conversation)]
    pinned = session.conversation.state.marks
    cut = [t for t in sent[: -int(amount)] if pinned.get(t.id) != "pinned"]
    if not cut:
        return Notice("Nothing to cut: there are no more turns than that.")
    marks: dict[TurnId, Mark | None] = {turn.id: "dropped" for turn in cut}

    def apply() -> Outcome:
        session.change(session.conversation.with_marks(marks))
        return Notice(f"{len(cut)} turns are no longer sent. /undo takes that back.")

    if force:
        return apply()
    kept = len(sent) - len(cut)
    return Confirm(Notice(f"{len(cut)} turns would be dropped, {kept} kept."), apply)
