import asyncio
import json
from typing import Any

import anthropic
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.demo.command import STOPS
from chatrepl.demo.models import MODELS
from chatrepl.demo.transport import DemoTransport
from chatrepl.demo.wire import Chunk, WireAnswer
from tests.demo.helpers import (
    HEADERS,
    NEW,
    OLD,
    Clock,
    ask,
    assistant,
    body,
    engine,
    events,
    post,
    refusal,
    said,
    streamed,
    user,
)

USABLE = [model.id for model in MODELS if model.lifecycle != "retired"]
SEARCH = {"type": "web_search_20260318", "name": "web_search"}
FETCH = {"type": "web_fetch_20260318", "name": "web_fetch"}
words = st.text(min_size=1, max_size=60).filter(lambda text: bool(text.strip()))


@st.composite
def conversations(draw: st.DrawFn) -> dict[str, Any]:
    """Any conversation the service takes, with thinking and tools as they fall."""
    model = draw(st.sampled_from(USABLE))
    on = engine()
    messages: list[Any] = []
    for _ in range(draw(st.integers(0, 3))):
        messages.append(user(draw(words)))
        if draw(st.booleans()):
            reply = ask(on, body(*messages, model=model))
            messages.append(assistant(reply["content"]))
    messages.append(user(draw(words)))
    more: dict[str, Any] = {"max_tokens": draw(st.integers(1, 600))}
    if draw(st.booleans()):
        more["stop_sequences"] = draw(st.lists(words, max_size=2))
    if draw(st.booleans()):
        more["cache_control"] = {"type": "ephemeral"}
    return body(*messages, model=model, **more)


@pytest.mark.filterwarnings("ignore:.*deprecated", "ignore:Using Claude")
@settings(max_examples=50, deadline=None)
@given(conversations(), st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_any_valid_conversation_streams_what_it_answers_whole(
    value: dict[str, Any], sizes: list[int]
) -> None:
    on = engine()
    on.sizes = tuple(sizes)

    async def work() -> anthropic.types.Message:
        http = anthropic.DefaultAsyncHttpxClient(transport=DemoTransport(on))
        api = anthropic.AsyncAnthropic(api_key="demo", http_client=http)
        async with api, api.messages.stream(**value) as stream:
            async for _ in stream:
                pass
            return await stream.get_final_message()

    message = asyncio.run(work())
    whole = ask(engine(), value)
    assert said(message.to_dict()) == said(whole)
    assert message.stop_reason == whole["stop_reason"]
    assert message.usage.output_tokens == whole["usage"]["output_tokens"] <= value["max_tokens"]
    for stop in value.get("stop_sequences", []):
        assert stop not in said(whole)


def test_the_events_come_in_the_order_of_the_service() -> None:
    found = events(post(engine(), body(user("hello"), stream=True)))
    names = [event["type"] for event in found]
    assert names[:2] == ["message_start", "ping"]
    assert names[-2:] == ["message_delta", "message_stop"]
    assert found[0]["message"]["usage"]["input_tokens"] > 0
    assert found[-2]["usage"]["output_tokens"] > 0
    opened = [e["index"] for e in found if e["type"] == "content_block_start"]
    assert opened == [0, 1]


@pytest.mark.parametrize("stop", STOPS)
def test_every_stop_reason_comes_on_request(stop: str) -> None:
    value = body(user(f"demo: stop {stop}"), tools=[SEARCH])
    message = ask(engine(), value)
    assert message["stop_reason"] == stop
    (delta,) = [
        e for e in events(post(engine(), {**value, "stream": True})) if e["type"] == "message_delta"
    ]
    assert delta["delta"]["stop_reason"] == stop
    if stop == "refusal":
        assert message["stop_details"]["category"] == "general_harms"
        assert message["stop_details"]["explanation"]
    if stop == "stop_sequence":
        assert message["stop_sequence"]
    if stop == "tool_use":
        assert message["content"][-1]["type"] == "tool_use"


def test_max_tokens_is_honoured_to_the_token() -> None:
    for limit in (1, 7, 100):
        message = ask(engine(), body(user("demo: long 5000"), max_tokens=limit))
        assert message["stop_reason"] == "max_tokens"
        assert message["usage"]["output_tokens"] == limit
    assert ask(engine(), body(user("hello"), max_tokens=0))["content"] == []


def test_a_full_window_stops_the_reply() -> None:
    value = body(user("demo: long 9000\n" + "x" * 877_500), model=OLD)
    message = ask(engine(), value)
    assert message["stop_reason"] == "model_context_window_exceeded"


def test_a_stop_sequence_ends_the_reply_before_itself() -> None:
    message = ask(engine(), body(user("demo: count to 40"), stop_sequences=["12", "30"]))
    assert message["stop_sequence"] == "12"
    assert said(message).endswith(" 10\n11 ")


ERRORS = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 503, 504, 529)


