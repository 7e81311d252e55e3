"""What is known of the server that is asked, on disk from one start to the next.

Each file holds all servers, by their origin: the lists of models in the cache, what was learned of
refusals and of counts in the state. Only the entry of the one that is asked is ever read.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from chatrepl.api.address import CHILD_PATH, service_url
from chatrepl.api.route import DEMO_URL
from chatrepl.config.file import read_bytes
from chatrepl.core.catalog import ALL_MODELS, OFFICIAL, Catalog, of_origin, of_server, origin_of
from chatrepl.core.errors import ConfigError
from chatrepl.core.foreign_json import decode
from chatrepl.core.settings import Settings
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire
from chatrepl.storage.paths import find_folders

_MODELS: Final = "models.json"
_LEARNED: Final = "learned.json"
_SCALES: Final = "scales.json"
_MOST_BYTES: Final = 4 << 20


@frozen
class LearnedFiles:
    """The files, and the server they are read for; where there are none, nothing is known or kept.

    Nothing is written unless it `keeps`.
    """

    origin: str
    cache: Path | None
    state: Path | None
    keeps: bool

    def catalog(self) -> Catalog:
        """Put together what is known of models: table, the server's last list, what was learned."""
        learned = of_origin(self.origin, _read(self.state, _LEARNED))
        return of_server(self.origin, _read(self.cache, _MODELS), learned)

    def keep_list(self, catalog: Catalog) -> None:
        """Keep the server's list; where that fails, it is asked for again tomorrow."""
        self._keep(self.cache, _MODELS, catalog.to_wire())

    def learn(self, id_: str, facts: Wire) -> None:
        """Keep what was learned of a model, or of `ALL_MODELS`."""
        today = time.strftime("%Y-%m-%d", time.gmtime())
        self._keep(self.state, _LEARNED, {self.origin: {id_: {**facts, "learned": today}}})

    @property
    def key_header(self) -> str:
        """The header that the server took the key in, where it did not take it in the usual one."""
        return self._fact("key_header")

    @property
    def api_version(self) -> str:
        """The version of the API that the server knows, where it did not know ours."""
        return self._fact("api_version")

    def _fact(self, name: str) -> str:
        if self.origin == OFFICIAL:
            return ""
        match of_origin(self.origin, _read(self.state, _LEARNED)).get(ALL_MODELS):
            case {**facts} if isinstance(value := facts.get(name), str):
                return value
        return ""

    def scales(self) -> Wire:
        """Give what was learned of how the server's models count."""
        return of_origin(self.origin, _read(self.state, _SCALES))

    def keep_scales(self, scales: Wire) -> None:
        """Keep what was learned of how the server's models count."""
        self._keep(self.state, _SCALES, {self.origin: scales})

    def _keep(self, folder: Path | None, name: str, changes: Wire) -> None:
        if folder is None or not self.keeps:
            return
        from chatrepl.storage.small_files import learn

        learn(folder / name, changes)


def learned_files(settings: Settings, *, demo: bool = False) -> LearnedFiles:
    """Say where is kept what is known of the server that these settings name.

    Of the embedded engine nothing is kept: it is as this version has it. Nor of a child of ours,
    which has another address the next time.
    """
    folders = find_folders(os.environ)
    keeps = settings.save and not demo and not settings.base_url.endswith(CHILD_PATH)
    origin = origin_of(DEMO_URL if demo else service_url(settings, os.environ))
    return LearnedFiles(origin, folders.cache, folders.state, keeps)


def _read(folder: Path | None, name: str) -> Wire:
    """Read a file; one that is missing, damaged, huge or no file is as good as an empty one."""
    with suppress(OSError, ValueError, ConfigError):
        if folder is not None:
            value = decode(read_bytes(folder / name, _MOST_BYTES)[0]).value
            return value if isinstance(value, dict) else {}
    return {}
