"""What changes in mid-talk: where it stands for which model, and what holds after it."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from chatrepl.core.exchange.request import Ask, Request, build_request
from chatrepl.core.exchange.terms import (
    EFFORT_CHANGES,
    TOOL_CHANGES,
    Midway,
    Terms,
    TermsSoFar,
    has_tools,
    offered,
    together,
)
from chatrepl.core.models import TABLE, Model
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import TextBlock, ToolResultBlock, ToolUseBlock, UnknownBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, State, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.wire import Wire

NEW, PLAIN, NO_EFFORT = (TABLE[f"claude-{name}"] for name in ("opus-5-5", "opus-4-7", "opus-4-8"))
MINE: Wire = {"name": "look", "input_schema": {"type": "object"}}
OTHER: Wire = {"name": "find", "input_schema": {"type": "object"}}


class Chat:
    """A conversation that grows by what each request says is to be kept."""

    def __init__(self, model: Model = NEW, system: str = "") -> None:
        self.model, self.settings = model, Settings()
        self.talk = Conversation(state=State(system=system))

    def request(self, text: str = "q", **ask: Any) -> Request:
        return build_request(self.talk, self.settings, self.model, Message.user(text), Ask(**ask))

    def say(self, text: str = "q", *, is_sent: bool = True, **changes: Any) -> Request:
        tools = changes.pop("tools", ())
        self.settings = Settings(**changes)
        request = self.request(text, tools=tools)
        reply = Message("assistant", (TextBlock("a"),), self.model.id, request.bound)
        messages = (Message.user(text), *request.changes, reply)
        id_ = TurnId(str(len(self.talk.turns)))
        receipt = Receipt() if is_sent else None
        self.talk = self.talk.add(Turn(id_, self.talk.head, messages, receipt))
        return request


def told(request: Request) -> list[str]:
    """Say what stands where: top, then messages."""
    top = request.params.get("output_config", {}).get("effort", "-")
    tools = [tool["name"] for tool in request.params.get("tools", [])]
    lines = [" ".join(["top", top, *tools])]
    for message in request.messages:
        words = [message.role]
        for block in message.content:
            wire = block.to_wire()
            tool = wire.get("tool", {})
            name = (tool.get("definition") or tool).get("name", "")
            words.append(
                {"tool_addition": f"+{name}", "tool_removal": f"-{name}"}.get(
                    block.type, wire.get("text", "")
                )
            )
        lines.append(
            " ".join([*words, *([f"={message.effort}"] if message.effort is not None else [])])
        )
    return lines


def test_what_is_set_before_the_first_message_stands_at_the_top_for_good() -> None:
    chat = Chat()
    first = chat.say(effort="high", web=True)
    assert told(first) == ["top high web_search", "user q"]
    assert first.betas == ()
    assert told(chat.say("r", effort="high", web=True)) == [
        "top high web_search", "user q", "assistant a", "user r",
    ]  # fmt: skip


def test_what_changes_later_stands_after_the_question_that_it_counts_from() -> None:
    chat = Chat()
    chat.say()
    last = chat.say("r", effort="low", web=True)
    assert told(last) == ["top -", "user q", "assistant a", "user r", "system +web_search =low"]
    assert last.betas == (EFFORT_CHANGES, TOOL_CHANGES)
    wire = last.messages[-1].to_wire()
    assert list(wire) == ["role", "content", "output_config"]
    assert wire["output_config"] == {"effort": "low"}
    chat.say("s", effort="low")
    assert told(chat.request("t"))[5:] == [
        "assistant a", "user s", "system -web_search", "assistant a", "user t",
    ]  # fmt: skip
    assert chat.request("t").messages[:4] == last.messages[:4]


def test_an_effort_alone_has_no_content_and_is_no_system_prompt() -> None:
    chat = Chat(system="Be kind.")
    chat.say()
    request = chat.say(effort="low")
    assert request.messages[-1].encoded == (
        b'{"role":"system","content":[],"output_config":{"effort":"low"}}'
    )
    assert request.params["system"] == "Be kind."
    assert request.messages[-1].prompt is None


@pytest.mark.parametrize(("model", "level"), [(NEW, "medium"), (TABLE["claude-opus-5"], "high")])
def test_an_effort_that_is_left_to_the_model_again_goes_by_its_name(
    model: Model, level: str
) -> None:
    chat = Chat(model)
    chat.say(effort="max")
    assert told(chat.say())[-1] == f"system ={level}"
    assert chat.talk.turns[TurnId("1")].messages[1].effort == ""


def test_what_a_model_takes_only_at_the_top_stands_there_as_it_is_now() -> None:
    for model, expected in (
        (PLAIN, ["top low web_search", "user q", "assistant a", "user q"]),
        (NO_EFFORT, ["top low", "user q", "assistant a", "user q", "system +web_search"]),
    ):
        chat = Chat(model)
        chat.say(effort="high")
        assert told(chat.say(effort="low", web=True)) == expected


def test_another_model_finds_what_changed_before_it_came() -> None:
    chat = Chat(PLAIN)
    chat.say(effort="high", tools=(MINE,))
    chat.say(effort="low", tools=(OTHER,))
    chat.model = NEW
    assert told(chat.say(effort="low", tools=(OTHER,)))[1:5] == [
        "user q", "assistant a", "user q", "system -look +find =low",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "midway"),
    [
        ({}, (True, True)),
        ({"extra_body": {"tools": []}}, (True, False)),
        ({"extra_body": {"output_config": {"effort": "low"}}}, (False, True)),
    ],
)
def test_what_the_settings_put_into_the_body_as_it_is_does_not_change_midway(
    changes: Any, midway: tuple[bool, bool]
) -> None:
    assert Midway.of(NEW, Settings(**changes)) == Midway(*midway)


def test_a_setting_of_thinking_may_tie_the_effort_to_the_top() -> None:
    for name, effort in (("sonnet-5-5", False), ("opus-5", False), ("opus-5-5", True)):
        midway = Midway.of(TABLE[f"claude-{name}"], Settings(thinking="off"))
        assert midway == Midway(effort=effort, tools=True)


def test_a_level_that_the_model_does_not_take_is_not_sent() -> None:
    chat = Chat(NEW.learned({"output_config.effort.max": False}))
    chat.say()
    assert told(chat.say(effort="max"))[-1] == "user q"


def test_changes_of_turns_that_are_left_out_hold_all_the_same() -> None:
    chat = Chat()
    chat.say()
    chat.say(effort="low", tools=(MINE,))
    chat.say(effort="high", tools=(OTHER,))
    chat.say(effort="high", tools=(OTHER,))
    chat.talk = chat.talk.with_marks({TurnId("1"): "dropped", TurnId("2"): "dropped"})
    assert told(chat.request("x", tools=(OTHER,)))[1:5] == [
        "user q", "assistant a", "user q", "system +find =high",
    ]  # fmt: skip
    chat.talk = chat.talk.with_marks({TurnId("0"): "dropped"})
    assert told(chat.request("x", tools=(OTHER,)))[:3] == ["top -", "user q", "system +find =high"]


def test_a_prompt_that_is_cleared_takes_no_effort_and_no_tools_away() -> None:
    chat = Chat(system="Be kind.")
    chat.say()
    chat.talk = chat.talk.then(State(chat.talk.head, "Be kind.", "Be brief."))
    assert told(chat.say(effort="low", web=True))[-1] == "system Be brief. +web_search =low"
    chat.talk = chat.talk.then(State(chat.talk.head, "Be kind.", ""))
    request = chat.say(effort="max", web=True)
    assert "system" not in request.params
    assert [line for line in told(request) if line.startswith("system")] == [
        "system +web_search =low", "system =max",
    ]  # fmt: skip


def test_what_was_never_sent_begins_with_what_is_set_when_it_is() -> None:
    chat = Chat()
    chat.say(is_sent=False, effort="low", web=True)
    chat.say(is_sent=False, effort="max")
    asked = ["user q", "assistant a"] * 2 + ["user q"]
    assert told(chat.say(effort="high")) == ["top high", *asked]
    assert told(chat.say(effort="high")) == ["top high", *asked, "assistant a", "user q"]
    assert TermsSoFar.of(chat.talk.path()).top == Terms("high")


def test_a_turn_that_is_not_ended_yet_is_sent_as_it_began() -> None:
    for sent in range(2):
        chat = Chat()
        for number in range(sent):
            chat.say(f"q{number}")
        chat.settings = Settings(effort="low", web=True)
        first = chat.request("now", tools=(MINE,))
        call = ToolUseBlock("tool_use", "t", "look", {})
        answer = ToolResultBlock("tool_result", "t", "seen")
        so_far = (
            Message.user("now"), *first.changes,
            Message("assistant", (call,)), Message("user", (answer,)),
        )  # fmt: skip
        after = chat.talk.add(Turn(TurnId("open"), chat.talk.head, so_far))
        again = build_request(after, chat.settings, NEW, None, Ask(tools=(MINE,)))
        assert again.messages[: len(first.messages)] == first.messages
        assert [m.role for m in again.messages[len(first.messages) :]] == ["assistant", "user"]
        assert again.params["max_tokens"] == first.params["max_tokens"]
        for part in ("tools", "output_config"):
            assert again.params.get(part) == first.params.get(part)


def test_a_service_s_tool_that_was_called_before_it_was_defined_stands_at_the_top() -> None:
    chat = Chat()
    call = ToolUseBlock("server_tool_use", "s1", "web_search", {})
    result = UnknownBlock({"type": "web_search_tool_result", "tool_use_id": "s1", "content": []})
    reply = Message("assistant", (call, result, TextBlock("found")))
    turn = Turn(TurnId("0"), None, (Message.user("q"), reply), Receipt())
    chat.talk = chat.talk.add(turn)
    request = chat.request()
    assert told(request)[0] == "top - web_search"
    assert request.params["tool_choice"] == {"type": "none"}
    chat.settings = Settings(web=True)
    request = chat.request()
    assert told(request)[0::4] == ["top - web_search", "system +web_search"]
    assert "tool_choice" not in request.params


def test_a_tool_without_a_name_of_its_own_stands_at_the_top() -> None:
    chat = Chat()
    chat.say()
    toolset = {"type": "mcp_toolset", "mcp_server_name": "s"}
    request = chat.request(tools=(toolset, MINE))
    assert request.params["tools"] == [toolset]
    assert told(Request({"model": "m"}, request.messages))[-1] == "system +look"


def test_changes_side_by_side_are_one_of_which_the_last_word_counts() -> None:
    def add(tool: Wire) -> UnknownBlock:
        definition = {"type": "tool_definition", "definition": dict(tool)}
        return UnknownBlock({"type": "tool_addition", "tool": definition})

    def remove(name: str) -> UnknownBlock:
        reference = {"type": "tool_reference", "name": name}
        return UnknownBlock({"type": "tool_removal", "tool": reference})

    one = Message("system", (TextBlock("a"), add(MINE)), effort="low")
    two = Message("system", (remove("look"), add(OTHER)))
    three = Message("system", (TextBlock("b"),))
    assert together([one], set()) is one
    assert together([one, two, three], set()) == Message(
        "system", (TextBlock("b"), add(OTHER)), effort="low"
    )
    both = together([one, two], {"look"})
    assert both == Message("system", (TextBlock("a"), remove("look"), add(OTHER)), effort="low")
    assert (
        together([Message("system", (add(MINE),)), Message("system", (remove("look"),))], set())
        is None
    )
    assert together([Message("system", ())], set()) is None


def test_what_may_be_used_is_the_top_with_what_came_and_without_what_went() -> None:
    chat = Chat()
    toolset = {"type": "mcp_toolset", "mcp_server_name": "s"}
    chat.say(tools=(MINE, toolset))
    request = chat.say(tools=(OTHER, toolset))
    assert offered(request.params["tools"], request.messages) == (OTHER, toolset)


def test_other_blocks_change_nothing() -> None:
    odd: Sequence[Wire] = (
        {"type": "tool_addition"},
        {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "x"}},
        {"type": "tool_removal", "tool": {"name": 7}},
        {"type": "odd"},
    )
    message = Message("system", tuple(UnknownBlock(wire) for wire in odd))
    assert Terms("low", {"x": MINE}).after(message) == Terms("low", {"x": MINE})
    assert Terms().after(Message("user", message.content)) == Terms()
    assert not has_tools(Conversation().add(Turn(TurnId("0"), None, (message,))))


def test_what_a_turn_was_asked_under_is_what_its_path_says_whatever_comes_later() -> None:
    rng = random.Random(7)
    for _ in range(40):
        chat, asked = Chat(rng.choice([NEW, PLAIN, NO_EFFORT])), []
        for _ in range(6):
            effort, tools = (
                rng.choice(["", "low", "max"]),
                rng.sample([MINE, OTHER], rng.randrange(3)),
            )
            chat.say(effort=effort, tools=tuple(tools), is_sent=rng.random() < 0.8)
            asked.append((effort, {tool["name"] for tool in tools}))
        path = chat.talk.path()
        for number, terms in enumerate(asked, 1):
            now = TermsSoFar.of(path[:number]).now
            assert (now.effort, set(now.tools)) == terms
