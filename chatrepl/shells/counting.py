"""An exact count of tokens, as a chat asks the service for it."""

from collections.abc import Callable

from chatrepl.core.errors import ChatreplError
from chatrepl.core.outcome import Count, Outcome
from chatrepl.session.session import Session
from chatrepl.shells.desk import Desk, WorkLoop
from chatrepl.turn import Counting, count_tokens


def exact_count(
    session: Session, asked: Count, count: Counting, loop: WorkLoop, desk: Desk
) -> Callable[[], Outcome]:
    """Have the service count; give how to go on. Raises ChatreplError where there is no way."""
    try:
        total = loop.run(count_tokens(session, asked.message, count, desk.speaker.line))
    except ChatreplError:
        if asked.otherwise is None:
            raise
        return asked.otherwise
    return lambda: asked.then(total)
