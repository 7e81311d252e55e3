"""What may be said on the command line, each option declared once.

The reader of the command line, typer's parameters, `--help` and the README's table are all read off
the fields of `Options`. To add an option, add a field.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field, fields
from typing import Any, Final, Literal, TypeAlias

from chatrepl.core.errors import SAFE, UsageError
from chatrepl.core.value import frozen

FlagKind: TypeAlias = Literal["text", "many", "switch", "number"]

_MAY_BE_EMPTY: Final = {
    "model", "system", "prefill", "schema", "choose", "extract", "local", "base_url", "search",
    "at_least", "rows",
}  # fmt: skip

_MESSAGE: Final = "The message"
_SAVED: Final = "Saved conversations"
_ANSWER: Final = "The answer"
_MANY: Final = "Many questions"
_SETTINGS: Final = "Settings"
_PAGES: Final = "Print and exit"


@frozen
class Flag:
    """One option as the outside sees it. `usage` names it as `--help` does: `-m, --model ID`."""

    kind: FlagKind
    group: str
    usage: str
    about: str
    choices: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Its spellings, the short one first."""
        return tuple(word.strip(",") for word in self.usage.split() if word.startswith("-"))


def _flag(kind: FlagKind, group: str, usage: str, about: str, choices: tuple[str, ...] = ()) -> Any:
    metadata = {"flag": Flag(kind, group, usage, about, choices)}
    if kind == "many":
        return field(default_factory=list, metadata=metadata)
    return field(default=False if kind == "switch" else None, metadata=metadata)


