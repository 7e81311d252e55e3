"""What the service says of its models, fetched once a day while the user types."""

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from chatrepl.api.catalog import Catalog
from chatrepl.api.route import Route
from chatrepl.core.errors import ChatreplError
from chatrepl.core.models import Model
from chatrepl.core.wire import Wire
from chatrepl.session.session import Session
from chatrepl.storage.files import replace_file
from chatrepl.storage.paths import make_folder

if TYPE_CHECKING:
    from chatrepl.api.client import Client
    from chatrepl.startup.lazy import Lazy


def refresh_models(
    session: Session, client: "Lazy[Client]", route: Route, file: Path | None
) -> None:
    """Bring the list of models up to date in the background, once the SDK is loaded."""
    catalog = session.models
    if isinstance(catalog, Catalog) and not catalog.is_fresh(session.edges.clock(), route.url):
        work = (session, catalog, client, route, file)
        threading.Thread(target=_refresh, args=work, name="models", daemon=True).start()


def _refresh(
    session: Session, catalog: Catalog, client: "Lazy[Client]", route: Route, file: Path | None
) -> None:
    try:
        client.result()  # the SDK is loaded by then
        infos = asyncio.run(_fetch(route))
    except ChatreplError:
        return  # the table is good enough, and a turn will say what is wrong
    now = session.models  # something may have been learned since
    base = now if isinstance(now, Catalog) else catalog
    merged = base.merge(infos, origin=route.url, now=session.edges.clock())
    session.models = merged if base is now else {**merged, **_learned(now, catalog)}
    if file is not None:
        _write(file, merged)


def _learned(now: Mapping[str, Model], before: Mapping[str, Model]) -> dict[str, Model]:
    """Give the models that changed since."""
    return {id_: model for id_, model in now.items() if before.get(id_) != model}


async def _fetch(route: Route) -> tuple[Wire, ...]:
    from chatrepl.api.client import connect  # the SDK

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
