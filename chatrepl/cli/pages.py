"""What is printed instead of an answer: the models, what is saved, what was spent, the check-up.

The pages themselves are made in `chatrepl.pages`, for flags and slash commands alike.
"""

import sys
import time
from collections.abc import Iterable
from shutil import get_terminal_size
from typing import TextIO

from chatrepl.api.prices import price
from chatrepl.cli.assemble import Assembled, assemble
from chatrepl.cli.connection import has_credentials, open_connection
from chatrepl.cli.options import Options
from chatrepl.cli.refresh import refresh
from chatrepl.cli.saved import look_at
from chatrepl.config.load import Config
from chatrepl.core.errors import ApiError, UsageError
from chatrepl.core.outcome import Table
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.wire import Wire
from chatrepl.pages.found import find_all, found_facts, found_list
from chatrepl.pages.model_list import listed, model_facts, model_list
from chatrepl.pages.saved_list import none_saved, saved_facts, saved_list
from chatrepl.shells.mutter import mutter
from chatrepl.storage.paths import find_folders
from chatrepl.storage.search import look_up
from chatrepl.terminal.columns import table_text
from chatrepl.terminal.sanitize.text import one_line
from chatrepl.terminal.views.json_lines import write_json


def show_page(options: Options, loaded: Config, out: TextIO) -> int:
    """Print the page that was asked for and give the exit code. Raises ChatreplError."""
    if options.models:
        return _show_models(options, loaded, out)
    if options.search is not None:
        return _show_found(options, options.search, out)
    if options.usage:
        return _show_usage(options, out)
    if options.export is not None:
        return _show_export(options, options.export, loaded, out)
    if options.sessions:
        return _show_saved(options, out)
    from chatrepl.cli.doctor import show_doctor  # each page loads what it shows

    return show_doctor(options, loaded, out)


def _show_usage(options: Options, out: TextIO) -> int:
    from chatrepl.pages.usage_list import (
        UsageQuestion,
        none_spent,
        usage_facts,
        usage_list,
    )
    from chatrepl.pages.usage_list import look_at as look_at_usage

    words = " ".join(options.prompt).split() + ([options.by] if options.by else [])
    asked = UsageQuestion.read(words)
    spent = look_at_usage(find_folders().state, asked, price, time.time())
    if options.manner != "text":
        write_json(out, usage_facts(spent))
        return 0
    if not spent.groups:
        mutter(sys.stderr, f"chatrepl: {none_spent(asked)}")
    table = usage_list(spent)
    _write_table(out, table)
    mutter(sys.stderr, table.footer)
    return 0


def _show_models(options: Options, loaded: Config, out: TextIO) -> int:
    assembled = assemble(options, loaded, interactive=False)
    session = assembled.session
    if options.demo or has_credentials(session.settings):
        _refresh_models(assembled, demo=options.demo)
    query, rates = " ".join(options.prompt), session.edges.rates
    models = listed(session.service.models.values(), session.model, query)
    if options.manner != "text":
        _write_facts(out, "models", (model_facts(model, rates) for model in models))
        return 0
    if not models:
        mutter(sys.stderr, f"chatrepl: No model is called {one_line(query)}.")
    _write_table(out, model_list(models, session.model, rates, query))
    return 0


def _refresh_models(assembled: Assembled, *, demo: bool) -> None:
    session = assembled.session
    try:
        connection = open_connection(session.settings, demo=demo, single=False)
        refresh(session, connection.client.result, connection.route, assembled.learned)
    except ApiError as error:
        mutter(sys.stderr, f"chatrepl: {error.message.rstrip(chr(46))}. This is the built-in list.")


def _show_saved(options: Options, out: TextIO) -> int:
    query = " ".join(options.prompt).strip()
    entries = look_up(find_folders().conversations, query)
    if options.manner != "text":
        _write_facts(out, "sessions", map(saved_facts, entries))
        return 0
    if not entries:
        mutter(sys.stderr, f"chatrepl: {none_saved(query)}")
    _write_table(out, saved_list(entries))
    return 0


def _show_export(options: Options, format_: str, loaded: Config, out: TextIO) -> int:
    from chatrepl.commands.saved import exported, extent_of

    if not options.goes_on:
        raise UsageError(
            "--export writes a saved conversation.", "-c is the newest, -r NAME another one."
        )
    assembled = assemble(options, loaded, interactive=False)
    name = look_at(options, assembled.session, assembled.folders)
    out.write(exported(assembled.session, format_, name))
    if extent := extent_of(assembled.session, format_):
        mutter(sys.stderr, f"chatrepl: {extent}")
    return 0


def _show_found(options: Options, words: str, out: TextIO) -> int:
    finds = find_all(Conversation(), find_folders().conversations, words)
    if options.manner != "text":
        _write_facts(out, "found", map(found_facts, finds))
        return 0
    if not finds:
        mutter(sys.stderr, f"chatrepl: {one_line(words)} was not found in any saved conversation.")
    _write_table(out, found_list(finds, words))
    return 0


def _write_facts(out: TextIO, name: str, facts: Iterable[Wire]) -> None:
    write_json(out, {name: list(facts)})


def _write_table(out: TextIO, table: Table) -> None:
    """Write a table; a pipe gets all of each row, a terminal what fits."""
    out.write(table_text(table, get_terminal_size().columns if out.isatty() else None))
