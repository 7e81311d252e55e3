"""Which turns to leave out so that the rest fits: a plan, made over whole turns.

A plan changes nothing: its `dropped` are marked by the caller, and marks can be taken away again.
Whole turns only, so that no tool call loses its answer; pinned turns and the newest stay; while a
tool loop is open nothing is cut. A cut goes below the limit, down to `target`, so that the next
ones leave the beginning alone and the cache stays warm.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.view import is_sent
from chatrepl.core.models import Model
from chatrepl.core.numbers import whole
from chatrepl.core.setting_values import shown
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import DocumentBlock, ImageBlock, ToolUseBlock
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen

RECENT_SHARE: Final = 0.4  # of the room that relevance has, kept for the newest turns


@frozen
class Weighed:
    """A turn as the planner sees it. `open` means that a tool call waits for its answer."""

    id: TurnId
    tokens: float
    images: int = 0
    open: bool = False


@frozen
class Budget:
    """What may be sent: above `limit` or `images`, cut to `target`. The newest turn stays."""

    limit: float
    target: float
    images: int | None = None

    @classmethod
    def of(cls, model: Model, settings: Settings) -> "Budget":
        """Give the budget that the settings set, or the model's own."""
        limit = settings.context_budget_tokens or model.budget_tokens
        return cls(limit, limit * settings.context_cut_to, model.most_images)

    def warns(self, tokens: float, settings: Settings) -> bool:
        """Tell whether so much is close enough to the limit to say so."""
        return tokens >= self.limit * settings.context_warn_at


@frozen
class TrimPlan:
    """What to drop, and the tokens before and after. `fits` tells whether that is enough."""

    dropped: tuple[TurnId, ...]
    kept: tuple[TurnId, ...]
    before: float
    after: float
    fits: bool

    @property
    def changes(self) -> bool:
        return bool(self.dropped)


@frozen
class Amount:
    """How much to keep, as it was asked for: one of turns, tokens, or a share of the window."""

    turns: int | None = None
    tokens: int | None = None
    share: float | None = None


def weigh(conversation: Conversation, tokens: Callable[[Turn], float]) -> tuple[Weighed, ...]:
    """Weigh the turns of the path that are sent now, oldest first."""
    return tuple(
        Weighed(turn.id, tokens(turn), _images(turn), _is_open(turn))
        for turn in conversation.path()
        if is_sent(turn, conversation)
    )


def pinned(conversation: Conversation) -> frozenset[TurnId]:
    """Name the turns that are pinned."""
    marks = conversation.state.marks
    return frozenset(id_ for id_, mark in marks.items() if mark == "pinned")


def plan(
    turns: Sequence[Weighed],
    budget: Budget,
    *,
    pins: Collection[TurnId] = frozenset(),
    base: float = 0,
) -> TrimPlan:
    """Drop the oldest turns until the target is met; none while all is within the limit.

    `base` is what is sent besides the turns: system prompt, tools, the message being written.
    """
    before = base + sum(turn.tokens for turn in turns)
    images = sum(turn.images for turn in turns)
    most_images = images if budget.images is None else budget.images
    after = before
    dropped: set[TurnId] = set()
    if (before > budget.limit or images > most_images) and not _in_a_loop(turns):
        for turn in turns[:-1]:
            if after <= budget.target and images <= most_images:
                break
            if turn.id not in pins:
                dropped.add(turn.id)
                after -= turn.tokens
                images -= turn.images
    if not dropped:
        after = before
    return _plan(
        turns, dropped, before, after, fits=after <= budget.limit and images <= most_images
    )


def plan_amount(
    turns: Sequence[Weighed],
    amount: Amount,
    *,
    window: int,
    pins: Collection[TurnId] = frozenset(),
    base: float = 0,
) -> TrimPlan:
    """Keep the newest turns within `amount`, and the pinned ones; at least the newest stays."""
    if amount.turns is None:
        tokens = amount.tokens if amount.tokens is not None else window * (amount.share or 0)
        return plan(turns, Budget(tokens, tokens), pins=pins, base=base)
    older = turns[: max(0, len(turns) - max(1, amount.turns))]
    chosen = [turn.id for turn in older if turn.id not in pins]
    return plan_drop(turns, chosen, base=base)


def plan_relevant(
    turns: Sequence[Weighed],
    scores: Mapping[TurnId, float],
    *,
    target: float,
    pins: Collection[TurnId] = frozenset(),
    base: float = 0,
) -> TrimPlan:
    """Keep the first, the newest and the pinned turns, and of the rest what scores best.

    Up to `target` tokens are kept, of which a share is the newest turns'.
    """
    keep = {turn.id for turn in turns if turn.id in pins} | {turn.id for turn in turns[-1:]}
    room = target - base - sum(turn.tokens for turn in turns if turn.id in keep)
    if turns and turns[0].id not in keep and turns[0].tokens <= room * (1 - RECENT_SHARE):
        keep.add(turns[0].id)
        room -= turns[0].tokens
    room = _take(reversed(turns), keep, room, room * RECENT_SHARE, stop=True)
    ranked = sorted((t for t in turns if scores.get(t.id, 0) > 0), key=lambda t: -scores[t.id])
    _take(ranked, keep, room, room, stop=False)
    return plan_drop(turns, [turn.id for turn in turns if turn.id not in keep], base=base)


