"""Strategies that make blocks, turns and conversations, for the tests of the core."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from chatrepl.core.talk.blocks import (
    Block,
    DocumentBlock,
    ImageBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
)

TEXT = st.text("ab \n{", max_size=5)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
OBJECT = st.dictionaries(st.text(max_size=4), JSON, max_size=3)
IDS = st.sampled_from(["t1", "t2", "t3"])
_SERVED = st.sampled_from(["web_search_tool_result", "web_fetch_tool_result"])

text_blocks = st.builds(TextBlock, TEXT, st.lists(OBJECT, max_size=2).map(tuple))
thinking_blocks = st.builds(ThinkingBlock, TEXT, TEXT) | st.builds(RedactedThinkingBlock, TEXT)
calls = st.builds(ToolUseBlock, st.sampled_from(["tool_use", "server_tool_use"]), IDS, TEXT, OBJECT)
results = st.builds(
    ToolResultBlock, st.just("tool_result") | _SERVED, IDS, JSON, st.none() | st.booleans()
)
unknown_blocks = st.builds(
    UnknownBlock, OBJECT.map(lambda wire: {**wire, "type": "new_kind"})
) | st.builds(lambda text: UnknownBlock({"type": "text", "text": text, "cache_control": {}}), TEXT)
blocks: st.SearchStrategy[Block] = st.one_of(
    text_blocks,
    thinking_blocks,
    calls,
    results,
    unknown_blocks,
    st.builds(ImageBlock.base64, TEXT, TEXT),
    st.builds(ImageBlock.url, TEXT),
    st.builds(DocumentBlock.plain, TEXT, st.none() | TEXT),
    st.builds(DocumentBlock.base64_pdf, TEXT),
    st.builds(DocumentBlock.url, TEXT, st.none() | TEXT),
)


def chunked(draw: Callable[[st.SearchStrategy[Any]], Any], text: str) -> list[str]:
    """Cut `text` anywhere, also into empty pieces."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    edges = [0, *cuts, len(text)]
    return [text[a:b] for a, b in pairwise(edges)]
