import json

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.demo.stream import encode, events, paced, pieces

sizes = st.lists(st.integers(1, 9), min_size=1).map(tuple)
MESSAGE = {
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "tool_use", "id": "a", "name": "b", "input": {"c": "é"}},
        {"type": "text", "text": "Grüße 👋", "citations": [{"type": "char_location"}]},
        {"type": "web_search_tool_result", "tool_use_id": "x", "content": []},
    ],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "stop_details": None,
    "usage": {"input_tokens": 3, "output_tokens": 9, "cache_creation": {}},
}


@given(st.text(), sizes)
def test_the_pieces_are_the_text(text: str, parts: tuple[int, ...]) -> None:
    assert "".join(pieces(text, parts)) == text


@given(sizes)
def test_the_deltas_add_up_to_the_blocks(parts: tuple[int, ...]) -> None:
    found = [data for _, data in events(MESSAGE, parts)]
    deltas = [data["delta"] for data in found if data["type"] == "content_block_delta"]
    assert "".join(d.get("text", "") for d in deltas) == "Grüße 👋"
    assert "".join(d.get("thinking", "") for d in deltas) == "hm"
    assert json.loads("".join(d.get("partial_json", "") for d in deltas)) == {"c": "é"}
    assert [d for d in deltas if "citation" in d]
    assert found[0]["message"]["content"] == []
    assert found[0]["message"]["usage"]["output_tokens"] == 1
    assert "cache_creation" not in found[-2]["usage"]


def test_a_chunk_may_end_inside_a_character() -> None:
    found = events(MESSAGE)
    chunks = paced(found, 0)
    assert b"".join(chunk.data for chunk in chunks) == b"".join(map(encode, found))
    assert any(chunk.data[-1] >= 0xC0 for chunk in chunks)
    assert sum(chunk.wait for chunk in chunks) == 0
    assert sum(chunk.wait for chunk in paced(found, 10)) > 0
