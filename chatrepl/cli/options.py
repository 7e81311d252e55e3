"""What may be said on the command line, and a quick reader of it.

typer gives help, completion and words for mistakes, but takes a tenth of a second to import. Plain
command lines are read here; whatever this reader does not take whole is typer's. To add an option,
add a field to `Options`, a row to `FLAGS`, and a parameter in `app.py`; a test holds them together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias

from chatrepl.core.errors import UsageError
from chatrepl.core.fences import LANGUAGES

Shape: TypeAlias = Literal["text", "many", "switch", "number", "optional"]


@dataclass(slots=True)
class Options:
    """The command line as it was meant; None and empty stand for what was not said."""

    prompt: list[str] = field(default_factory=list)
    model: str | None = None
    system: str | None = None
    prefill: str | None = None
    attach: list[str] = field(default_factory=list)
    max_tokens: int | None = None
    schema: str | None = None
    choose: str | None = None
    continue_: bool = False
    resume: str | None = None
    save: str | None = None
    no_save: bool = False
    output: str | None = None
    json: bool = False
    raw: bool = False
    extract: str | None = None
    dry_run: bool = False
    interactive: bool = False
    profile: str | None = None
    config: str | None = None
    set_: list[str] = field(default_factory=list)
    base_url: str | None = None
    demo: bool = False
    quiet: bool = False
    verbose: bool = False
    models: bool = False
    sessions: bool = False
    doctor: bool = False
    version: bool = False

    @property
    def manner(self) -> str:
        """How the answer is written: text, json or jsonl."""
        return "json" if self.json else (self.output or "text")

    def check(self) -> None:
        """Refuse what contradicts itself. Raises UsageError."""
        formed = self.schema is not None or self.choose is not None
        pairs = (
            ("--save", self.save is not None, "--no-save", self.no_save),
            ("--schema", self.schema is not None, "--choose", self.choose is not None),
            ("-x", self.extract is not None, "--schema or --choose", formed),
            ("--continue", self.continue_, "--resume", self.resume is not None),
            ("--json", self.json, f"-o {self.output}", self.output in {"text", "jsonl"}),
            ("--interactive", self.interactive, f"-o {self.manner}", self.manner != "text"),
        )
        for one, has_one, other, has_other in pairs:
            if has_one and has_other:
                raise UsageError(f"{one} and {other} exclude each other.", "Nothing was sent.")

    @property
    def keeps(self) -> bool:
        """Tell whether a single shot is kept, or goes on with something kept."""
        return self.continue_ or self.resume is not None or self.save is not None


FLAGS: Final[Mapping[str, tuple[str, Shape]]] = {
    "--model": ("model", "text"),
    "-m": ("model", "text"),
    "--system": ("system", "text"),
    "-s": ("system", "text"),
    "--prefill": ("prefill", "text"),
    "-p": ("prefill", "text"),
    "--attach": ("attach", "many"),
    "-a": ("attach", "many"),
    "--image": ("attach", "many"),
    "--max-tokens": ("max_tokens", "number"),
    "-t": ("max_tokens", "number"),
    "--schema": ("schema", "text"),
    "--choose": ("choose", "text"),
    "--continue": ("continue_", "switch"),
    "-c": ("continue_", "switch"),
    "--resume": ("resume", "text"),
    "-r": ("resume", "text"),
    "--save": ("save", "text"),
    "--no-save": ("no_save", "switch"),
    "--output": ("output", "text"),
    "-o": ("output", "text"),
    "--json": ("json", "switch"),
    "--raw": ("raw", "switch"),
    "--extract": ("extract", "optional"),
    "-x": ("extract", "optional"),
    "--dry-run": ("dry_run", "switch"),
    "--interactive": ("interactive", "switch"),
    "-i": ("interactive", "switch"),
    "--profile": ("profile", "text"),
    "--config": ("config", "text"),
    "--set": ("set_", "many"),
    "--base-url": ("base_url", "text"),
    "--demo": ("demo", "switch"),
    "--quiet": ("quiet", "switch"),
    "-q": ("quiet", "switch"),
    "--verbose": ("verbose", "switch"),
    "-v": ("verbose", "switch"),
    "--models": ("models", "switch"),
    "--sessions": ("sessions", "switch"),
    "--doctor": ("doctor", "switch"),
    "--version": ("version", "switch"),
}

OUTPUTS: Final = ("text", "json", "jsonl")


def spell_out(argv: Sequence[str]) -> list[str]:
    """Give `-x` its value: the next word where that names a language, else an empty one."""
    words: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*words, word, *rest]
        if word in {"-x", "--extract"}:
            named = bool(rest) and rest[0].casefold() in LANGUAGES
            word = f"--extract={rest.pop(0) if named else ''}"
        words.append(word)
        if FLAGS.get(word, ("", "switch"))[1] in {"text", "many", "number"} and rest:
            words.append(rest.pop(0))
    return words


def asked_manner(argv: Sequence[str]) -> str:
    """Tell how the answer is to be written, of a command line that nobody could read whole."""
    words = list(argv[: argv.index("--")] if "--" in argv else argv)
    if "--json" in words:
        return "json"
    for manner in ("jsonl", "json"):
        spelled = (f"-o{manner}", f"--output={manner}")
        if any(word in spelled for word in words) or any(
            flag in {"-o", "--output"} and value == manner for flag, value in pairwise(words)
        ):
            return manner
    return "text"


def read(argv: Sequence[str]) -> Options | None:
    """Read a plain command line; None where it is not plain, and typer is to have its say."""
    options = Options()
    rest = spell_out(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            options.prompt += rest
            break
        if not word.startswith("-") or word == "-":
            options.prompt.append(word)
            continue
        name, equals, value = word.partition("=")
        known = FLAGS.get(name)
        if known is None or (equals and not name.startswith("--")):
            return None
        taken = _take(options, known, value if equals else None, rest)
        if not taken:
            return None
    return options if options.output in {None, *OUTPUTS} else None


def _take(options: Options, known: tuple[str, Shape], value: str | None, rest: list[str]) -> bool:
    name, shape = known
    if shape == "switch":
        setattr(options, name, True)
        return value is None
    if value is None:
        if not rest:
            return False
        value = rest.pop(0)
        if value.startswith("-") and value != "-" and shape != "optional":
            return False  # typer knows whether that is a value or a mistake
    converted: Any = value
    if shape == "number":
        if not value.isascii() or not value.isdigit():
            return False
        converted = int(value)
    if shape == "many":
        getattr(options, name).append(converted)
    else:
        setattr(options, name, converted)
    return True