@pytest.mark.parametrize("status", ERRORS)
def test_every_error_comes_on_request_and_goes_again(status: int) -> None:
    on = engine()
    value = body(user(f"demo: error {status} x2"))
    found = [post(on, value) for _ in range(4)]
    assert [answer.status for answer in found] == [status, status, 200, status]
    error = json.loads(found[0].body)
    assert error["error"]["type"]
    assert error["error"]["message"]
    assert error["request_id"] == found[0].headers["request-id"]


def test_a_bad_gateway_answers_in_html() -> None:
    answer = post(engine(), body(user("demo: error 502")))
    assert (answer.status, answer.headers["content-type"]) == (502, "text/html")


@pytest.mark.parametrize(
    ("asked", "name", "value"),
    [
        ("retry-after 3", "retry-after", "3"),
        ("retry-after ms 500", "retry-after-ms", "500.0"),
        ("retry-after date 5", "retry-after", "Thu, 28 May 2026 20:26:45 GMT"),
        ("retry-after nonsense", "retry-after", "soon, perhaps"),
        ("retry-after absurd", "retry-after", "1000000000"),
        ("", "retry-after", "1"),
    ],
)
def test_a_rate_limit_says_when_to_come_back(asked: str, name: str, value: str) -> None:
    answer = post(engine(), body(user(f"demo: error 429 {asked}")))
    assert answer.headers[name] == value


def test_a_spend_limit_has_its_own_code_and_no_time() -> None:
    answer = post(engine(), body(user("demo: error 429 spend")))
    details = json.loads(answer.body)["error"]["details"]
    assert details == {"error_code": "enforced_spend_limit_reached"}
    assert "retry-after" not in answer.headers


def test_a_script_decides_the_next_answers() -> None:
    on = engine()
    on.script("error 529 x2", "say one", WireAnswer(418, {}, (Chunk(b"tea"),)))
    on.script("error 500", path="/v1/models")
    value = body(user("hello"))
    assert [post(on, value).status for _ in range(2)] == [529, 529]
    assert said(ask(on, value)) == "one"
    assert post(on, value).body == b"tea"
    assert "Hello" in said(ask(on, value))
    assert on.handle("GET", "/v1/models", HEADERS, b"").status == 500
    assert on.handle("GET", "/v1/models", HEADERS, b"").status == 200
    with pytest.raises(ValueError, match="nonsense"):
        on.script("nonsense")


def test_unknown_paths_and_methods_are_refused() -> None:
    on = engine()
    for method, path, status in (
        ("GET", "/v1/other", 404),
        ("GET", "/v1/messages", 405),
        ("GET", "/v1/models/claude-none", 404),
        ("GET", f"/v1/models/{OLD}", 200),
        ("GET", "/v1/models?limit=0", 400),
    ):
        assert on.handle(method, path, HEADERS, b"").status == status


def test_the_same_requests_get_the_same_answers() -> None:
    value = body(user("tell me anything about whales"), stream=True)
    assert post(engine(), value) == post(engine(), value)


def test_a_native_prefill_is_continued_and_not_said_again() -> None:
    for begun in ("The", '{"answer":', "```python\ndef f():", "*So*", "1.", "名前は"):
        message = ask(engine(), body(user("hello"), assistant(begun), model=OLD))
        assert said(message)
        assert not said(message).startswith(begun)
    message = ask(engine(), body(user("hello"), assistant('{"answer":'), model=OLD))
    assert json.loads('{"answer":' + said(message))


def _begin(prefill: str) -> Any:
    instruction = f"Begin your reply with exactly this text: {json.dumps(prefill)} and go on."
    return user({"type": "text", "text": "hello"}, {"type": "text", "text": instruction})


@pytest.mark.parametrize("prefill", ["Dear Ada,", '{"a": "', "line one\nline two", "é"])
def test_an_emulated_prefill_is_followed_in_the_way_that_is_set(prefill: str) -> None:
    value = body(_begin(prefill), stream=True)
    texts = {
        kind: streamed(post(engine(prefill_behaviour=kind), value))
        for kind in ("repeat", "omit", "split", "whitespace")
    }
    rest = texts["omit"]
    assert texts["repeat"] == texts["split"] == prefill + rest
    assert texts["whitespace"] != texts["repeat"]
    assert "".join(texts["whitespace"].split()) == "".join(texts["repeat"].split())
    assert not rest.startswith(prefill)
    deltas = events(post(engine(prefill_behaviour="split"), value))
    assert all(len((e.get("delta") or {}).get("text", "")) <= 1 for e in deltas)