@frozen
class Options:
    """The command line as it was meant; None and empty stand for what was not said."""

    # fmt: off
    prompt: list[str] = field(default_factory=list)

    model: str | None = _flag("text", _MESSAGE, "-m, --model ID", "Model id, or a part of one; a,b asks several at once.")
    samples: int | None = _flag("number", _MESSAGE, "-n, --samples N", "Ask so many times at once.")
    system: str | None = _flag("text", _MESSAGE, "-s, --system TEXT", "System prompt; @FILE reads it.")
    prefill: str | None = _flag("text", _MESSAGE, "-p, --prefill TEXT", "Begin the reply with TEXT.")
    attach: list[str] = _flag("many", _MESSAGE, "-a, --attach, --image PATH", "Image, PDF, text file, URL, or - for stdin; repeatable.")
    max_tokens: int | None = _flag("number", _MESSAGE, "-t, --max-tokens N", "Longest reply, in tokens.")
    schema: str | None = _flag("text", _MESSAGE, "--schema FILE|JSON|FIELDS", "The reply must fit: a JSON Schema, or 'name, age int'.")
    choose: str | None = _flag("text", _MESSAGE, "--choose A,B,C", "The reply is exactly one of these.")
    template: str | None = _flag("text", _MESSAGE, "-T, --template NAME", "A command of your own; PROMPT words are its arguments.")
    yes_secrets: bool = _flag("switch", _MESSAGE, "--yes-secrets", "Send also what seems to hold a key.")

    tool: list[str] = _flag("many", _MESSAGE, "--tool NAME", "Let the model call that tool of the configuration; repeatable.")
    mcp: list[str] = _flag("many", _MESSAGE, "--mcp NAME", "Let the model call the tools of that MCP server; repeatable.")
    yes_tools: bool = _flag("switch", _MESSAGE, "--yes-tools", "Run also tools that would ask first.")

    continue_: bool = _flag("switch", _SAVED, "-c, --continue", "Go on with the newest saved conversation.")
    resume: str | None = _flag("text", _SAVED, "-r, --resume ID", "Go on with that one: id, its beginning, or name.")
    aside: str | None = _flag("text", _SAVED, "--aside TEXT", "With -c or -r: a side question, answered and not added.")
    save: str | None = _flag("text", _SAVED, "--save NAME", "Keep a single shot under NAME.")
    no_save: bool = _flag("switch", _SAVED, "--no-save", "Write nothing to disk at all.")

    output: str | None = _flag("text", _ANSWER, "-o, --output text|json|jsonl", "How the answer is written.", ("text", "json", "jsonl"))
    json: bool = _flag("switch", _ANSWER, "--json", "Short for -o json.")
    raw: bool = _flag("switch", _ANSWER, "--raw", "Show Markdown as it is.")
    extract: str | None = _flag("text", _ANSWER, "-x, --extract [LANG]", "Print only the first fenced block (of LANG).")
    dry_run: bool = _flag("switch", _ANSWER, "--dry-run", "Show what would be sent; send nothing.")
    interactive: bool = _flag("switch", _ANSWER, "-i, --interactive", "Stay after the answer.")
    quiet: bool = _flag("switch", _ANSWER, "-q, --quiet", "Less on stderr.")
    verbose: bool = _flag("switch", _ANSWER, "-v, --verbose", "More on stderr.")

    each: bool = _flag("switch", _MANY, "--each", "One question a line of stdin; {} in PROMPT is the line.")
    input_: str | None = _flag("text", _MANY, "--input FILE", "Items from a file: lines, .jsonl, .csv; {field} is one of theirs.")
    null: bool = _flag("switch", _MANY, "--null", "NUL parts the items, not the line's end.")
    each_file: list[str] = _flag("many", _MANY, "--each-file GLOB", "One question a file, which is attached; repeatable.")
    jobs: int | None = _flag("number", _MANY, "-j, --jobs N", "Requests at once; else as the service allows.")
    out: str | None = _flag("text", _MANY, "--out FILE", "Write there; the same command again does what is missing.")
    state: str | None = _flag("text", _MANY, "--state FILE", "What is done, where stdout is written to.")
    retry_failed: bool = _flag("switch", _MANY, "--retry-failed", "Ask again for the items that failed.")
    yes: bool = _flag("switch", _MANY, "--yes", "Do not ask about the price first.")
    batch: bool = _flag("switch", _MANY, "--batch", "Ask in a Message Batch of the service: later, at half the price.")
    no_wait: bool = _flag("switch", _MANY, "--no-wait", "Print the batch's id and leave; the same command gets the answers.")
    batches: bool = _flag("switch", _MANY, "--batches", "List the batches.")
    fetch: str | None = _flag("text", _MANY, "--fetch ID", "Print the answers of that batch.")
    cancel: str | None = _flag("text", _MANY, "--cancel ID", "Stop that batch; what is answered stays.")
    rows: str | None = _flag("text", _MANY, "--rows SPEC", "The reply as rows of CSV: 'name, age int, when date'.")
    with_input: bool = _flag("switch", _MANY, "--with-input", "Put the item's fields first in each row.")
    expect: str | None = _flag("text", _MANY, "--expect FIELD", "Compare each answer with that field.")
    at_least: str | None = _flag("text", _MANY, "--at-least SHARE", "Exit 8 where fewer are right, such as 0.9.")

    profile: str | None = _flag("text", _SETTINGS, "--profile NAME", "Settings of that profile.")
    config: str | None = _flag("text", _SETTINGS, "--config FILE", "Another configuration file.")
    set_: list[str] = _flag("many", _SETTINGS, "--set KEY=VALUE", "Any setting; repeatable.")
    base_url: str | None = _flag("text", _SETTINGS, "--base-url URL", "Another server that speaks the Messages API.")
    local: str | None = _flag("text", _SETTINGS, "--local [FILE.gguf]", "Talk to a model on this machine, by llama.cpp.")
    demo: bool = _flag("switch", _SETTINGS, "--demo", "Talk to the embedded offline engine.")

    listen: int | None = _flag("number", _SETTINGS, "--listen PORT", "With --demo: serve that engine on this machine, for tests of other programs.")

    models: bool = _flag("switch", _PAGES, "--models [WORDS]", "List the models, or those that are called so.")
    sessions: bool = _flag("switch", _PAGES, "--sessions [QUERY]", "List saved conversations.")
    export: str | None = _flag("text", _PAGES, "--export md|html|json|curl|python", "With -c or -r: print that conversation in this form.", ("md", "html", "json", "curl", "python"))
    search: str | None = _flag("text", _PAGES, "--search TEXT", "Find TEXT in saved conversations.")
    usage: bool = _flag("switch", _PAGES, "--usage [SPAN]", "What was spent: today, 7d, month or all.")
    by: str | None = _flag("text", _PAGES, "--by day|model|conversation", "How --usage puts it together.", ("day", "model", "conversation"))
    doctor: bool = _flag("switch", _PAGES, "--doctor", "Check key, connection, terminal, storage.")
    live: bool = _flag("switch", _PAGES, "--live", "With --doctor: try a reply of one token, too.")
    changes: bool = _flag("switch", _PAGES, "--changes", "Print what changed, the newest version first.")
    version: bool = _flag("switch", _PAGES, "--version", "Print the version.")
    help_: bool = _flag("switch", _PAGES, "-h, --help", "Print the options, examples, and exit codes.")
    widget: str | None = _flag("text", _PAGES, "--widget bash|zsh|fish", "Print a function that turns words on the shell's line into a command; it never runs one.", ("bash", "zsh", "fish"))
    show_completion: bool = _flag("switch", _PAGES, "--show-completion [SHELL]", "Print a completion script for SHELL, or yours.")
    install_completion: bool = _flag("switch", _PAGES, "--install-completion [SHELL]", "Put it where the shell looks for it.")
    # fmt: on

    model_place: str = ""  # no option: the file that names the model, and its line

    @property
    def names_tools(self) -> bool:
        """Whether tools are named that the model may call."""
        return bool(self.tool or self.mcp)

    @property
    def manner(self) -> str:
        """How the answer is written: text, json or jsonl."""
        return "json" if self.json else (self.output or "text")

    def check(self) -> None:
        """Refuse what contradicts itself. Raises UsageError.

        What only many questions have may be meant for a command of the user's own: see `check_many`.
        """
        self._check_empty()
        formed = self.schema is not None or self.choose is not None
        formed = formed or self.rows is not None
        several = "-m with several models" if self.samples is None else "-n"
        many = "--each-file" if self.each_file else "--each"
        pairs = (
            ("--save", self.save is not None, "--no-save", self.no_save),
            ("--schema", self.schema is not None, "--choose", self.choose is not None),
            ("-x", self.extract is not None, "--schema or --choose", formed),
            ("-x", self.extract is not None, "--interactive", self.interactive),
            ("--local", self.local is not None, "--demo", self.demo),
            ("--local", self.local is not None, "--base-url", self.base_url is not None),
            ("--continue", self.continue_, "--resume", self.resume is not None),
            ("--json", self.json, f"-o {self.output}", self.output in {"text", "jsonl"}),
            ("--interactive", self.interactive, f"-o {self.manner}", self.manner != "text"),
            ("--rows", self.rows is not None, "--schema", self.schema is not None),
            ("--rows", self.rows is not None, "--choose", self.choose is not None),
            ("--rows", self.rows is not None, "--interactive", self.interactive),
            ("--input", self.input_ is not None, "--each-file", bool(self.each_file)),
            ("--out", self.out is not None, "--state", self.state is not None),
            (many, self.asks_many, "--interactive", self.interactive),
            (many, self.asks_many, "--continue or --resume", self.goes_on),
            (many, self.asks_many, "--save", self.save is not None),
            (several, self.compares, many, self.asks_many),
            (several, self.compares, "--tool or --mcp", self.names_tools),
            (many, self.asks_many, "--tool or --mcp", self.names_tools),
            (several, self.compares, "--interactive", self.interactive),
            (several, self.compares, "--rows", self.rows is not None),
            (several, self.compares, "--aside", self.aside is not None),
        )
        for one, has_one, other, has_other in (*pairs, *self._not_aside()):
            if has_one and has_other:
                raise UsageError(f"{one} and {other} exclude each other.", SAFE)
        needs = (
            ("--aside", self.aside is not None, "-c or -r ID", self.goes_on),
            ("--live", self.live, "--doctor", self.doctor),
            ("--by", self.by is not None, "--usage", self.usage),
        )
        for name, is_given, other, has_other in needs:
            if is_given and not has_other:
                raise UsageError(f"{name} goes with {other}.", SAFE)
        if self.search is not None and not self.search.strip():
            raise UsageError("--search takes the text that is looked for.")
        if self.template is None:
            self.check_many()

    def _check_empty(self) -> None:
        """Refuse what names nothing, as a variable does that the shell does not know."""
        for key, flag in FLAGS.items():
            if flag.kind not in {"text", "many"} or key in _MAY_BE_EMPTY:
                continue
            given = getattr(self, key)
            texts = given if isinstance(given, list) else [given]
            if any(text is not None and not text.strip() for text in texts):
                *_, spelling, kind = flag.usage.split()
                raise UsageError(f"The {kind} of {spelling} is empty.", SAFE)

    def _not_aside(self) -> Iterator[tuple[str, bool, str, bool]]:
        """Name what a side question cannot have: it changes nothing, and has no form."""
        has = (
            ("PROMPT", self.prompt), ("--system", self.system), ("--prefill", self.prefill),
            ("--schema", self.schema), ("--choose", self.choose), ("--rows", self.rows),
            ("--interactive", self.interactive), ("--save", self.save), ("-T", self.template),
            ("--tool or --mcp", self.names_tools),
        )  # fmt: skip
        return (("--aside", self.aside is not None, name, bool(value)) for name, value in has)

    def check_many(self) -> None:
        """Refuse what only many questions have. Raises UsageError."""
        needs = (
            ("--out", self.fetch is None and self.out), ("--state", self.state), ("--null", self.null),
            ("-j", self.jobs is not None), ("--retry-failed", self.retry_failed),
            ("--expect", self.expect), ("--with-input", self.with_input), ("--batch", self.batch),
        )  # fmt: skip
        for name, is_given in needs:
            if is_given and not self.asks_many:
                raise UsageError(f"{name} goes with --each or --each-file.", SAFE)
        if (self.asks_many or self.fetch is not None) and self.manner == "json":
            raise UsageError("-o json is one object; for many answers take -o jsonl.", SAFE)
        if self.with_input and self.rows is None:
            raise UsageError("--with-input goes with --rows.", "-o jsonl has the input anyway.")
        if self.at_least is not None and self.expect is None:
            raise UsageError("--at-least goes with --expect.", SAFE)
        if self.no_wait and not (self.batch or self.fetch is not None):
            raise UsageError("--no-wait goes with --batch or --fetch.", SAFE)
        if self.yes_tools and not self.names_tools:
            raise UsageError("--yes-tools goes with --tool or --mcp.", SAFE)
        for name, count in (("-n", self.samples), ("-j", self.jobs)):
            if count is not None and count < 1:
                raise UsageError(f"{name} takes 1 or more.", SAFE)

    @property
    def named_models(self) -> tuple[str, ...]:
        """Give the models that are named, each asked as often as is said."""
        names = [name.strip() for name in (self.model or "").split(",")]
        return tuple(name for name in names if name)

    @property
    def compares(self) -> bool:
        """Tell whether one question is asked of several models, or several times."""
        return self.samples is not None or len(self.named_models) > 1

    @property
    def asks_of_batches(self) -> bool:
        """Tell whether batches are listed, fetched or cancelled."""
        return self.batches or self.fetch is not None or self.cancel is not None

    @property
    def asks_many(self) -> bool:
        """Tell whether many questions are asked, one an item."""
        return self.each or bool(self.each_file) or self.input_ is not None

    @property
    def out_file(self) -> str | None:
        """Give the file that answers go to; None is stdout, which may be named `-`."""
        return None if self.out == "-" else self.out

    @property
    def keeps(self) -> bool:
        """Tell whether a single shot is kept, or goes on with something kept."""
        return self.goes_on or self.save is not None

    @property
    def goes_on(self) -> bool:
        """Tell whether a saved conversation is gone on with."""
        return self.continue_ or self.resume is not None

    @property
    def is_page(self) -> bool:
        """Tell whether a page is asked for instead of an answer."""
        asked = (self.models, self.sessions, self.usage, self.doctor)
        return any(asked) or self.search is not None or self.export is not None

    @property
    def prints(self) -> bool:
        """Tell whether something is printed, or served, instead of an answer."""
        asked = (self.changes, self.version, self.show_completion, self.install_completion)
        named = (self.widget, self.listen)
        is_named = any(one is not None for one in named)
        return any(asked) or is_named or self.is_page or self.asks_of_batches

    @property
    def names_model(self) -> bool:
        """Tell whether the model is one that was asked for here."""
        return self.model is not None or any(one.startswith("model=") for one in self.set_)


FLAGS: Final[Mapping[str, Flag]] = {
    f.name: f.metadata["flag"] for f in fields(Options) if "flag" in f.metadata
}
