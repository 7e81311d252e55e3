"""Commands about the program: help and leaving."""

import re
from typing import Annotated, Final, Literal

from chatrepl.commands.cost import input_price
from chatrepl.commands.counted import counted_first
from chatrepl.commands.menu import CARD, KEYS, MENU, CardRows
from chatrepl.commands.registry import (
    GROUPS,
    REGISTRY,
    ArgKind,
    Command,
    Group,
    Offers,
    Rest,
    command,
)
from chatrepl.commands.slash import own_named, own_names
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.plan import plan_aside
from chatrepl.core.outcome import (
    Aside,
    Card,
    CardGroup,
    Confirm,
    Notice,
    Outcome,
    Page,
    Quit,
)
from chatrepl.core.prompt_cache import warmth
from chatrepl.core.talk.blocks import DocumentBlock, TextBlock
from chatrepl.core.talk.message import Message
from chatrepl.core.words import about, tokens_words
from chatrepl.session.session import Session
from chatrepl.storage.handbook import handbook

_FOOTER = "/help all lists every command · /help NAME tells more · ? shows the keys"
_TASK = """\
Answer this question about chatrepl, the program that you are read in, from its handbook alone, \
in a few lines and in the language of the question. Name the command, option or setting. If the \
handbook does not say, say so.

{question}"""
_KEYS = "/help lists the commands"
_WRAPPED: Final = re.compile(r"^((?![|#]).+)\n(?=[^\n|#])", re.MULTILINE)
_FOOTER_ALL = "/help NAME tells more · an unmistakable beginning of a name is enough"


def _names(session: Session, text: str) -> Offers:
    names = {
        "all": "Every command, in groups",
        "ask": "A question about chatrepl, answered from its handbook",
        "keys": "What the keys do",
        **MENU,
    }
    names |= dict.fromkeys(own_names(session), "A command of your own")
    if (servers := session.edges.servers()) is not None:
        from chatrepl.commands.served import prompt_offers  # seldom needed

        names |= {
            offer.strip("/ "): meaning
            for offer, meaning in prompt_offers(servers, text.removeprefix("/"))
        }
    slash, begun = text[: text.startswith("/")], text.removeprefix("/")
    offers = (pair for pair in names.items() if pair[0].startswith(begun))
    return ((f"{slash}{name}", meaning) for name, meaning in offers)


@command("help", "?", group="program")
def help_(
    session: Session,
    command: Annotated[str | None, ArgKind(complete=_names)] = None,
    question: Rest = "",
    *,
    force: bool = False,
) -> Outcome:
    """Show the commands that most people use, `all` of them, or all about one; or `ask` QUESTION.

    What is asked is answered by the model from the handbook of chatrepl, aside: neither enters the
    conversation. What that costs is told first.
    """
    if command == "ask":
        return _ask(session, question, force=force)
    if question:
        raise UsageError("/help takes the name of one command.", f"/help ask {command} {question}")
    if command == "demo" and session.edges.guide:
        return Page(unwrapped(session.edges.guide))
    if command == "keys":
        return Card(groups(KEYS), _KEYS)
    if command == "all":
        return Card(tuple(map(_group, GROUPS)), _FOOTER_ALL)
    if command is not None:
        return _about(session, command.removeprefix("/"))
    return Card(groups(CARD), _FOOTER)


def _about(session: Session, name: str) -> Outcome:
    if own := own_named(session, name):
        from chatrepl.commands.own import own_help  # seldom needed

        return own_help(session, own)
    if ":" in name:
        from chatrepl.commands.served import prompt_help, serving  # seldom needed

        if (servers := serving(session, name)) is not None:
            return prompt_help(servers, name)
    return Page(_full(REGISTRY.find(name, own_names(session))))


def _ask(session: Session, question: str, *, force: bool) -> Outcome:
    """Ask aside with the handbook attached, once its price was agreed to."""
    if not question.strip():
        raise UsageError("/help ask needs a question.", "/help ask How do I attach a file?")
    book = DocumentBlock.plain(handbook(), "The handbook of chatrepl")
    message = Message("user", (book, TextBlock(_TASK.format(question=question.strip()))))
    asked = Aside(message, lambda _reply: None)
    if force:
        return asked
    model = session.aside_model.id
    return counted_first(session, message, lambda: _offer(session, asked), models=(model,))


def _offer(session: Session, asked: Aside) -> Outcome:
    """Tell what it takes to ask that, and ask first."""
    model = session.aside_model
    request = plan_aside(session.situation, asked.message, model).request
    estimate = session.ledger.request(request, model)
    warm = warmth(session.books.footprint, request, session.edges.clock()).tokens
    usd = input_price(session.asking(model.id), estimate.tokens, warm)
    paid = f"{about(usd)} and the answer{session.edges.played}" if usd is not None else ""
    price = paid or "at an unknown price"
    preview = Notice(f"The handbook goes along: {tokens_words(estimate)} tokens, {price}.")
    return Confirm(preview, lambda: asked, "Ask with it? y: ask · N: ask nothing", "Not asked.")


def groups(card: CardRows) -> tuple[CardGroup, ...]:
    """Give the groups of a card."""
    return tuple((title, tuple(rows)) for title, *rows in card)


def _group(group: Group) -> CardGroup:
    members = {c.name for c in REGISTRY.commands if c.group == group}
    rows = tuple((f"/{name}", meaning) for name, meaning in MENU.items() if name in members)
    return group.capitalize(), rows


def unwrapped(page: str) -> str:
    """Make each paragraph one line: where it breaks is the window's to say."""
    return _WRAPPED.sub(r"\1 ", page)


def _full(found: Command) -> str:
    lines = [f"`{found.usage}`", "", unwrapped(found.help)]
    if found.aliases:
        lines += ["", "Also " + ", ".join(f"`/{alias}`" for alias in found.aliases) + "."]
    if found.forces:
        lines += ["", f"`/{found.name}!` applies without asking."]
    return "\n".join(lines)


def _own(session: Session, text: str) -> Offers:
    return (name for name in own_names(session) if name.startswith(text))


@command("commands", group="program")
def commands(
    session: Session,
    how: Literal["new", "edit"] | None = None,
    name: Annotated[str, ArgKind(complete=_own)] = "",
) -> Outcome:
    """List the commands of your own; `new NAME` writes one in your editor, `edit NAME` changes it.

    `commands/NAME.md` in the configuration folder is `/NAME`, and `chatrepl -T NAME` in a shell. A
    folder `.chatrepl/commands` where you work counts after one question.
    """
    from chatrepl.commands.own import own_commands  # seldom needed

    return own_commands(session, how, name)


@command("exit", "quit", "q", group="program")
def exit_(session: Session) -> Outcome:
    """Leave. What was said is kept."""
    del session
    return Quit()
