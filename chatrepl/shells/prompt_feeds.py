"""The line below the prompt: what the next message goes to, with what, and what it comes to.

What the prompt offers to complete: commands and their arguments, `@path`, `@SERVER:uri`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chatrepl.api.address import elsewhere
from chatrepl.attachments.mentions import complete_path, path_words
from chatrepl.commands.registry import REGISTRY
from chatrepl.commands.slash import complete_line, split
from chatrepl.core.context.trim import Budget
from chatrepl.core.errors import ToolError
from chatrepl.core.prompt_cache import toolbar_words, warmth
from chatrepl.core.typed_words import escaped, unescaped, words_of
from chatrepl.core.words import share_words
from chatrepl.session.session import Session
from chatrepl.terminal.prompt.values import Candidate, Submitted, ToolbarPart
from chatrepl.terminal.sanitize.text import one_line

if TYPE_CHECKING:
    from chatrepl.core.served import Servers

_NO_DRAFT = Submitted("")


_HINTS: Final = (ToolbarPart("toolbar", "? keys", 6), ToolbarPart("toolbar", "/ commands", 7))


@dataclass(slots=True)
class Toolbar:
    """Asked at each key press; put together anew only when something it tells has changed."""

    session: Session
    is_new_here: bool = False
    _key: tuple[object, ...] = ()
    _parts: tuple[ToolbarPart, ...] = ()

    def __call__(self, draft: Submitted = _NO_DRAFT) -> tuple[ToolbarPart, ...]:
        names = _mentioned(self.session, draft) if "@" in draft.text else ()
        own = _own_values(self.session, draft.text) if draft.text.startswith("/") else ""
        key = (*self._state(), names, own)
        if key != self._key:
            hints = _HINTS if self.is_new_here else ()
            ahead = [ToolbarPart("toolbar.strong", own, 1)] if own else []
            self._key, self._parts = key, (*ahead, *_parts(self.session, names), *hints)
        return self._parts

    def _state(self) -> tuple[object, ...]:
        """Give what the line depends on; values that are the same are not looked into."""
        session = self.session
        return (
            session.conversation,
            session.settings,
            session.next,
            session.books.meter,
            session.recorder.unsaved,
            int(session.edges.clock() // 60),
            session.edges.can_count(),
        )


def _own_values(session: Session, text: str) -> str:
    """Tell what will hold for the one message of a command of the user's own, as it is typed."""
    source, (word, _) = session.edges.own(), split(text)
    if source is None or REGISTRY.is_ours(word) or word not in source.names():
        return ""
    values = " · ".join(f"{key} {value}" for key, value in source.values(word))
    return one_line(f"this once: {values}", _OWN_COLUMNS) if values else ""


def _mentioned(session: Session, draft: Submitted) -> tuple[str, ...]:
    from chatrepl.shells.mentioned import draft_names, existing  # seldom needed

    return draft_names(draft.text, draft.pasted, existing(session))


def _parts(session: Session, mentioned: Sequence[str]) -> list[ToolbarPart]:
    parts = [*_modes(session), *_next(session, mentioned)]
    parts.append(ToolbarPart("toolbar.strong", session.model.id.removeprefix("claude-")))
    if session.recorder.unsaved:
        parts.append(ToolbarPart("toolbar.error", "NOT SAVED"))
    if session.is_demo:
        parts.append(ToolbarPart("toolbar.warning", "demo", 1))
    elif host := elsewhere(session.settings.base_url):
        parts.append(ToolbarPart("toolbar", host, 1))
    if session.conversation.head is not None:
        parts += _context(session)
        if session.books.talk.replies:
            parts.append(ToolbarPart("toolbar", session.books.talk.paid_words(), 3))
        parts += _warm(session)
    return parts + _branch(session)


def _modes(session: Session) -> Iterator[ToolbarPart]:
    """Tell what is otherwise than usual at this prompt, and how to leave it."""
    if session.settings.multiline:
        yield ToolbarPart("toolbar.strong", "multi-line: Alt-Enter sends")
    if (turn := _edited(session)) is not None:
        what = "turn" if session.next.rewrites is None else "reply"
        yield ToolbarPart("toolbar.strong", f"editing {what} {turn}: Ctrl-C leaves it")


def _edited(session: Session) -> int | None:
    base, reply = session.next.base, session.next.rewrites
    if reply is not None:
        return len(session.conversation.path(reply))
    return None if base is None else len(base.path()) + 1


def left_edit(session: Session) -> str:
    """Let the next message follow the conversation again; say so where it did not."""
    turn = _edited(session)
    session.leave_edit()
    return "" if turn is None else f"Edit left; turn {turn} stays as it was."


