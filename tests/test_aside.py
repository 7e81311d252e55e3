import asyncio

import pytest

from chatrepl.core.errors import ApiError
from chatrepl.turn import ask_aside
from tests.commands.trimmer import Trimmer
from tests.views import QuietView


def test_an_aside_enters_no_conversation_and_is_paid_for() -> None:
    chat = Trimmer()
    chat.talk("demo: say one")
    before, paid = chat.session.conversation, chat.session.books.meter.cost.usd
    message = chat.session.compose("demo: say aside")
    reply = chat.runner.run(ask_aside(chat.session, message, chat.stream, QuietView()))

    assert reply.text == "aside"
    assert chat.session.conversation is before
    assert chat.session.books.meter.cost.usd > paid


def test_what_an_aside_cost_is_entered_also_where_it_fails_midway() -> None:
    chat = Trimmer()
    message = chat.session.compose("demo: stream torn after 2")
    with pytest.raises(ApiError):
        chat.runner.run(ask_aside(chat.session, message, chat.stream, QuietView()))
    assert chat.session.books.meter.replies == 1

    message = chat.session.compose("demo: error 400")
    with pytest.raises(ApiError):
        chat.runner.run(ask_aside(chat.session, message, chat.stream, QuietView()))
    assert chat.session.books.meter.replies == 1


def test_an_aside_has_neither_prefill_nor_form() -> None:
    chat = Trimmer()
    chat.do("/prefill pin Well")
    chat.do("/choose yes no")
    request = chat.request_aside(chat.session.compose("Sum up."))

    assert request.prefill is None
    assert "output_config" not in request.params
    assert asyncio.iscoroutinefunction(ask_aside)
