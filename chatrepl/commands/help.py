"""Commands about the program: help and leaving."""

from typing import Annotated

from chatrepl.commands.menu import CARD, KEYS, MENU, CardRows
from chatrepl.commands.registry import GROUPS, REGISTRY, ArgKind, Command, Group, Offers, command
from chatrepl.core.outcome import Card, CardGroup, Outcome, Page, Quit
from chatrepl.session.session import Session

_FOOTER = "/help all lists every command · /help NAME tells more · ? shows the keys"
_KEYS = "/help lists the commands"
_FOOTER_ALL = "/help NAME tells more · an unmistakable beginning of a name is enough"


def _names(_session: Session, text: str) -> Offers:
    names = {"all": "Every command, in groups", "keys": "What the keys do", **MENU}
    return ((name, meaning) for name, meaning in names.items() if name.startswith(text))


@command("help", "?", group="program")
def help_(
    session: Session, command: Annotated[str | None, ArgKind(complete=_names)] = None
) -> Outcome:
    """Show the commands that most people use, `all` of them, or all about one."""
    if command == "demo" and session.edges.guide:
        return Page(session.edges.guide)
    if command == "keys":
        return Card(groups(KEYS), _KEYS)
    if command == "all":
        return Card(tuple(map(_group, GROUPS)), _FOOTER_ALL)
    if command is not None:
        return Page(_full(REGISTRY.find(command.removeprefix("/"))))
    return Card(groups(CARD), _FOOTER)


def groups(card: CardRows) -> tuple[CardGroup, ...]:
    """Give the groups of a card."""
    return tuple((title, tuple(rows)) for title, *rows in card)


def _group(group: Group) -> CardGroup:
    members = {c.name for c in REGISTRY.commands if c.group == group}
    rows = tuple((f"/{name}", meaning) for name, meaning in MENU.items() if name in members)
    return group.capitalize(), rows


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
