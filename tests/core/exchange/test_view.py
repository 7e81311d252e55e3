from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.exchange.request import Ask, Request, build_request
from chatrepl.core.exchange.view import OPENING, build_sent, framed, is_sent
from chatrepl.core.models import TABLE, Model, find
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import (
    Block,
    DocumentBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from chatrepl.core.talk.conversation import Conversation, Receipt, State, Summary, Turn, TurnId
from chatrepl.core.talk.message import Message, Role
from tests.core.rules import faults, signature

MID = TABLE["claude-opus-5-5"]
PLAIN = TABLE["claude-opus-4-7"]
OLD = TABLE["claude-sonnet-4-5"]
_MODELS = (MID, PLAIN, OLD)
PDF = DocumentBlock.base64_pdf("JVBERi0=", "a.pdf")


def _text(text: str) -> TextBlock:
    return TextBlock(text)


def _check(request: Request) -> None:
    assert faults(request.body(), system_role=request.model == MID.id) == []


@dataclass
class Chat:
    """A chat with a service that signs its thinking with all that it was sent."""

    conversation: Conversation = field(default_factory=Conversation)
    model: Model = MID
    web: bool = False
    effort: str = ""
    ids: Any = field(default_factory=count)

    def request(self, user: Message | None, prefill: str = "") -> Request:
        thinking = "off" if self.model is OLD and prefill else "auto"
        asked = Settings(thinking=thinking, web=self.web, effort=self.effort)
        return build_request(self.conversation, asked, self.model, user, Ask(prefill=prefill))

    def ask(self, content: list[Block], reply: list[str], stop: str | None, prefill: str) -> None:
        user = Message("user", tuple(content))
        request = self.request(user, prefill)
        if user.text.strip():  # else there may be nothing to send
            _check(request)
        body = request.body()
        made = signature(request.model, body.get("system", ""), body.get("tools"), body["messages"])
        blocks: list[Block] = []
        if request.prefill is not None and request.prefill.mode == "native":
            reply = [kind for kind in reply if kind != "think"]  # the two exclude each other
        for number, kind in enumerate(reply):
            blocks += self.block(kind, number, made)
        if request.ours:
            asked = [m for m in request.messages if m.role == "user"][-1]
            user = replace(user, content=(*user.content, *asked.content[-request.ours :]))
        written = Message("assistant", tuple(blocks), request.model, request.bound)
        self.add(
            (user, *request.changes, *([written] if blocks else [])), Receipt(stop_reason=stop)
        )

    def block(self, kind: str, number: int, made: str) -> list[Block]:
        call = f"s{next(self.ids)}"
        match kind:
            case "think":
                return [ThinkingBlock(f"t{number}", made)]
            case "blank":
                return [_text(" \n")]
            case "call":
                return [ToolUseBlock("tool_use", "c1", "f", {})]
            case "search":
                served = ToolUseBlock("server_tool_use", call, "web_search", {})
                return [served, ToolResultBlock("web_search_tool_result", call, [])]
            case "searching":
                return [ToolUseBlock("server_tool_use", call, "web_search", {})]
            case "orphan":
                return [ToolResultBlock("web_search_tool_result", "nowhere", [])]
            case _:
                return [_text(f"reply {number}")]

    def add(self, messages: tuple[Message, ...], receipt: Receipt | None = None) -> None:
        id_ = TurnId(f"t{next(self.ids)}")
        turn = Turn(id_, self.conversation.head, messages, receipt)
        self.conversation = self.conversation.add(turn)

    def adjust(self, **changes: Any) -> None:
        state: State = replace(self.conversation.state, **changes)
        self.conversation = self.conversation.then(state)


_REPLY = st.lists(
    st.sampled_from(["think", "text", "blank", "call", "search", "searching", "orphan"]), max_size=4
)
_USER = st.lists(
    st.sampled_from(
        [_text("q"), _text(" "), ToolResultBlock("tool_result", "c1", "r"), _text("r")]
    ),
    max_size=3,
)
_STOP = st.sampled_from(["end_turn", None, "refusal", "tool_use"])
_ROLES: st.SearchStrategy[Role] = st.sampled_from(["user", "assistant", "system"])


def _step(data: Any, chat: Chat) -> None:
    ids = list(chat.conversation.turns)
    what = data.draw(
        st.sampled_from(
            ["ask"] * 4 + ["model", "system", "drop", "sum", "go", "hand", "web", "effort"]
        )
    )
    match what:
        case "ask":
            prefill = data.draw(st.sampled_from(["", "", "Begin "]))
            chat.ask(data.draw(_USER), data.draw(_REPLY), data.draw(_STOP), prefill)
        case "model":
            chat.model = data.draw(st.sampled_from(_MODELS))
        case "web":
            chat.web = not chat.web
        case "effort":
            chat.effort = data.draw(st.sampled_from(["", "low", "xhigh"]))
        case "system":
            text = data.draw(st.sampled_from(["", "be kind", "be short"]))
            chat.adjust(**{data.draw(st.sampled_from(["system", "next_system"])): text})
        case "drop" if ids:
            mark = data.draw(st.sampled_from(["dropped", None]))
            chat.conversation = chat.conversation.with_marks(
                {data.draw(st.sampled_from(ids)): mark}
            )
        case "sum" if ids:
            chat.adjust(summary=Summary(frozenset(data.draw(st.sets(st.sampled_from(ids)))), "s"))
        case "go":
            chat.adjust(head=data.draw(st.sampled_from([*ids, None])))
        case _:
            roles = data.draw(st.lists(_ROLES, min_size=1, max_size=3))
            chat.add(tuple(Message(role, (_text(f"by hand {role}"),)) for role in roles))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_what_is_sent_keeps_the_services_rules_in_every_history(data: Any) -> None:
    chat = Chat()
    for _ in range(data.draw(st.integers(1, 8))):
        _step(data, chat)
        for model in _MODELS:
            chat.model, before = model, chat.model
            _check(chat.request(Message.user("now")))
            chat.model = before


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(_MODELS))
def test_each_request_begins_with_the_bytes_of_the_one_before(data: Any, model: Model) -> None:
    chat = Chat(model=model, web=True)  # else no reply searches
    chat.adjust(system="be kind")
    last: list[bytes] = []
    top: list[Any] = []
    for _ in range(data.draw(st.integers(2, 6))):
        if model.mid_system and data.draw(st.booleans()):
            chat.adjust(next_system=f"now {next(chat.ids)}")
        if model.mid_system:
            chat.web = data.draw(st.booleans())
            chat.effort = data.draw(st.sampled_from(["", "low", "max"]))
        prefill = data.draw(st.sampled_from(["", "Begin"]))
        reply = data.draw(st.sampled_from([["think", "text"], ["text"], ["search", "text"]]))
        request = chat.request(Message.user("q"), prefill)
        sent = [m.encoded for m in request.messages]
        assert sent[: len(last)] == last
        assert request.params["system"] == "be kind"
        top.append([request.params.get(key) for key in ("tools", "tool_choice", "output_config")])
        assert top == top[:1] * len(top)
        native = request.prefill is not None and request.prefill.mode == "native"
        last = sent[:-1] if native else sent
        chat.ask([_text("q")], reply, "end_turn", prefill)


