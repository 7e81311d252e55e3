import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.joining import instruction
from chatrepl.core.exchange.params import (
    CODE_TOOL,
    FETCH_TOOL,
    OLD_CODE_TOOL,
    OLD_FETCH_TOOL,
    OLD_WEB_TOOL,
    THINKING_BUDGET_TOKENS,
    WEB_TOOL,
    thinking_param,
)
from chatrepl.core.exchange.request import (
    Ask,
    Request,
    build_request,
    new_messages,
)
from chatrepl.core.models import TABLE, Model, find
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import DocumentBlock, TextBlock, block_from_wire
from chatrepl.core.talk.conversation import Conversation, Prefill, State, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.wire import Wire
from tests.core.making import TEXT, blocks

NEW = TABLE["claude-opus-5-5"]
REPLY = Message("assistant", (TextBlock("yes"),))
OLD = TABLE["claude-sonnet-4-5"]
_MODEL = st.sampled_from([*TABLE.values(), find("llama-4"), find("claude-next")])
_SETTINGS = st.builds(
    Settings,
    max_tokens=st.integers(1, 200_000),
    stop_sequences=st.sampled_from([(), ("END",)]),
    thinking=st.sampled_from(["auto", "on", "off"]),
    show_thinking=st.booleans(),
    effort=st.sampled_from(["", "low", "max"]),
    web=st.booleans(),
    cite_documents=st.booleans(),
    cache_enabled=st.booleans(),
    cache_ttl=st.sampled_from(["auto", "5m", "1h"]),
)
_ASK = st.builds(
    Ask,
    prefill=TEXT,
    schema=st.none() | st.just({"type": "object"}),
    interactive=st.booleans(),
    previous_message_id=st.none() | st.just("msg_1"),
    extra_tokens=st.integers(0, 50),
    official=st.booleans(),
)


def _build(
    settings: Settings | None = None, model: Model = NEW, ask: Ask | None = None
) -> dict[str, Any]:
    user = Message.user("q")
    return build_request(Conversation(), settings or Settings(), model, user, ask or Ask()).body()


@given(_SETTINGS, _MODEL, _ASK, st.booleans(), TEXT)
def test_every_request_asks_only_for_what_the_model_takes(
    settings: Settings, model: Model, ask: Ask, spoken: bool, system: str
) -> None:
    talk = Conversation(state=State(system=system))
    user = Message.user("q") if spoken else None
    try:
        request = build_request(talk, settings, model, user, ask)
    except UsageError:
        assert model.prefill
        assert settings.thinking == "on"
        assert ask.prefill.strip()
        return
    body = request.body()
    assert json.loads(request.encode()) == json.loads(json.dumps(body))
    assert request.model == body["model"] == model.id
    thinking = body.get("thinking", {"type": None})
    assert thinking["type"] in {None, *model.thinking}
    assert body["max_tokens"] <= (model.max_output or body["max_tokens"])
    assert body["max_tokens"] > thinking.get("budget_tokens", 0)
    assert body.get("output_config", {}).get("effort") in {None, *model.efforts}
    assert "tools" not in body or model.web
    assert body.get("system", "x").strip()
    if request.prefill is not None:
        assert (request.prefill.mode == "native") == (model.prefill is True and ask.schema is None)
        native = request.prefill.mode == "native"
        assert any(m.role == "assistant" for m in request.messages) == native
        assert request.ours == (request.prefill.mode == "emulated")
    if spoken:
        assert request.messages[0].text.startswith("q")


@given(st.lists(blocks, min_size=1, max_size=3), _SETTINGS)
def test_equal_requests_give_equal_bytes(content: list[TextBlock], settings: Settings) -> None:
    def once() -> bytes:
        user = Message("user", tuple(content))
        return build_request(Conversation(), settings, NEW, user, Ask()).encode()

    assert once() == once()
    assert list(json.loads(once()))[-1] == "messages"


def test_text_that_no_encoding_takes_is_replaced_rather_than_tripped_over() -> None:
    request = Request({"model": "m"}, (Message.user("\ud83d"),))
    assert json.loads(request.encode())["messages"][0]["content"][0]["text"] == "?"


def test_a_plain_request_is_short() -> None:
    assert _build(Settings(cache_enabled=False, show_thinking=False)) == {
        "model": "claude-opus-5-5",
        "max_tokens": 32_000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]}],
    }


