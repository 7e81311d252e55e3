"""What the service says of its models: asked once a day, for a list or while the user types."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from chatrepl.api.route import Route
from chatrepl.cli.connection import new_client
from chatrepl.cli.learned import LearnedFiles
from chatrepl.cli.loop import hear_threads, new_runner
from chatrepl.core.catalog import ALL_MODELS
from chatrepl.core.errors import ApiError, ChatreplError
from chatrepl.core.wire import Wire
from chatrepl.session.session import Session

if TYPE_CHECKING:
    from chatrepl.api.client import Client
    from chatrepl.startup.lazy import Lazy


def refresh_in_background(
    session: Session, client: "Lazy[Client]", route: Route, learned: LearnedFiles
) -> None:
    """Bring the list of models up to date. A failure is not told.

    The table is good enough, and a turn will say what is wrong.
    """

    def work() -> None:
        with suppress(ChatreplError):
            client.result()  # so that what it needs is loaded without disturbing who types
            refresh(session, lambda: new_client(route), route, learned)

    if session.service.models.is_fresh(session.edges.clock()):
        return
    hear_threads()
    threading.Thread(target=work, name="models", daemon=True).start()


def refresh(
    session: Session, make: "Callable[[], Client]", route: Route, learned: LearnedFiles
) -> None:
    """Bring the list of models up to date, unless that was done within the day.

    What is new is kept. Raises ChatreplError.
    """
    if session.service.models.is_fresh(session.edges.clock()):
        return
    with new_runner() as runner:
        infos = runner.run(_fetch(make, route, learned))
    session.update_models(infos)
    learned.keep_list(session.service.models)


async def _fetch(
    make: "Callable[[], Client]", route: Route, learned: LearnedFiles
) -> tuple[Wire, ...]:
    """Ask for the list; once more with the key in the other header where it was not seen."""
    try:
        return await _list(make())
    except ApiError as error:
        other = route.not_seen(error)
        if other is None:
            raise
    infos = await _list(new_client(other))
    learned.learn(ALL_MODELS, {"key_header": other.key_header})
    return infos


async def _list(client: "Client") -> tuple[Wire, ...]:
    try:
        return await client.list_models()
    finally:
        await client.aclose()
