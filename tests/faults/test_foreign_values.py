"""No value that a server sends stops the question, the next one, or what comes after a restart."""

import json
from typing import Any

import pytest

from tests.faults.home import Home
from tests.faults.raw import END, MESSAGE, OPEN, START, answering, sends, sse, text

HOLE = "hole"
NUMBERS = ["1e999", "-1e400", "NaN", "-Infinity", "9" * 19, "9" * 400, "9" * 5000, "-1", "1e300"]
NESTS = ["[" * depth + "]" * depth for depth in (99, 101, 490, 990, 5000, 100_000)]
TEXTS = [r'"\ud800"', r'"\u0000"', r'"\udc00x\ud800"']
EACH = 7  # each value stands in one of the places: each costs three runs of the program
VALUES = [*NUMBERS, *NESTS, *TEXTS, '{"a":[1e999,{"b":NaN}]}']


def event(number: int, **data: Any) -> bytes:
    return sse(type=("content_block_start", "content_block_delta")[number], **data)


def block(**more: Any) -> bytes:
    stop = sse(type="content_block_stop", index=1)
    return sse(type="content_block_start", index=1, content_block=more) + stop


STOP_0 = sse(type="content_block_stop", index=0)
DONE = END.removeprefix(STOP_0)
CALL = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": HOLE}
PLACES: dict[str, bytes] = {
    "a block of a kind nobody knows": START + text("fine") + STOP_0 + block(type="chart", y=HOLE),
    "a text block's other keys": START
    + text("fine")
    + STOP_0
    + block(type="text", text="", y=HOLE),
    "a citation": START
    + text("fine")
    + sse(
        type="content_block_delta",
        index=0,
        delta={
            "type": "citations_delta",
            "citation": {
                "type": "web_search_result_location",
                "url": "https://a.example",
                "n": HOLE,
            },
        },
    )
    + STOP_0,
    "a call's input": START + text("fine") + STOP_0 + block(**CALL),
    "the index of a delta": START
    + text("fine")
    + sse(type="content_block_delta", index=HOLE, delta={"type": "novel", "x": 1})
    + STOP_0,
    "the counts": START
    + text("fine")
    + STOP_0
    + sse(
        type="message_delta",
        delta={"stop_reason": "end_turn"},
        usage={"output_tokens": HOLE, "input_tokens": HOLE, "cache_read_input_tokens": HOLE},
    ),
    "the message's own keys": sse(
        type="message_start", message={**MESSAGE, "container": {"id": HOLE}, "novel": HOLE}
    )
    + START[START.index(b"event: content_block_start") :]
    + text("fine")
    + STOP_0,
}


def finite(value: Any) -> bool:
    return json.dumps(value, allow_nan=False) != ""


@pytest.mark.parametrize(("turn", "place"), list(enumerate(PLACES)))
def test_the_chat_goes_on_whatever_stands_in_an_answer(home: Home, turn: int, place: str) -> None:
    for number, value in enumerate(VALUES[turn % EACH :: EACH]):
        body = PLACES[place].replace(f'"{HOLE}"'.encode(), value.encode()) + DONE
        with answering(sends(OPEN, body)) as url:
            env: dict[str, str | None] = {"ANTHROPIC_BASE_URL": url}
            name = f"talk{number}"
            first = home.run("one", "--save", name, "-o", "json", env=env)
            second = home.run("two", "-r", name, "-o", "json", env=env)
            third = home.run("three", "-r", name, "--dry-run", "-o", "json", env=env)

        for done in (first, second, third):
            assert done.code == 0, (value[:40], done)
            assert finite(json.loads(done.out))
            assert "damaged" not in done.err
        assert json.loads(second.out)["text"] == "fine"
        sent = json.loads(third.out)["request"]["messages"]
        assert [message["role"] for message in sent] == ["user", "assistant"] * 2 + ["user"]


@pytest.mark.parametrize("value", VALUES)
def test_no_value_in_a_list_of_models_stops_it(home: Home, value: str) -> None:
    model = f'{{"id":"odd","max_input_tokens":{value},"max_tokens":{value},"novel":{value}}}'
    named = f'{{"id":{value},"display_name":{value},"max_input_tokens":7000}}'
    body = f'{{"data":[{model},{named},{{"id":"plain"}}],"has_more":{value}}}'.encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
    with answering(sends(head, body)) as url:
        env: dict[str, str | None] = {"ANTHROPIC_BASE_URL": url}
        listed = home.run("--models", env=env)
        again = home.run("hi", "-m", "odd", "--dry-run", "-o", "json", env=env)

    assert listed.code == 0, listed
    assert "plain" in listed.out
    assert again.code == 0, again
    assert finite(json.loads(again.out))
