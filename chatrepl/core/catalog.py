"""The models of one server: the built-in table, over it what its Models API said, over that what we
learned from its refusals. What one server said is never believed of another.

Fetching and files are the caller's: `merge` takes the API's own objects, `to_wire` and `of_server`
are what the cache file holds.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from chatrepl.core.models import TABLE, Model, find, from_api
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

FRESH_SECONDS: Final = 24 * 3600
OFFICIAL: Final = "https://api.anthropic.com"
ALL_MODELS: Final = ""  # what holds for the server itself is learned under this id
USUAL_PORTS: Final = {"http": 80, "https": 443}
_MOST_MODELS: Final = 2000
_LONGEST_ID: Final = 200
_DATE: Final = re.compile(r"-\d{8}$")


@frozen
class Catalog(Mapping[str, Model]):
    """Models by id, those of the API in its order, then those only the table knows.

    `origin` is the server, `infos` its own list, `fetched` when that came, in seconds since the
    epoch; `learned` holds facts by model id, such as `{"prefill": False}`, and under `ALL_MODELS`
    those that hold whichever model answers. A list of another server than the official one is
    whole: what the table knows beside it is not to be had there.
    """

    infos: tuple[Wire, ...] = ()
    learned: Mapping[str, Wire] = field(default_factory=dict)
    origin: str = OFFICIAL
    fetched: float = 0.0
    models: Mapping[str, Model] = field(default_factory=lambda: TABLE)

    def __getitem__(self, id_: str) -> Model:
        return self.models[id_]

    def __iter__(self) -> Iterator[str]:
        return iter(self.models)

    def __len__(self) -> int:
        return len(self.models)

    def is_fresh(self, now: float) -> bool:
        """Tell whether the API need not be asked again."""
        return 0 <= now - self.fetched < FRESH_SECONDS

    def describe(self, id_: str) -> Model:
        """Describe a model of this server, also one that nobody lists."""
        return _taught(find(id_, self), self.learned)

    def merge(self, infos: Iterable[Wire], *, now: float) -> "Catalog":
        """Take over the Models API's list."""
        return _catalog(replace(self, infos=_named(infos), fetched=now))

    def learn(self, id_: str, facts: Wire) -> "Catalog":
        """Remember what an answer taught of the model `id_`, or of `ALL_MODELS`."""
        merged = {**self.learned, id_: {**self.learned.get(id_, {}), **facts}}
        return _catalog(replace(self, learned=merged))

    def to_wire(self) -> Wire:
        """Write what the cache file holds of this server."""
        return {self.origin: {"fetched": self.fetched, "models": list(self.infos)}}


def of_server(origin: str, lists: Wire, learned: Wire) -> Catalog:
    """Give the catalog of one server from what the files hold of all of them.

    A list of the time when there was only one belongs to the server that it names. What cannot be
    understood is as good as nothing.
    """
    entry = lists.get(origin)
    if not isinstance(entry, Mapping):
        entry = lists if lists.get("format") == 1 and _origin_of_old(lists) == origin else {}
    fetched = entry.get("fetched")
    catalog = Catalog(
        infos=_named(entry.get("models")),
        learned={id_: facts for id_, facts in learned.items() if isinstance(facts, Mapping)},
        origin=origin,
        fetched=float(fetched) if isinstance(fetched, int | float) else 0.0,
    )
    return _catalog(catalog)


def of_origin(origin: str, facts: Wire) -> Wire:
    """Give what a file of learned facts holds of one server.

    What stands beside the servers there is from the time when there was only one: the official.
    """
    entry = facts.get(origin)
    mine = entry if isinstance(entry, Mapping) else {}
    if origin != OFFICIAL:
        return mine
    merged = {key: fact for key, fact in facts.items() if "://" not in key}
    for key, fact in mine.items():
        older = merged.get(key)
        nested = isinstance(older, Mapping) and isinstance(fact, Mapping)
        merged[key] = {**dict(older or {}), **fact} if nested else fact
    return merged


def origin_of(url: str) -> str:
    """Name the server at an address: scheme, host, port and path, and nothing secret."""
    try:
        parts = urlsplit(url.strip())
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return OFFICIAL
    if not host:
        return OFFICIAL
    name = f"[{host}]" if ":" in host else host
    usual = port in {None, USUAL_PORTS.get(scheme)}
    return f"{scheme}://{name}{'' if usual else f':{port}'}{parts.path.rstrip('/')}"


def _origin_of_old(lists: Wire) -> str:
    return origin_of(str(lists.get("origin") or OFFICIAL))


def _named(infos: Any) -> tuple[Wire, ...]:
    """Give those of a list that are models with an id, as many as anybody would look through."""
    items = infos if isinstance(infos, list | tuple) else ()
    models = (item for item in items if isinstance(item, Mapping) and _is_id(item.get("id")))
    return tuple(islice(models, _MOST_MODELS))


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and value.isprintable()


def _catalog(catalog: Catalog) -> Catalog:
    """Work the models out again."""
    models = {str(info["id"]): from_api(info, find(str(info["id"]))) for info in catalog.infos}
    undated = {_DATE.sub("", id_): model for id_, model in models.items()}
    if catalog.origin == OFFICIAL or not models:
        for id_, row in TABLE.items():
            models.setdefault(id_, replace(undated.get(id_, row), id=id_))
    for id_ in catalog.learned:
        if id_ != ALL_MODELS:
            models.setdefault(id_, find(id_))
    taught = {id_: _taught(model, catalog.learned) for id_, model in models.items()}
    return replace(catalog, models=taught)


def _taught(model: Model, learned: Mapping[str, Wire]) -> Model:
    for facts in (learned.get(ALL_MODELS), learned.get(model.id)):
        model = model.learned(facts) if facts else model
    return model
