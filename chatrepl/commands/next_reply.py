"""Commands that shape the next request: model, system prompt, prefill, thinking, effort, web."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final, Literal

from chatrepl.attachments.mentions import paths_behind_at
from chatrepl.attachments.safe_read import plain_path
from chatrepl.commands.cost import cooled, set_system, switched
from chatrepl.commands.registry import ArgKind, Offers, command
from chatrepl.config.load import set_value
from chatrepl.core.errors import ConfigError, UsageError
from chatrepl.core.exchange.view import build_sent
from chatrepl.core.models import EFFORTS, Model
from chatrepl.core.money import Rates
from chatrepl.core.outcome import Edit, Notice, Outcome, Page, Several
from chatrepl.core.settings import OPTIONS
from chatrepl.core.words import compact
from chatrepl.session.foreword import clash, foreword, rules_form, unfit_prefill
from chatrepl.session.session import Session

_WEB: Final[Mapping[bool | str, str]] = {
    True: "Web search is on.",
    False: "Web search is off.",
    "fetch": "Web search and the reading of pages are on.",
}
_SEARCHES: Final = "1,000 searches cost $10; what they find counts as input."


def priced_models(session: Session, text: str) -> Iterable[tuple[str, str]]:
    """Offer the models whose ids hold `text`, each with its price."""
    ids = (id_ for id_ in session.service.models if text.casefold() in id_)
    return [(id_, _price(session.edges.rates(id_, 1)) or "price unknown") for id_ in ids]


def _price(rates: Rates | None, before: Rates | None = None) -> str:
    """Write a price, and `before` it another that it takes the place of."""
    if rates is None:
        return ""
    pairs = [(old := before or rates).input, rates.input], [old.output, rates.output]
    into, out = (" → ".join(f"${price:g}" for price in dict.fromkeys(pair)) for pair in pairs)
    return f"{into} in, {out} out per million tokens"


def _beginnings(_session: Session, text: str) -> Iterator[str]:
    return (word for word in ("pin ", "clear") if word.startswith(text))


@command("model", "m", group="next reply")
def model(
    session: Session,
    id: Annotated[str | None, ArgKind(complete=priced_models)] = None,  # noqa: A002 - shown in the usage line
    *,
    force: bool = False,
) -> Outcome:
    """Show the model, or switch to another.

    A unique part of the id is enough, and the name of a line means its newest model; `/model! ID`
    takes an id as it is, and keeps it in config.toml for the next chats. A switch reads nothing
    from the cache, and thinking of another model is not sent back.
    """
    if id is None:
        return Notice(_describe(session, session.model))
    before, new = session.model, _as_it_is(session, id) if force else session.named(id)
    kept = (Notice(_kept(session, new)),) if force else ()

    def told(lost: str) -> Outcome:
        warnings = (
            *_switch_warnings(session, before, new, lost),
            *foreword(session),
            clash(session),
        )
        return Several(tuple(Notice(text, "warning") for text in warnings if text))

    warned = switched(session, lambda: session.use(model=new.id), told)
    return Several((Notice(_describe(session, new, before)), *kept, warned))


def _as_it_is(session: Session, id_: str) -> Model:
    """Give the model of that id, whatever is known of it; the name of a line is no id."""
    try:
        named = session.named(id_)
    except UsageError:
        return session.service.model(id_)
    return session.service.model(id_) if id_.startswith("claude-") else named


def _kept(session: Session, new: Model) -> str:
    """Keep a model for the next chats, where a start would take it; say what came of it."""
    from chatrepl.commands.keeping import keep  # seldom wanted

    try:
        session.named(new.id)
        return keep(session, OPTIONS["model"], new.id)
    except (UsageError, ConfigError) as error:
        return f"For this chat only: {error.message}"


def _describe(session: Session, model_: Model, before: Model | None = None) -> str:
    """Tell what it costs and can: `claude-x · $3 in, $15 out per million tokens · window 1M, …`."""
    old = session.edges.rates(before.id, 1) if before else None
    price = _price(session.edges.rates(model_.id, 1), old)
    if not model_.known:
        known = "What it can do is learned as it answers"
        return f"{model_.id}: not in the list. {known}; {price or 'its price is not known'}."
    window = f"window {compact(model_.context_window)}" if model_.context_window else ""
    longest = f"reply ≤ {compact(model_.max_output)}" if model_.max_output else ""
    room = ", ".join(filter(None, (window, longest)))
    thinks = f"thinks: {session.settings.thinking}" if model_.thinking else ""
    facts = (model_.id, price or "price unknown", room, thinks)
    lines = [" · ".join(filter(None, facts))]
    if not model_.prefill:
        lines.append("No prefill of its own; it is emulated.")
    if model_.retires_at:
        lines.append(f"Retires on {model_.lasts}; /models lists others.")
    return "\n".join(lines)


def _switch_warnings(session: Session, before: Model, new: Model, lost: str) -> Iterable[str]:
    if before.id == new.id or not session.conversation.path():
        return
    if lost:
        yield f"{lost.strip()} /model {before.id} goes back."
    tools = session.asking(before.id).situation.binding
    sent = build_sent(session.conversation, before, tools=tools)
    if any(message.has_thinking for message in sent.messages):
        yield f"Thinking of {before.id} is no longer sent; /model {before.id} brings it back."


def _systems(_session: Session, text: str) -> Offers:
    words = (word for word in ("@", "edit", "clear") if word.startswith(text) and word != text)
    return (*words, *paths_behind_at(text))


@command("system", group="next reply")
def system(
    session: Session, text: Annotated[str, ArgKind(complete=_systems, rest=True)] = ""
) -> Outcome:
    """Show the system prompt, or set it from TEXT, @FILE, `edit` or `clear`.

    In a conversation under way it takes effect with the next message: as a message of its own
    where the model takes one, so that the cache and the thinking so far stay good; else at the top.
    """
    if not text:
        now = session.system
        return Notice(now or "There is no system prompt. /system TEXT sets one.")
    if text == "edit":
        return Edit(session.system, lambda new: set_system(session, new.strip()))
    if text == "clear":
        return set_system(session, "")
    if text.startswith("@"):
        text = set_value(session.settings, "system", f"@{plain_path(text[1:])}").system
    return set_system(session, text)


@command("prefill", group="next reply")
def prefill(
    session: Session,
    text: Annotated[str, ArgKind(complete=_beginnings, rest=True, to_end=True)] = "",
) -> Outcome:
    """Begin the next reply with TEXT; `pin TEXT` begins every reply with it, `clear` ends that.

    Models of the 4.5 generation take a prefill themselves (native). On every other model it is
    emulated: an instruction goes out with your message, and the text stands at the beginning of
    the reply exactly once. Blanks and new lines at its end count.
    """
    if not text:
        return Notice(_prefill_state(session))
    if text.rstrip() == "clear":
        session.prepare(prefill="", pinned_prefill="")
        return Notice("No prefill.")
    if text.rstrip() == "pin":
        raise UsageError("/prefill pin takes the text that every reply begins with.")
    if text.startswith("pin "):
        session.prepare(pinned_prefill=text.removeprefix("pin "))
    else:
        session.prepare(prefill=text)
    return Notice(_prefill_state(session))


def _prefill_state(session: Session) -> str:
    text = session.next.begins_with
    if not text:
        return "No prefill. /prefill TEXT begins the next reply with TEXT."
    which = "The next reply begins" if session.next.prefill else "Every reply begins"
    mode = "native" if session.model.prefill else "emulated"
    if rules_form(session):
        mode = "schema"
    pinned = session.next.pinned_prefill if session.next.prefill else ""
    lines = [f"{which} with {text!r} ({mode} on {session.model.id})."]
    lines += [f"Every one after it begins with {pinned!r}."] if pinned else []
    return " ".join(filter(None, (*lines, *unfit_prefill(session), clash(session))))


@command("think", group="next reply")
def think(
    session: Session, how: Literal["on", "off", "auto", "show", "hide"] | None = None
) -> Outcome:
    """Let the model think first (on, off, auto), and show or hide what it thought.

    `show` also prints the thinking of the last reply.
    """
    if how is None:
        shown = "shown" if session.settings.show_thinking else "hidden"
        return Notice(f"Thinking is {session.settings.thinking}, and {shown}.")
    if how in {"show", "hide"}:
        session.use(show_thinking=how == "show")
        return _last_thinking(session) if how == "show" else Notice("Thinking is hidden.")
    can_think = session.model.is_new or session.model.thinking & {"adaptive", "enabled"}
    if how == "on" and not can_think:
        raise UsageError(f"{session.model.id} cannot think first.", "/models tells which can.")
    lost = cooled(session, lambda: session.use(thinking=how))
    if how == "off" and session.model.always_thinks:
        lost = f" But {session.model.id} always thinks first; /think hide hides it."
    return Notice(" ".join(filter(None, (f"Thinking is {how}.{lost}", clash(session)))))


def _last_thinking(session: Session) -> Outcome:
    for turn in reversed(session.conversation.path()):
        blocks = turn.assistant.content if turn.assistant else ()
        thoughts = [b.to_markdown() for b in blocks if b.type == "thinking"]
        if thoughts:
            return Page("\n\n".join(thoughts))
    return Notice("Thinking is shown.")


@command("effort", group="next reply")
def effort(
    session: Session, level: Literal["low", "medium", "high", "xhigh", "max", "clear"] | None = None
) -> Outcome:
    """Say how hard the model is to try; `clear` leaves it to the model.

    In a conversation under way it goes out with the next message where the model takes that, so
    that the cache so far stays good; else the past is paid for anew, and that is said.
    """
    offered = session.model.efforts
    if level is None:
        now = session.settings.effort or "the model's own"
        has = ", ".join(offered) or ("unknown levels" if session.model.is_new else "none")
        return Notice(f"Effort is {now}. {session.model.id} has {has}.")
    if level != "clear" and level not in offered and not session.model.is_new:
        has = ", ".join(e for e in EFFORTS if e in offered) or "no effort levels"
        raise UsageError(f"{session.model.id} has {has}.")
    lost = cooled(session, lambda: session.use(effort="" if level == "clear" else level))
    return Notice(f"Effort is {session.settings.effort or 'left to the model'}.{lost}")


@command("web", group="next reply")
def web(session: Session, how: Literal["on", "off", "fetch"] | None = None) -> Outcome:
    """Let the service search the web while it answers; its sources stand as footnotes.

    `fetch` lets it read pages, too: those that the talk names, or that a search found. 1,000
    searches cost $10, and what they find counts as input. The settings web.* bound both.
    """
    if how is None:
        return Notice(_WEB[session.settings.web])
    if how != "off" and not session.model.web:
        raise UsageError(f"{session.model.id} has no web search.")
    lost = cooled(session, lambda: session.use(web=how if how == "fetch" else how == "on"))
    price = f" {_SEARCHES}" if how != "off" else ""
    return Notice(
        f"{_WEB[session.settings.web]}{price}{_leak(session) if how == 'fetch' else ''}{lost}"
    )


def _leak(session: Session) -> str:
    """Say what a page may lead to, unless only pages of some domains are read."""
    if domains := session.settings.web_allowed_domains:
        return f" Only {', '.join(domains)} are searched and read."
    return (
        " A page may talk the model into reading another one, with parts of this talk in the "
        "address; web.allowed_domains names those that you trust."
    )


@command("cite", group="next reply")
def cite(session: Session, how: Literal["on", "off"] | None = None) -> Outcome:
    """Let replies cite the documents you attach; pages and places stand as footnotes.

    It holds for all documents of the conversation. A reply in a form (/schema) cites nothing.
    """
    if how is None:
        return Notice(f"Citing documents is {'on' if session.settings.cite_documents else 'off'}.")
    lost = cooled(session, lambda: session.use(cite_documents=how == "on"))
    return Notice(f"Citing documents is {how}.{lost}")