def _context(session: Session) -> list[ToolbarPart]:
    estimate = session.context()
    mark = ""
    if estimate is None:
        used = _reported(session)
        if not used:
            return []
    else:
        used, mark = estimate.tokens, "" if estimate.exact else "~"
    budget = Budget.of(session.model, session.settings)
    style = "toolbar.warning" if budget.warns(used, session.settings) else "toolbar"
    words = share_words(used, budget.limit)
    if used * 2 < budget.limit:
        words = words.partition(" ")[0]  # the share is of no interest yet
    return [ToolbarPart(style, mark + words, 2)]


def _reported(session: Session) -> int:
    """Give what the newest reply whose usage is known came to; 0 where there is none."""
    receipts = (turn.receipt for turn in reversed(session.conversation.path()) if turn.receipt)
    sums = (r.usage.total_input_tokens + r.usage.output_tokens for r in receipts)
    return next(filter(None, sums), 0)


def _warm(session: Session) -> list[ToolbarPart]:
    now = session.edges.clock()
    warm = warmth(session.books.footprint, session.request(None), now)
    if warm.state == "cold" and _lost_usd(session) < LEAST_LOSS_USD:
        return []
    words = toolbar_words(warm, now)
    if words and warm.state == "warm" and session.books.kept is not None:
        from chatrepl.session.warming import is_kept  # where it was loaded already

        words += ", kept warm" if is_kept(session) else ""
    return [ToolbarPart("toolbar", words, 5)] if words else []


def _lost_usd(session: Session) -> float:
    """Price what the cache no longer holds; nothing where no price is known."""
    last = session.books.footprint
    rates = session.edges.rates(session.model.id, last.tokens) if last is not None else None
    if last is None or rates is None:
        return 0.0
    return last.tokens * (rates.write(last.ttl) - rates.read) / 1_000_000


def _next(session: Session, mentioned: Sequence[str]) -> list[ToolbarPart]:
    """Show what is set for the next message, and what its draft mentions."""
    parts = []
    attached = list(dict.fromkeys([*(item.name for item in session.next.staged), *mentioned]))
    if attached:
        more = f" +{len(attached) - _MOST_NAMED}" if len(attached) > _MOST_NAMED else ""
        names = ", ".join(one_line(name, _NAME_COLUMNS) for name in attached[:_MOST_NAMED])
        count = f"{len(attached)} files: " if len(attached) > 1 else ""
        parts.append(ToolbarPart("toolbar.strong", f"▣ {count}{names}{more}", 1))
    if session.next.begins_with:
        begins = one_line(session.next.begins_with, _NAME_COLUMNS)
        parts.append(ToolbarPart("toolbar.strong", f"reply begins {begins}", 2))
    if (form := session.next.form) is not None:
        one_of = one_line(f"1 of: {', '.join(form.choices)}", _FORM_COLUMNS)
        parts.append(ToolbarPart("toolbar.strong", one_of if form.choices else "schema", 2))
    return parts


def _branch(session: Session) -> list[ToolbarPart]:
    state = session.conversation.state
    branch = next((name for name, at in state.branches.items() if at == state.head), "")
    return [ToolbarPart("toolbar", branch, 4)] if branch else []


_MOST_NAMED = 2
_NAME_COLUMNS = 24
_OWN_COLUMNS = 60
_FORM_COLUMNS = 32
LEAST_LOSS_USD = 0.01
LONGEST = 4_096  # of a path


def complete(session: Session, text: str, cursor: int) -> Iterable[Candidate]:
    """Offer completions at the cursor."""
    before = text[:cursor]
    if before.startswith("/") and not before.startswith("//") and "\n" not in before:
        length, offers = complete_line(session, before)
        for offer, meaning in offers:
            yield Candidate(cursor - length, offer, offer.rstrip(), meaning)
        return
    word = words_of(before[-LONGEST:])[-1]
    if word.startswith("@"):
        if (servers := session.edges.servers()) is not None:
            yield from _served(servers, word[1:], cursor)
        for path in complete_path(unescaped(word[1:])):
            yield Candidate(cursor - len(word) + 1, escaped(path), path, path_words(path))


def _served(servers: "Servers", begun: str, cursor: int) -> Iterator[Candidate]:
    """Offer servers by their beginnings, and the resources of one that is named."""
    server, colon, _ = begun.partition(":")
    at = cursor - len(begun)
    if not colon:
        for name in servers.names():
            if begun and name.startswith(begun):
                yield Candidate(at, f"{name}:", f"{name}:", "resources of this server")
    elif server in servers.names():
        with suppress(ToolError):  # it is told where one is asked for
            for one in servers.resources(server):
                offer = f"{server}:{one.uri}"
                if offer.startswith(begun):
                    yield Candidate(at, escaped(offer), one.uri, one.name)
