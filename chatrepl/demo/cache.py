"""Prompt caching by the rules of the service.

The prompt is a row of blocks: tools, system, messages. A mark (explicit, or the automatic one on
the last block) writes an entry for the prefix that ends there and reads the longest live entry at
most 20 blocks back. Entries below the model's minimum are neither written nor read.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from chatrepl.demo.models import ModelCard
from chatrepl.demo.request import EFFORT, WireRequest, bare, effort_block
from chatrepl.demo.tokens import NEXT_MESSAGE, CountForModel, block_tokens, frame
from chatrepl.demo.wire import JSON, canonical, invalid

MOST_MARKS = 4
LOOKBACK = 20
TTL_SECONDS = {"5m": 300.0, "1h": 3600.0}
_UNMARKED = frozenset({"thinking", "redacted_thinking", EFFORT})


@dataclass(frozen=True, slots=True)
class Piece:
    """One block of the prompt: the hash of the prefix that ends with it, and its tokens."""

    part: str  # tools, system or messages
    prefix: str
    total: int
    ttl: str | None = None


@dataclass(frozen=True, slots=True)
class CachedPrompt:
    """The prompt as a row of pieces."""

    model: ModelCard
    pieces: tuple[Piece, ...]
    tokens: int
    mode: str  # what else the cache of the messages depends on

    def hashes(self, part: str) -> list[str]:
        return [piece.prefix for piece in self.pieces if piece.part == part]


@dataclass(frozen=True, slots=True)
class Share:
    """How the input tokens are billed."""

    plain: int
    read: int = 0
    written_5m: int = 0
    written_1h: int = 0

    def usage(self) -> JSON:
        """Return the input side of the service's usage."""
        return {
            "input_tokens": self.plain,
            "cache_creation_input_tokens": self.written_5m + self.written_1h,
            "cache_read_input_tokens": self.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.written_5m,
                "ephemeral_1h_input_tokens": self.written_1h,
            },
        }


def lay_out(request: WireRequest, count: CountForModel) -> CachedPrompt:
    """Return the prompt of a request; raises the service's 400 for bad marks."""
    rows = [("tools", "", tool) for tool in request.tools]
    rows += [("system", "system", block) for block in request.system]
    opens = set()  # the rows that begin a message after the first
    for message in request.messages:
        opens |= {len(rows)} if message.place and message.content else set()
        rows += [("messages", message.role, block) for block in message.content]
        if message.effort is not None:
            rows.append(("messages", "system", effort_block(message.effort)))
    marks = _marks(request, [block for _, _, block in rows])
    mode = _mode(request)
    running = hashlib.sha256(request.model.id.encode() + str(request.body.get("speed")).encode())
    total = frame(request.model)
    pieces: list[Piece] = []
    for place, (part, role, block) in enumerate(rows):
        running.update(canonical([part, role, bare(block)]))
        total += NEXT_MESSAGE if place in opens else 0
        if block.get("type") == EFFORT:
            pass  # it is not read as text
        elif part == "tools":
            total += 8 + count(canonical(bare(block)).decode(), request.model)
        else:
            total += block_tokens(block, request.model, count)
        prefix = running.copy().hexdigest() + (mode if part == "messages" else "")
        pieces.append(Piece(part, prefix, total, marks.get(place)))
    return CachedPrompt(request.model, tuple(pieces), total, mode)


def _mode(request: WireRequest) -> str:
    pictures = any(b["type"] == "image" for m in request.messages for b in m.content)
    effort = (request.body.get("output_config") or {}).get("effort")
    budget = (request.body.get("thinking") or {}).get("budget_tokens")
    choice = request.body.get("tool_choice")
    return hashlib.sha256(
        canonical([request.thinking, budget, effort, choice, pictures])
    ).hexdigest()[:12]


