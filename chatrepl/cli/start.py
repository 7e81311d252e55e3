"""The composition root: from the command line to the objects, to one of the shells."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO, cast

from chatrepl import __version__
from chatrepl.cli import stdin
from chatrepl.cli.command_line import asked_manner, options_of
from chatrepl.cli.options import Options
from chatrepl.config.load import Config
from chatrepl.config.trust import doubt
from chatrepl.core.errors import SAFE, ChatreplError, UsageError
from chatrepl.storage.paths import find_folders

if TYPE_CHECKING:
    from chatrepl.startup.early_prompt import EarlyPrompt


def run(argv: Sequence[str], early: "EarlyPrompt | None" = None) -> int:
    """Do what the command line asks for and give the exit code. Raises ChatreplError.

    `early` is the prompt's mark, where it is on the screen already.
    """
    if sys.stdout is None:
        raise ChatreplError("Standard output is closed.", SAFE)
    out, manner, model = sys.stdout, asked_manner(argv), ""
    try:
        options = options_of(argv)
        manner, model = options.manner, options.model or ""
        if page := _page(options):
            out.write(page)
            return 0
        options.check()
        if options.aside is not None:
            options = replace(options, prompt=[options.aside])
        if options.template is not None and not options.is_page:
            from chatrepl.cli.own import with_own  # seldom needed

            options = with_own(options, options.template)
        if options.listen is not None:
            from chatrepl.cli.listen import listen

            return listen(options, options.listen, out)
        return _run(options, out, early)
    except ChatreplError as error:  # who asks for objects always gets one
        from chatrepl.cli.failures import write_failure

        write_failure(out, manner, error, model)
        raise


def _page(options: Options) -> str:
    """Give what is printed whatever else was said. Raises ChatreplError."""
    if options.help_:
        from shutil import get_terminal_size

        from chatrepl.cli.help import help_page

        return help_page(get_terminal_size().columns)
    if options.prints:
        from chatrepl.cli.alone import check_alone

        check_alone(options)
    if options.changes:
        from chatrepl.cli.news import changes

        return changes()
    if options.version:
        return f"chatrepl {__version__}\n"
    if options.widget is not None:
        from chatrepl.cli.widget import widget

        return widget(options.widget)
    if options.show_completion or options.install_completion:
        from chatrepl.cli.app import completion_script, install_completion

        shell = " ".join(options.prompt)
        return completion_script(shell) if options.show_completion else install_completion(shell)
    return ""


def _run(options: Options, out: TextIO, early: "EarlyPrompt | None") -> int:
    from chatrepl.cli.assemble import configuration

    loaded = _where_it_is_safe(configuration(options))
    if loaded.settings.accessible and sys.stderr is not None:
        from chatrepl.terminal.spoken import SpokenStream  # seldom needed

        sys.stderr = cast("TextIO", SpokenStream(sys.stderr))
    if not options.quiet and sys.stderr is not None and (options.is_page or not _is_chat(options)):
        from chatrepl.shells.mutter import mutter  # seldom is anything noted

        for note in loaded.notes:
            mutter(sys.stderr, f"chatrepl: {note}")
    if options.local is None or options.sessions:
        return _show(options, loaded, out, early)
    from chatrepl.cli.local import with_local_model

    with with_local_model(options, loaded) as pointed:
        return _show(options, pointed, out, early)


def _show(options: Options, loaded: Config, out: TextIO, early: "EarlyPrompt | None") -> int:
    if options.is_page:
        from chatrepl.cli.pages import show_page

        return show_page(options, loaded, out)
    if options.asks_of_batches:
        from chatrepl.cli.batches import show_batches

        return show_batches(options, loaded, out)
    if options.asks_many:
        from chatrepl.cli.many import ask_many

        return ask_many(options, loaded, out)
    if _is_chat(options):
        if options.compares:
            raise UsageError("-n and several models go with a question.", "In a chat: /compare.")
        from chatrepl.cli.chat import chat

        piped = None if stdin.is_keyboard() else stdin.read()
        if piped is not None:
            stdin.use_keyboard()
        return chat(options, loaded, piped, early)
    if options.dry_run:
        from chatrepl.cli.dryrun import show_request

        return show_request(options, loaded, out)
    if options.prompt and not options.quiet:
        _say_what_else(options.prompt)
    from chatrepl.cli.shot import shoot

    return shoot(options, loaded, out)


def _say_what_else(words: Sequence[str]) -> None:
    """Tell who typed the name of a page, or a command, that it is sent: it would be paid for."""
    is_plain = len(words) > 1 or not words[0].isalpha()
    if not stdin.is_keyboard() or (is_plain and not words[0].startswith("/")):
        return
    from chatrepl.cli.elsewhere import hint_for_words
    from chatrepl.shells.mutter import mutter

    hint = hint_for_words(words)
    mutter(sys.stderr, f"chatrepl: {hint}" if hint else "")


def _where_it_is_safe(loaded: Config) -> Config:
    """Say where others have a hand in the folder that conversations are kept in.

    In one that is somebody else's nothing is kept.
    """
    state = find_folders().state
    why = doubt(state) if state is not None and loaded.settings.save and state.exists() else None
    if why is None:
        return loaded
    if why.is_foreign:
        note = f"{why.reason}, so nothing is kept there. {why.mend}"
        settings, origins = replace(loaded.settings, save=False), {**loaded.origins, "save": note}
        return replace(loaded, settings=settings, origins=origins, notes=(*loaded.notes, note))
    note = f"{why.reason}, and conversations are kept there. {why.mend}"
    return replace(loaded, notes=(*loaded.notes, note))


def _is_chat(options: Options) -> bool:
    if options.dry_run or options.asks_many or options.asks_of_batches:
        return False
    at_keyboard = stdin.is_keyboard() and not options.prompt and "-" not in options.attach
    return options.interactive or at_keyboard
