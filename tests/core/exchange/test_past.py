"""What is left out of earlier turns when the service refuses it, and what stays."""

from typing import Any

import pytest

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.past import MOST_OMISSIONS, Omission, omission, refused_files
from chatrepl.core.exchange.refused import Refused
from chatrepl.core.exchange.request import Ask, Request, build_request
from chatrepl.core.models import TABLE
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import (
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    block_from_wire,
)
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.wire import Wire

MODEL = TABLE["claude-opus-5-5"]
WEB = Settings(web=True)  # a tool that comes and goes makes earlier thinking unusable
THOUGHT = ThinkingBlock("hm", "s")
PICTURE = ImageBlock.base64("image/png", "AAAA")
ODD: Wire = {"type": "hologram", "beam": "green"}
CALL: Wire = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
RESULT: Wire = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}


def talk(bound: str = "") -> Conversation:
    """A chat of three turns: a picture and thinking, two unknown blocks, a search and one more."""
    first = Message("assistant", (THOUGHT, TextBlock("Yes.")), MODEL.id, bound)
    replies = (
        first,
        Message("assistant", (TextBlock("a"), *map(block_from_wire, (ODD, ODD)))),
        Message("assistant", tuple(map(block_from_wire, (CALL, RESULT, ODD, text("b"))))),
    )
    conversation = Conversation()
    for number, reply in enumerate(replies):
        user = Message.user(f"q{number}", *([PICTURE] if number == 0 else []))
        turn = Turn(TurnId("abc"[number]), conversation.head, (user, reply))
        conversation = conversation.add(turn)
    return conversation


def text(words: str) -> Wire:
    return {"type": "text", "text": words}


def asked(conversation: Conversation, *blocks: Any) -> Request:
    message = Message("user", (*blocks, TextBlock("now")))
    return build_request(conversation, WEB, MODEL, message, Ask())


FIRST = build_request(Conversation(), WEB, MODEL, Message.user("q0", PICTURE), Ask())
BOUND = FIRST.bound
TALK = talk(BOUND)


def refusal(words: str, status: int = 400) -> ApiError:
    return ApiError(ApiErrorKind.INVALID, words, status=status)


def ladder(words: str, conversation: Conversation = TALK) -> list[Omission]:
    """Play a service that refuses with the same words for ever."""
    refused, steps, signs = Refused(), list[Omission](), list[str]()
    while True:
        request = asked(refused.without(conversation))
        less = omission(refusal(words), request, conversation, refused, signs)
        if less is None:
            return steps
        refused, signs = less.refused, [*signs, less.sign]
        steps.append(less)


def left(less: Omission) -> list[list[str]]:
    """Name what is still sent, by message."""
    sent = asked(less.refused.without(TALK)).messages
    return [[block.type for block in message.content] for message in sent]


def test_where_nothing_is_refused_all_stays_as_it_is() -> None:
    assert Refused().without(TALK) is TALK


WORDINGS = (
    "messages.1.content.0: Invalid `signature` in `thinking` block",
    "The block is bound to a different conversation.",
    "messages.1: `thinking` blocks may not be modified",
    "messages[1].content[0]: thinking cannot be moved",
    "`thinking` or `redacted_thinking` blocks must not be left out",
    "messages.1.content.0.signature: Field required",
)


@pytest.mark.parametrize("words", WORDINGS)
def test_whatever_is_said_of_old_thinking_it_is_left_out(words: str) -> None:
    assert any(message.has_thinking for message in asked(TALK).messages)
    first = ladder(words)[0]
    assert first.refused == Refused(thinking=frozenset(TALK.turns))
    assert "thinking" in first.words
    assert ["text"] in left(first)


@pytest.mark.parametrize("words", ["thinking.type: 'adaptive' no", "effort: no", "thinking: no"])
def test_a_refused_setting_leaves_nothing_out(words: str) -> None:
    assert ladder(words) == []


NAMED = (
    ("messages.0.content.0.source: image is corrupt", {("a", 0, 0)}, "turn 1 (image)"),
    ("messages.3.content.1: Input tag 'hologram'",
     {("b", 1, 1), ("b", 1, 2), ("c", 1, 2)}, "turns 2, 3 (hologram)"),
    ("unexpected block `hologram`", {("b", 1, 1), ("b", 1, 2), ("c", 1, 2)}, "turns 2, 3"),
    ("`web_search` tool use with id `srvtoolu_1` was found", {("c", 1, 0), ("c", 1, 1)}, "turn 3"),
    ("messages.5: `web_search` tool use with id `srvtoolu_1` was found",
     {("c", 1, 0), ("c", 1, 1)}, "turn 3"),
    ("messages.5: something here", {("c", 1, 0), ("c", 1, 1), ("c", 1, 2)}, "turn 3"),
)  # fmt: skip