def test_a_continuation_goes_on_where_the_reply_stopped() -> None:
    whole = said(ask(engine(), body(user("demo: long 3000"))))
    for cut in (1, 500, 1700, 2999):
        again = user("Continue exactly where it stops: do not repeat anything.")
        value = body(user("demo: long 3000"), assistant(whole[:cut]), again)
        assert whole[:cut] + said(ask(engine(), value)) == whole
        native = body(user("demo: long 3000"), assistant(whole[:cut].rstrip()), model=OLD)
        assert whole[:cut].rstrip() + said(ask(engine(), native)) == whole


def test_a_continuation_may_say_its_last_words_again() -> None:
    on = engine()
    on.overlap = 3
    again = user("Continue exactly where it stops")
    value = body(user("demo: count to 40"), assistant("1 2 3 4 5"), again)
    assert said(ask(on, value)).startswith("3 4 5 6 7 8")


def test_a_continued_reply_is_not_broken_a_second_time() -> None:
    again = user("Continue exactly where it stops")
    value = body(user("demo: stream torn; long 300"), assistant("## Sec"), again)
    assert ask(engine(), value)["stop_reason"] == "end_turn"


def test_a_schema_is_honoured() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "size": {"enum": ["small", "large"]},
            "tags": {"type": "array", "items": {"type": "string", "format": "date"}},
            "next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]},
        },
        "required": ["name", "size", "tags", "next"],
        "additionalProperties": False,
        "$defs": {"n": {"type": "integer"}},
    }
    form = {"format": {"type": "json_schema", "schema": schema}}
    value = json.loads(said(ask(engine(), body(user("a large one"), output_config=form))))
    jsonschema.validate(value, schema)
    assert value["size"] == "large"


def test_web_search_answers_with_results_and_citations() -> None:
    value = body(user("search for prompt caching"), tools=[SEARCH], stream=True)
    found = events(post(engine(), value))
    kinds = [e["content_block"]["type"] for e in found if e["type"] == "content_block_start"]
    assert "server_tool_use" in kinds
    assert "web_search_tool_result" in kinds
    assert any((e.get("delta") or {}).get("type") == "citations_delta" for e in found)
    message = ask(engine(), {**value, "stream": False})
    assert message["usage"]["server_tool_use"]["web_search_requests"] == 1
    again = [user("search for prompt caching"), assistant(message["content"]), user("thanks")]
    ask(engine(), body(*again, tools=[SEARCH]))
    assert "no `code_execution` tool was provided" in refusal(engine(), body(*again))[1]


def test_web_fetch_answers_with_the_page() -> None:
    message = ask(engine(), body(user("read https://example.com/x"), tools=[FETCH]))
    kinds = [block["type"] for block in message["content"]]
    assert "web_fetch_tool_result" in kinds
    assert message["usage"]["server_tool_use"]["web_fetch_requests"] == 1


def test_a_paused_reply_is_resumed_as_often_as_it_pauses() -> None:
    for pauses in (1, 2, 3):
        messages: list[Any] = [user(f"demo: stop pause_turn x{pauses}")]
        on = engine()
        for _ in range(pauses):
            reply = ask(on, body(*messages, tools=[SEARCH]))
            assert reply["stop_reason"] == "pause_turn"
            messages.append(assistant(reply["content"]))
        assert ask(on, body(*messages, tools=[SEARCH]))["stop_reason"] == "end_turn"


def test_a_tool_loop_closes() -> None:
    tool = {
        "name": "get_weather",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
    }
    question = user("get weather in Paris, please")
    reply = ask(engine(), body(question, tools=[tool]))
    call = reply["content"][-1]
    assert (reply["stop_reason"], call["input"]) == ("tool_use", {"city": "demo city"})
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "14 degrees"}
    done = ask(engine(), body(question, assistant(reply["content"]), user(result), tools=[tool]))
    assert "14 degrees" in said(done)
    orphan = body(question, user(result), tools=[tool])
    assert "unexpected `tool_use_id`" in refusal(engine(), orphan)[1]
    unanswered = body(question, assistant(reply["content"]), user("no"), tools=[tool])
    assert "without `tool_result` blocks" in refusal(engine(), unanswered)[1]


def test_the_count_can_be_replaced() -> None:
    on = engine()
    on.count_text = lambda text, _model: len(text)
    usage = ask(on, body(user("x" * 1000)))["usage"]
    assert 1000 < usage["input_tokens"] < 1020


def test_the_speed_stays_and_the_pace_does_not() -> None:
    on = engine(clock=Clock())

    def waiting(value: dict[str, Any]) -> float:
        return sum(chunk.wait for chunk in post(on, value).chunks)

    plain = body(user("hello"), model=NEW, stream=True)
    assert waiting(plain) == 0
    assert waiting(body(user("demo: pace 10"), stream=True)) > 1
    assert waiting(plain) == 0
    assert waiting(body(user("demo: speed 10"), stream=True)) > 1
    assert waiting(plain) > 1
