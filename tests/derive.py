"""Write what is derived: config.example.toml, the README's tables, its picture.

    python -m tests.derive

`test_derived.py` fails where one of them is stale.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

import chatrepl.commands  # noqa: F401 - registers all commands
from chatrepl.cli.help import EXITS
from chatrepl.cli.options import FLAGS
from chatrepl.commands.registry import GROUPS, REGISTRY
from chatrepl.config.show import example
from chatrepl.terminal.markdown.document import Markdown

ROOT = Path(__file__).parent.parent
_TABLE = re.compile(
    r"(<!-- (?P<name>options|exits|commands) -->\n).*?(<!-- /(?P=name) -->)", re.DOTALL
)
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)

QUESTION = "Show me a table of prefill modes, and a sieve in Python."
ANSWER = """\
Prefill works on **every** model:

| mode | when |
|:--|:--|
| *native* | the model takes it |
| *schema* | a JSON schema rules the form |
| *emulated* | everywhere else |

```python
def primes(limit: int) -> list[int]:
    \"\"\"The primes below `limit`.\"\"\"
    sieve = [True] * limit
    for n in range(2, int(limit**0.5) + 1):
        if sieve[n]:
            sieve[n * n :: n] = [False] * len(sieve[n * n :: n])
    return [n for n in range(2, limit) if sieve[n]]
```

1. Finished blocks go into the scrollback once.
2. Only the open one is live.
"""


def commands() -> Iterator[tuple[str, str]]:
    """The slash commands, group by group."""
    for group in GROUPS:
        for command in REGISTRY.commands:
            if command.group == group:
                also = "".join(f", `/{alias}`" for alias in command.aliases)
                yield f"`{command.usage}`{also}", command.summary


def options() -> Iterator[tuple[str, str]]:
    """The options of the command line, as `--help` has them."""
    return ((f"`{flag.usage}`", flag.about) for flag in FLAGS.values())


TABLES: Mapping[str, Callable[[], Iterable[tuple[str, str]]]] = {
    "options": lambda: (("option", "does"), *options()),
    "exits": lambda: (("code", "meaning"), *EXITS),
    "commands": lambda: (("command", "does"), *commands()),
}


def table(name: str) -> str:
    """One of the README's tables in Markdown."""
    lines = [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n"
        for row in TABLES[name]()
    ]
    return "".join((lines[0], "|---|---|\n", *lines[1:]))


def readme(text: str) -> str:
    """The README with its tables made anew."""
    return _TABLE.sub(lambda match: match[1] + table(match["name"]) + match[3], text)


def picture() -> str:
    """A chat, drawn by the same elements as on a terminal."""
    console = Console(record=True, width=84, file=io.StringIO(), force_terminal=True)
    console.print(Text("chatrepl · claude-sonnet-5-5 · /help · Ctrl-D leaves", style="dim"))
    console.print(Text.assemble(("› ", "bold cyan"), QUESTION))
    console.print(Markdown(ANSWER))
    console.print(Text("1.2k in (1.1k cached) · 345 out · $0.0031 · 2.4 s", style="dim"))
    console.print(Text.assemble(("› ", "bold cyan")))
    console.print(
        Text.assemble(("sonnet-5-5", "bold"), (" · 1.6k/150k 1% · $0.0031 · warm 59m", "dim"))
    )
    drawn = console.export_svg(title="chatrepl", unique_id="chat")
    return _FONT.sub("", drawn)


def derived() -> dict[str, str]:
    """All derived files with the text they should have."""
    return {
        "config.example.toml": example(),
        "README.md": readme((ROOT / "README.md").read_text(encoding="utf-8")),
        ".readme/chat.svg": picture(),
    }


def main() -> None:
    """Write them."""
    for name, text in derived().items():
        (ROOT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
