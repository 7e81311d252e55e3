from typing import Any

import pytest

from chatrepl.demo.models import MODELS
from tests.demo.helpers import NEW, assistant, body, engine, post, refusal, text, user

LATER = {"role": "system", "content": "later"}


@pytest.mark.parametrize("model", [m for m in MODELS if m.lifecycle != "retired"])
def test_prefill_and_later_system_messages_depend_on_the_model(model: Any) -> None:
    prefilled = post(engine(), body(user("hi"), assistant("So"), model=model.id))
    assert (prefilled.status == 200) is model.prefill
    later = post(engine(), body(user("hi"), LATER, model=model.id))
    assert (later.status == 200) is model.system_role


def test_system_messages_take_text_only_and_follow_a_server_tool_too() -> None:
    picture = {"role": "system", "content": [{"type": "image", "source": {}}]}
    assert "text blocks only" in refusal(engine(), body(user("hi"), picture))[1]
    use = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    result = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    tool = {"type": "web_search_20260318", "name": "web_search"}
    value = body(user("hi"), assistant(use, result), LATER, tools=[tool])
    assert post(engine(), value).status == 200


def test_every_message_has_content_but_a_final_assistant() -> None:
    empty: Any
    for empty in ("", []):
        value = body(user("hi"), assistant(empty), user("x"), model=NEW)
        assert "non-empty content" in refusal(engine(), value)[1]


def test_the_place_of_a_bad_block_is_told() -> None:
    value = body(user("hi"), assistant("a"), user(text("b"), {"type": "x"}))
    assert refusal(engine(), value)[1].startswith("messages.2.content.1")
    assert refusal(engine(), body(user("hi"), "x"))[1].startswith("messages.1: ")
    value = body(user("hi"), {"role": "user", "content": 3})
    assert refusal(engine(), value)[1].startswith("messages.1.content: ")


def test_there_are_at_most_a_hundred_thousand_messages() -> None:
    value = body(*[user("a")] * 100_001)
    assert "too many messages" in refusal(engine(), value)[1]