def _take(
    turns: Iterable[Weighed], keep: set[TurnId], room: float, most: float, *, stop: bool
) -> float:
    """Add turns to `keep` while they fit into `most`; give the room that is left."""
    for turn in turns:
        if turn.id in keep:
            continue
        if turn.tokens > most:
            if stop:
                break
            continue
        keep.add(turn.id)
        room -= turn.tokens
        most -= turn.tokens
    return room


def plan_drop(turns: Sequence[Weighed], chosen: Collection[TurnId], *, base: float = 0) -> TrimPlan:
    """Drop the `chosen` turns and no others; none while a tool loop is open."""
    before = base + sum(turn.tokens for turn in turns)
    wanted = frozenset() if _in_a_loop(turns) else frozenset(chosen)
    dropped = {turn.id for turn in turns if turn.id in wanted}
    after = before - sum(turn.tokens for turn in turns if turn.id in dropped)
    return _plan(turns, dropped, before, after, fits=True)


def _plan(
    turns: Sequence[Weighed], dropped: set[TurnId], before: float, after: float, *, fits: bool
) -> TrimPlan:
    gone = tuple(turn.id for turn in turns if turn.id in dropped)
    rest = tuple(turn.id for turn in turns if turn.id not in dropped)
    return TrimPlan(gone, rest, before, after, fits)


def _in_a_loop(turns: Sequence[Weighed]) -> bool:
    return bool(turns) and turns[-1].open


def _images(turn: Turn) -> int:
    return sum(map(count_images, turn.messages))


def count_images(message: Message) -> int:
    """Count what the service's limit of images counts in a message: PDFs too."""
    return sum(
        isinstance(block, ImageBlock)
        or (isinstance(block, DocumentBlock) and block.source.get("type") == "base64")
        for block in message.content
    )


def _is_open(turn: Turn) -> bool:
    last = turn.messages[-1] if turn.messages else None
    return (
        last is not None
        and last.role == "assistant"
        and any(isinstance(b, ToolUseBlock) and b.type == "tool_use" for b in last.content)
    )


_AMOUNT: Final = re.compile(
    r"(\d{1,18}(?:[.,]\d{1,18})?)\s*+(k|m|%)?\s*+(turns?|tokens?|t)?", re.IGNORECASE
)
_UNITS: Final = {"k": 1000, "m": 1_000_000}
_LAST: Final = re.compile(r"last\s*(\d+)?", re.IGNORECASE)
_FIRST: Final = re.compile(r"first\s*(\d+)?", re.IGNORECASE)
_SPAN: Final = re.compile(r"(\d*)\s*(?:-|–|\.\.)\s*(\d*)|(\d+)")
_RANGES: Final = "Turns are given as 3, 2-5, -3 (up to 3), 7- (from 7 on), last 4, or all."


def parse_amount(text: str) -> Amount:
    """Read how much to keep: `20` turns, `30k` tokens, `40%` of the window. Raises UsageError."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise _bad_amount(text)
    digits, unit, noun = match[1].replace(",", "."), (match[2] or "").casefold(), match[3] or ""
    number = float(digits)
    counts_turns = noun.casefold().startswith("turn")
    if unit == "%":
        if not 0 < number <= 100 or noun:
            raise _bad_amount(text)
        return Amount(share=number / 100)
    if unit or (noun and not counts_turns):
        tokens = int(number * _UNITS.get(unit, 1))
        if counts_turns or tokens < 1:
            raise _bad_amount(text)
        return Amount(tokens=tokens)
    if number < 1 or number != int(number):
        raise _bad_amount(text)
    return Amount(turns=int(number))


def _bad_amount(text: str) -> UsageError:
    return UsageError(
        f"{shown(text.strip()) or 'Nothing'} is no amount to keep.",
        "Give turns (20), tokens (30k) or a share of the window (40%).",
    )


def parse_range(text: str, count: int) -> tuple[int, ...]:
    """Read which of `count` turns are meant, by number from 1. Raises UsageError.

    Parts are joined by commas or blanks: `3`, `2-5`, `-3`, `7-`, `last 4`, `first 2`, `all`.
    """
    numbers: set[int] = set()
    for part in _parts(text):
        try:
            first, last = _bounds(part, count)
        except ValueError:  # no conversation has so many
            first = last = 0
        if first > last or first < 1 or last > count:
            raise UsageError(
                f"There are no turns {shown(part)}: this conversation has {count}.", _RANGES
            )
        numbers.update(range(first, last + 1))
    if not numbers:
        raise UsageError("Say which turns.", _RANGES)
    return tuple(sorted(numbers))


def _parts(text: str) -> list[str]:
    joined = re.sub(r"\b(last|first)\s+(?=\d)", r"\1", text.strip(), flags=re.IGNORECASE)
    joined = re.sub(r"(?<=\d)\s*(-|–|\.\.)\s*(?=\d)", r"\1", joined)
    return [part for part in re.split(r"[,\s]+", joined) if part]


def _bounds(part: str, count: int) -> tuple[int, int]:
    if part.casefold() in {"all", "*"}:
        return 1, count
    if (match := _LAST.fullmatch(part)) is not None:
        return max(1, count - whole(match[1] or "1") + 1), count
    if (match := _FIRST.fullmatch(part)) is not None:
        return 1, min(count, whole(match[1] or "1"))
    match = _SPAN.fullmatch(part)
    if match is None or part in {"-", "–", ".."}:
        raise UsageError(f"{shown(part)} names no turns.", _RANGES)
    if match[3]:
        return whole(match[3]), whole(match[3])
    return whole(match[1] or "1"), whole(match[2] or str(count))
