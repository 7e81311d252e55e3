from typing import Any

from chatrepl.demo.request import WireMessage, WireRequest, as_blocks, bare, paused
from chatrepl.demo.validate import check_messages_request
from tests.demo.helpers import NEW, OLD, assistant, body, text, user


def _checked(*messages: Any, **more: Any) -> WireRequest:
    return check_messages_request(body(*messages, **more))


def test_content_is_always_blocks() -> None:
    assert as_blocks("x") == (text("x"),)
    assert as_blocks("") == as_blocks(None) == as_blocks([]) == ()
    assert bare(text("x", cache_control={}, citations=None)) == text("x")


def test_the_thinking_in_force_follows_request_and_model() -> None:
    table: list[tuple[str, dict[str, Any], str, str]] = [
        (NEW, {}, "adaptive", "omitted"),
        (OLD, {}, "disabled", "summarized"),
        ("claude-opus-4-8", {}, "disabled", "omitted"),
        ("claude-opus-4-6", {"thinking": {"type": "adaptive"}}, "adaptive", "summarized"),
        (
            NEW,
            {"thinking": {"type": "adaptive", "display": "summarized"}},
            "adaptive",
            "summarized",
        ),
    ]
    for model, more, thinking, display in table:
        request = _checked(user("hi"), model=model, **more)
        assert (request.thinking, request.display) == (thinking, display)


def test_a_final_assistant_message_is_a_prefill_unless_it_paused() -> None:
    assert _checked(user("hi"), assistant("So"), model=OLD).prefill == "So"
    assert _checked(user("hi")).prefill is None
    use = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    tool = {"type": "web_search_20250305", "name": "web_search"}
    request = _checked(user("hi"), assistant(use), tools=[tool])
    assert request.resumes
    assert request.prefill is None
    assert request.server_tool("web_search") == tool
    assert not paused(WireMessage("assistant", (), 1))
