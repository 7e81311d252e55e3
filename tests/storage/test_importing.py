import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.errors import StorageError
from chatrepl.core.talk.blocks import TextBlock, answered_id
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.talk.message import Message
from chatrepl.storage.export import to_json
from chatrepl.storage.importing import read_messages, to_conversation, uncited
from tests.storage.strategies import contents

messages = st.lists(
    st.builds(Message, st.sampled_from(["user", "assistant"]), contents), min_size=1, max_size=6
)


def user(*content: dict[str, Any] | str) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def flat(conversation: Conversation) -> list[Message]:
    return [message for turn in conversation.path() for message in turn.messages]


@settings(max_examples=60, deadline=None)
@given(messages)
def test_grouping_into_turns_loses_and_moves_nothing(given_messages: list[Message]) -> None:
    conversation = to_conversation(given_messages)
    assert flat(conversation) == given_messages
    for turn in conversation.path()[1:]:
        assert turn.messages[0].role == "user"
        assert all(answered_id(b) is None for b in turn.messages[0].content)


def test_what_was_exported_is_imported_again() -> None:
    body = {
        "model": "m",
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            user({"type": "text", "text": "why?", "cache_control": {"type": "ephemeral"}}),
            {"role": "assistant", "content": [{"type": "text", "text": "so"}]},
        ],
    }
    conversation = read_messages(to_json(body), created=7.0).conversation
    assert conversation.state.system == "Be brief."
    assert [m.text for m in flat(conversation)] == ["why?", "so"]
    assert flat(conversation)[0].content == (TextBlock("why?"),)
    assert conversation.path()[0].created == 7.0


def test_effort_and_tools_of_an_import_are_those_of_the_settings() -> None:
    gone = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "web_search"}}
    effort = {"output_config": {"effort": "low"}}
    messages = [
        user({"type": "text", "text": "why?"}),
        {"role": "system", "content": [gone], **effort},
        {"role": "assistant", "content": "so"},
        user({"type": "text", "text": "and?"}),
        {"role": "system", "content": [gone, {"type": "text", "text": "Be brief."}], **effort},
        {"role": "system", **effort},
    ]
    read = flat(read_messages(json.dumps(messages)).conversation)
    assert [(m.role, m.text, m.effort) for m in read] == [
        ("user", "why?", None), ("assistant", "so", None),
        ("user", "and?", None), ("system", "Be brief.", None),
    ]  # fmt: skip
    assert all(block.type == "text" for message in read for block in message.content)


def test_a_plain_list_with_plain_texts_will_do() -> None:
    text = json.dumps(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "1"},
            {"role": "user", "content": "two"},
        ]
    )
    conversation = read_messages("\ufeff" + text).conversation
    assert conversation.state.system == "Be brief."
    assert [[m.text for m in turn.messages] for turn in conversation.path()] == [
        ["one", "1"],
        ["two"],
    ]


def test_a_loop_through_a_tool_stays_in_its_turn() -> None:
    call = {"type": "tool_use", "id": "x", "name": "n", "input": {}}
    answer = {"type": "tool_result", "tool_use_id": "x", "content": "5"}
    listed = [
        user({"type": "text", "text": "how many?"}),
        {"role": "assistant", "content": [call]},
        user(answer),
        {"role": "assistant", "content": "five"},
        user({"type": "text", "text": "thanks"}),
    ]
    conversation = read_messages(json.dumps({"messages": listed})).conversation
    assert [len(turn.messages) for turn in conversation.path()] == [4, 1]


def test_what_cannot_be_sent_is_made_sendable() -> None:
    conversation = read_messages('[{"role":"user","content":"a\\u0000\\ud800"}]').conversation
    flat(conversation)[0].encoded.decode()
    assert "\0" not in flat(conversation)[0].text


def test_citations_are_taken_off_the_users_own_texts_alone() -> None:
    cited = {"type": "text", "text": "x", "citations": [{"url": "u"}], "mood": "glad"}
    empty = {"type": "text", "text": "y", "citations": []}
    reply = {"role": "assistant", "content": [cited]}
    read = read_messages(
        json.dumps([user(cited, empty), reply, user("z") | {"content": "z"}])
    ).conversation
    plain = [[b.to_wire() for b in m.content] for m in flat(uncited(read))]
    bare = [{"type": "text", "text": "x", "mood": "glad"}, {"type": "text", "text": "y"}]
    assert plain == [bare, [cited], [{"type": "text", "text": "z"}]]
    assert uncited(uncited(read)) is not read
    same = uncited(read)
    assert uncited(same) is same


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("{\n\n{", "line 3"),
        ("[" * 200_000, "no JSON"),
        ("[]", "no messages"),
        ("5", "no messages"),
        ('{"messages": {}}', "no messages"),
        ("[5]", "message 1 has no role"),
        ('[{"role": "robot", "content": "x"}]', "message 1 has no role"),
        ('[{"role": "user"}]', "message 1 has no content"),
        ('[{"role": "user", "content": [5]}]', "no content block"),
        ('[{"role": "user", "content": [{"type": "text", "text": 5}]}]', "no content block"),
        ('{"system": 5, "messages": [{"role": "user", "content": "x"}]}', "system prompt"),
    ],
)
def test_what_is_wrong_is_said_in_words(text: str, words: str) -> None:
    with pytest.raises(StorageError, match=words) as caught:
        read_messages(text, "talk.json")
    assert caught.value.message.startswith("talk.json")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("role", "type_", "fits"),
    [
        ("user", "tool_use", False),
        ("user", "thinking", False),
        ("user", "redacted_thinking", False),
        ("user", "mcp_tool_use", False),
        ("user", "web_search_tool_result", False),
        ("user", "hologram", True),
        ("assistant", "image", False),
        ("assistant", "tool_result", False),
        ("assistant", "hologram", True),
        ("system", "image", False),
    ],
)
def test_a_block_that_stands_with_the_wrong_side_is_named(
    role: str, type_: str, *, fits: bool
) -> None:
    text = json.dumps([{"role": role, "content": [{"type": type_, "id": "t", "source": {}}]}])
    if fits:
        assert read_messages(text).conversation.turns
        return
    with pytest.raises(StorageError, match=rf"message 1 \({role}\) holds {type_}"):
        read_messages(text)
