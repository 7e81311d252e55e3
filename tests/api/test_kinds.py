"""Whatever a reply holds goes back as it came: in the next request, the journal, and a file."""

import json

import pytest

from chatrepl.core.exchange.request import Ask, build_request
from chatrepl.core.models import TABLE
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.storage.export import to_json
from chatrepl.storage.importing import read_messages, uncited
from chatrepl.storage.records import line, loads, turn_from_record, turn_to_record
from tests.api.helpers import reply
from tests.api.kinds import KINDS
from tests.api.test_translate import translate

MODEL = TABLE["claude-opus-5-5"]
STOPPED = {"type": "message_stop"}
NOT_IMPORTED: frozenset[str] = frozenset()  # deliberate exceptions; there are none


def test_there_are_enough_kinds() -> None:
    assert len(KINDS) >= 100


@pytest.mark.parametrize("name", KINDS)
def test_what_came_goes_back_as_it_came(name: str) -> None:
    events, blocks = KINDS[name]
    question = Message.user("q")
    first = build_request(Conversation(), Settings(), MODEL, question, Ask())
    content = reply(translate(*events, STOPPED)).content()
    written = Message("assistant", content, MODEL.id, first.bound)
    turn = Turn(TurnId("a"), None, (question, written))
    assert turn_from_record(loads(line(turn_to_record(turn)))) == turn

    talk = Conversation().add(turn)
    body = build_request(talk, Settings(), MODEL, Message.user("on"), Ask()).body()
    assert json.loads(json.dumps(body["messages"][1]["content"])) == blocks

    read = read_messages(to_json(body)).conversation
    assert uncited(read) is read
    back = [block.to_wire() for block in read.path()[0].messages[1].content]
    assert (back == blocks) is (name not in NOT_IMPORTED)


@pytest.mark.parametrize("name", KINDS)
def test_where_a_reply_is_cut_the_next_request_holds_nothing_torn(name: str) -> None:
    events, _ = KINDS[name]
    for cut in range(len(events)):
        content = reply(translate(*events[:cut])).content()
        turn = Turn(TurnId("a"), None, (Message.user("q"), Message("assistant", content)))
        talk = Conversation().add(turn)
        body = build_request(talk, Settings(), MODEL, Message.user("on"), Ask()).body()
        sent = [
            block for m in body["messages"] if m["role"] == "assistant" for block in m["content"]
        ]
        calls = {block["id"] for block in sent if block["type"].endswith("tool_use")}
        assert calls == {block["tool_use_id"] for block in sent if "tool_use_id" in block}
