"""The command line as typer sees it: completion, and words for mistakes."""

import inspect
import os
from collections.abc import Sequence
from dataclasses import fields
from typing import Annotated, Any, Final, Literal

import typer
from typer.completion import (  # type: ignore[attr-defined]  # typer's own, by their only way in
    _get_shell_name,
    completion_init,
    get_completion_script,
    install,
)
from typer.exceptions import TyperException

from chatrepl.cli.offers import SHELLS, offer
from chatrepl.cli.options import FLAGS, Flag, Options
from chatrepl.core.errors import StorageError, UsageError

_NAMES: Final = {"prog_name": "chatrepl", "complete_var": "_CHATREPL_COMPLETE"}


def parse(words: Sequence[str]) -> Options:
    """Read the words of a command line, each option spelled out. Raises UsageError in words.

    Where a shell asks how a line may go on, the answer is printed, and SystemExit raised.
    """
    if os.environ.get(_NAMES["complete_var"]):
        _answer_tabs()
    try:
        options: Options = _app()(args=list(words), prog_name="chatrepl", standalone_mode=False)
    except TyperException as error:
        raise _in_words(error) from None
    return options


def completion_script(shell: str) -> str:
    """Give the script that completes our options in `shell`, or in the shell that we run in.

    Raises UsageError where there is none for it.
    """
    from chatrepl.cli.completion import SCRIPTS  # seldom needed

    name = _known_shell(shell)
    return SCRIPTS.get(name) or f"{get_completion_script(shell=name, **_NAMES)}\n"


def install_completion(shell: str) -> str:
    """Put the script where the shell looks for it, and tell where. Raises ChatreplError."""
    from chatrepl.cli.completion import SCRIPTS  # seldom needed

    try:
        name, path = install(shell=_known_shell(shell), **_NAMES)
        if name in SCRIPTS:
            path.write_text(completion_script(name), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"The completion cannot be written: {error.strerror}.") from error
    reader = f", and ~/.{name}rc reads it" if name in {"bash", "zsh"} else ""
    return f"Completion for {name} is in {path}{reader}. It begins with the next shell.\n"


def _answer_tabs() -> None:
    from chatrepl.cli.completion import answer_tabs  # seldom needed

    completion_init()
    answer_tabs()


def _known_shell(shell: str) -> str:
    name = shell.casefold() or _get_shell_name() or ""
    if name not in SHELLS:
        what = f"for {name}" if name else "without knowing the shell"
        raise UsageError(f"There is no completion {what}; name one of {', '.join(SHELLS)}.")
    return name


def _in_words(error: TyperException) -> UsageError:
    if hasattr(error, "possibilities"):  # an option that is none; whose they are is a poor guess
        from chatrepl.cli.elsewhere import hint_for  # seldom needed

        name = str(getattr(error, "option_name", ""))
        return UsageError(f"There is no option {name}.", hint_for(name))
    return UsageError(_sentence(error), "chatrepl --help lists what there is.")


def _sentence(error: TyperException) -> str:
    format_ = getattr(error, "format_message", None)
    text = str(format_() if format_ is not None else error).strip().replace(": Value error, ", ": ")
    head, typed, _ = text.partition("Input should be a valid integer")
    text = f"{head}this is no whole number" if typed else text
    return text if text.endswith(".") else f"{text}."


def _app() -> typer.Typer:
    """Make a command of which typer believes that every option is a parameter of its own."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": []},
    )

    def chatrepl(**values: Any) -> Options:
        return Options(**values)

    command: Any = chatrepl
    command.__signature__ = inspect.Signature(_parameters())
    app.command()(command)
    return app


def _parameters() -> list[inspect.Parameter]:
    unsaid = Options()
    return [
        inspect.Parameter(
            f.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=getattr(unsaid, f.name),
            annotation=_annotation(f.name, f.type, FLAGS.get(f.name)),
        )
        for f in fields(Options)
        if f.name in {"prompt", *FLAGS}
    ]


def _annotation(name: str, type_: Any, flag: Flag | None) -> Any:
    if flag is None:
        return Annotated[type_, typer.Argument(autocompletion=offer(name))]
    if flag.choices:
        type_ = Literal[*flag.choices] | None
    return Annotated[type_, typer.Option(*flag.names, help=flag.about, autocompletion=offer(name))]