@pytest.mark.parametrize(("words", "places", "told"), NAMED)
@pytest.mark.parametrize("status", [400, 422])
def test_what_a_refusal_names_in_the_past_is_left_out_and_said(
    words: str, places: set[Any], told: str, status: int
) -> None:
    less = omission(refusal(words, status), asked(TALK), TALK, Refused(), [])
    assert less is not None
    assert less.refused == Refused(blocks=frozenset(places))
    assert told in less.words


def test_the_same_refusal_takes_the_part_then_all_but_text_then_the_turn() -> None:
    steps = ladder("messages.5.content.2: no")
    assert len(steps) == 3
    assert left(steps[0])[5] == ["server_tool_use", "web_search_tool_result", "text"]
    assert left(steps[1])[5] == ["text"]
    assert len(left(steps[2])) == 5  # the question goes with its reply, the new one comes
    assert steps[2].words == "The service does not take back turn 3; it is left out from now on."
    assert [len(ladder(words)) for words, _, _ in NAMED] == [3, 3, 1, 1, 3, 2]


CITED: Wire = {"type": "text", "text": "cited", "citations": [{"url": "u"}], "scent": "rain"}


def test_of_text_that_is_refused_only_what_is_no_text_is_left_out() -> None:
    reply = Message("assistant", (block_from_wire(CITED), block_from_wire(CALL)))
    chat = Conversation().add(Turn(TurnId("a"), None, (Message.user("q"), reply)))
    scent = ladder("messages.1.content.0.text.scent: Extra inputs are not permitted", chat)
    assert scent[0].refused == Refused(keys=frozenset({"scent"}))
    assert "scent" in scent[0].words
    slim = scent[0].refused.without(chat).path()[0].messages[-1].content
    assert slim[0].to_wire() == {key: CITED[key] for key in CITED if key != "scent"}
    assert slim[1] is reply.content[1]
    cited = ladder("messages.1.content.0.citations.0.type: Field required", chat)
    assert cited[0].refused == Refused(blocks=frozenset({(TurnId("a"), 1, 0)}))
    assert cited[0].refused.without(chat).path()[0].messages[-1].content[0] == TextBlock("cited")
    assert cited[-1].refused.turns == {"a"}  # also what was made bare is found in its turn


def test_only_so_much_is_tried_for_one_message() -> None:
    signs = [str(number) for number in range(MOST_OMISSIONS)]
    words = refusal("messages.5.content.2: no")
    assert omission(words, asked(TALK), TALK, Refused(), signs[1:]) is not None
    assert omission(words, asked(TALK), TALK, Refused(), signs) is None


@pytest.mark.parametrize("words", ["messages.6.content.0: no", "messages.99: no", "prompt is long"])
def test_what_names_nothing_old_leaves_nothing_out(words: str) -> None:
    assert ladder(words) == []
    old = ApiError(ApiErrorKind.OVERLOADED, "messages.0.content.0: no", status=529)
    assert omission(old, asked(TALK), TALK, Refused(), []) is None


def test_a_refused_turn_keeps_its_change_of_the_system_prompt() -> None:
    system = Message("system", (TextBlock("Be brief."),))
    turn = Turn(TurnId("a"), None, (Message.user("q"), system))
    talk_ = Conversation().add(turn)
    assert ladder("messages.1.content.0: no", talk_) == []
    slim = Refused(turns=frozenset({turn.id})).without(talk_)
    assert slim.turns[turn.id].messages == (system,)


def test_a_file_of_the_new_message_is_found_by_its_place() -> None:
    other, new = (ImageBlock.base64("image/png", data) for data in ("BBBB", "CCCC"))
    request = asked(TALK, new, other)
    find = [("6.content.1", (other,)), ("6", (new, other)), ("6.content.2", ()), ("0", ())]
    for place, files in find:
        assert refused_files(refusal(f"messages.{place}: bad"), request, TALK) == files
    assert refused_files(refusal("bad"), request, TALK) == ()
    assert (
        refused_files(ApiError(ApiErrorKind.SERVER, "messages.6: bad", status=500), request, TALK)
        == ()
    )


