from typing import Any

import pytest

from tests.demo.helpers import OLD, ask, body, document, engine, said, text, user

TOOLS = [
    {"name": "get_time", "input_schema": {"type": "object"}},
    {
        "name": "roll",
        "input_schema": {"type": "object", "properties": {"sides": {"type": "integer"}}},
    },
]


@pytest.mark.parametrize(
    ("words", "choice", "called"),
    [
        ("hello", {"type": "auto"}, None),
        ("roll the dice", {"type": "auto"}, "roll"),
        ("please get time", {"type": "auto"}, "get_time"),
        ("demo: tool", {"type": "auto"}, "get_time"),
        ("roll", {"type": "none"}, None),
        ("hello", {"type": "any"}, "get_time"),
        ("hello", {"type": "tool", "name": "roll"}, "roll"),
    ],
)
def test_a_tool_is_called_when_it_is_named_or_forced(
    words: str, choice: dict[str, Any], called: str | None
) -> None:
    message = ask(engine(), body(user(words), model=OLD, tools=TOOLS, tool_choice=choice))
    calls = [block for block in message["content"] if block["type"] == "tool_use"]
    assert [call["name"] for call in calls] == ([called] if called else [])
    assert message["stop_reason"] == ("tool_use" if called else "end_turn")
    if called == "roll":
        assert calls[0]["input"] == {"sides": 3}


def test_documents_are_cited_where_that_is_enabled() -> None:
    message = ask(engine(), body(user(document("abc", citations={"enabled": True}), text("?"))))
    (citation,) = message["content"][-1]["citations"]
    assert citation["cited_text"] == "abc"
    assert citation["end_char_index"] == 3
    plain = ask(engine(), body(user(document("abc"), text("?"))))
    assert "citations" not in plain["content"][-1]
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    paper = {"type": "document", "source": pdf, "citations": {"enabled": True}}
    (page,) = ask(engine(), body(user(paper, text("?"))))["content"][-1]["citations"]
    assert page["type"] == "page_location"


def test_a_tool_use_can_be_asked_for_without_tools() -> None:
    message = ask(engine(), body(user("demo: stop tool_use")))
    assert message["content"][-1]["name"] == "demo_tool"
    assert "demo_tool" in said(message)


def rounds_played(seed: int, rounds: int) -> list[int]:
    """Answer calls until there are none; give how many came in each round."""
    one = engine()
    messages = [user(f"demo: tools {seed} {rounds}")]
    counts: list[int] = []
    while True:
        message = ask(one, body(*messages, model=OLD, tools=TOOLS))
        calls = [block for block in message["content"] if block["type"] == "tool_use"]
        if not calls:
            assert message["stop_reason"] == "end_turn"
            return counts
        counts.append(len(calls))
        results = [
            {"type": "tool_result", "tool_use_id": call["id"], "content": "ok"} for call in calls
        ]
        messages += [{"role": "assistant", "content": message["content"]}, user(*results)]


def test_random_rounds_of_calls_are_the_same_for_the_same_seed() -> None:
    played = [rounds_played(seed, 4) for seed in range(12)]
    assert played == [rounds_played(seed, 4) for seed in range(12)]
    assert max(map(len, played)) > 1
    assert {count for counts in played for count in counts} == {1, 2, 3, 4}
