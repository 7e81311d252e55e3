"""A reply in a line: what it took, what it cost, why it ended, and what to do next."""

from typing import Final

from chatrepl.core.conversation import Receipt

_NEXT: Final = {
    "max_tokens": "it reached its length limit · /continue goes on, /set max_tokens N allows more",
    "model_context_window_exceeded": "the model's window is full · /truncate makes room",
    "tool_use": "the model asked for a tool that is not run here",
    "pause_turn": "the service paused for long · /continue goes on",
    "refusal": "the model refused · the exchange is not sent again; /edit changes the question",
}


def compact(count: int) -> str:
    """Write a token count shortly: 345, 1.2k, 38k, 1.2M."""
    if count < 1000:
        return str(count)
    for unit, size in (("k", 1000), ("M", 1_000_000)):
        if count < size * 9.95:
            return f"{count / size:.1f}{unit}"
        if count < size * 999.5:
            return f"{count / size:.0f}{unit}"
    return f"{count / 1_000_000:.0f}M"


def dollars(usd: float | None) -> str:
    """Write a price with as many digits as it needs; an unknown one is said to be unknown."""
    if usd is None:
        return "price unknown"
    if usd <= 0:
        return "$0"
    return f"${usd:.4f}" if usd < 0.1 else f"${usd:.2f}"


def meta_line(receipt: Receipt) -> str:
    """Sum a reply up: `1.2k in (1.1k cached) · 345 out · $0.0031 · 2.4 s · end_turn`."""
    usage = receipt.usage
    parts = []
    if usage.total_input_tokens or usage.output_tokens:
        cached = usage.cache_read_input_tokens
        hit = f" ({compact(cached)} cached)" if cached else ""
        parts.append(f"{compact(usage.total_input_tokens)} in{hit}")
        parts.append(f"{compact(usage.output_tokens)} out")
        parts.append(dollars(receipt.cost_usd))
    else:
        parts.append("usage unknown")
    parts.append(f"{receipt.duration_s:.1f} s")
    parts.append(receipt.stop_reason or "cut")
    if receipt.prefill is not None:
        parts.append(f"prefill {receipt.prefill.mode}")
    return " · ".join(parts)


def next_step(receipt: Receipt) -> str:
    """Say what the reason for the end means and what to do, where that helps; else nothing."""
    reason = receipt.stop_reason
    if reason is None:
        return "the reply was cut · what came is kept; /continue goes on, /retry asks again"
    if reason == "refusal" and receipt.stop_details:
        why = [receipt.stop_details.get(key) for key in ("category", "explanation")]
        said = ": ".join(str(part) for part in why if part)
        return f"{_NEXT[reason]}\n{said}" if said else _NEXT[reason]
    if reason in {"end_turn", "stop_sequence"}:
        return ""
    return _NEXT.get(reason, f"the service ended it with {reason}")
