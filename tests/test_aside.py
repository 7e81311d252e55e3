import asyncio
import json

import pytest

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import Remark
from chatrepl.core.exchange.request import Request
from chatrepl.demo.wire import error_body, json_answer
from chatrepl.turn import ask_aside, count_tokens
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


@pytest.mark.parametrize("counts", [True, False])
def test_an_aside_and_a_count_leave_out_what_is_refused_and_teach_the_next_turn(
    *, counts: bool
) -> None:
    chat = Trimmer()
    message = chat.session.compose("demo: say fine")
    refusal = error_body(400, "cache_control: Extra inputs are not permitted", "req_1")
    said: list[str] = []
    if counts:
        asked: list[Request] = []

        async def count(request: Request) -> int:
            asked.append(request)
            if "cache_control" in request.params:
                raise from_answer(400, {}, json.dumps(refusal).encode(), Origin())
            return 7

        request = chat.session.request(message)
        counted = count_tokens(chat.session, request, count, said.append)
        assert chat.runner.run(counted) == 7
        assert len(asked) == 2
    else:
        chat.engine.script(json_answer(400, refusal, {}))
        view = QuietView()
        reply = chat.runner.run(ask_aside(chat.session, message, chat.stream, view))
        assert reply.text == "fine"
        said = [event.text for event in view.events if isinstance(event, Remark)]
    assert [words.split()[0] for words in said] == ["cache_control"]
    assert "cache_control" not in chat.session.request(message).params


def test_a_count_that_teaches_nothing_is_an_error() -> None:
    chat = Trimmer()
    request = chat.session.request(chat.session.compose("hello"))

    async def count(_request: Request) -> int:
        raise from_answer(400, {}, b'{"error": {"message": "cache_control: unknown"}}', Origin())

    with pytest.raises(ApiError):
        chat.runner.run(count_tokens(chat.session, request, count, str))