ALL = {"thinking", "hologram", "server_tool_use", "web_search_tool_result", "image"}
THOUGHTS = {"thinking", "redacted_thinking"}
LASTING = (
    ("messages.3.content.1: Input tag 'hologram' is unknown", {"hologram"}),
    ("messages.1.content.0: Invalid `signature` in `thinking` block", THOUGHTS),
    ("messages.0.content.0.type: Input should be 'text'", {"image"}),
    ("messages.5: unsupported content", {"server_tool_use", "web_search_tool_result", "hologram"}),
    ("the server tool use block is not supported, hologram too", {"server_tool_use"}),
    ("tools are not supported", {"server_tool_use"}),
    ("tool_choice: Extra inputs are not permitted", {"server_tool_use"}),
    ("only text is allowed", ALL),
)


@pytest.mark.parametrize(("words", "types"), LASTING)
def test_what_a_server_takes_of_no_past_is_left_out_of_all_of_it(
    words: str, types: set[str]
) -> None:
    less = omission(refusal(words), asked(TALK), TALK, Refused(), [], lasting=True)
    assert less is not None
    assert less.refused == Refused(types=frozenset(types))
    assert all(one.replace("_", " ") in less.words for one in types)
    again = omission(refusal(words), asked(TALK), TALK, less.refused, [less.sign], lasting=True)
    assert again is None or again.refused.types == types


BLOCK_S_OWN = (
    "messages.0.content.0.image.source.base64.data: image is corrupt",
    "messages.0.content.0.image.source.media_type: image/x is not supported",
    "messages.5: `web_search` tool use with id `srvtoolu_1` was found without its result",
    "unexpected `tool_use_id` found in `web_search_tool_result` blocks: srvtoolu_1",
    "The request is not supported",
)


@pytest.mark.parametrize("words", BLOCK_S_OWN)
def test_what_is_wrong_with_one_block_is_no_fact_of_the_server(words: str) -> None:
    less = omission(refusal(words), asked(TALK), TALK, Refused(), [], lasting=True)
    assert less is None or not less.refused.types


def test_a_file_of_the_new_message_is_not_looked_for_in_the_past() -> None:
    new = ImageBlock.base64("image/png", "CCCC")
    request = asked(TALK, new)
    words = refusal("image input is not supported")
    assert omission(words, request, TALK, Refused(), [], lasting=True) is None
    assert refused_files(words, request, TALK) == (new,)
    assert refused_files(refusal("the document is broken"), request, TALK) == ()


IMAGE, DOCUMENT = {"image"}, {"document"}


@pytest.mark.parametrize(
    ("words", "types"),
    [
        ("'input_file' is not supported by this backend at this moment", DOCUMENT),
        ("File parts are not taken here", DOCUMENT),
        ("unknown variant `image_url`, expected `text`", IMAGE),
        ("Invalid type for 'input[0].content[1]': 'input_image'", IMAGE),
        ("at most 0 image(s) may be provided", IMAGE),
        ("small-1b is not a multimodal model", IMAGE | DOCUMENT),
        ("the profile is unknown", set()),
    ],
)
def test_a_file_is_found_by_what_a_server_made_of_it(words: str, types: set[str]) -> None:
    image = ImageBlock.base64("image/png", "CCCC")
    new = (image, DocumentBlock.base64_pdf("DDDD"))
    files = refused_files(refusal(words), asked(TALK, *new), TALK)
    assert {block.type for block in files} == types


KEYED: Wire = {**CITED, "type": "text", "text": "It rains.", "wind": 3}


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("messages.1.content.0.text.wind: no", "wind"),
        ('json: unknown field "scent"', "scent"),
        ("messages[1].content[0]: unknown field `citations`", "citations"),
        ("messages.1.content.0: extra_forbidden wind", "wind"),
        ("scent is fine today", ""),
        ("unknown field `hologram`", ""),
        ("messages.1.content.1: unknown field `wind`", ""),
    ],
)
def test_a_key_is_named_by_its_place_or_by_itself(words: str, key: str) -> None:
    reply = Message("assistant", tuple(map(block_from_wire, (KEYED, ODD))))
    chat = Conversation().add(Turn(TurnId("a"), None, (Message.user("q"), reply)))
    less = omission(refusal(words), asked(chat), chat, Refused(), [])
    assert (less.refused.keys if less is not None else frozenset()) == ({key} if key else set())
