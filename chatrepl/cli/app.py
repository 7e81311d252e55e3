"""The command line as typer sees it: help, completion, and words for mistakes."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import typer
from typer.exceptions import TyperException

from chatrepl.cli.options import Options, spell_out
from chatrepl.core.errors import UsageError

_Text = str | None


def _option(help_: str, *names: str, metavar: str | None = None) -> object:
    return typer.Option(*names, help=help_, metavar=metavar, show_default=False)


def parse(argv: Sequence[str]) -> Options | int:
    """Read a command line with typer; an int is the exit code of a page it printed itself.

    Raises UsageError in words.
    """
    found: list[Options] = []
    app = _app(found.append)
    try:
        code = app(args=spell_out(argv), prog_name="chatrepl", standalone_mode=False)
    except TyperException as error:
        raise UsageError(_sentence(error), "chatrepl --help lists what there is.") from None
    except (typer.Exit, SystemExit) as leaving:
        return int(getattr(leaving, "exit_code", getattr(leaving, "code", 0)) or 0)
    return found[0] if found else int(code or 0)


def _sentence(error: TyperException) -> str:
    format_ = getattr(error, "format_message", None)
    text = str(format_() if format_ is not None else error).strip().replace(": Value error, ", ": ")
    head, typed, _ = text.partition("Input should be a valid integer")
    text = f"{head}this is no whole number" if typed else text
    return text if text.endswith(".") else f"{text}."


def _app(take: Callable[[Options], None]) -> typer.Typer:
    app = typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )

    @app.command(help="Chat with Claude in the terminal, or ask one question through a pipe.")
    def chatrepl(  # noqa: PLR0913, PLR0917 - one parameter an option
        prompt: Annotated[
            list[str] | None,
            typer.Argument(help="The question; without it, a chat.", metavar="[PROMPT]..."),
        ] = None,
        model: Annotated[_Text, _option("Model id, or a part of one.", "-m", "--model", metavar="ID")] = None,
        system: Annotated[_Text, _option("System prompt; @FILE reads it.", "-s", "--system")] = None,
        prefill: Annotated[_Text, _option("Begin the reply with TEXT.", "-p", "--prefill")] = None,
        attach: Annotated[
            list[str] | None,
            _option("Image, PDF, text file, URL, or - for stdin; repeatable.", "-a", "--attach", "--image", metavar="PATH"),
        ] = None,
        max_tokens: Annotated[int | None, _option("Longest reply.", "-t", "--max-tokens", metavar="N")] = None,
        schema: Annotated[_Text, _option("The reply must fit this JSON Schema.", "--schema", metavar="FILE|JSON")] = None,
        choose: Annotated[_Text, _option("The reply is exactly one of these.", "--choose", metavar="A,B,C")] = None,
        continue_: Annotated[bool, _option("Go on with the newest saved conversation.", "-c", "--continue")] = False,
        resume: Annotated[_Text, _option("Go on with that one: id, its beginning, or name.", "-r", "--resume", metavar="ID")] = None,
        save: Annotated[_Text, _option("Keep a single shot under NAME.", "--save", metavar="NAME")] = None,
        no_save: Annotated[bool, _option("Write nothing to disk at all.", "--no-save")] = False,
        output: Annotated[Literal["text", "json", "jsonl"] | None, _option("How the answer is written.", "-o", "--output")] = None,
        json: Annotated[bool, _option("Short for -o json.", "--json")] = False,
        raw: Annotated[bool, _option("Show Markdown as it is.", "--raw")] = False,
        extract: Annotated[_Text, _option("Print only the first fenced block (of LANG).", "-x", "--extract", metavar="[LANG]")] = None,
        dry_run: Annotated[bool, _option("Show what would be sent; send nothing.", "--dry-run")] = False,
        interactive: Annotated[bool, _option("Stay after the answer.", "-i", "--interactive")] = False,
        profile: Annotated[_Text, _option("Settings of that profile.", "--profile", metavar="NAME")] = None,
        config: Annotated[_Text, _option("Another configuration file.", "--config", metavar="FILE")] = None,
        set_: Annotated[list[str] | None, _option("Any setting; repeatable.", "--set", metavar="KEY=VALUE")] = None,
        base_url: Annotated[_Text, _option("Another server that speaks the Messages API.", "--base-url", metavar="URL")] = None,
        demo: Annotated[bool, _option("Talk to the embedded offline engine.", "--demo")] = False,
        quiet: Annotated[bool, _option("Less on stderr.", "-q", "--quiet")] = False,
        verbose: Annotated[bool, _option("More on stderr.", "-v", "--verbose")] = False,
        models: Annotated[bool, _option("List the models and exit.", "--models")] = False,
        sessions: Annotated[bool, _option("List saved conversations [QUERY] and exit.", "--sessions")] = False,
        doctor: Annotated[bool, _option("Check key, connection, terminal, storage; exit.", "--doctor")] = False,
        version: Annotated[bool, _option("Print the version and exit.", "--version")] = False,
    ) -> None:  # fmt: skip
        given = dict(locals())
        given.pop("take", None)
        take(Options(**{name: _plain(name, value) for name, value in given.items()}))

    return app


def _plain(name: str, value: object) -> Any:
    """Give an empty list where typer says None for an option that repeats."""
    return [] if value is None and name in {"prompt", "attach", "set_"} else value
