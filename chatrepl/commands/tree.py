"""Commands about the conversation's tree: edit, branch, tree, goto, and turns written by hand."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, get_args

from chatrepl.attachments.attach import AttachedBlock, Attachment
from chatrepl.attachments.sniff import FileKind
from chatrepl.commands.registry import ArgKind, CountArg, Rest, command
from chatrepl.commands.rewriting import open_reply
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.request import new_messages
from chatrepl.core.numbers import place as place_of
from chatrepl.core.outcome import Draft, Notice, Outcome, Several, Table
from chatrepl.core.talk.blocks import Block, DocumentBlock, ImageBlock, TextBlock
from chatrepl.core.talk.conversation import Turn, TurnId
from chatrepl.core.talk.excerpts import answered, asked, reply_text
from chatrepl.core.talk.message import Message
from chatrepl.session.session import Session

START = "0"
_REPLY = "reply"
_NO_QUESTION = "(no question)"
_MOST = 400  # characters of a reply
_FAR_IN = 8  # characters alike, and a narrow column shows nothing else


def turn_numbers(session: Session, text: str) -> Iterable[tuple[str, str]]:
    """Offer the numbers of turns that begin like `text`, the newest first, with their questions."""
    numbered = [*enumerate(session.conversation.path(), 1)][::-1]
    return [(str(n), _asked(turn)) for n, turn in numbered if str(n).startswith(text)]


def _places(session: Session, text: str) -> Iterable[tuple[str, str]]:
    conversation = session.conversation
    branches = ((name, _told(session, at)) for name, at in conversation.state.branches.items())
    ids = ((id_, _asked(turn)) for id_, turn in conversation.turns.items())
    places = (*branches, *ids, *turn_numbers(session, ""), (START, "the beginning"))
    return [pair for pair in places if pair[0].startswith(text)]


_count = get_args(CountArg)[1].parse
Place = Annotated[str, ArgKind(complete=_places)]


def _turn_or_reply(text: str) -> int | str:
    return text if text == _REPLY else _count(text)


def _edits(session: Session, text: str) -> Iterable[tuple[str, str]]:
    reply = [(_REPLY, "the last reply")] if _REPLY.startswith(text) else []
    return [*turn_numbers(session, text), *reply]


@command("edit", group="conversation")
def edit(
    session: Session,
    turn: Annotated[
        int | str | None, ArgKind(_turn_or_reply, _edits, what="a turn's number, or reply")
    ] = None,
    what: Literal["reply"] | None = None,
) -> Outcome:
    """Change the question of TURN, or the last one, in the prompt; sending it branches off there.

    What was attached to it is attached again. The turns as they were are kept; /tree shows them.
    Ctrl-C or an empty line leaves everything as it is. `/edit reply` and `/edit TURN reply` change
    the model's words instead, a long reply in your editor; nothing is sent, and /continue goes on
    from yours.
    """
    edited = numbered(session, None if isinstance(turn, str) else turn)
    if _REPLY in {turn, what}:
        return open_reply(session, edited)
    if edited.user is None:
        raise UsageError("That turn has no question.")
    text = "".join(b.text for b in edited.question if isinstance(b, TextBlock))
    return Draft(text, session.edit(edited, _restaged(edited.question)))


def numbered(session: Session, number: int | None) -> Turn:
    """Find a turn by its number in /history; without one, the last. Raises UsageError."""
    path = session.conversation.path()
    if not path:
        raise UsageError("Nothing has been said yet.")
    if number is not None and not 1 <= number <= len(path):
        raise UsageError(f"There is no turn {number}.", f"/history shows turns 1 to {len(path)}.")
    return path[(number or len(path)) - 1]


def _restaged(question: tuple[Block, ...]) -> Iterator[Attachment]:
    for block in question:
        if isinstance(block, AttachedBlock):
            kind = FileKind.IMAGE if isinstance(block, ImageBlock) else FileKind.TEXT
            title = block.title if isinstance(block, DocumentBlock) else None
            name = title or f"the {block.type.replace('_', ' ')}"
            yield Attachment(block, name, kind, "sent before", None)


@command("user", group="conversation")
def user(session: Session, text: Rest) -> Outcome:
    """Add a message of yours without sending it. What is attached goes with it."""
    message = session.compose(text)
    session.unstage(*session.next.staged)
    messages = new_messages(session.conversation, message)
    session.add_turn(session.conversation.head, *messages)
    added = "Added as your message. /retry asks for a reply to it, /undo takes it back."
    from chatrepl.attachments.mentions import find_mentions  # the prompt is there before it

    if names := " and ".join(dict.fromkeys(mention.path for mention in find_mentions(text))):
        added += f" {names}: not attached; /image attaches before /user."
    return Notice(added)


@command("assistant", group="conversation")
def assistant(session: Session, text: Rest) -> Outcome:
    """Add a reply that you wrote yourself. /continue lets the model go on with it."""
    message = Message("assistant", (TextBlock(text),))
    conversation = session.conversation
    last = conversation.turns[conversation.head] if conversation.head is not None else None
    if last is not None and last.assistant is None:
        session.add_turn(last.parent, *last.messages, message, by_hand=True)
    else:
        session.add_turn(conversation.head, message, by_hand=True)
    return Notice("Added as a reply. /continue goes on with it, /undo takes it back.")


@command("branch", group="conversation")
def branch(session: Session, name: Rest = "") -> Outcome:
    """Give this place in the conversation a NAME, to come back to with /goto; else list names."""
    conversation = session.conversation
    branches = conversation.state.branches
    if not name:
        lines = [f"{name} · {_told(session, at)}" for name, at in branches.items()]
        return Notice("\n".join(lines) or "No branch has a name. /branch NAME names this place.")
    if len(name.split()) > 1:
        raise UsageError("A branch's name is one word.")
    if name.isdigit() or name in conversation.turns:  # a beginning of an id means the branch
        raise UsageError(f"{name} would be taken for a turn.", "Use a name of letters.")
    session.adjust(branches={**branches, name: conversation.head})
    return Notice(f"This place is {name}. Go on from here or elsewhere; /goto {name} returns.")


def _told(session: Session, at: TurnId | None) -> str:
    return "the beginning" if at is None else _asked(session.conversation.turns[at])


@command("goto", group="conversation")
def goto(session: Session, place: Place) -> Outcome:
    """Go to another place in the conversation: a turn's number or id, or a branch. 0 begins it.

    Nothing is lost: /tree shows all turns with their ids, and /undo returns.
    """
    at = find_place(session, place)
    if at == session.conversation.head:
        return Notice("You are there already.")
    session.adjust(head=at, next_system=None)
    count = len(session.conversation.path())
    where = f"After turn {count} now: {_told(session, at)}" if count else "At the beginning now."
    return Notice(f"{where}\n/undo returns.")


def find_place(session: Session, place: str) -> TurnId | None:
    """Find the turn that a number, an id's beginning or a name means. Raises UsageError."""
    conversation = session.conversation
    if place in conversation.state.branches:
        return conversation.state.branches[place]
    if place in conversation.turns:
        return TurnId(place)
    path = conversation.path()
    if place == START:
        return None
    if (number := place_of(place, len(path))) is not None:
        return path[number - 1].id
    ids = [id_ for id_ in conversation.turns if id_.startswith(place)]
    if len(ids) == 1:
        return ids[0]
    if ids:
        raise UsageError(f"{place} could be {', '.join(ids[:4])}.", "Write more of the id.")
    raise UsageError(f"There is no turn or branch {place}.", "/tree shows them with their ids.")