def _marks(request: WireRequest, blocks: list[JSON]) -> dict[int, str]:
    """Return the marked places with their time to live."""
    marks = {
        place: str(mark.get("ttl", "5m"))
        for place, block in enumerate(blocks)
        if (mark := block.get("cache_control"))
    }
    automatic = request.body.get("cache_control")
    if automatic:
        ttl = str(automatic.get("ttl", "5m"))
        place = _last_cacheable(blocks)
        if marks.get(place, ttl) != ttl:
            raise invalid(
                "cache_control: the last block already has a cache_control with another ttl"
            )
        if place not in marks and len(marks) >= MOST_MARKS:
            raise invalid(_too_many(len(marks) + 1))
        if place >= 0:
            marks[place] = ttl
    if len(marks) > MOST_MARKS:
        raise invalid(_too_many(len(marks)))
    order = [marks[place] for place in sorted(marks)]
    if "5m" in order and "1h" in order[order.index("5m") :]:
        raise invalid(
            "cache_control: a ttl='1h' cache_control block must not come after a ttl='5m' "
            "cache_control block. Note that blocks are processed in the following order: "
            "`tools`, `system`, `messages`."
        )
    return marks


def _too_many(found: int) -> str:
    return f"A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {found}."


def _last_cacheable(blocks: list[JSON]) -> int:
    for place in range(len(blocks) - 1, -1, -1):
        if blocks[place].get("type") not in _UNMARKED:
            return place
    return -1


@dataclass(slots=True)
class _CacheEntry:
    ttl: str
    expires: float


class Cache:
    """The live entries; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[str, _CacheEntry] = {}
        self._seen: OrderedDict[str, CachedPrompt] = OrderedDict()

    def bill(self, prompt: CachedPrompt) -> Share:
        """Return how a prompt is billed, and remember what it writes."""
        now = self._clock()
        self._entries = {k: e for k, e in self._entries.items() if e.expires > now}
        minimum = prompt.model.cache_minimum
        marked = [p for p, x in enumerate(prompt.pieces) if x.ttl and x.total >= minimum]
        if not marked:
            return Share(prompt.tokens)
        hit = max(self._hit(prompt, place) for place in marked)
        read = prompt.pieces[hit].total if hit >= 0 else 0
        written = {"5m": 0, "1h": 0}
        done = read
        for place in marked:
            piece = prompt.pieces[place]
            ttl = piece.ttl or "5m"
            if piece.total > done:
                written[ttl] += piece.total - done
                done = piece.total
            self._keep(piece.prefix, ttl, now)
        if hit >= 0:
            entry = self._entries[prompt.pieces[hit].prefix]
            entry.expires = now + TTL_SECONDS[entry.ttl]
        return Share(prompt.tokens - done, read, written["5m"], written["1h"])

    def _hit(self, prompt: CachedPrompt, mark: int) -> int:
        for place in range(mark, max(mark - LOOKBACK, -1), -1):
            if prompt.pieces[place].prefix in self._entries:
                return place
        return -1

    def _keep(self, prefix: str, ttl: str, now: float) -> None:
        old = self._entries.get(prefix)
        if old is not None and TTL_SECONDS[old.ttl] > TTL_SECONDS[ttl]:
            ttl = old.ttl
        self._entries[prefix] = _CacheEntry(ttl, now + TTL_SECONDS[ttl])

    def remember(self, message_id: str, prompt: CachedPrompt) -> None:
        """Keep a prompt so that a later request can ask why it missed."""
        self._seen[message_id] = prompt
        while len(self._seen) > 256:
            self._seen.popitem(last=False)

    def diagnose(self, previous_id: str | None, prompt: CachedPrompt, read: int = 0) -> JSON | None:
        """Return why `prompt` does not continue the earlier one, None where it does.

        `read` tokens of it were cached all the same.
        """
        if previous_id is None:
            return None
        old = self._seen.get(previous_id)
        if old is None:
            return {"type": "previous_message_not_found"}
        kind = _difference(old, prompt)
        if kind is None or kind == "unavailable":
            return None if kind is None else {"type": kind}
        return {"type": kind, "cache_missed_input_tokens": max(0, old.tokens - read)}


def _difference(old: CachedPrompt, new: CachedPrompt) -> str | None:
    if old.model.id != new.model.id:
        return "model_changed"
    for part in ("tools", "system"):
        if old.hashes(part) != new.hashes(part):
            return f"{part}_changed"
    before, now = old.hashes("messages"), new.hashes("messages")
    if old.mode != new.mode:
        return "unavailable"
    return None if now[: len(before)] == before else "messages_changed"
