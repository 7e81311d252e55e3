"""What is kept of a reply's end: why it ended, what it took, and what that cost."""

from chatrepl.core.exchange.reply import Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.conversation import Receipt
from chatrepl.core.talk.usage import Cost


def receipt_of(
    request: Request, reply: Reply, cost: Cost | None, seconds: float, error: str
) -> Receipt:
    """Sum up a reply to `request`, as far as it came."""
    return Receipt(
        model=reply.model or request.model,
        stop_reason=reply.stop_reason if reply.complete else None,
        stop_details=reply.stop_details,
        usage=reply.total_usage,
        message_id=reply.message_id,
        request_id=reply.request_id,
        prefill=reply.prefill,
        cost_usd=cost.usd if cost else None,
        uncached_usd=cost.uncached_usd if cost else None,
        duration_s=max(0.0, seconds),
        error=error,
    )
