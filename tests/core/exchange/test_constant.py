"""The mark for the cache where many requests part."""

from dataclasses import replace
from typing import Any

import pytest

from chatrepl.core.exchange.constant import parted
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.blocks import DocumentBlock, TextBlock, UnknownBlock
from chatrepl.core.talk.message import Message

CONTROL = {"type": "ephemeral", "ttl": "5m"}
BLOCKS = (UnknownBlock({"type": "odd"}), DocumentBlock.plain("b"), TextBlock("c"), TextBlock("d"))
SYSTEM = [{"type": "text", "text": "s", "cache_control": CONTROL}]


def request(**params: Any) -> Request:
    return Request(
        {"model": "m", "cache_control": CONTROL, **params},
        (Message("user", BLOCKS), Message("assistant", (TextBlock("p"),))),
        marks=frozenset({0}),
    )


def marked(body: dict[str, Any]) -> list[int]:
    return [at for at, b in enumerate(body["messages"][0]["content"]) if "cache_control" in b]


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_the_last_of_what_is_the_same_is_marked_and_nothing_else(blocks: int) -> None:
    body = parted(request(system=SYSTEM), blocks, same_system=True).body()
    assert marked(body) == [blocks - 1]
    assert "cache_control" not in body
    assert "cache_control" not in body["system"][0]
    assert body["messages"][1] == request().body()["messages"][1]


def test_where_no_block_is_the_same_the_system_prompt_keeps_its_mark() -> None:
    body = parted(request(system=SYSTEM), 0, same_system=True).body()
    assert (marked(body), body["system"]) == ([], SYSTEM)


@pytest.mark.parametrize("system", [SYSTEM, "s", None])
def test_where_the_system_prompt_differs_nothing_is_marked(system: object) -> None:
    body = parted(request(**({"system": system} if system else {})), 2, same_system=False).body()
    assert "cache_control" not in str(body)


def test_without_a_cache_a_request_stays_as_it_is() -> None:
    plain = replace(request(), params={"model": "m"})
    assert parted(plain, 2, same_system=True) is plain


@pytest.mark.parametrize("ttl", ["5m", "1h"])
@pytest.mark.parametrize("same_system", [True, False])
@pytest.mark.parametrize("blocks", [0, 1, 3])
@pytest.mark.parametrize("system", [True, False])
def test_how_long_it_is_kept_is_told_wherever_the_mark_went(
    ttl: str, same_system: bool, blocks: int, system: bool
) -> None:
    control = {"type": "ephemeral", "ttl": ttl}
    prompt = {"system": [{"type": "text", "text": "s", "cache_control": control}]} if system else {}
    whole = request(**prompt, cache_control=control)
    assert whole.kept_for == ttl
    rest = parted(whole, blocks, same_system=same_system)
    assert rest.kept_for == (ttl if same_system and (blocks or system) else "")


@pytest.mark.parametrize(
    ("params", "lasts"),
    [
        ({"cache_control": {"type": "ephemeral"}}, "5m"),
        ({"cache_control": None}, ""),
        ({"cache_control": None, "system": "s", "tools": "odd"}, ""),
        ({"cache_control": None, "tools": ["odd", {"cache_control": {"ttl": "1h"}}]}, "1h"),
        ({"cache_control": {"ttl": "5m"}, "tools": [{"cache_control": {"ttl": "1h"}}]}, "1h"),
    ],
)
def test_of_several_marks_the_longest_counts(params: dict[str, Any], lasts: str) -> None:
    assert request(**params).kept_for == lasts