def test_all_that_is_set_is_asked_for_in_a_fixed_order() -> None:
    settings = Settings(stop_sequences=("END",), web=True, effort="low", thinking="on")
    ask = Ask(
        schema={"type": "object"},
        interactive=True,
        previous_message_id="msg_1",
        official=True,
        tools=({"name": "t"},),
    )
    talk = Conversation(state=State(system="s"))
    body = build_request(talk, settings, NEW, Message.user("q"), ask).body()
    assert list(body.items())[:-1] == [
        ("model", "claude-opus-5-5"),
        ("max_tokens", 32_000),
        ("system", "s"),
        ("stop_sequences", ["END"]),
        ("cache_control", {"type": "ephemeral", "ttl": "1h"}),
        ("thinking", {"type": "adaptive", "display": "summarized"}),
        (
            "output_config",
            {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        ),
        ("diagnostics", {"previous_message_id": "msg_1"}),
        ("tools", [{"name": "t"}, WEB_TOOL]),
    ]


@pytest.mark.parametrize(
    ("ttl", "interactive", "sent"),
    [("auto", True, "1h"), ("auto", False, "5m"), ("1h", False, "1h"), ("5m", True, "5m")],
)
def test_the_cache_lives_as_long_as_the_chat(ttl: str, interactive: bool, sent: str) -> None:
    body = _build(Settings(cache_ttl=ttl), ask=Ask(interactive=interactive))
    assert body["cache_control"]["ttl"] == sent


@pytest.mark.parametrize(
    ("model", "thinking", "show", "param"),
    [
        ("claude-opus-5-5", "auto", True, {"type": "adaptive", "display": "summarized"}),
        ("claude-opus-5-5", "auto", False, None),
        ("claude-opus-5-5", "on", False, {"type": "adaptive"}),
        ("claude-opus-5-5", "off", True, None),
        ("claude-opus-5", "off", True, {"type": "disabled"}),
        ("claude-sonnet-5-5", "off", True, {"type": "between_tools"}),
        ("claude-opus-4-8", "auto", True, None),
        ("claude-opus-4-8", "on", False, {"type": "adaptive"}),
        ("claude-opus-4-8", "off", False, None),
        ("claude-sonnet-4-5", "auto", True, None),
        ("claude-sonnet-4-5", "on", False, {"type": "enabled", "budget_tokens": 4096}),
        ("llama-4", "on", True, None),
    ],
)
def test_thinking_is_asked_for_in_the_models_own_way(
    model: str, thinking: str, show: bool, param: dict[str, Any] | None
) -> None:
    asked = thinking_param(Settings(thinking=thinking, show_thinking=show), find(model))
    assert asked == param


def test_a_thinking_budget_leaves_room_for_the_reply() -> None:
    body = _build(Settings(thinking="on", max_tokens=100), OLD)
    assert body["max_tokens"] == 100 + THINKING_BUDGET_TOKENS


def test_a_native_prefill_is_the_last_message_without_the_space_at_its_end() -> None:
    request = build_request(
        Conversation(), Settings(), OLD, Message.user("q"), Ask("Begin \n", extra_tokens=9)
    )
    assert request.messages[-1] == Message("assistant", (TextBlock("Begin"),))
    assert request.prefill == Prefill("Begin \n", "native")
    assert request.params["max_tokens"] == 8192


def test_an_emulated_prefill_is_asked_for_in_the_users_message() -> None:
    request = build_request(
        Conversation(), Settings(), NEW, Message.user("q"), Ask("Begin", extra_tokens=9)
    )
    assert request.messages == (Message("user", (TextBlock("q"), TextBlock(instruction("Begin")))),)
    assert (request.prefill, request.ours) == (Prefill("Begin", "emulated"), 1)
    assert request.params["max_tokens"] == 32_009


def _called(*names: str) -> Conversation:
    """A chat whose reply called these tools of the service, each of which answered."""
    blocks = [
        wire
        for name in names
        for wire in (
            {"type": "server_tool_use", "id": name, "name": name, "input": {}},
            {"type": f"{name}_tool_result", "tool_use_id": name, "content": []},
        )
    ]
    reply = Message("assistant", tuple(map(block_from_wire, blocks)))
    return Conversation().add(Turn(TurnId("a"), None, (Message.user("q"), reply)))


TOOLS_OF_THE_PAST = (
    (NEW, ["web_search"], [WEB_TOOL]),
    (OLD, ["web_search"], [OLD_WEB_TOOL]),
    (NEW, ["web_fetch"], [{**FETCH_TOOL, "max_uses": 5}]),
    (OLD, ["web_fetch", "code_execution"], [{**OLD_FETCH_TOOL, "max_uses": 5}, OLD_CODE_TOOL]),
    (NEW, ["bash_code_execution"], [CODE_TOOL]),
    (NEW, ["web_search", "code_execution"], [WEB_TOOL]),  # it brings the code
    (OLD, ["text_editor_code_execution"], [OLD_CODE_TOOL]),
    (NEW, ["advisor"], None),
    (find("llama-4"), ["web_search"], None),
)


@pytest.mark.parametrize(("model", "names", "tools"), TOOLS_OF_THE_PAST)
def test_a_tool_stays_declared_but_quiet_while_its_calls_are_sent(
    model: Model, names: list[str], tools: list[Wire] | None
) -> None:
    talk, user = _called(*names), Message.user("on")
    body = build_request(talk, Settings(), model, user, Ask()).body()
    assert body.get("tools") == tools
    assert body.get("tool_choice") == ({"type": "none"} if tools else None)
    dropped = talk.with_marks({TurnId("a"): "dropped"})
    assert "tools" not in build_request(dropped, Settings(), model, user, Ask()).body()
    for settings in (Settings(web=True), Settings(web="fetch", code=True), Settings(code=True)):
        asked = build_request(talk, settings, NEW, user, Ask()).body()
        declared = [tool["name"] for tool in asked["tools"]]
        assert len(set(declared)) == len(declared)
        assert "tool_choice" not in asked


ALL_ON = Settings(web="fetch", code=True)


@pytest.mark.parametrize(
    ("model", "tools"),
    [
        (NEW, [WEB_TOOL, {**FETCH_TOOL, "max_uses": 5}, CODE_TOOL]),
        (OLD, [OLD_WEB_TOOL, {**OLD_FETCH_TOOL, "max_uses": 5}, OLD_CODE_TOOL]),
        (replace(NEW, web=False), [CODE_TOOL]),
        (replace(NEW, code=False), [WEB_TOOL, {**FETCH_TOOL, "max_uses": 5}]),
        (find("llama-4"), None),
    ],
)
def test_what_is_on_is_declared_in_the_form_that_the_model_takes(
    model: Model, tools: list[Wire] | None
) -> None:
    body = build_request(Conversation(), ALL_ON, model, Message.user("q"), Ask()).body()
    assert body.get("tools") == tools


@pytest.mark.parametrize("direct", [True, False])
def test_where_no_code_calls_the_web_tools_a_past_with_code_declares_the_code(
    direct: bool,
) -> None:
    talk, settings = _called("web_search", "code_execution"), Settings(web_direct=direct)
    body = build_request(talk, settings, NEW, Message.user("on"), Ask()).body()
    assert [tool["name"] for tool in body["tools"]] == ["web_search", "code_execution"][
        : 1 + direct
    ]


@pytest.mark.parametrize("model", [NEW, OLD])
def test_tools_that_are_off_add_no_byte_to_a_request(model: Model) -> None:
    talk, user = Conversation(), Message.user("q")
    plain = build_request(talk, Settings(), model, user, Ask())
    bounds = Settings(web_max_uses=3, web_direct=True, web_inclusion="full")
    assert build_request(talk, bounds, model, user, Ask()).encode() == plain.encode()
    assert not plain.params.keys() & {"tools", "tool_choice", "container", "mcp_servers"}
    assert plain.betas == ()


def test_a_prefill_without_a_message_to_ask_in_is_left_out() -> None:
    request = build_request(Conversation(), Settings(), NEW, None, Ask("Begin"))
    assert (request.prefill, request.ours, request.messages) == (None, 0, ())


@pytest.mark.parametrize("model", [NEW, OLD])
def test_a_turn_keeps_the_system_prompt_that_changes_with_it(model: Model) -> None:
    talk = Conversation()
    user = Message.user("q")
    assert new_messages(talk, user) == (user,)
    changed = talk.then(replace(talk.state, next_system="s"))
    assert new_messages(changed, user) == (user, Message("system", (TextBlock("s"),)))


DOCUMENTS = (
    DocumentBlock.plain("a", "a.txt"),
    DocumentBlock({"type": "text", "media_type": "text/plain", "data": "b"}, more={"context": "c"}),
)


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("schema", [None, {"type": "object"}])
def test_all_documents_are_cited_or_none(*, wanted: bool, schema: Wire | None) -> None:
    past = Conversation().add(Turn(TurnId("t"), None, (Message.user("see", *DOCUMENTS), REPLY)))
    request = build_request(
        past,
        Settings(cite_documents=wanted),
        NEW,
        Message.user("and", *DOCUMENTS),
        Ask(schema=schema),
    )
    body = json.loads(request.encode())
    sent = [b for m in body["messages"] for b in m["content"] if b["type"] == "document"]
    cited = {"enabled": True} if wanted and schema is None else None
    assert [block.get("citations") for block in sent] == [cited] * 4
    assert sent[1]["context"] == "c"
    assert body == request.body()


def test_a_document_that_is_cited_is_encoded_once() -> None:
    message = Message.user("see", *DOCUMENTS)
    assert message.citing is message.citing
    assert message.citing.citing == message.citing
    assert Message.user("no document").citing == Message.user("no document")
