"""The models there are: the built-in table, over it what the Models API said, over that what we
learned from refusals.

Fetching and files are the caller's: `merge` takes the API's own objects, `dump` and `load` are the
text of the cache file.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any, Final

from chatrepl.core.models import TABLE, Model, find, from_api
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire, encode

FRESH_SECONDS: Final = 24 * 3600
_FORMAT: Final = 1
_DATE: Final = re.compile(r"-\d{8}$")


@frozen
class Catalog(Mapping[str, Model]):
    """Models by id, those of the API in its order, then those only the table knows.

    `origin` is the server that the `infos` came from, `fetched` when, in seconds since the epoch;
    `learned` holds facts by model id, such as `{"prefill": False}`.
    """

    infos: tuple[Wire, ...] = ()
    learned: Mapping[str, Wire] = field(default_factory=dict)
    origin: str = ""
    fetched: float = 0.0
    models: Mapping[str, Model] = field(default_factory=lambda: TABLE)

    def __getitem__(self, id_: str) -> Model:
        return self.models[id_]

    def __iter__(self) -> Iterator[str]:
        return iter(self.models)

    def __len__(self) -> int:
        return len(self.models)

    def is_fresh(self, now: float, origin: str) -> bool:
        """Tell whether the API need not be asked again."""
        return origin == self.origin and 0 <= now - self.fetched < FRESH_SECONDS

    def merge(self, infos: Iterable[Wire], *, origin: str, now: float) -> "Catalog":
        """Take over the Models API's list; what it leaves out stays as the table has it."""
        named = tuple(info for info in infos if isinstance(info.get("id"), str) and info["id"])
        return _catalog(replace(self, infos=named, origin=origin, fetched=now))

    def learn(self, id_: str, facts: Wire) -> "Catalog":
        """Remember what a model's answer taught."""
        merged = {**self.learned, id_: {**self.learned.get(id_, {}), **facts}}
        return _catalog(replace(self, learned=merged))

    def dump(self) -> str:
        """Write the cache file."""
        return encode(
            {
                "format": _FORMAT,
                "origin": self.origin,
                "fetched": self.fetched,
                "models": list(self.infos),
                "learned": {id_: dict(facts) for id_, facts in self.learned.items()},
            }
        )


def load(text: str) -> Catalog:
    """Read the cache file; one that is damaged or of another format is as good as none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return Catalog()
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        return Catalog()
    learned = data.get("learned")
    fetched = data.get("fetched")
    infos = data.get("models")
    return _catalog(
        Catalog(
            infos=tuple(info for info in _list(infos) if isinstance(info.get("id"), str)),
            learned={
                id_: facts
                for id_, facts in (learned.items() if isinstance(learned, dict) else ())
                if isinstance(facts, dict)
            },
            origin=str(data.get("origin") or ""),
            fetched=float(fetched) if isinstance(fetched, int | float) else 0.0,
        )
    )


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _catalog(catalog: Catalog) -> Catalog:
    """Work the models out again."""
    models = {
        str(info["id"]): _taught(from_api(info, find(str(info["id"]))), catalog.learned)
        for info in catalog.infos
    }
    undated = {_DATE.sub("", id_): model for id_, model in models.items()}
    for id_, row in TABLE.items():
        from_service = undated.get(id_)
        model = row if from_service is None else replace(from_service, id=id_)
        models.setdefault(id_, _taught(model, catalog.learned))
    for id_ in catalog.learned:
        models.setdefault(id_, _taught(find(id_), catalog.learned))
    return replace(catalog, models=models)


def _taught(model: Model, learned: Mapping[str, Wire]) -> Model:
    facts = learned.get(model.id)
    return model.learned(facts) if facts else model
