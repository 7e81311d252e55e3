"""Write what is derived: example, reference, man page, completions, handbook, pictures.

    python -m tests.derive

`test_derived.py` fails where one of them is stale.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import chatrepl.commands  # noqa: F401 - registers all commands
from chatrepl.cli.app import completion_script
from chatrepl.cli.help import EXITS
from chatrepl.cli.options import FLAGS
from chatrepl.commands.registry import GROUPS, REGISTRY
from chatrepl.config.show import example, toml, values_line
from chatrepl.core.settings import OPTIONS
from tests.man_page import man_page

ROOT = Path(__file__).parent.parent
REFERENCE = "docs/reference.md"
HANDBOOK = (
    "README.md",
    "docs/tour.md",
    "docs/pipes.md",
    "docs/commands.md",
    "docs/each.md",
    "docs/tools.md",
    "docs/servers.md",
    REFERENCE,
)
_TABLE = re.compile(r"(<!-- (?P<name>\w+) -->\n).*?(<!-- /(?P=name) -->)", re.DOTALL)
_HIDDEN = re.compile(r"<!--.*?-->\n|!\[.*?\]\(.*?\)\n\n?", re.DOTALL)


def commands() -> Iterator[tuple[str, ...]]:
    """The slash commands, group by group."""
    for group in GROUPS:
        for command in REGISTRY.commands:
            if command.group == group:
                also = "".join(f", `/{alias}`" for alias in command.aliases)
                yield f"`{command.usage}`{also}", command.summary


def options() -> Iterator[tuple[str, ...]]:
    """The options of the command line, as `--help` has them."""
    return ((f"`{flag.usage}`", flag.about) for flag in FLAGS.values())


def settings() -> Iterator[tuple[str, ...]]:
    """The settings, with the variable that sets each and its default."""
    for key, opt in OPTIONS.items():
        default = toml("" if opt.default is None else opt.default)
        choices = f" {values_line(opt)}" if opt.choices else ""
        yield f"`{key}`", f"`{default}`", f"{opt.about}{choices}"


TABLES: Mapping[str, Callable[[], Iterable[tuple[str, ...]]]] = {
    "options": lambda: (("option", "does"), *options()),
    "exits": lambda: (("code", "meaning"), *EXITS),
    "commands": lambda: (("command", "does"), *commands()),
    "settings": lambda: (("setting", "default", "is"), *settings()),
}


def table(name: str) -> str:
    """One of the tables in Markdown."""
    rows = list(TABLES[name]())
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows]
    return "".join((lines[0], "|" + "---|" * len(rows[0]) + "\n", *lines[1:]))


def reference() -> str:
    """The reference with its tables made anew."""
    text = (ROOT / REFERENCE).read_text(encoding="utf-8")
    return _TABLE.sub(lambda match: match[1] + table(match["name"]) + match[3], text)


def handbook() -> str:
    """What `/help ask` answers from: the pages for users, one after the other."""
    pages = {name: (ROOT / name).read_text(encoding="utf-8") for name in HANDBOOK}
    pages[REFERENCE] = reference()
    return "\n".join(_HIDDEN.sub("", page) for page in pages.values())


def derived() -> dict[str, str]:
    """All derived texts by the file that they stand in; the pictures are `tests.pictures`'."""
    return {
        "config.example.toml": example(),
        REFERENCE: reference(),
        "chatrepl/data/handbook.md": handbook(),
        "chatrepl/data/changes.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        "share/chatrepl.1": man_page(),
        "share/chatrepl.bash": completion_script("bash"),
        "share/_chatrepl": completion_script("zsh"),
        "share/chatrepl.fish": completion_script("fish"),
    }


def main() -> None:
    """Write them."""
    for name, text in derived().items():
        path = ROOT / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
