"""Files that code made, as a conversation names them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.talk.blocks import block_from_wire
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.workshop import files_made, made_in, size_words, told_in_full


def made(*ids: str, kind: str = "bash_code_execution") -> dict[str, Any]:
    files = [{"type": f"{kind}_output", "file_id": id_} for id_ in ids]
    content = {"type": f"{kind}_result", "stdout": "", "return_code": 0, "content": files}
    return {"type": f"{kind}_tool_result", "tool_use_id": "t", "content": content}


@pytest.mark.parametrize(
    ("wires", "ids"),
    [
        ([made("file_1", "file_2")], ("file_1", "file_2")),
        ([made("file_1"), made("file_1", "file_3", kind="code_execution")], ("file_1", "file_3")),
        ([{"type": "container_upload", "file_id": "file_4"}], ("file_4",)),
        ([made()], ()),
        ([{"type": "text", "text": "file_5"}], ()),
        ([{"type": "code_execution_tool_result", "tool_use_id": "t", "content": "broken"}], ()),
        ([{"type": "sketch", "file_id": "file_6"}], ()),
    ],
)
def test_a_file_is_named_once_wherever_a_result_tells_of_it(
    wires: list[dict[str, Any]], ids: tuple[str, ...]
) -> None:
    assert files_made(map(block_from_wire, wires)) == ids


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5))
def test_a_result_of_any_shape_is_read(content: Any) -> None:
    wire = {"type": "code_execution_tool_result", "tool_use_id": "t", "content": content}
    assert files_made([block_from_wire(wire)]) == ()


def test_the_files_of_a_branch_are_those_on_the_way_to_it() -> None:
    talk = Conversation()
    for id_, parent in (("a", None), ("b", "a"), ("c", "a")):
        reply = Message("assistant", (block_from_wire(made(f"file_{id_}")),))
        upload = {"type": "container_upload", "file_id": "mine"}
        asked = Message("user", (block_from_wire(upload),))
        above = TurnId(parent) if parent else None
        talk = talk.add(Turn(TurnId(id_), above, (asked, reply)))
    assert made_in(talk) == ("file_a", "file_c")


def test_all_that_ran_and_all_that_it_wrote_can_be_read() -> None:
    def call(name: str, **given: Any) -> dict[str, Any]:
        return {"type": "server_tool_use", "id": "t", "name": name, "input": given}

    out = {"type": "code_execution_result", "stdout": "1\n" * 9, "stderr": "oh", "content": []}
    wires = [
        call("code_execution", code="print(1)\n"),
        {"type": "code_execution_tool_result", "tool_use_id": "t", "content": out},
        call("bash_code_execution", command="echo '```'"),
        call("text_editor_code_execution", command="view", path="/a", file_text=3),
        call("web_search", query="not this"),
        {"type": "web_search_tool_result", "tool_use_id": "t", "content": []},
        {"type": "code_execution_tool_result", "tool_use_id": "t", "content": None},
        {"type": "text", "text": "nor this"},
    ]
    nines = "\n".join("1" * 9)
    assert told_in_full(map(block_from_wire, wires)) == (
        "```python\nprint(1)\n```\n\n"
        f"```\n{nines}\n```\n\n```\noh\n```\n\n"
        "````sh\necho '```'\n````\n\n"
        "```sh\nview\n```\n\n```\n/a\n```"
    )
    assert told_in_full([]) == ""


@pytest.mark.parametrize(
    ("size", "words"),
    [(None, ""), (0, "0 bytes"), (12_345, "12.3 kB"), (5_000_000, "5 MB"),
     (999, "999 bytes"), (1000, "1 kB"), (1_000_000, "1 MB"), (999_499, "999 kB"),
     (999_600, "1,000 kB"), (999_999_999, "1,000 MB"), (2 * 10**12, "2,000 GB")],
)  # fmt: skip
def test_a_size_is_written_shortly(size: int | None, words: str) -> None:
    assert size_words(size) == words


@given(st.integers(0, 10**15))
def test_a_size_is_told_to_three_digits_in_its_unit(size: int) -> None:
    count, name = size_words(size).split(" ")
    unit = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}[name]
    assert float(count.replace(",", "")) * unit == pytest.approx(size, rel=0.005)
    assert set(count) <= set("0123456789.,")
