"""/request: what was sent for a turn, to the byte, also after everything has changed since."""

import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from chatrepl.commands.request import _body, _shown
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.noted import PastRequest, note_of, restored
from chatrepl.core.outcome import Exactly, Table
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Summary, Turn, TurnId
from chatrepl.storage.records import receipt_from_record, receipt_to_record
from tests.commands.playing import Player


def player(**settings: Any) -> Player:
    return Player(Settings(**{"model": "claude-opus-5-5", "system": "", **settings}))


def bodies(one: Player) -> list[bytes]:
    """Put the request of each turn together anew."""
    path = one.session.conversation.path()
    return [_shown(one.session, turn).request.encode() for turn in path]


def change(one: Player, rng: random.Random) -> None:
    """Change something about the conversation or the settings, as people do."""
    last = len(one.session.conversation.path())
    commands = [
        "/system Be brief.", "/system clear", "/effort low", "/effort clear", "/think off",
        "/set max_tokens 5000", "/prefill Well,", "/prefill clear",
        "/web on", "/web off", "/set web.max_uses 3",
        f"/drop! {rng.randint(1, last)}", f"/pin {rng.randint(1, last)}", "/restore",
        "/model opus-4-8", "/model sonnet-5-5",
        "/model haiku-4-5", "/undo", "/user A note.", "/set cache.ttl 5m",
    ]  # fmt: skip
    with suppress(UsageError):  # not every model has an effort
        one.do(rng.choice(commands))


@pytest.mark.parametrize("seed", range(16))
def test_each_turn_gives_back_the_request_that_it_sent_to_the_byte(seed: int) -> None:
    rng, one = random.Random(seed), player()
    sent: dict[str, bytes] = {}
    for number in range(8):
        turn = one.say(f"Question {number}, and why?")
        sent[turn.id] = one.requests[-1].encode()
        for _ in range(rng.randrange(3)):
            change(one, rng)
    path = one.session.conversation.path()
    asked = [turn for turn in path if turn.id in sent]
    assert asked
    for turn in asked:
        assert _shown(one.session, turn).request.encode() == sent[turn.id]


def test_the_page_tells_why_each_block_was_there() -> None:
    one = player()
    for word in ("one", "two", "three"):
        one.say(f"{word} " + "and a long question of many words " * 400)
    one.do("/pin 2")
    one.do("/drop! 1")
    one.do("/prefill Well,")
    one.say("four")
    one.do("/request")
    page = one.tables[-1]
    assert isinstance(page, Table)
    whys = [(row[0], row[3]) for row in page.rows]
    assert whys == [
        ("1 user", "pinned"),
        ("2 assistant", "pinned"),
        ("3 user", "sent"),
        ("4 assistant", "sent"),
        ("5 user", "new"),
        ("5 user", "ours"),
        ("turn 1", "dropped"),
    ]
    assert "to the byte" in page.footer
    one.do("/restore")
    one.do("/request 3")
    assert {row[3] for row in one.tables[-1].rows[:2]} == {"cached"}


def test_what_is_ours_is_told_apart_wherever_it_stands() -> None:
    one = player(model="claude-haiku-4-5")
    one.do("/system Be brief.")
    first, second = one.say("first"), one.say("second")
    one.session.adjust(summary=Summary(frozenset({first.id}), "It began."))
    one.do("/prefill Well,")
    one.say("third")
    one.do("/request")
    whys = [(row[0], row[3]) for row in one.tables[-1].rows]
    assert whys[:3] == [("system", "sent"), ("1 user", "ours"), ("2 assistant", "ours")]
    assert whys[-3:] == [("5 user", "new"), ("6 assistant", "ours"), ("turn 1", "left out")]
    one.do("/system Be long.")
    one.do("/prefill clear")
    one.session.use(model="claude-opus-5-5")
    one.say("fourth")
    one.do("/request")
    assert [row[3] for row in one.tables[-1].rows if row[0].endswith("system")][-1] == "new"
    assert second.receipt is not None
    assert restored(one.requests[0], {"params": "damaged"}) is one.requests[0]


