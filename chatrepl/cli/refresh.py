"""What the service says of its models, fetched once a day while the user types."""

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from chatrepl.api.connect import Route, connect
from chatrepl.core.catalog import Catalog
from chatrepl.core.errors import ChatreplError
from chatrepl.core.wire import Wire
from chatrepl.session.session import Session
from chatrepl.storage.files import replace_file
from chatrepl.storage.paths import make_folder

if TYPE_CHECKING:
    from chatrepl.api.client import Client
    from chatrepl.startup.lazy import Warmup


def refresh_models(
    session: Session, client: "Warmup[Client]", route: Route, file: Path | None
) -> None:
    """Bring the list of models up to date in the background, once the SDK is loaded."""
    if not session.service.models.is_fresh(session.edges.clock(), route.url):
        work = (session, client, route, file)
        threading.Thread(target=_refresh, args=work, name="models", daemon=True).start()


def _refresh(session: Session, client: "Warmup[Client]", route: Route, file: Path | None) -> None:
    try:
        client.result()  # the SDK is loaded by then
        infos = asyncio.run(_fetch(route))
    except ChatreplError:
        return  # the table is good enough, and a turn will say what is wrong
    session.update_models(infos, route.url)
    if file is not None:
        _write(file, session.service.models)


async def _fetch(route: Route) -> tuple[Wire, ...]:
    client = connect(route)
    try:
        return await client.list_models()
    finally:
        await client.aclose()


def _write(file: Path, catalog: Catalog) -> None:
    try:
        make_folder(file.parent)
        replace_file(file, catalog.dump().encode())
    except OSError:
        return  # it is asked for again tomorrow
