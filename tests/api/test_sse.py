import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api.sse import EventReader, merged

ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
NAMES = st.text("abcdefghij_", max_size=12)
DATA = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1)


def read(*chunks: bytes, joins: bool = False) -> list[tuple[str, bytes]]:
    reader = EventReader(joins=joins)
    return [event for chunk in chunks for event in reader.feed(chunk)]


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[tuple[str, bytes]]]:
    end = draw(ENDS)
    events = draw(st.lists(st.tuples(NAMES, st.lists(DATA, min_size=1, max_size=3)), max_size=6))
    written = b""
    for name, lines in events:
        written += b": a comment" + end
        written += b"event: " + name.encode() + end
        written += b"".join(b"data: " + line.encode() + end for line in lines) + end
    return written + b": done" + end, [(name, "\n".join(lines).encode()) for name, lines in events]


@given(streams(), st.data())
def test_any_cut_of_a_stream_gives_the_same_events(
    stream: tuple[bytes, list[tuple[str, bytes]]], data: st.DataObject
) -> None:
    written, events = stream
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=12)))
    chunks = [written[a:b] for a, b in zip([0, *cuts], [*cuts, len(written)], strict=True)]
    assert read(*chunks) == events
    assert read(*(bytes([byte]) for byte in written)) == events


@given(st.lists(st.binary()))
def test_no_bytes_make_it_raise(chunks: list[bytes]) -> None:
    read(*chunks)


@given(streams(), st.binary(max_size=3))
def test_the_end_of_the_bytes_completes_what_waits(
    stream: tuple[bytes, list[tuple[str, bytes]]], tail: bytes
) -> None:
    written, events = stream
    for left in (b"data: x", b"data: x\r", b"data: x\r\n", b"data: x\n\r"):
        reader = EventReader()
        assert [*reader.feed(written + left), *reader.end()] == [*events, ("", b"x")]
        assert reader.end() == []
    torn = EventReader()
    torn.feed(tail)
    torn.end()


def test_an_event_that_was_cut_off_waits() -> None:
    assert read(b'event: a\ndata: {"x":1}\n') == []


def test_a_byte_order_mark_is_skipped_even_in_pieces() -> None:
    assert read(b"\xef", b"\xbb", b"\xbfdata:x\n\n") == [("", b"x")]
    assert read(b"\xef\xbb\xbfdata:x\n\n") == [("", b"x")]
    assert read(b"", b"\xef\xbb\xbfdata:x\n\n") == [("", b"x")]
    assert read(b"\xefdata:x\n\ndata:y\n\n") == [("", b"y")]


def test_a_field_may_lack_its_space_or_its_colon() -> None:
    assert read(b"event:a\ndata\nid: 7\nretry: 1\n\n") == [("a", b"")]


def test_it_tells_how_much_waits_for_its_end() -> None:
    reader = EventReader()
    reader.feed(b"data: " + b"x" * 100)
    reader.feed(b"y" * 50)
    assert reader.waiting == 156
    reader.feed(b"\ndata: zz")
    assert reader.waiting == 150 + 40 + 8
    reader.feed(b"\n\n")
    assert reader.waiting == 0


def test_only_the_first_byte_order_mark_is_skipped() -> None:
    assert read(b"data:x\n\n", b"\xef\xbb\xbfdata:y\n\n") == [("", b"x")]


def test_rows_of_empty_lines_end_one_event_and_cost_nothing() -> None:
    reader = EventReader()
    assert reader.feed(b"data: a" + b"\n" * 500 + b"data: b\r\r" + b"\r\n" * 500) == [
        ("", b"a"),
        ("", b"b"),
    ]


KINDS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": ")])
WORDS = st.one_of(
    st.text(max_size=5), st.sampled_from(['"', "\\", '"}}\n\nevent: ', "\ud83d", "}"])
)


@st.composite
def deltas(draw: st.DrawFn) -> bytes:
    """Write events as a service might: mostly deltas that can be merged, and some that cannot."""
    written = b""
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["text_delta"] * 4 + list(KINDS)))
        delta = {"type": kind, KINDS[kind]: draw(WORDS)}
        value: dict[str, Any] = {
            "type": "content_block_delta", "index": draw(st.integers(0, 1)), "delta": delta,
        }  # fmt: skip
        if draw(st.integers(0, 9)) == 0:
            value = draw(st.sampled_from([{"type": "ping"}, {**value, "more": {"text": "x"}}]))
        line = json.dumps(value, separators=draw(SEPARATORS), ensure_ascii=draw(st.booleans()))
        line = line.removesuffix("}") + draw(st.sampled_from(["", "  "])) + "}"
        written += draw(st.sampled_from([b"", b"event: content_block_delta\n", b"data: 1\n"]))
        end = draw(st.sampled_from(["\n\n"] * 4 + ["\r\n\r\n", "\n"]))
        written += f"data: {line}{end}".encode("utf-8", "surrogatepass")
    return written


def told(events: list[tuple[str, bytes]]) -> list[Any]:
    """Join what deltas of one block say that follow each other; the rest is as it came."""
    joined: list[Any] = []
    for name, data in events:
        try:
            value = json.loads(data.decode("utf-8", "surrogatepass"))
            delta = value["delta"]
            head = [name, value["index"], delta["type"], len(value)]
            text = delta[KINDS[delta["type"]]].encode("utf-16-le", "surrogatepass")
        except (ValueError, KeyError, TypeError):
            joined.append([name, data])
            continue
        if joined and joined[-1][:4] == head and len(value) == 3:
            joined[-1][4] += text
        else:
            joined.append([*head, text])
    return joined


@given(deltas(), st.data())
def test_merged_deltas_say_what_they_said_however_they_are_cut(
    written: bytes, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=4)))
    chunks = [written[a:b] for a, b in zip([0, *cuts], [*cuts, len(written)], strict=True)]
    assert told(read(*chunks, joins=True)) == told(read(*chunks))


@pytest.mark.parametrize("begins", ["", "data: 1\n\n", "event: ping\n\n"])
def test_what_comes_at_once_after_whole_events_is_one_event(begins: str) -> None:
    delta = {"type": "text_delta", "text": "ab"}
    value = {"type": "content_block_delta", "index": 0, "delta": delta}
    line = f"event: content_block_delta\ndata: {json.dumps(value)}\n\n"
    chunks = (begins + line, 4 * line, 3 * line + line[:-9], line[-9:] + 2 * line)
    events = read(*(chunk.encode() for chunk in chunks), joins=True)
    texts = [json.loads(data)["delta"]["text"] for _, data in events if b"delta" in data]
    assert texts == ["ab", "abababab", "ababab", "ab", "abab"]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("kind", ["text_delta", "thinking_delta"])
def test_deltas_of_one_text_are_merged_and_what_is_cut_stays_apart(
    separators: tuple[str, str], kind: str
) -> None:
    delta = {"type": kind, KINDS[kind]: "ab"}
    value = {"type": "content_block_delta", "index": 7, "delta": delta}
    line = f"event: content_block_delta\ndata: {json.dumps(value, separators=separators)}\n\n"
    stream = ("data: {}\n\n" + 5 * line).encode()
    assert len(read(merged(stream))) == 2
    assert merged(stream[:-1]).count(b"data:") == 3
    assert merged(stream[: -len(line)] + b"data: 1\n" + line.encode()).count(b"data:") == 4
