import json
from typing import Any

import pytest

from chatrepl.demo.gateway import ErrorForm, Gateway
from tests.demo.helpers import (
    HEADERS,
    ask,
    assistant,
    body,
    engine,
    events,
    post,
    refusal,
    said,
    streamed,
    text,
    user,
)

MARK = {"type": "ephemeral", "ttl": "1h"}
EVERYTHING: dict[str, Any] = {
    "cache_control": MARK,
    "diagnostics": {"previous_message_id": None},
    "thinking": {"type": "adaptive", "display": "summarized"},
    "output_config": {"effort": "low"},
}
LATER = {"role": "system", "content": "Be brief."}


def _strict(*names: str, **more: Any) -> Any:
    return engine(gateway=Gateway(frozenset(names), **more))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cache_control", "cache_control: Extra inputs are not permitted"),
        ("ttl", "cache_control.ttl: Extra inputs are not permitted"),
        ("diagnostics", "diagnostics: Extra inputs are not permitted"),
        ("thinking", "thinking: Extra inputs are not permitted"),
        ("adaptive", "thinking.type: 'adaptive' is not supported"),
        ("display", "thinking.display: Extra inputs are not permitted"),
        ("output_config", "output_config: Extra inputs are not permitted"),
        ("system_role", "messages.1.role: Input should be 'user' or 'assistant'"),
    ],
)
def test_a_strict_server_refuses_one_parameter_and_takes_the_rest(name: str, words: str) -> None:
    value = body(user("hi"), LATER, **EVERYTHING)
    ask(engine(), value)
    assert refusal(_strict(name), value) == (400, words)
    ask(_strict(name), body(user("hi")))


def test_a_mark_is_found_wherever_it_stands() -> None:
    value = body(user("hi"), system=[text("x", cache_control=MARK)])
    words = "system.0.cache_control: Extra inputs are not permitted"
    assert refusal(_strict("cache_control"), value)[1] == words
    other = _strict("cache_control", refusal="Unsupported parameter: cache_control")
    assert refusal(other, value)[1] == "Unsupported parameter: cache_control"


def test_keys_of_our_own_are_not_the_parameters_of_a_server() -> None:
    form = {"type": "object", "properties": {"ttl": {"type": "string"}}}
    tool = {"name": "lookup", "input_schema": form}
    call = {"type": "tool_use", "id": "a", "name": "lookup", "input": {"ttl": "1h"}}
    result = {"type": "tool_result", "tool_use_id": "a", "content": "x"}
    ask(_strict("ttl"), body(user("hi"), assistant([call]), user([result]), tools=[tool]))


def test_old_thinking_is_refused_where_no_past_is_kept() -> None:
    on = _strict("old_thinking")
    content = ask(on, body(user("demo: think")))["content"]
    value = body(user("demo: think"), assistant(content), user("so?"))
    status, words = refusal(on, value)
    assert (status, "cannot be modified" in words) == (400, True)
    assert words.startswith("messages.1.content.0: `thinking`")
    bare = [block for block in content if block["type"] != "thinking"]
    ask(on, body(user("demo: think"), assistant(bare), user("so?")))


def test_a_server_may_write_less_than_the_model() -> None:
    on = _strict(most_tokens=1000)
    words = "max_tokens: 4000 > 1000, which is the maximum allowed number of output tokens for"
    assert refusal(on, body(user("hi")))[1].startswith(words)
    ask(on, body(user("hi"), max_tokens=1000))


def test_a_server_may_read_one_header_for_the_key_alone() -> None:
    on = _strict(key_header_only=True)
    assert refusal(on, body(user("hi"))) == (401, "x-api-key header is required")
    ask(on, body(user("hi")), **{"x-api-key": "demo"})


FORMS = {
    ErrorForm.DETAIL: {"detail": "max_tokens: Field required"},
    ErrorForm.DETAILS: {"detail": [{"loc": ["body", "max_tokens"], "msg": "Field required"}]},
    ErrorForm.MESSAGE: {"message": "max_tokens: Field required"},
    ErrorForm.ERROR: {"error": {"message": "max_tokens: Field required", "code": 400}},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_server_has_words_of_its_own_for_an_error(form: ErrorForm) -> None:
    value = {key: item for key, item in body(user("hi")).items() if key != "max_tokens"}
    answer = post(_strict(error_form=form), value)
    assert (answer.status, json.loads(answer.body)) == (400, FORMS[form])


def test_an_error_may_be_text_or_a_page_or_an_event_of_a_good_answer() -> None:
    value = body(user("demo: error 403"))
    plain = post(_strict(error_form=ErrorForm.PLAIN), value)
    assert plain.headers["content-type"].startswith("text/plain")
    assert plain.body.decode().startswith("Your API key does not have permission")
    page = post(_strict(error_form=ErrorForm.PAGE), value)
    assert (page.status, b"<title>Your API key" in page.body) == (403, True)
    event = post(_strict(error_form=ErrorForm.EVENT), value)
    assert event.status == 200
    assert event.body.startswith(b'data: {"error":{"message":"Your API key')


def test_a_lasting_error_may_come_as_one_of_the_server() -> None:
    on = _strict("cache_control", error_status=500)
    answer = post(on, body(user("hi"), cache_control=MARK))
    assert (answer.status, json.loads(answer.body)["error"]["type"]) == (500, "api_error")


def test_a_stream_may_have_another_label_or_other_line_ends() -> None:
    value = body(user("demo: say one two"), stream=True)
    plain = post(_strict(content_type="text/plain"), value)
    assert plain.headers["content-type"] == "text/plain"
    assert streamed(plain) == "one two"
    bare = post(_strict(line_end="\r"), value)
    assert b"\n" not in bare.body
    assert bare.body.replace(b"\r", b"\n") == post(engine(), value).body


def test_a_whole_message_may_come_where_a_stream_was_asked_for() -> None:
    value = body(user("demo: say one two"), stream=True)
    answer = post(_strict(whole=True), value)
    assert answer.headers["content-type"] == "application/json"
    assert said(json.loads(answer.body)) == "one two"


def test_the_service_itself_refuses_nothing_more() -> None:
    Gateway().check(body(user("hi"), LATER, **EVERYTHING), HEADERS)
    assert events(post(engine(), body(user("hi"), stream=True)))
