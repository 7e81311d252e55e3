"""From the command line to a session: the configuration, and the world behind it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatrepl.api.tokens import Counter
from chatrepl.cli.learned import LearnedFiles, learned_files
from chatrepl.cli.options import Options
from chatrepl.config.load import Config, load
from chatrepl.core.errors import UsageError
from chatrepl.core.model_names import resolve, resolve_all
from chatrepl.core.talk.conversation import Conversation, State
from chatrepl.core.value import frozen
from chatrepl.core.world import Edges
from chatrepl.session.next_message import NextMessage
from chatrepl.session.service import Service, liberty
from chatrepl.session.session import Session
from chatrepl.startup.lazy import Lazy
from chatrepl.storage.paths import Folders, config_file, find_folders

if TYPE_CHECKING:  # a single shot's request waits for neither
    from chatrepl.cli.outside import Outside
    from chatrepl.core.own_command import OwnSource
    from chatrepl.core.talk.sheet import Sheet


@frozen
class Assembled:
    """A session, and what the shell still needs of the world behind it."""

    session: Session
    folders: Folders
    counter: Counter
    learned: LearnedFiles


def assemble(
    options: Options, loaded: Config, *, interactive: bool, demo: bool = False
) -> Assembled:
    """Make a session; `demo` says that the embedded engine answers, whatever the options say.

    Raises UsageError for a model's name that is none, or ambiguous.
    """
    folders = find_folders(os.environ)
    learned = learned_files(loaded.settings, demo=demo or options.demo)
    catalog = learned.catalog()
    counter = Counter()
    outside = Lazy(lambda: _outside(folders, learned, save=loaded.settings.save))
    how = liberty(loaded.settings, loaded.origins)
    with _blaming(options.model_place):
        model = resolve(loaded.settings.model, catalog, liberty=how)
    others = resolve_all(loaded.settings.fallback_models, catalog, liberty=how)
    settings = replace(loaded.settings, model=model, fallback_models=others)
    session = Session(
        settings,
        Edges(
            clock=time.time,
            new_id=lambda: os.urandom(4).hex(),
            price=lambda model, usage, when: outside.result().price(model, usage, when),
            rates=lambda model, tokens: outside.result().rates(model, tokens),
            count=counter.count,
            can_count=lambda: counter.ready,
            learn=learned.learn,
            new_recorder=lambda: outside.result().new_recorder(),
            first_today=lambda what: outside.result().first_today(what),
            scales=lambda: outside.result().scales(),
            keep_scales=lambda scales: outside.result().keep_scales(scales),
            own=Lazy(lambda: _own(save=loaded.settings.save)).result,
            page=_page,
            library=folders.conversations if loaded.settings.save else None,
            guide=_guide() if demo or options.demo else "",
        ),
        Conversation(state=State(system=settings.system)),
        next=NextMessage(prefill=options.prefill or ""),
        service=Service(catalog),
        interactive=interactive,
        loaded=replace(loaded, settings=settings),
    )
    return Assembled(session, folders, counter, learned)


@contextmanager
def _blaming(place: str) -> Iterator[None]:
    """Have a model's name that is none say where it stands, if that is in a file."""
    try:
        yield
    except UsageError as error:
        raise UsageError(
            f"{place}: {error.message}" if place else error.message, error.hint
        ) from None


def configuration(options: Options) -> Config:
    """Read the configuration, with what the command line sets. Raises ChatreplError."""
    return load(
        environ=os.environ,
        path=Path(options.config) if options.config is not None else None,
        usual=config_file(),
        profile=options.profile,
        sets=options.set_,
        options=_settings(options),
    )


def _settings(options: Options) -> dict[str, Any]:
    return {
        "model": next(iter(options.named_models), None if options.model is None else ""),
        "system": options.system,
        "max_tokens": options.max_tokens,
        "base_url": options.base_url,
        "save": False if options.no_save else None,
        "render": "raw" if options.raw else None,
    }


def _outside(folders: Folders, learned: LearnedFiles, *, save: bool) -> "Outside":
    from chatrepl.cli.outside import Outside

    return Outside(folders, learned, save)


def _own(*, save: bool) -> "OwnSource":
    from chatrepl.cli.own_places import own_folders  # when the first slash is typed

    return own_folders(save=save)


def _guide() -> str:
    from chatrepl.demo.guide import HELP  # a chat with a service does without

    return HELP


def _page(sheet: "Sheet") -> str:
    from chatrepl.terminal.page.document import to_html  # seldom asked for

    return to_html(sheet)


def keep_learned(session: Session) -> None:
    """Keep what this session taught about how models count; nothing where it taught nothing."""
    if session.books.meter.replies and session.edges.can_count():
        session.edges.keep_scales(session.ledger.tally.scales)


def new_session(options: Options, loaded: Config, *, interactive: bool) -> Session:
    """Make a session for a shell that needs nothing else."""
    return assemble(options, loaded, interactive=interactive).session
