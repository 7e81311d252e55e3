"""The composition root: from the command line to the objects, to one of the shells.

What is printed instead of an answer (`--models`, `--sessions`, `--doctor`) leaves from here too.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from chatrepl import __version__
from chatrepl.cli import stdin
from chatrepl.cli.options import Options, asked_manner, read
from chatrepl.config.load import Config, load
from chatrepl.core.errors import ApiError, ChatreplError
from chatrepl.storage.paths import config_file

if TYPE_CHECKING:
    from chatrepl.core.outcome import Table
    from chatrepl.core.wire import Wire
    from chatrepl.session.session import Session
    from chatrepl.startup.early_prompt import EarlyPrompt


def run(argv: Sequence[str], early: "EarlyPrompt | None" = None) -> int:
    """Do what the command line asks for and give the exit code. Raises ChatreplError.

    `early` is the prompt's mark, where it is on the screen already.
    """
    out = _out()
    try:
        options = _options(argv)
    except ChatreplError as error:
        _tell(out, asked_manner(argv), error)
        raise
    if page := _page(options):
        out.write(page)
        return 0
    try:
        options.check()
        return _run(options, out, early)
    except ChatreplError as error:
        _tell(out, options.manner, error, options.model or "")
        raise


def _options(argv: Sequence[str]) -> Options:
    options = None if "_CHATREPL_COMPLETE" in os.environ else read(argv)
    if options is not None:
        return options
    from chatrepl.cli.app import parse

    return parse(argv)


def _page(options: Options) -> str:
    """Give what is printed whatever else was said. Raises ChatreplError."""
    if options.help_:
        from chatrepl.cli.help import help_page

        return help_page(shutil.get_terminal_size().columns)
    if options.version:
        return f"chatrepl {__version__}\n"
    if options.show_completion:
        from chatrepl.cli.app import completion_script

        return completion_script(" ".join(options.prompt))
    if options.install_completion:
        from chatrepl.cli.app import install_completion

        return install_completion(" ".join(options.prompt))
    return ""


def _run(options: Options, out: TextIO, early: "EarlyPrompt | None") -> int:
    loaded = load(
        environ=os.environ,
        path=Path(options.config) if options.config is not None else None,
        usual=config_file(),
        profile=options.profile,
        sets=options.set_,
        options=_settings(options),
    )
    if not options.quiet and sys.stderr is not None:
        for note in loaded.notes:
            sys.stderr.write(f"chatrepl: {note}\n")
    if options.models or options.sessions or options.doctor:
        return show_page(options, loaded, out)
    if _is_chat(options):
        from chatrepl.cli.chat import chat

        piped = None if stdin.is_keyboard() else stdin.read()
        if piped is not None:
            stdin.use_keyboard()
        return chat(options, loaded, piped, early)
    from chatrepl.cli.shot import shoot

    return shoot(options, loaded, out)


def _is_chat(options: Options) -> bool:
    if options.dry_run:
        return False
    at_keyboard = stdin.is_keyboard() and not options.prompt and "-" not in options.attach
    return options.interactive or at_keyboard


def _settings(options: Options) -> dict[str, Any]:
    return {
        "model": options.model,
        "system": options.system,
        "max_tokens": options.max_tokens,
        "base_url": options.base_url,
        "save": False if options.no_save else None,
        "render": "raw" if options.raw else None,
    }


def _tell(out: TextIO, manner: str, error: ChatreplError, model: str = "") -> None:
    from chatrepl.cli.exits import write_failure

    write_failure(out, manner, error, model)


def _out() -> TextIO:
    if sys.stdout is None:
        raise ChatreplError("Standard output is closed.", "Nothing was sent.")
    return sys.stdout


def show_page(options: Options, loaded: Config, out: TextIO) -> int:
    """Print the page that was asked for and give the exit code. Raises ChatreplError."""
    if options.models:
        return _show_models(options, loaded, out)
    if options.sessions:
        return _show_saved(options, out)
    from chatrepl.cli.doctor import show_doctor

    return show_doctor(options, loaded, out)


def _show_models(options: Options, loaded: Config, out: TextIO) -> int:
    from chatrepl.cli.assemble import new_session
    from chatrepl.cli.connection import has_credentials
    from chatrepl.pages.model_list import listed, model_facts, model_list

    session = new_session(options, loaded, interactive=False)
    if options.demo or has_credentials(session.settings):
        _refresh_models(session, demo=options.demo)
    models, rates = listed(session.service.models.values(), session.model), session.edges.rates
    if options.manner != "text":
        _write_facts(out, "models", (model_facts(model, rates) for model in models))
    else:
        _write_table(out, model_list(models, session.model, rates))
    return 0


def _refresh_models(session: "Session", *, demo: bool) -> None:
    from chatrepl.cli.connection import open_connection
    from chatrepl.cli.refresh import models_file, refresh
    from chatrepl.shells.oneshot import mutter

    try:
        connection = open_connection(session.settings, demo=demo, single=False)
        file = None if demo else models_file(session.settings)
        refresh(session, connection.client.result, connection.route, file)
    except ApiError as error:
        mutter(sys.stderr, f"chatrepl: {error.message} This is the built-in list.")


def _show_saved(options: Options, out: TextIO) -> int:
    from chatrepl.pages.saved_list import none_saved, saved_facts, saved_list
    from chatrepl.shells.oneshot import mutter
    from chatrepl.storage.library import look_up
    from chatrepl.storage.paths import find_folders

    query = " ".join(options.prompt).strip()
    entries = look_up(find_folders().conversations, query)
    if options.manner != "text":
        _write_facts(out, "sessions", map(saved_facts, entries))
        return 0
    if not entries:
        mutter(sys.stderr, f"chatrepl: {none_saved(query)}")
    _write_table(out, saved_list(entries))
    return 0


def _write_facts(out: TextIO, name: str, facts: "Iterable[Wire]") -> None:
    from chatrepl.terminal.views.json_lines import write_json

    write_json(out, {name: list(facts)})


def _write_table(out: TextIO, table: "Table") -> None:
    """Write a table; a pipe gets all of each row, a terminal what fits."""
    from shutil import get_terminal_size

    from chatrepl.terminal.columns import table_text

    out.write(table_text(table, get_terminal_size().columns if out.isatty() else None))
