"""What a reply is billed: tokens, searches, and the steps it took."""

from chatrepl.demo.cache import Share
from chatrepl.demo.compose import UnbilledReply
from chatrepl.demo.request import WireRequest
from chatrepl.demo.wire import JSON


def usage_of(request: WireRequest, draft: UnbilledReply, share: Share) -> JSON:
    """Return the usage of a reply."""
    step = share.usage() | {"output_tokens": draft.output_tokens}
    summed_up = draft.stop_reason == "compaction"
    usage: JSON = (Share(0).usage() | {"output_tokens": 0} if summed_up else step) | {
        "output_tokens_details": {"thinking_tokens": draft.thinking_tokens},
        "service_tier": "standard",
        "inference_geo": request.body.get("inference_geo") or "global",
    }
    if request.body.get("speed"):
        usage["speed"] = request.body["speed"]
    if draft.searches or draft.fetches:
        usage["server_tool_use"] = {
            "web_search_requests": draft.searches,
            "web_fetch_requests": draft.fetches,
        }
    if steps := _iterations(request, draft, step):
        usage["iterations"] = steps
    return usage


def _iterations(request: WireRequest, draft: UnbilledReply, step: JSON) -> list[JSON]:
    """Return the steps of a reply that took more than one model or a summary."""
    summary = {**step, "type": "compaction"}
    message = {**step, "type": "message", "model": request.model.id}
    if draft.stop_reason == "compaction":
        return [summary]
    if draft.model:
        refused = {**message, "output_tokens": 0}
        return [refused, {**message, "type": "fallback_message", "model": draft.model}]
    if any(block["type"] == "compaction" for block in draft.blocks):
        return [summary, message]
    return []