@command("tree", group="conversation")
def tree(session: Session) -> Outcome:
    """Show all turns, also those of other branches, with their ids for /goto.

    `*` marks the turns of the conversation as it stands, `>` the last of them. Turns that begin
    at the same place stand one below the other, one step further in. What begins like the
    first of them is shown from where it parts.
    """
    conversation = session.conversation
    if not conversation.turns:
        return Notice("Nothing has been said yet.")
    numbers = {turn.id: n for n, turn in enumerate(conversation.path(), 1)}
    names: dict[TurnId | None, str] = {}
    for name, at in conversation.state.branches.items():
        names[at] = f"{names[at]}, {name}" if at in names else name
    rows = []
    for turn, depth, words, reply in _told_apart(session):
        mark = ">" if turn.id == conversation.head else "*" if turn.id in numbers else ""
        number = str(numbers.get(turn.id, ""))
        asks = "  " * depth + (_words(words) or _NO_QUESTION)
        rows.append((mark, number, turn.id, asks, reply, names.get(turn.id, "")))
    headings = ("", "#", "id", "you", "reply", "branch")
    columns = len(headings) if names else len(headings) - 1
    table = Table(
        headings[:columns],
        tuple(row[:columns] for row in rows),
        right=frozenset({1}),
        markdown=frozenset({4}),
    )
    if conversation.head is not None:
        return table
    return Several((table, Notice("You are at the beginning; /goto takes an id.")))


def _told_apart(session: Session) -> Iterator[tuple[Turn, int, str, str]]:
    """Yield all turns with how far in they stand, and what tells each from those beside it."""
    questions: dict[TurnId | None, str] = {}
    replies: dict[tuple[TurnId | None, str], str] = {}
    for turn, depth in _walk(session):
        question, reply = asked(turn), reply_text(turn).strip() or answered(turn)
        place = (turn.parent, question)
        again = reply and replies.get(place) == reply
        first = replies.setdefault(place, reply)
        words = _parted(questions.setdefault(turn.parent, question), question)
        yield turn, depth, words, "(the same)" if again else _parted(first, reply)[:_MOST]


def _walk(session: Session) -> Iterator[tuple[Turn, int]]:
    """Yield all turns with how far in they stand: a step further where the tree forks."""
    children: dict[TurnId | None, list[Turn]] = {}
    for turn in session.conversation.turns.values():
        children.setdefault(turn.parent, []).append(turn)
    waiting = [(turn, int(len(children[None]) > 1)) for turn in reversed(children[None])]
    while waiting:
        turn, depth = waiting.pop()
        yield turn, depth
        next_ = children.get(turn.id, [])
        inner = depth + (len(next_) > 1)
        waiting += [(child, inner) for child in reversed(next_)]


def _parted(first: str, text: str) -> str:
    """Give a text from the word on where it parts from the first one, if that is far in."""
    if first == text:
        return text
    pairs = enumerate(zip(first, text, strict=False))
    alike = text[: next((at for at, (one, other) in pairs if one != other), len(first))]
    at = max(alike.rfind(" "), alike.rfind("\n")) + 1
    return f"…{text[at:]}" if at >= _FAR_IN else text


def _asked(turn: Turn) -> str:
    return _words(asked(turn)) or _NO_QUESTION


def _words(text: str) -> str:
    words = " ".join(text[:400].split())
    return words if len(words) <= 60 else f"{words[:59]}…"
