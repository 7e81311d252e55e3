"""Commands about the program: help and leaving."""

from collections.abc import Iterable
from typing import Annotated

from chatrepl.commands.registry import GROUPS, REGISTRY, ArgKind, Command, command
from chatrepl.core.outcome import Outcome, Page, Quit
from chatrepl.session.session import Session

_KEYS = """\
**Keys:** Enter sends; Shift-Enter, Alt-Enter or Ctrl-J makes a new line; \
Esc or Ctrl-C stops a reply; Ctrl-R searches the history; Ctrl-O opens a long paste; \
Ctrl-X Ctrl-E opens your editor; Ctrl-D leaves; `@path` attaches a file; `//` sends a slash.
"""


def _names(_session: Session, text: str) -> Iterable[str]:
    return (c.name for c in REGISTRY.commands if c.name.startswith(text))


@command("help", "?", group="program")
def help_(
    session: Session, command: Annotated[str | None, ArgKind(complete=_names)] = None
) -> Outcome:
    """List the commands, or tell all about one."""
    if command == "demo" and session.edges.guide:
        return Page(session.edges.guide)
    if command is not None:
        return Page(_full(REGISTRY.find(command.removeprefix("/"))))
    parts = [_group(group) for group in GROUPS]
    return Page("\n".join([*(part for part in parts if part), _KEYS]))


def _group(group: str) -> str:
    commands = [c for c in REGISTRY.commands if c.group == group]
    if not commands:
        return ""
    rows = "\n".join(f"- `{c.usage}` {c.summary}" for c in commands)
    return f"**{group.capitalize()}**\n\n{rows}\n"


def _full(found: Command) -> str:
    lines = [f"`{found.usage}`", "", found.help]
    if found.aliases:
        lines += ["", "Also " + ", ".join(f"`/{alias}`" for alias in found.aliases) + "."]
    if found.forces:
        lines += ["", f"`/{found.name}!` applies without asking."]
    return "\n".join(lines)


@command("exit", "quit", "q", group="program")
def exit_(session: Session) -> Outcome:
    """Leave. What was said is kept."""
    del session
    return Quit()
