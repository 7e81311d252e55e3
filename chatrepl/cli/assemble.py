"""A session from the settings, with the world behind it."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chatrepl.api.tokens import Counter
from chatrepl.cli.options import Options
from chatrepl.core.catalog import Catalog
from chatrepl.core.catalog import load as load_catalog
from chatrepl.core.models import resolve
from chatrepl.core.talk.conversation import Conversation, State
from chatrepl.core.value import frozen
from chatrepl.core.world import Edges, NoRecorder, Recorder
from chatrepl.session.next_message import NextMessage
from chatrepl.session.service import Service
from chatrepl.session.session import Session
from chatrepl.storage.paths import Folders, find_folders

if TYPE_CHECKING:  # a single shot's request waits for none of these
    from chatrepl.config.load import Config
    from chatrepl.core.money import Rates
    from chatrepl.core.talk.usage import Cost, Usage
    from chatrepl.core.tokens.learned import Scale

MODELS_FILE: Final = "models.json"
LEARNED_FILE: Final = "learned.json"
SCALES_FILE: Final = "scales.json"


@frozen
class Assembled:
    """A session, and what the shell still needs of the world behind it."""

    session: Session
    folders: Folders
    counter: Counter


def assemble(options: Options, loaded: "Config", *, interactive: bool) -> Assembled:
    """Make a session. Raises UsageError for a model's name that is ambiguous."""
    folders = find_folders(os.environ)
    catalog = _catalog(folders)
    counter = Counter()
    learned = folders.state / LEARNED_FILE if folders.state and loaded.settings.save else None
    scales = folders.state / SCALES_FILE if folders.state else None
    settings = replace(loaded.settings, model=resolve(loaded.settings.model, catalog))
    session = Session(
        settings,
        Edges(
            clock=time.time,
            new_id=_new_id,
            price=_price,
            rates=_rates,
            count=counter.count,
            can_count=lambda: counter.ready,
            learn=lambda model, facts: _learn(learned, model, facts),
            new_recorder=lambda: _recorder(folders.conversations, save=loaded.settings.save),
            scales=lambda: _scales(scales),
            keep_scales=lambda new: _keep_scales(scales if loaded.settings.save else None, new),
            library=folders.conversations if loaded.settings.save else None,
        ),
        Conversation(state=State(system=settings.system)),
        next=NextMessage(prefill=options.prefill or ""),
        service=Service(catalog),
        interactive=interactive,
        loaded=replace(loaded, settings=settings),
    )
    return Assembled(session, folders, counter)


def _catalog(folders: Folders) -> Catalog:
    """Put together what is known of models: table, the service's last list, what was learned."""
    catalog = Catalog()
    if folders.cache is not None:
        with suppress(OSError, ValueError):
            catalog = load_catalog((folders.cache / MODELS_FILE).read_text(encoding="utf-8"))
    if folders.state is not None and (folders.state / LEARNED_FILE).exists():
        from chatrepl.storage.small_files import read_facts

        for model, facts in read_facts(folders.state / LEARNED_FILE).items():
            if isinstance(facts, dict):
                catalog = catalog.learn(model, facts)
    return catalog


def _recorder(folder: Path | None, *, save: bool) -> Recorder:
    """Begin to keep a new conversation, where there is a place for it."""
    from chatrepl.storage.saved import begin_kept

    return begin_kept(folder) if save and folder is not None else NoRecorder()


def _new_id() -> str:
    return os.urandom(4).hex()


def _learn(path: Path | None, model: str, facts: Mapping[str, Any]) -> None:
    from datetime import UTC, datetime

    from chatrepl.storage.small_files import learn

    today = datetime.now(UTC).date().isoformat()
    learn(path, {model: {**facts, "learned": today}})


def _scales(path: Path | None) -> "Mapping[str, Scale]":
    from chatrepl.core.tokens.learned import scales_from_wire
    from chatrepl.storage.small_files import read_facts

    return scales_from_wire(read_facts(path))


def _keep_scales(path: Path | None, scales: "Mapping[str, Scale]") -> None:
    from chatrepl.core.tokens.learned import scales_to_wire
    from chatrepl.storage.small_files import learn

    learn(path, scales_to_wire(scales))


def keep_learned(session: Session) -> None:
    """Keep what this session taught about how models count; nothing where it taught nothing."""
    if session.books.meter.replies and session.edges.can_count():
        session.edges.keep_scales(session.ledger.tally.scales)


def _price(model: str, usage: "Usage", when: float) -> "Cost | None":
    from chatrepl.api.prices import price  # loads the price list

    return price(model, usage, when)


def _rates(model: str, tokens: int) -> "Rates | None":
    from chatrepl.api.prices import rates

    return rates(model, time.time(), prompt_tokens=tokens)


def new_session(options: Options, loaded: "Config", *, interactive: bool) -> Session:
    """Make a session for a shell that needs nothing else."""
    return assemble(options, loaded, interactive=interactive).session