def test_thinking_goes_back_while_nothing_before_it_changed() -> None:
    chat = Chat()
    for _ in range(3):
        chat.ask([_text("q")], ["think", "text"], "end_turn", "")
    assert _thoughts(chat) == 3
    first = list(chat.conversation.turns)
    chat.conversation = chat.conversation.with_marks({first[1]: "dropped"})
    assert _thoughts(chat) == 1
    chat.conversation = chat.conversation.with_marks({first[1]: None})
    assert _thoughts(chat) == 3
    chat.model = TABLE["claude-fable-5-2"]
    assert _thoughts(chat) == 0
    chat.model, chat.web, chat.effort = MID, True, "max"
    assert _thoughts(chat) == 3  # what changes in the conversation comes after it
    chat.adjust(system="other")
    assert _thoughts(chat) == 0


def _thoughts(chat: Chat) -> int:
    return sum(m.has_thinking for m in chat.request(Message.user("now")).messages)


def _line(*messages: tuple[Role, str]) -> Conversation:
    """Make a conversation of one turn."""
    made = tuple(Message(role, (_text(text),)) for role, text in messages)
    return Conversation().add(Turn(TurnId("a"), None, made))


def _told(conversation: Conversation, model: Model, *new: Message) -> list[str]:
    sent = build_sent(conversation, model, *new)
    return [f"top {sent.system}", *(f"{m.role} {m.text}" for m in sent.messages)]


def test_a_changed_system_prompt_stands_where_the_model_takes_it() -> None:
    talk = _line(("user", "q"), ("system", "s2"), ("assistant", "a"))
    talk = talk.then(replace(talk.state, system="s1"))
    assert _told(talk, MID) == ["top s1", "user q", "system s2", "assistant a"]
    assert _told(talk, PLAIN) == ["top s2", "user q", "assistant a"]
    next_ = talk.then(replace(talk.state, next_system="s3"))
    assert _told(next_, PLAIN)[0] == "top s3"


def test_a_system_prompt_outlives_the_turn_that_brought_it() -> None:
    talk = _line(("user", "q"), ("system", "s2"), ("assistant", "a"))
    talk = talk.with_marks({TurnId("a"): "dropped"})
    assert _told(talk, MID, Message.user("now")) == ["top ", "user now", "system s2"]
    assert _told(talk, PLAIN, Message.user("now")) == ["top s2", "user now"]
    assert _told(talk, MID) == ["top "]


def test_a_cleared_system_prompt_takes_all_earlier_ones_away() -> None:
    talk = _line(
        ("user", "q"), ("system", "s2"), ("assistant", "a"), ("user", "r"), ("system", ""),
        ("assistant", "b"), ("user", "x"), ("system", "s3"),
    )  # fmt: skip
    talk = talk.then(replace(talk.state, system="s1"))
    assert _told(talk, MID) == [
        "top ", "user q", "assistant a", "user r", "assistant b", "user x", "system s3",
    ]  # fmt: skip


