"""What is shown of tokens, money and replies: what it took, why it ended, what to do next."""

import math
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from chatrepl.core.talk.conversation import Receipt
from chatrepl.core.talk.usage import Cost, cost_of
from chatrepl.core.wire import encode

if TYPE_CHECKING:
    from chatrepl.core.tokens.estimate import Estimate


_NEXT: Final = {
    "max_tokens": "The length limit was reached; /continue goes on, /set max_tokens N allows more.",
    "model_context_window_exceeded": "The model's window is full; /truncate makes room.",
    "tool_use": "The model asked for a tool, and none is run here; /retry asks again.",
    "pause_turn": "The service paused again and again; /continue goes on.",
    "refusal": "The model refused. The exchange is not sent again; /edit changes the question.",
}
_ENDS: Final = {
    None: "cut",
    "max_tokens": "cut at the length limit",
    "model_context_window_exceeded": "window full",
    "refusal": "refused",
    "stop_sequence": "stopped at",
    "tool_use": "wants a tool",
    "pause_turn": "paused",
}
_CATEGORIES: Final = {  # of refusals, and what they mean
    "cyber": "attacks on computers",
    "bio": "dangers of biology",
    "frontier_llm": "building the largest models",
    "reasoning_extraction": "drawing out how it reasons",
    "general_harms": "danger to people",
}
_TOO_EARLY: Final = {
    None: "The reply was cut before its text; what came is kept, and /retry asks again.",
    "max_tokens": "The length limit was reached before the text; /set max_tokens N allows more, "
    "and /retry asks again.",
    "pause_turn": "The service paused again and again; /retry asks again.",
}
# Commands of a chat that words name. They are no paths, which may stand in words, too.
COMMANDS: Final = (
    "assistant branch btw choose cite clear code commands compact compare config context continue "
    "copy delete detach diff doctor download drop edit editor effort exit export files goto help "
    "history image import keep load mcp model models multiline paste pick pin prefill raw redo "
    "relevant request restore retry save schema search sessions set system think tools tree "
    "truncate undo usage user web"
).split()
_COMMAND: Final = rf"(?<!\S)/({'|'.join(COMMANDS)})\b!?(?![/\w])"
# These are options as well.
_OPTION: Final = r"(?<!\S)/(doctor|models|search|sessions|usage)\b(?![!/\w])"
_TINY_USD: Final = 0.0001
_LONGEST_REASON: Final = 400


def for_a_shell(words: str) -> str:
    """Leave out the sentences that name a command of a chat, unless it is an option as well.

    What is left begins as a sentence does.
    """
    listed = re.sub(_OPTION, r"chatrepl --\1", words)
    plain = re.sub(r" \(/[^()]{0,200}\)", "", listed)
    parts = re.split(r"(?<=[.;,?]) ", plain)
    clauses = [part for part in parts if re.search(_COMMAND, part) is None]
    if len(clauses) == len(parts):
        return plain
    rest = re.sub(r"[;,]$", ".", " ".join(clauses))
    if not clauses or clauses[0] == parts[0]:
        return rest
    return re.sub(r"^(?:and |or )?([a-z])(?=\w* )", lambda first: first[1].upper(), rest)


def compact(count: int) -> str:
    """Write a token count shortly: 345, 1.2k, 38k, 1.2M."""
    if count < 1000:
        return str(count)
    for unit, size in (("k", 1000), ("M", 1_000_000)):
        if count < size * 9.95:
            return f"{count / size:.1f}".removesuffix(".0") + unit
        if count < size * 999.5:
            return f"{count / size:.0f}{unit}"
    return f"{count / 1_000_000:.0f}M"


def dollars(usd: float | None) -> str:
    """Write a price with as many digits as it needs; an unknown one is said to be unknown."""
    if usd is None:
        return "price unknown"
    if usd <= 0:
        return "$0"
    if usd < _TINY_USD:
        return f"<${_TINY_USD}"
    return f"${usd:.4f}" if usd < 0.1 else f"${usd:.2f}"


def at_most(usd: float) -> str:
    """Write a price that bounds another: it is rounded up."""
    digits = 4 if usd < 0.1 else 2
    usd = math.ceil(usd * 10**digits - 1e-6) / 10**digits
    return dollars(usd)


def paid(cost: Cost | None) -> str:
    """Write what was paid, as `dollars` does; what is not all of it is told apart."""
    if cost is None or not cost.at_least:
        return dollars(cost.usd if cost is not None else None)
    return f"{dollars(cost.usd).removeprefix('<')} or more"


