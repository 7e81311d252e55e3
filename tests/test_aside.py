import inspect
import json

import pytest

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer
from chatrepl.aside import ask_aside, count_tokens
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import Remark
from chatrepl.core.exchange.request import Request
from chatrepl.core.outcome import Count
from chatrepl.core.settings import Settings
from chatrepl.demo.wire import error_body, json_answer
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
    paid = chat.session.books.meter.cost
    assert chat.session.books.meter.replies == 0
    assert paid.usd > 0

    message = chat.session.compose("demo: error 400")
    with pytest.raises(ApiError):
        chat.runner.run(ask_aside(chat.session, message, chat.stream, QuietView()))
    assert chat.session.books.meter.cost == paid


def test_an_aside_has_neither_prefill_nor_form() -> None:
    chat = Trimmer()
    chat.do("/prefill pin Well")
    chat.do("/choose yes no")
    request = chat.request_aside(chat.session.compose("Sum up."))

    assert request.prefill is None
    assert "output_config" not in request.params
    assert inspect.iscoroutinefunction(ask_aside)


PAST = "messages.1.content.0: Invalid `signature` in `thinking` block"
REFUSED = [("cache_control: Extra inputs are not permitted", "cache_control"), (PAST, "signature")]


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize(("words", "part"), REFUSED)
def test_an_aside_and_a_count_leave_out_what_is_refused_and_teach_the_next_turn(
    words: str, part: str, *, counts: bool
) -> None:
    chat = Trimmer(Settings(model="claude-opus-5"))
    chat.talk("demo: think")
    message = chat.session.compose("demo: say fine")
    refusal = error_body(400, words, "req_1")

    def holds(sent: Request) -> bool:
        return f'"{part}'.encode() in sent.encode()

    assert holds(chat.session.request(message))
    said: list[str] = []
    if counts:
        requests: list[Request] = []
        asked = Count(message, lambda _: None)

        async def count(request: Request) -> int:
            requests.append(request)
            if holds(request):
                raise from_answer(400, {}, json.dumps(refusal).encode(), Origin())
            return 7

        counted = count_tokens(chat.session, asked, count, said.append)
        assert chat.runner.run(counted) == 7
        assert len(requests) == 2
    else:
        chat.engine.script(json_answer(400, refusal, {}))
        view = QuietView()
        reply = chat.runner.run(ask_aside(chat.session, message, chat.stream, view))
        assert reply.text == "fine"
        said = [event.text for event in view.events if isinstance(event, Remark)]
    assert len(said) == 1
    assert "left out" in said[0]
    assert not holds(chat.session.request(message))


def test_a_count_that_teaches_nothing_is_an_error_and_changes_nothing() -> None:
    chat = Trimmer()
    message = chat.session.compose("hello")
    before, asked = chat.session.request(message), Count(message, lambda _: None)

    async def count(_request: Request) -> int:
        raise from_answer(400, {}, b'{"error": {"message": "cache_control: unknown"}}', Origin())

    with pytest.raises(ApiError):
        chat.runner.run(count_tokens(chat.session, asked, count, str))
    assert chat.session.request(message) == before


def test_an_aside_that_nothing_helps_says_so_and_changes_nothing() -> None:
    chat = Trimmer()
    for number in range(4):
        chat.talk(f"demo: say {number}")
    message, before = chat.session.compose("hello"), chat.session.service.refused
    body = error_body(400, "messages.1.content.0: no", "req_1")
    chat.engine.script(*[json_answer(400, body, {})] * 9)
    with pytest.raises(ApiError) as caught:
        chat.runner.run(ask_aside(chat.session, message, chat.stream, QuietView()))
    assert "/history" in caught.value.hint
    assert chat.session.service.refused == before
