"""A cheap, deterministic token count: the right size, not the right number.

Latin text costs 1 token per 4.4 characters (3.2 from the 4.7 generation on), everything else
about one a character; images cost one per 28 by 28 pixels, PDF pages a flat sum.
"""

from collections.abc import Callable

from chatrepl.demo.images import measure_base64
from chatrepl.demo.models import ModelCard
from chatrepl.demo.wire import JSON, canonical

CountForModel = Callable[[str, ModelCard], int]
PDF_TOKENS = 2000
NEXT_MESSAGE = 4  # around each message after the first


def count_text(text: str, model: ModelCard) -> int:
    """Return the tokens of `text`."""
    plain = len(text.encode("ascii", "ignore"))
    other = len(text) - plain
    per, heavy = (44, 40) if model.old_tokens else (32, 30)
    return -(-(plain * 10 + other * heavy) // per)


def longest_within(text: str, limit: int, count: Callable[[str], int]) -> str:
    """Return the longest beginning of `text` that costs at most `limit` tokens."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(text[:middle]) <= limit else (low, middle - 1)
    return text[:low]


def image_tokens(size: tuple[int, int], model: ModelCard) -> int:
    """Return the tokens of an image of `size` pixels after the service's downscaling."""
    edge, cap = (1568, 1568) if model.old_tokens else (2576, 4784)
    width, height = size
    scale = min(1.0, edge / max(width, height, 1))
    while True:
        tiles = -(-int(width * scale) // 28) * -(-int(height * scale) // 28)
        if tiles <= cap:
            return max(tiles, 1)
        scale *= 0.98


def _source_tokens(block: JSON, model: ModelCard, count: CountForModel) -> int:
    source = block["source"]
    if block["type"] == "image":
        size = measure_base64(source["data"]) if source["type"] == "base64" else None
        return image_tokens(size or (1024, 1024), model)
    if source["type"] == "text":
        return count(source["data"], model)
    if source["type"] == "content":
        return block_tokens({"type": "text", "text": ""}, model, count) + count(
            canonical(source["content"]).decode(), model
        )
    return PDF_TOKENS


def block_tokens(block: JSON, model: ModelCard, count: CountForModel = count_text) -> int:
    """Return the tokens of one content block."""
    kind = block["type"]
    if kind == "text":
        return count(block["text"], model)
    if kind == "thinking":
        return count(block["thinking"] or block["signature"], model)
    if kind in {"image", "document"}:
        return _source_tokens(block, model, count)
    if kind == "tool_result" and isinstance(block.get("content"), list):
        return 8 + sum(block_tokens(part, model, count) for part in block["content"])
    rest = {key: value for key, value in block.items() if key != "cache_control"}
    return 8 + count(canonical(rest).decode(), model)


def frame(model: ModelCard) -> int:
    """Return the tokens around a prompt of one message."""
    return 7 if model.old_tokens else 6