def foretold(usd: float | None) -> str:
    """Write a price before it is paid: near enough to be held to it."""
    is_coarse = usd is not None and 0.1 <= usd < 1  # there a cent is much
    return f"${usd:.3f}".removesuffix("0") if is_coarse else dollars(usd)


def exactly(amount: float) -> str:
    """Write an amount that somebody set with the digits it has, however small or large it is."""
    return f"{amount:.12f}".rstrip("0").rstrip(".")


def about(usd: float | None) -> str:
    """Write a price that is estimated: marked once, and not where it is a bound or unknown."""
    text = foretold(usd)
    return f"~{text}" if usd and text.startswith("$") else text


def meta_line(receipt: Receipt, *, demo: bool = False) -> str:
    """Sum a reply up: `1.2k in (1.1k cached) · 345 out · $0.0031 · 2.4 s`, and an unusual end.

    What the `demo` would have cost is marked so.
    """
    usage, played = receipt.usage, " (demo)" if demo else ""
    parts = []
    if usage.total_input_tokens or usage.output_tokens:
        cached = usage.cache_read_input_tokens
        hit = f" ({compact(cached)} cached)" if cached else ""
        parts.append(f"{compact(usage.total_input_tokens)} in{hit}")
        if receipt.stop_reason is None:  # the service counts what it wrote at the end
            parts.append("out unknown")
        else:
            parts.append(f"{compact(usage.output_tokens)} out")
        parts.append(f"{paid(cost_of(receipt))}{played}")
    else:
        parts.append("usage unknown")
    parts.append(f"{receipt.duration_s:.1f} s")
    if receipt.stop_reason != "end_turn":
        parts.append(_ended(receipt))
    if receipt.prefill is not None:
        parts.append(f"prefill {receipt.prefill.mode}")
    return " · ".join(parts)


def _ended(receipt: Receipt) -> str:
    reason, details = receipt.stop_reason, receipt.stop_details or {}
    words = _ENDS.get(reason, str(reason))
    if receipt.stop_sequence:
        return f"{words} {encode(receipt.stop_sequence)}"
    category = details.get("category") if reason == "refusal" else None
    return f"{words}: {' '.join(category.split())}" if isinstance(category, str) else words


def next_step(receipt: Receipt, *, goes_on: bool = True) -> str:
    """Say what the reason for the end means and what to do, where that helps; else nothing.

    `goes_on` tells whether the reply ends in text, which /continue needs.
    """
    reason = receipt.stop_reason
    if not goes_on and reason in _TOO_EARLY:
        return _TOO_EARLY[reason]
    if reason is None:
        return "The reply was cut. What came is kept; /continue goes on, /retry asks again."
    if reason in {"end_turn", "stop_sequence"}:
        return ""
    meaning = _NEXT.get(reason, f"The service ended it with {reason}.")
    why = refusal_words(receipt) if reason == "refusal" else ""
    return f"{meaning}\n{why}" if why else meaning


def refusal_words(receipt: Receipt) -> str:
    """Give the category of a refusal and its explanation, as far as they are known, in a line."""
    details = receipt.stop_details or {}
    category, explanation = (details.get(key) for key in ("category", "explanation"))
    if not explanation:  # then the category is told in words
        explanation = _CATEGORIES.get(str(category))
    parts = (category, explanation)
    why = ": ".join(" ".join(part.split()) for part in parts if isinstance(part, str) and part)
    return why if len(why) <= _LONGEST_REASON else f"{why[:_LONGEST_REASON]}…"


def tokens_words(estimate: "Estimate") -> str:
    """Write a count of tokens: `12k` as reported, `~12k` as estimated."""
    return f"{'' if estimate.exact else '~'}{compact(estimate.tokens)}"


def share_words(tokens: float, budget: float) -> str:
    """Write how much of the budget is used: `38k/150k 25%`."""
    part = f" {tokens / budget:.0%}" if budget > 0 else ""
    return f"{compact(round(tokens))}/{compact(round(budget))}{part}"


def spans(numbers: Collection[int]) -> str:
    """Write numbers shortly: 1-4, 7."""
    parts: list[str] = []
    run: list[int] = []
    for number in [*sorted(numbers), 0]:
        if run and number != run[-1] + 1:
            parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
            run = []
        run.append(number)
    return ", ".join(parts)


def turns_words(numbers: Collection[int]) -> str:
    """Name turns by their numbers: turn 3, turns 1-4, 7."""
    return f"turn{'' if len(numbers) == 1 else 's'} {spans(numbers)}"


def hidden_words(count: int) -> str:
    """Say how many characters that nobody sees there were."""
    return f"{count} hidden character{'' if count == 1 else 's'}"
