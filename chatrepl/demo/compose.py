"""Compose the reply: which blocks, and why it stops."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chatrepl.demo import schema, tooling
from chatrepl.demo.command import DemoPlan, PrefillBehaviour
from chatrepl.demo.continuation import begin_with, last_words, rest_of
from chatrepl.demo.replies import answer, thoughts
from chatrepl.demo.request import WireRequest
from chatrepl.demo.tokens import longest_within
from chatrepl.demo.tools.shows import compaction
from chatrepl.demo.turns import is_call, open_calls
from chatrepl.demo.validate_thinking import sign
from chatrepl.demo.view import Question
from chatrepl.demo.wire import JSON, dump

_TRIGGER = 150_000  # input tokens, where a request does not say
_REFUSAL = "The demo engine was asked to refuse, so it does. Nothing was wrong with your question."


@dataclass(frozen=True, slots=True)
class UnbilledReply:
    """A reply that is not billed yet."""

    blocks: tuple[JSON, ...] = ()
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None
    stop_details: JSON | None = None
    searches: int = 0
    fetches: int = 0
    container: bool = False  # whether code ran
    model: str = ""  # another model that answered
    thinking_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Composing:
    """What composing needs besides the request."""

    plan: DemoPlan
    behaviour: PrefillBehaviour
    overlap: int
    count: Callable[[str], int]
    room: int  # tokens left in the window
    new_id: Callable[[], str] = field(repr=False)


def compose(request: WireRequest, view: Question, desk: Composing) -> UnbilledReply:
    """Return the reply to a checked request."""
    limit = request.body["max_tokens"]
    if request.body.get("compaction") is not None:
        draft = UnbilledReply((compaction(signed=True),), "compaction")
        return replace(draft, output_tokens=_cost(draft, desk))
    if limit == 0:
        return UnbilledReply(stop_reason="max_tokens")
    draft = _thinking(request, view, desk)
    draft = _summed_up(request, desk, draft)
    if draft.stop_reason != "compaction":
        draft = _body(request, view, desk, draft)
    draft = _stop_sequences(draft, request.body.get("stop_sequences", []))
    budget = min(limit, max(desk.room, 1))
    if desk.plan.stop == "max_tokens":
        budget = min(budget, max(1, _cost(draft, desk) // 2))
    draft = _within(draft, budget, desk)
    if draft.stop_reason == "max_tokens" and desk.room < limit:
        draft = replace(draft, stop_reason="model_context_window_exceeded")
    return replace(_asked_stop(draft, desk.plan), output_tokens=_cost(draft, desk))


def _thinking(request: WireRequest, view: Question, desk: Composing) -> UnbilledReply:
    wanted = request.thinking in {"adaptive", "enabled"}
    goes_on = request.resumes or open_calls(request.messages)
    quiet = desk.plan.topic in {"say", "show"}
    if not wanted or request.schema is not None or goes_on or quiet:
        return UnbilledReply()
    text = thoughts(view, request.effort)
    if request.thinking == "adaptive" and desk.count(text) > request.body["max_tokens"] // 4:
        return UnbilledReply()
    shown = text if request.display == "summarized" else ""
    block = {"type": "thinking", "thinking": shown, "signature": sign(request, shown, [])}
    return UnbilledReply((block,), thinking_tokens=desk.count(text))


def _summed_up(request: WireRequest, desk: Composing, draft: UnbilledReply) -> UnbilledReply:
    """Put a summary first where the prompt is as long as the request says."""
    edits = (request.body.get("context_management") or {}).get("edits") or []
    for edit in edits:
        trigger = (edit.get("trigger") or {}).get("value", _TRIGGER)
        if edit["type"] == "compact_20260112" and request.model.window - desk.room >= trigger:
            stop = "compaction" if edit.get("pause_after_compaction") else draft.stop_reason
            return replace(draft, blocks=(compaction(), *draft.blocks), stop_reason=stop)
    return draft


def _body(
    request: WireRequest, view: Question, desk: Composing, draft: UnbilledReply
) -> UnbilledReply:
    used = tooling.use_tools(request, view, desk.plan, desk.new_id)
    if used is not None:
        return replace(
            draft,
            blocks=draft.blocks + used.blocks,
            stop_reason=used.stop_reason,
            searches=used.searches,
            fetches=used.fetches,
            container=used.container,
            model=used.model,
        )
    if desk.plan.stop == "refusal":
        text = _REFUSAL if desk.plan.category != "cyber" else ""
    elif request.schema is not None:
        text = dump(schema.instance(request.schema, view.asked)).decode()
    else:
        text = _text(request, view, desk)
    block: JSON = {"type": "text", "text": text}
    cited = tooling.document_citations(request)
    if cited:
        block["citations"] = cited
    return replace(draft, blocks=(*draft.blocks, block) if text else draft.blocks)


def _text(request: WireRequest, view: Question, desk: Composing) -> str:
    full = answer(request, view, desk.plan)
    if view.begin is not None:
        full = view.begin + rest_of(full, view.begin)
    if view.said or request.prefill is not None:
        again = last_words(view.said, desk.overlap) if view.continues else ""
        return again + rest_of(full, view.said)
    if view.begin is not None:
        return begin_with(view.begin, full[len(view.begin) :], desk.behaviour)
    return full


def _stop_sequences(draft: UnbilledReply, sequences: list[str]) -> UnbilledReply:
    blocks = []
    for block in draft.blocks:
        text = block.get("text", "") if block["type"] == "text" else ""
        found = [(text.find(stop), stop) for stop in sequences if stop in text]
        if not found:
            blocks.append(block)
            continue
        place, stop = min(found)
        if text[:place]:
            blocks.append({**block, "text": text[:place]})
        return replace(draft, blocks=tuple(blocks), stop_reason="stop_sequence", stop_sequence=stop)
    return draft


def _block_cost(block: JSON, desk: Composing) -> int:
    if block["type"] == "text":
        return desk.count(block["text"])
    if is_call(block):
        return desk.count(block["name"] + dump(block["input"]).decode())
    if block["type"] == "compaction":
        return desk.count(block["content"] or "")
    return 0


def _cost(draft: UnbilledReply, desk: Composing) -> int:
    return draft.thinking_tokens + sum(_block_cost(block, desk) for block in draft.blocks)


def _within(draft: UnbilledReply, budget: int, desk: Composing) -> UnbilledReply:
    """Cut the reply to `budget` tokens."""
    if _cost(draft, desk) <= budget:
        return draft
    left = max(budget - draft.thinking_tokens, 0)
    kept: list[JSON] = []
    for block in draft.blocks:
        cost = _block_cost(block, desk)
        if cost > left:
            if block["type"] == "text" and (
                text := longest_within(block["text"], left, desk.count)
            ):
                kept.append({**block, "text": text})
            break
        left -= cost
        kept.append(block)
    thinking = min(draft.thinking_tokens, budget)
    return replace(
        draft, blocks=tuple(kept), stop_reason="max_tokens", stop_sequence=None,
        thinking_tokens=thinking,
    )  # fmt: skip


def _asked_stop(draft: UnbilledReply, plan: DemoPlan) -> UnbilledReply:
    if draft.model or plan.stop in {"", "max_tokens", "pause_turn", "tool_use"}:
        return draft
    if plan.stop == "refusal":
        known = {"cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms"}
        details = {
            "type": "refusal",
            "category": plan.category if plan.category in known else None,
            "explanation": "This refusal was asked for; it shows how chatrepl reports one.",
        }
        return replace(draft, stop_reason="refusal", stop_details=details)
    sequence = "DEMO" if plan.stop == "stop_sequence" else None
    return replace(draft, stop_reason=plan.stop, stop_sequence=sequence)
