"""Calls and results as they go out, against a checker that is written apart from the code."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.exchange.pairing import called, paired
from chatrepl.core.talk.blocks import TextBlock, block_from_wire
from chatrepl.core.talk.message import Message

Json = dict[str, Any]
ENDS = {"code": "code_execution", "search": "web_search", "mcp": "mcp", "novel": "novel"}


def call(id_: str, kind: str = "search", outer: str | None = None, **more: Any) -> Json:
    caller = {} if outer is None else {"caller": {"type": "code_execution", "tool_id": outer}}
    type_ = {"ours": "tool_use", "mcp": "mcp_tool_use", "novel": "novel_tool_use"}.get(kind)
    named = {"name": ENDS.get(kind, "look"), "input": {}}
    return {"type": type_ or "server_tool_use", "id": id_, **named, **caller, **more}


def result(id_: str, kind: str = "search", outer: str | None = None) -> Json:
    caller = {} if outer is None else {"caller": {"type": "code_execution", "tool_id": outer}}
    type_ = "tool_result" if kind == "ours" else f"{ENDS[kind]}_tool_result"
    return {"type": type_, "tool_use_id": id_, "content": [], **caller}


def text(words: str = "x") -> Json:
    return {"type": "text", "text": words}


def message(role: Any, *blocks: Json) -> Message:
    return Message(role, tuple(map(block_from_wire, blocks)))


def sent(*messages: Message) -> list[tuple[str, list[Json]]]:
    return [(m.role, [block.to_wire() for block in m.content]) for m in paired(messages)]


# The checker: one reading from left to right, which knows nothing of how the code does it.


def _joined(messages: Sequence[Message]) -> list[tuple[str, list[Json]]]:
    joined: list[tuple[str, list[Json]]] = []
    for each in messages:
        if each.role == "system":
            continue
        wires = [block.to_wire() for block in each.content]
        if joined and joined[-1][0] == each.role:
            joined[-1][1].extend(wires)
        else:
            joined.append((each.role, wires))
    return joined


def faults(messages: Sequence[Message]) -> list[str]:
    """List what the service would refuse."""
    turns, found = _joined(messages), list[str]()
    theirs: dict[str, Json] = {}
    ours: set[str] = set()
    for at, (role, blocks) in enumerate(turns):
        if not blocks:
            found.append("an empty message")
        if role == "user":
            found += _user_faults(blocks, ours, bool(theirs))
            continue
        seen = set(theirs)
        ours = set()
        for number, block in enumerate(blocks):
            if block["type"].endswith("tool_use"):
                outer = block.get("caller", {}).get("tool_id")
                if block["id"] in seen:
                    found.append("an id stands twice")
                if outer is not None and outer not in theirs:
                    found.append("an inner call without its outer one")
                seen.add(block["id"])
                if block["type"] == "tool_use":
                    ours.add(block["id"])
                else:
                    theirs[block["id"]] = {**block, "place": (at, number)}
            elif block["type"].endswith("tool_result"):
                if theirs.pop(block["tool_use_id"], None) is None:
                    found.append("a result without its call")
                for inner in [*theirs.values(), *(b for b in blocks if b.get("id") in ours)]:
                    if inner.get("caller", {}).get("tool_id") == block["tool_use_id"]:
                        found.append("an outer result before the inner one")
        if ours and (at + 1 == len(turns) or not ours <= _answers(turns[at + 1][1])):
            found.append("our call without a result")
        if not ours and theirs:
            if at + 1 < len(turns):
                found.append("an open call that is not last")
            ends = [n for n, b in enumerate(blocks) if "tool_" not in b["type"]]
            if any(c["place"] < (at, max(ends, default=-1)) for c in theirs.values()):
                found.append("an open call before something else")
    return found


def _answers(blocks: list[Json]) -> set[str]:
    return {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}


def _user_faults(blocks: list[Json], ours: set[str], waits: bool) -> list[str]:
    results = [block["type"] == "tool_result" for block in blocks]
    found = [] if results == sorted(results, reverse=True) else ["results are not first"]
    ids = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    if len(set(ids)) < len(ids) or not set(ids) <= ours:
        found.append("a result without our call, or twice")
    if waits and not all(results):
        found.append("words while a call waits")
    if any(block["type"].endswith("tool_use") for block in blocks):
        found.append("a call of the user")
    return found


PART: st.SearchStrategy[Callable[[str], list[Json]]] = st.sampled_from(
    [
        lambda i: [text()],
        lambda i: [{"type": "thinking", "thinking": "hm", "signature": "s"}],
        lambda i: [call(i), result(i)],
        lambda i: [call(i, "mcp"), text(), result(i, "mcp")],
        lambda i: [call(i, "novel"), result(i, "novel")],
        lambda i: [call(i, "code"), result(i, "code")],
        lambda i: [call(i, "code"), call(f"{i}s", outer=i), result(f"{i}s", outer=i),
                   result(i, "code"), text()],
        lambda i: [call(i, "code"), call(f"{i}o", "ours", outer=i)],
        lambda i: [call(i, "ours")],
        lambda i: [call(i, "search"), call(f"{i}o", "ours")],
        lambda i: [result("nowhere")],
        lambda i: [call("same"), result("same")],
        lambda i: [{"type": "server_tool_use", "id": i, "name": 5}, result(i)],
    ]
)  # fmt: skip


@st.composite
def talks(draw: Any) -> list[Message]:
    """Replies of such parts, each cut anywhere, and what a user or an import may make of them."""
    talk: list[Message] = []
    for number in range(draw(st.integers(1, 5))):
        parts = draw(st.lists(PART, min_size=1, max_size=3))
        blocks = [b for n, part in enumerate(parts) for b in part(f"t{number}{n}")]
        cut = blocks[: draw(st.integers(0, len(blocks)))] if draw(st.booleans()) else blocks
        ours = [b["id"] for b in blocks if b["type"] == "tool_use"]
        given = [result(id_, "ours") for id_ in draw(st.permutations(ours))]
        words = draw(st.lists(st.just(text("q")), max_size=1))
        if draw(st.booleans()):
            talk.append(message("user", text("ask")))
        talk.append(message("assistant", *cut))
        if draw(st.booleans()):
            talk.append(message("system", text("s")))
        if draw(st.booleans()):
            talk.append(message("user", *draw(st.permutations([*given, *words]))))
        waiting = [b for b in cut if b["type"] == "server_tool_use"]
        if draw(st.booleans()):
            late = [result(b["id"], (b["name"] == "code_execution" and "code") or "search")
                    for b in waiting]  # fmt: skip
            talk.append(message("assistant", *draw(st.permutations(late))[:2], text("late")))
    return talk


@settings(max_examples=200, deadline=None)
@given(talks())
def test_what_is_sent_is_paired_however_it_was_cut(talk: list[Message]) -> None:
    out = paired(talk)
    assert faults(out) == []
    assert paired(out) == out
    texts = [b for m in talk for b in m.content if isinstance(b, TextBlock)]
    assert [b for m in out for b in m.content if isinstance(b, TextBlock)] == texts


def test_the_checker_finds_what_is_wrong() -> None:
    wrong = [
        [message("assistant", call("a")), message("user", text())],
        [message("assistant", call("a"), text())],
        [message("assistant", result("a"))],
        [message("assistant", call("a", "ours"))],
        [message("assistant", call("a", outer="gone"), result("a"))],
        [message("user", result("a", "ours"))],
    ]
    assert all(faults(talk) for talk in wrong)


CODE = [call("c", "code"), call("s", outer="c"), result("s", outer="c"), result("c", "code")]
WHOLE = [
    [message("assistant", *CODE, text()), message("user", text())],
    [message("assistant", call("a"), text()), message("assistant", result("a"), text())],
    [message("assistant", call("m", "mcp")), message("assistant", result("m", "mcp"))],
    [message("user", text()), message("assistant", *CODE[:2])],
    [
        message("assistant", call("c", "code"), call("o", "ours", outer="c")),
        message("user", result("o", "ours")),
        message("assistant", result("c", "code"), text()),
    ],
    [
        message("assistant", call("a"), call("o", "ours")),
        message("user", result("o", "ours")),
    ],
    [
        message("assistant", call("same"), result("same")),
        message("user", text()),
        message("assistant", call("same"), result("same")),
    ],
]


@pytest.mark.parametrize("talk", WHOLE)
def test_what_is_paired_goes_back_as_it_came(talk: list[Message]) -> None:
    assert faults(talk) == []
    assert paired(talk) == tuple(talk)


@pytest.mark.parametrize("cut", range(1, 4))
def test_a_reply_that_was_cut_inside_code_leaves_out_all_that_the_code_encloses(cut: int) -> None:
    talk = [message("assistant", text("a"), *CODE[:cut]), message("user", text("q"))]
    assert sent(*talk) == [("assistant", [text("a")]), ("user", [text("q")])]


def test_words_beside_our_results_leave_out_the_call_that_waits_and_what_it_encloses() -> None:
    asked = message("assistant", text("a"), call("c", "code"), call("o", "ours", outer="c"))
    given_back = message("user", text("and?"), result("o", "ours"))
    late = message("assistant", result("c", "code"), text("b"))
    assert sent(asked, given_back, late) == [
        ("assistant", [text("a")]), ("user", [text("and?")]), ("assistant", [text("b")]),
    ]  # fmt: skip


def test_results_stand_first_and_only_in_the_very_next_turn() -> None:
    asked, answer = message("assistant", call("o", "ours")), result("o", "ours")
    assert sent(asked, message("user", text("q"), answer))[1] == ("user", [answer, text("q")])
    late = sent(asked, message("user", text("q")), message("user", answer))
    assert late == [("user", [text("q")])]


def test_the_tools_that_are_called_are_named() -> None:
    talk = [message("assistant", *CODE, call("m", "mcp"), call("o", "ours")), message("user")]
    assert called(talk) == {"code_execution", "web_search", "mcp"}
    assert called([message("assistant", {"type": "novel_tool_use", "id": "1"})]) == {""}
