"""Whose a lesson is, and that none is taken twice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.core.catalog import ALL_MODELS, OFFICIAL, Catalog
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.lessons import MOST_LESSONS
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import TextBlock, ThinkingBlock
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.talk.message import Message
from chatrepl.core.world import Edges
from chatrepl.session.lessons import Lessons
from chatrepl.session.service import Service
from chatrepl.session.session import Session
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import list_entries
from chatrepl.storage.saved import reopen
from tests.commands.playing import Player

MODEL = "claude-opus-5"
NOTHING = Conversation()
THOUGHT = Message("assistant", (ThinkingBlock("hm", "s"), TextBlock("Yes.")))


def lessons(origin: str = OFFICIAL) -> Lessons:
    session = Session(Settings(model=MODEL), Edges(lambda: 1.0, lambda: "id"))
    session.service = Service(Catalog(origin=origin))
    return Lessons(session)


def refused(words: str) -> ApiError:
    return ApiError(ApiErrorKind.INVALID, words, status=400)


def request(most: int = 8192) -> Request:
    params = {"model": MODEL, "max_tokens": most, "thinking": {"type": "enabled"}}
    return Request(params, (Message.user("Hello"), THOUGHT, Message.user("Hello")))


@pytest.mark.parametrize(
    ("origin", "words", "id_"),
    [
        ("http://localhost", "thinking: Extra inputs are not permitted", ALL_MODELS),
        ("http://localhost", "this model does not support thinking", MODEL),
        (OFFICIAL, "thinking: Extra inputs are not permitted", MODEL),
    ],
)
def test_a_lesson_is_the_server_s_or_a_model_s(origin: str, words: str, id_: str) -> None:
    taking = lessons(origin)
    assert taking.take(refused(words), request(), NOTHING) != ""
    assert taking.session.service.models.learned == {id_: {"thinking": False}}


def test_a_lesson_that_does_not_help_is_taken_back_and_not_taken_again() -> None:
    taking = lessons("http://localhost")
    words = refused("unknown field in request; thinking, metadata and others are known")
    sent = replace(request(), params={**request().params, "metadata": {"user_id": "me"}})
    models: Callable[[], frozenset[str]] = lambda: taking.session.service.model(MODEL).refused  # noqa: E731
    assert taking.take(words, sent, NOTHING) != ""
    assert models() == {"thinking"}
    assert taking.take(words, sent, NOTHING) != ""
    assert models() == {"metadata"}
    assert taking.take(words, sent, NOTHING) == ""
    assert models() == set()


def test_what_is_refused_of_the_past_is_left_out_where_there_is_one() -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.say("demo: think")
    taking, conversation = Lessons(player.session), player.session.conversation
    sent = player.session.request(Message.user("Hello"))
    error = refused("messages.1.content.0: Invalid `signature` in `thinking` block")

    assert taking.take(error, sent, NOTHING) == ""
    assert "left out" in taking.take(error, sent, conversation)
    assert taking.take(refused("else"), sent, conversation) == ""
    assert not any(m.has_thinking for m in player.session.request(None).messages)


@pytest.mark.parametrize("origin", [OFFICIAL, "http://localhost"])
def test_what_one_conversation_is_refused_is_known_when_it_is_gone_on_with(
    origin: str, tmp_path: Path
) -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.session.service = Service(Catalog(origin=origin))
    player.session.recorder = Journal.new(tmp_path)
    player.say("demo: think")
    conversation = player.session.conversation
    sent = player.session.request(Message.user("Hello"))
    error = refused("messages.1.content.0: no")  # nothing that holds for every past
    assert Lessons(player.session).take(error, sent, conversation) != ""
    assert isinstance(player.session.recorder, Journal)
    player.session.recorder.close()

    for elsewhere in (False, True):
        later = Player(Settings(model="claude-opus-5"))
        later.session.service = Service(Catalog(origin="http://other" if elsewhere else origin))
        opened = reopen(list_entries(tmp_path)[0])
        later.session.begin_with(opened.conversation, opened.recorder)
        assert any(m.has_thinking for m in later.session.request(None).messages) is elsewhere
        opened.recorder.close()


def test_no_server_can_ask_for_ever() -> None:
    taking = lessons()
    tries = [
        taking.take(refused(f"max_tokens over {most}"), request(most + 1), NOTHING)
        for most in range(99, 9, -1)
    ]
    assert len([words for words in tries if words]) == MOST_LESSONS
