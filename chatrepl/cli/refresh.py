"""What the service says of its models: asked once a day, for a list or while the user types."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from chatrepl.api.route import Route
from chatrepl.cli.assemble import MODELS_FILE
from chatrepl.cli.connection import new_client, new_runner
from chatrepl.core.catalog import Catalog
from chatrepl.core.errors import ChatreplError
from chatrepl.core.settings import Settings
from chatrepl.core.wire import Wire
from chatrepl.session.session import Session
from chatrepl.storage.files import replace_file
from chatrepl.storage.paths import find_folders, make_folder

if TYPE_CHECKING:
    from chatrepl.api.client import Client
    from chatrepl.startup.lazy import Lazy


def models_file(settings: Settings) -> Path | None:
    """Say where the service's list is kept; None where nothing is to be."""
    cache = find_folders().cache
    return cache / MODELS_FILE if cache is not None and settings.save else None


def refresh_in_background(
    session: Session, client: "Lazy[Client]", route: Route, file: Path | None
) -> None:
    """Bring the list of models up to date once the SDK is loaded. A failure is not told.

    The table is good enough, and a turn will say what is wrong.
    """

    def work() -> None:
        with suppress(ChatreplError):
            client.result()  # the SDK is loaded by then
            refresh(session, lambda: new_client(route), route, file)

    threading.Thread(target=work, name="models", daemon=True).start()


def refresh(
    session: Session, make: "Callable[[], Client]", route: Route, file: Path | None
) -> None:
    """Bring the list of models up to date, unless that was done within the day.

    What is new goes into `file`, where there is one. Raises ChatreplError.
    """
    if session.service.models.is_fresh(session.edges.clock(), route.url):
        return
    with new_runner() as runner:
        infos = runner.run(_fetch(make))
    session.update_models(infos, route.url)
    if file is not None:
        _write(file, session.service.models)


async def _fetch(make: "Callable[[], Client]") -> tuple[Wire, ...]:
    client = make()
    try:
        return await client.list_models()
    finally:
        await client.aclose()


def _write(file: Path, catalog: Catalog) -> None:
    with suppress(OSError):  # it is asked for again tomorrow
        make_folder(file.parent)
        replace_file(file, catalog.dump().encode())
