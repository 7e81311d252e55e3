"""Strategies that make blocks, turns and conversations, for the tests of the core."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

from hypothesis import strategies as st

from chatrepl.core.talk.blocks import BLOCKS, Block, block_from_wire, class_of

TEXT = st.text("ab \n{", max_size=5)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
OBJECT = st.dictionaries(st.text(max_size=4), JSON, max_size=3)
KINDS: Final = [
    *BLOCKS, "server_tool_use", "mcp_tool_use", "novel_tool_use", "web_search_tool_result",
    "bash_code_execution_tool_result", "mcp_tool_result", "novel_tool_result",
]  # fmt: skip
_IDS: Final = {"id", "tool_use_id"}


def wires_of(
    type_: str,
    texts: st.SearchStrategy[str] = TEXT,
    objects: st.SearchStrategy[dict[str, Any]] = OBJECT,
) -> st.SearchStrategy[dict[str, Any]]:
    """Make whole blocks of a type as they stand on the wire, of what its class says it takes."""
    values: Mapping[object, st.SearchStrategy[Any]] = {
        str: texts,
        bool: st.booleans(),
        object: texts | st.lists(objects, max_size=2) | objects,
        Mapping: objects,
        (list, tuple): st.lists(objects, min_size=1, max_size=2),
    }
    keys = {
        key: st.sampled_from(["t1", "t2", "t3"]) if key in _IDS else values[kind]
        for key, kind in getattr(class_of(type_), "KEYS", {}).items()
    }
    return st.fixed_dictionaries({**keys, "type": st.just(type_)})


def blocks_of(
    texts: st.SearchStrategy[str], objects: st.SearchStrategy[dict[str, Any]]
) -> st.SearchStrategy[Block]:
    """Make blocks of every type that there is, whole or without some part, and of none."""
    whole = st.sampled_from(KINDS).flatmap(lambda type_: wires_of(type_, texts, objects))
    keys = sorted({key for cls in BLOCKS.values() for key in cls.KEYS if key != "type"})
    torn = st.builds(_without, whole, st.sampled_from(keys))
    novel = objects.map(lambda wire: {**wire, "type": "new_kind"})
    marked = texts.map(lambda text: {"type": "text", "text": text, "cache_control": {}})
    return st.one_of(whole, torn, novel, marked).map(block_from_wire)


def _without(wire: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in wire.items() if name != key}


blocks = blocks_of(TEXT, OBJECT)


def chunked(draw: Callable[[st.SearchStrategy[Any]], Any], text: str) -> list[str]:
    """Cut `text` anywhere, also into empty pieces."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    edges = [0, *cuts, len(text)]
    return [text[a:b] for a, b in pairwise(edges)]
