"""`--models`: what there is to talk to, from the service's own list where one is at hand."""

import os
import time
from collections.abc import Mapping, Sequence
from shutil import get_terminal_size
from typing import Any, TextIO

from chatrepl.cli.assemble import MODELS_FILE, new_session
from chatrepl.cli.connection import Connection, has_credentials, new_runner, open_connection
from chatrepl.cli.options import Options
from chatrepl.config.load import Config
from chatrepl.core.catalog import Catalog
from chatrepl.core.errors import ApiError
from chatrepl.core.models import Model
from chatrepl.core.words import compact
from chatrepl.shells.oneshot import mutter
from chatrepl.storage.files import replace_file
from chatrepl.storage.paths import find_folders, make_folder
from chatrepl.terminal.columns import columns, lay_out
from chatrepl.terminal.sanitize.text import one_line
from chatrepl.terminal.views.json_lines import write_json

_HEADINGS = ("", "model", "window", "output", "$/M in/out", "prefill", "until", "thinking")


def show_models(options: Options, loaded: Config, out: TextIO, err: TextIO | None) -> int:
    """Print the models; `*` marks the one in use."""
    session = new_session(options, loaded, interactive=False)
    catalog = _refreshed(session.service.models, options, loaded, err)
    models = [catalog[id_] for id_ in catalog]
    if options.manner != "text":
        write_json(out, {"models": [_facts(model) for model in models]})
        return 0
    rows = [_row(model, current=model.id == session.settings.model) for model in models]
    out.write(_table(rows, get_terminal_size().columns if out.isatty() else 0))
    return 0


def _table(rows: Sequence[Sequence[str]], width: int) -> str:
    """Write the rows; a pipe (no `width`) gets all of each, a terminal what fits."""
    right = frozenset({2, 3, 4})
    if not width:
        return columns(_HEADINGS, rows, right=right)
    cells = [[one_line(cell) for cell in row] for row in (_HEADINGS, *rows)]
    return "\n".join([*lay_out(cells, width, right=right), ""])


def _refreshed(catalog: Catalog, options: Options, loaded: Config, err: TextIO | None) -> Catalog:
    """Ask the service, unless it was asked within the day or there is no way to."""
    if not options.demo and not has_credentials(loaded.settings):
        return catalog
    try:
        connection = open_connection(loaded.settings, demo=options.demo, single=False)
        if catalog.is_fresh(time.time(), connection.route.url):
            return catalog
        with new_runner() as runner:
            infos = runner.run(_fetch(connection))
    except ApiError as error:
        mutter(err, f"chatrepl: {error.message} This is the built-in list.")
        return catalog
    merged = catalog.merge(infos, origin=connection.route.url, now=time.time())
    folder = find_folders(os.environ).cache
    if folder is not None and loaded.settings.save and not options.demo:
        try:
            make_folder(folder)
            replace_file(folder / MODELS_FILE, merged.dump().encode())
        except OSError:
            pass  # it is asked for again next time
    return merged


async def _fetch(connection: Connection) -> tuple[Mapping[str, Any], ...]:
    async with connection.http:
        return await connection.client.result().list_models()


def _rates(model: Model) -> tuple[float, float] | None:
    from chatrepl.api.prices import rates

    found = rates(model.id, time.time())
    return None if found is None else (found.input, found.output)


def _row(model: Model, *, current: bool) -> tuple[str, ...]:
    priced = _rates(model)
    prefill = {True: "native", False: "emulated", None: "?"}[model.prefill]
    return (
        "*" if current else "",
        model.id,
        compact(model.context_window) if model.context_window else "?",
        compact(model.max_output) if model.max_output else "?",
        "/".join(f"{rate:g}" for rate in priced) if priced else "?",
        prefill,
        model.lasts or "?",
        " ".join(sorted(model.thinking)) or "-",
    )


def _facts(model: Model) -> dict[str, Any]:
    priced = _rates(model)
    return {
        "id": model.id,
        "name": model.name,
        "context_window": model.context_window,
        "max_output": model.max_output,
        "prefill": model.prefill,
        "thinking": sorted(model.thinking),
        "efforts": list(model.efforts),
        "images": model.images,
        "structured": model.structured,
        "lifecycle": model.lifecycle or None,
        "retires_at": model.retires_at or None,
        "usd_per_million": {"input": priced[0], "output": priced[1]} if priced else None,
    }