def test_the_body_can_be_had_and_two_compared() -> None:
    one = player()
    one.say("first")
    one.say("second")
    assert one.do("/request 1 --body") == Exactly(one.requests[0].encode().decode())
    told = one.do("/request 1 2 --diff")
    assert isinstance(told, Exactly)
    assert '+     "text": "second"' in told.text
    one.do("/request 1 1 --diff")
    assert one.heard == "They are the same."


def test_a_request_is_sent_again_after_the_past_that_it_had() -> None:
    one = player()
    for word in ("first", "second", "third"):
        one.say(word)
    one.do("/request 2 --again")
    assert [turn.user.text for turn in one.session.conversation.path() if turn.user] == [
        "first", "second",
    ]  # fmt: skip
    assert one.requests[-1].messages == one.requests[1].messages


@pytest.mark.parametrize("words", ["9", "x", "1 2", "1 --diff", "1 --again --body", "-1"])
def test_what_makes_no_sense_is_refused(words: str) -> None:
    one = player()
    one.say("first")
    one.say("second")
    with pytest.raises(UsageError):
        one.do(f"/request {words}")


def test_what_nobody_sent_has_no_request() -> None:
    one = player()
    one.do("/assistant A word.")
    with pytest.raises(UsageError):
        one.do("/request")


def test_the_page_shows_what_changed_in_mid_talk() -> None:
    one = player()
    one.say("one " + "and a long question of many words " * 400)
    one.do("/effort low")
    one.do("/web on")
    one.say("two")
    one.say("three")
    one.do("/request")
    rows = [row[:2] + row[3:4] for row in one.tables[-1].rows if "assistant" not in row[0]]
    assert rows == [
        ("1 user", "text", "cached"),
        ("3 user", "text", "cached"),
        ("4 system", "tool_addition", "cached"),
        ("4 system", "output_config", "cached"),
        ("6 user", "text", "new"),
    ]
    one.do("/request 2")
    assert [row[3] for row in one.tables[-1].rows][-2:] == ["new", "new"]
    assert "to the byte" in one.tables[-1].footer


def test_a_turn_of_a_time_that_kept_no_tools_has_those_of_the_settings() -> None:
    one = player(web=True)
    turn = one.say("What is new?")
    old = replace(turn, messages=tuple(m for m in turn.messages if m.role != "system"))
    one.session.conversation = one.session.conversation.undo().add(old)
    assert _shown(one.session, old).request.encode() == one.requests[-1].encode()


def test_other_settings_are_told_where_they_cannot_be_put_back() -> None:
    one = player(user_id="me")
    one.say("What is new?")
    one.session.use(user_id="you")
    one.do("/request")
    assert "put together anew" in one.tables[-1].footer
    turn = one.session.conversation.path()[-1]
    assert turn.receipt is not None
    bare = replace(turn, receipt=replace(turn.receipt, sent=None))
    assert _shown(one.session, bare).request.messages == one.requests[-1].messages


def test_a_token_of_a_server_is_neither_kept_nor_printed() -> None:
    servers = [
        {"type": "url", "url": "https://x.test", "name": "x", "authorization_token": "s3cret"}
    ]
    one = player(extra_body={"mcp_servers": servers}, betas=("mcp-client-2025-11-20",))
    body = {"tools": [{"type": "mcp_toolset", "mcp_server_name": "x"}]}
    one.session.use(extra_body={"mcp_servers": servers, **body})
    request = one.session.request(one.session.compose("hi"))
    assert "s3cret" not in repr(note_of(request))
    turn = Turn(TurnId("t"), None, request.messages)
    assert "s3cret" not in _body(PastRequest(request, one.session.conversation, turn))
    assert "mcp_toolset" in _body(PastRequest(request, one.session.conversation, turn))


def test_what_is_kept_of_it_is_small_and_comes_back_from_the_disk() -> None:
    one = player()
    one.say("A long question. " * 500)
    receipt = one.session.conversation.path()[-1].receipt
    assert receipt is not None
    assert len(repr(receipt.sent)) < 600
    assert receipt_from_record(receipt_to_record(receipt)) == receipt
