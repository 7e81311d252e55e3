from typing import Any

import pytest

from tests.demo.helpers import NEW, OLD, ask, assistant, body, engine, refusal, user

BOUND = "bound to a different conversation"
BINDING = "thinking-binding-controls-2026-08-01"
PRESERVED = (
    "claude-fable-5-2",
    "claude-mythos-5-2",
    "claude-fable-5-1",
    "claude-mythos-5-1",
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
)
SHOWN = {"type": "adaptive", "display": "summarized"}


def _chat(model: str, turns: int = 2, **more: Any) -> list[Any]:
    """A conversation as the engine makes it, thinking included, ending with a new question."""
    on = engine()
    messages: list[Any] = [user("first question")]
    for number in range(turns):
        reply = ask(on, body(*messages, model=model, **more))
        assert reply["content"][0]["type"] == "thinking"
        messages += [assistant(reply["content"]), user(f"question {number}")]
    return messages


@pytest.mark.parametrize("model", PRESERVED)
def test_thinking_is_taken_back_while_its_past_is_unchanged(model: str) -> None:
    messages = _chat(model)
    ask(engine(), body(*messages, model=model))
    for changed in (
        [user("another question"), *messages[1:]],
        [user("first question"), user("and more"), *messages[1:]],
        messages[2:],
    ):
        assert BOUND in refusal(engine(), body(*changed, model=model))[1]
    assert BOUND in refusal(engine(), body(*messages, model=model, system="new"))[1]
    tool = {"name": "t", "input_schema": {"type": "object"}}
    assert BOUND in refusal(engine(), body(*messages, model=model, tools=[tool]))[1]


def test_the_words_name_the_place_of_the_block() -> None:
    messages = _chat(NEW)
    words = refusal(engine(), body(user("other"), *messages[1:]))[1]
    assert words == (
        "messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to a "
        "different conversation. Remove the block, or set "
        '`thinking.block_binding.prefix_mismatch_behavior` to "drop_block".'
    )


def test_all_thinking_may_be_left_out_but_not_one_between_others() -> None:
    messages = _chat(NEW, 3)
    bare = [
        m if m["role"] == "user" else assistant([b for b in m["content"] if b["type"] == "text"])
        for m in messages
    ]
    ask(engine(), body(*bare))
    ask(engine(), body(bare[0], bare[1], *messages[2:]))
    ask(engine(), body(*messages[:4], bare[4], *bare[5:]))
    hole = [*messages[:3], bare[3], *messages[4:]]
    assert BOUND in refusal(engine(), body(*hole))[1]


def test_a_later_change_leaves_earlier_thinking_alone() -> None:
    messages = _chat(NEW)
    ask(engine(), body(*messages[:-1], user("a different last question")))
    ask(engine(), body(*messages[:2], user("back to the second turn")))


def test_a_moved_cache_mark_and_a_string_for_blocks_change_nothing() -> None:
    messages = _chat(NEW)
    marked = {"type": "text", "text": "first question", "cache_control": {"type": "ephemeral"}}
    ask(engine(), body(user(marked), *messages[1:]))


@pytest.mark.parametrize("model", [NEW, OLD, "claude-opus-5"])
def test_an_edited_or_unsigned_block_is_refused_everywhere(model: str) -> None:
    manual = {"type": "enabled", "budget_tokens": 1024}
    messages = _chat(model, 1, thinking=manual if model == OLD else SHOWN)
    block = messages[1]["content"][0]
    for broken in (
        {**block, "thinking": block["thinking"] + "!"},
        {**block, "signature": "bm9uZQ=="},
        {**block, "signature": "?"},
        {**block, "signature": block["signature"][:-8] + "AAAAAAA="},
    ):
        changed = [messages[0], assistant([broken, messages[1]["content"][1]]), messages[2]]
        status, words = refusal(engine(), body(*changed, model=model))
        assert (status, "Invalid `signature`" in words, BOUND in words) == (400, True, False)


def test_older_models_do_not_bind_thinking_to_its_past() -> None:
    messages = _chat("claude-opus-5", 1)
    ask(engine(), body(user("other"), *messages[1:], model="claude-opus-5"))


def test_blocks_of_another_model_are_dropped_and_cost_nothing() -> None:
    messages = _chat(NEW)
    bare = [
        m if m["role"] == "user" else assistant([b for b in m["content"] if b["type"] == "text"])
        for m in messages
    ]
    model = "claude-sonnet-5-5"
    with_them = ask(engine(), body(*messages, model=model))["usage"]["input_tokens"]
    assert with_them == ask(engine(), body(*bare, model=model))["usage"]["input_tokens"]


def test_a_mismatch_is_dropped_where_the_request_asks_for_it() -> None:
    messages = _chat(NEW)
    value = body(
        user("other"),
        *messages[1:],
        thinking={
            "type": "adaptive",
            "block_binding": {"prefix_mismatch_behavior": "drop_block"},
        },
    )
    assert "block_binding" in refusal(engine(), value)[1]
    ask(engine(), value, **{"anthropic-beta": BINDING})


def test_manual_thinking_wants_its_block_in_an_open_tool_loop() -> None:
    tool = {"name": "weather", "input_schema": {"type": "object"}}
    manual = {"type": "enabled", "budget_tokens": 1024}
    more: dict[str, Any] = {"model": OLD, "tools": [tool], "thinking": manual}
    question = user("use the weather tool")
    reply = ask(engine(), body(question, **more))
    call = reply["content"][-1]
    result = user({"type": "tool_result", "tool_use_id": call["id"], "content": "sunny"})
    ask(engine(), body(question, assistant(reply["content"]), result, **more))
    stripped = assistant(reply["content"][1:])
    assert "Expected `thinking`" in refusal(engine(), body(question, stripped, result, **more))[1]


def test_thinking_is_shown_only_where_it_is_wanted() -> None:
    table = ((NEW, None, ""), (NEW, SHOWN, "The user says"), ("claude-opus-4-6", None, None))
    for model, config, begins in table:
        more = {"thinking": config} if config else {}
        block = ask(engine(), body(user("hello"), model=model, **more))["content"][0]
        if begins is None:
            assert block["type"] == "text"
        else:
            assert block["signature"]
            assert block["thinking"].startswith(begins)
            assert bool(block["thinking"]) is bool(begins)