def test_a_conversation_that_begins_with_a_reply_gets_an_opening() -> None:
    assert _told(_line(("assistant", "a")), MID) == ["top ", f"user {OPENING}", "assistant a"]
    assert _told(Conversation(), MID) == ["top "]


def test_neighbours_of_one_role_become_one() -> None:
    talk = _line(("user", "q"), ("user", "r"), ("assistant", "a"), ("assistant", "b"))
    assert _told(talk, MID) == ["top ", "user qr", "assistant ab"]


def test_a_summary_stands_in_for_the_turns_it_covers() -> None:
    chat = Chat()
    for text in "xyz":
        chat.ask([_text(text)], ["text"], "end_turn", "")
    ids = list(chat.conversation.turns)
    chat.adjust(summary=Summary(frozenset(ids[:2]), "what was said"))
    assert _told(chat.conversation, MID) == [
        "top ",
        "user <summary>\nwhat was said\n</summary>",
        "assistant Understood.",
        "user z",
        "assistant reply 0",
    ]
    assert [is_sent(t, chat.conversation) for t in chat.conversation.path()] == [0, 0, 1]


@pytest.mark.parametrize(("stop", "sent"), [("refusal", False), ("end_turn", True), (None, True)])
def test_a_refused_turn_is_not_sent_again(stop: str | None, sent: bool) -> None:
    turn = Turn(TurnId("a"), None, (), Receipt(stop_reason=stop))
    assert is_sent(turn, Conversation()) is sent


def test_a_call_and_its_result_go_together() -> None:
    call = Message("assistant", (_text("a"), ToolUseBlock("tool_use", "c", "f", {})))
    result = ToolResultBlock("tool_result", "c", "r")
    turn = Turn(TurnId("a"), None, (Message.user("q"), call, Message("user", (_text("x"), result))))
    sent = build_sent(Conversation().add(turn), MID).messages
    assert sent[1] == call
    assert sent[2].content == (result, _text("x"))
    alone = Turn(TurnId("a"), None, (Message.user("q"), call))
    assert build_sent(Conversation().add(alone), MID).messages[1].content == (_text("a"),)


def test_a_search_that_is_under_way_is_kept_at_the_end_only() -> None:
    search = Message("assistant", (ToolUseBlock("server_tool_use", "s", "web_search", {}),))
    done = Message("assistant", (ToolResultBlock("web_search_tool_result", "s", []), _text("a")))
    talk = Conversation().add(Turn(TurnId("a"), None, (Message.user("q"), search)))
    assert [m.role for m in build_sent(talk, MID).messages] == ["user", "assistant"]
    assert _told(talk, MID, Message.user("r")) == ["top ", "user qr"]
    both = build_sent(talk, MID, done, Message.user("r")).messages
    assert both[1].content == search.content + done.content
    late = build_sent(talk, MID, Message.user("r"), done).messages
    assert [block.type for block in late[-1].content] == ["text"]


FOREIGN = ("smollm2-135m-instruct", "gpt-4o", "qwen3:4b", "openai/o5", "mistral-large")
LIKE_OURS = ("claude-opus-5-5", "claude-new", "anthropic/claude-3.5", "eu.anthropic.Claude-4-v1:0")


@pytest.mark.parametrize("name", FOREIGN)
def test_text_files_are_read_out_to_models_that_know_no_documents(name: str) -> None:
    body = "one\n</document>\ntwo\n"
    files = (DocumentBlock.plain(body, "a\nb.txt"), DocumentBlock.plain("3"), PDF, _text("Well?"))
    sent = build_sent(Conversation(), find(name), Message("user", files)).messages[0].content
    assert [block.type for block in sent] == ["text", "text", "document", "text"]
    assert sent[0].to_markdown() == f"a b.txt\n<document-1>\n{body}</document-1>"
    assert sent[1].to_markdown() == "<document>\n3\n</document>"


@pytest.mark.parametrize("name", LIKE_OURS)
def test_text_files_go_as_documents_to_models_of_the_service(name: str) -> None:
    message = Message("user", (DocumentBlock.plain("one", "a.txt"), _text("Well?")))
    assert build_sent(Conversation(), find(name), message).messages == (message,)


def test_a_message_without_text_files_stays_the_very_same() -> None:
    message = Message("user", (PDF, _text("Well?")))
    assert build_sent(Conversation(), find("gpt-4o"), message).messages[0] is message


@given(st.text("</aA-12> \n", max_size=40))
def test_nothing_in_a_frame_closes_it(text: str) -> None:
    whole = framed(text, "a")
    name = whole[1:].partition(">")[0]
    closing = whole.lower().replace(" ", "").replace("\n", "")
    assert closing.count(f"</{name}") == 1
    assert whole == f"<{name}>\n{text}\n</{name}>"
