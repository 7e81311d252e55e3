"""An exact count of tokens, as a chat asks the service for it."""

import asyncio
from collections.abc import Callable

from chatrepl.aside import Counting, count_tokens
from chatrepl.core.errors import ChatreplError
from chatrepl.core.outcome import Count, Outcome
from chatrepl.session.session import Session
from chatrepl.shells.consent import Consent
from chatrepl.shells.desk import Desk, WorkLoop


def exact_count(
    asked: Count, count: Counting, loop: WorkLoop, desk: Desk, consent: Consent
) -> Callable[[], Outcome]:
    """Have the service count; give how to go on. Raises ChatreplError where there is no way.

    What is counted is sent, so keys in it are asked about first.
    """
    if not consent.to_send(asked.message):
        return lambda: None
    try:
        total = loop.run(_counted(consent.session, asked, count, desk))
    except (ChatreplError, TimeoutError):
        if asked.otherwise is None:
            raise
        return asked.otherwise
    return lambda: asked.then(total)


async def _counted(session: Session, asked: Count, count: Counting, desk: Desk) -> int:
    async with asyncio.timeout(asked.within_s):
        return await count_tokens(session, asked, count, desk.speaker.line)
