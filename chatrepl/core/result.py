"""The result of a single shot as one JSON object; its keys are a contract with scripts."""

from typing import Any

from chatrepl.core.conversation import Receipt
from chatrepl.core.errors import ApiError, ChatreplError
from chatrepl.core.frozen import frozen


@frozen
class Result:
    """What a single shot came to. `receipt` is None where nothing was sent."""

    text: str = ""
    parsed: Any = None
    model: str = ""
    receipt: Receipt | None = None
    retries: int = 0
    session_id: str | None = None
    error: ChatreplError | None = None

    def to_wire(self) -> dict[str, Any]:
        """Give the object that `-o json` prints."""
        receipt = self.receipt or Receipt(model=self.model)
        prefill = receipt.prefill
        saved = None
        if receipt.cost_usd is not None and receipt.uncached_usd is not None:
            saved = receipt.uncached_usd - receipt.cost_usd
        return {
            "schema": 1,
            "ok": self.error is None,
            "text": self.text,
            "parsed": self.parsed,
            "model": receipt.model or self.model,
            "stop_reason": receipt.stop_reason,
            "stop_details": dict(receipt.stop_details) if receipt.stop_details else None,
            "prefill": {"text": prefill.text, "mode": prefill.mode} if prefill else None,
            "usage": receipt.usage.to_wire(),
            "cost_usd": receipt.cost_usd,
            "saved_usd": saved,
            "duration_ms": round(receipt.duration_s * 1000),
            "retries": self.retries,
            "request_id": receipt.request_id,
            "session_id": self.session_id,
            "error": self._error(receipt),
        }

    def _error(self, receipt: Receipt) -> dict[str, Any] | None:
        if self.error is None:
            return None
        found = error_to_wire(self.error)
        if receipt.stop_reason == "refusal" and found["type"] == _TYPES[7]:
            found["type"] = "refusal"
        return found | {"request_id": found["request_id"] or receipt.request_id}


def error_to_wire(error: ChatreplError) -> dict[str, Any]:
    """Give an error as scripts see it."""
    api = error if isinstance(error, ApiError) else None
    return {
        "type": api.type if api else _TYPES.get(error.exit_code, "error"),
        "status": api.status if api else None,
        "message": error.message,
        "retryable": api.retryable if api else False,
        "request_id": api.request_id if api else None,
    }


_TYPES = {
    2: "usage_error",
    3: "authentication_error",
    5: "too_large_error",
    6: "cut_error",
    7: "empty_error",
    8: "format_error",
    70: "bug",
    129: "terminated",
    130: "interrupted",
    131: "terminated",
    143: "terminated",
}
