"""What the service says of its models: asked once a day, for a list or while the user types."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from chatrepl.api.route import Route
from chatrepl.cli.connection import new_runner
from chatrepl.cli.learned import LearnedFiles
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
    """Bring the list of models up to date once the SDK is loaded. A failure is not told.

    The table is good enough, and a turn will say what is wrong.
    """

    def new_client() -> "Client":
        from chatrepl.api.client import connect  # the SDK

        client.result()  # the SDK is loaded by then
        return connect(route)

    def work() -> None:
        with suppress(ChatreplError):
            refresh(session, new_client, route, learned)

    threading.Thread(target=work, name="models", daemon=True).start()


def refresh(
    session: Session, new_client: "Callable[[], Client]", route: Route, learned: LearnedFiles
) -> None:
    """Bring the list of models up to date, unless that was done within the day.

    What is new is kept. Raises ChatreplError.
    """
    if session.service.models.is_fresh(session.edges.clock()):
        return
    with new_runner() as runner:
        infos = runner.run(_fetch(new_client, route, learned))
    session.update_models(infos)
    learned.keep_list(session.service.models)


async def _fetch(
    new_client: "Callable[[], Client]", route: Route, learned: LearnedFiles
) -> tuple[Wire, ...]:
    """Ask for the list; once more with the key in the other header where it was not seen."""
    try:
        return await _list(new_client())
    except ApiError as error:
        other = route.not_seen(error)
        if other is None:
            raise
    from chatrepl.api.client import connect

    infos = await _list(connect(other))
    learned.learn(ALL_MODELS, {"key_header": other.key_header})
    return infos


async def _list(client: "Client") -> tuple[Wire, ...]:
    try:
        return await client.list_models()
    finally:
        await client.aclose()
