"""An exact count of tokens, as a chat asks the service for it."""

from collections.abc import Callable

from chatrepl.core.errors import ChatreplError
from chatrepl.core.outcome import Count, Outcome
from chatrepl.shells.consent import Consent
from chatrepl.shells.desk import Desk, WorkLoop
from chatrepl.turn import Counting, count_tokens


def exact_count(
    asked: Count, count: Counting, loop: WorkLoop, desk: Desk, consent: Consent
) -> Callable[[], Outcome]:
    """Have the service count; give how to go on. Raises ChatreplError where there is no way.

    What is counted is sent, so keys in it are asked about first.
    """
    if not consent.to_send(asked.message):
        return lambda: None
    try:
        total = loop.run(count_tokens(consent.session, asked.message, count, desk.speaker.line))
    except ChatreplError:
        if asked.otherwise is None:
            raise
        return asked.otherwise
    return lambda: asked.then(total)
