"""What a failure says in a chat and in a pipe: what happened, and one step to be taken there."""

import asyncio
import io
import json
import socket
from collections.abc import AsyncGenerator, Callable
from typing import Any, cast

import pytest

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer, from_event
from chatrepl.api.errors.exceptions import from_exception
from chatrepl.api.http import FAULTS
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import StreamEvent, TextDelta
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.core.talk.message import Message
from chatrepl.core.words import COMMANDS
from chatrepl.session.session import Session
from chatrepl.shells.oneshot import Manner, Shot
from chatrepl.shells.repl import Repl
from chatrepl.terminal.say import Speaker
from tests.commands.playing import Player, Unwatched, unwatched
from tests.terminal.views.replies import console_on
from tests.views import ShownView

KEYED = Origin("https://gate.example", "sonet", "SOME_KEY")
OWN = Origin("http://10.0.0.7:8080", "sonet", "no key (a server of your own)")


def answer(status: int, words: str, origin: Origin = KEYED, kind: str = "") -> ApiError:
    said = {"type": "error", "error": {"type": kind or "invalid_request_error", "message": words}}
    return from_answer(status, {}, json.dumps(said).encode(), origin)


def away(cause: Exception) -> ApiError:
    return from_exception(cause, KEYED, FAULTS)


BACK, TELLS = "Your message is back in the prompt.", "--dry-run shows the request."
AGAIN = "Nothing is lost; Enter sends it again."
CAUSE, CAUSE_THERE = "/doctor looks for the cause.", "chatrepl --doctor looks for the cause."
RAISE = "Raise it there; waiting does not help."
ROWS: dict[str, tuple[Callable[[], ApiError], str, str, str]] = {
    "401": (lambda: answer(401, "no such key"),
            "The key from SOME_KEY was refused: no such key", CAUSE, CAUSE_THERE),
    "401 of an own server": (lambda: answer(401, "who are you", OWN),
            "This server wants a key: who are you", "api_key_command in config.toml gives one.",
            "api_key_command in config.toml gives one."),
    "403": (lambda: answer(403, "not yours"),
            "This key may not do that: not yours", "Check the key's rights.",
            "Check the key's rights."),
    "404 of a model": (lambda: answer(404, "model: sonet", kind="not_found_error"),
            "gate.example has no model sonet.", "/models lists them.",
            "chatrepl --models lists them."),
    "404": (lambda: from_answer(404, {}, b"", KEYED),
            "gate.example has no Messages API at that address.", "Check base_url.",
            "Check base_url."),
    "400": (lambda: answer(400, "roles must take turns"),
            "The service refused the request (400): roles must take turns", BACK, TELLS),
    "422": (lambda: answer(422, "no sense"),
            "The service refused the request (422): no sense", BACK, TELLS),
    "413": (lambda: answer(413, "too many bytes"),
            "The request is too large (413): too many bytes",
            "/detach or /drop makes it smaller.", "Attach less; --dry-run tells its size."),
    "too long": (lambda: answer(400, "prompt is too long: 9 tokens > 8"),
            "The conversation is longer than the model's window: prompt is too long: 9 tokens > 8",
            "/compact or /truncate makes room.",
            "Send less, or -m another model; --dry-run tells the size."),
    "spend limit": (lambda: answer(400, "no API usage limits left."),
            "The spend limit of this account is reached (400): no API usage limits left.",
            RAISE, RAISE),
    "529": (lambda: answer(529, "Overloaded", kind="overloaded_error"),
            "The service is overloaded (529).", AGAIN, "Gave up after 3 tries."),
    "429": (lambda: answer(429, "slow down"),
            "The rate limit is reached (429): slow down", AGAIN, "Gave up after 3 tries."),
    "503": (lambda: from_answer(503, {}, b"", KEYED),
            "The service failed (503).", AGAIN, "Gave up after 3 tries."),
    "no host": (lambda: away(socket.gaierror(-2, "unknown")),
            "gate.example cannot be reached: no such host.", CAUSE, CAUSE_THERE),
    "refused": (lambda: away(ConnectionRefusedError(111, "refused")),
            "gate.example:443 cannot be reached: connection refused.", CAUSE, CAUSE_THERE),
}  # fmt: skip


END = "the end of a reply"


def chat(lines: list[str], *comes: ApiError | str) -> tuple[str, Repl]:
    """Take lines at a prompt, answered by what comes; give what was said, and the chat."""
    left, file = list(comes), io.StringIO()

    async def stream(_request: Request) -> AsyncGenerator[StreamEvent, None]:
        while left and (item := left.pop(0)) != END:
            if isinstance(item, ApiError):
                raise item
            yield TextDelta(item)

    none = cast("Any", None)
    desk = Player()._desk()
    speaker, view = Speaker(console_on(file, color=None)), cast("Any", ShownView)
    desk = type(desk)(none, speaker, none, view, *[none] * 4)
    with asyncio.Runner() as runner:
        repl = Repl(Player().session, desk, stream, none, runner)
        unwatched(repl, Unwatched)
        for line in lines:
            with repl.guard.around():
                repl.take(line)
    return file.getvalue(), repl


def piped(error: ApiError, *before: str) -> str:
    """Give what a single shot says of a failure on stderr."""

    async def stream(_request: Request) -> AsyncGenerator[StreamEvent, None]:
        for text in before:
            yield TextDelta(text)
        raise error

    err = io.StringIO()
    shot = Shot(Session(Settings(), Player().session.edges), Manner(), io.StringIO(), err)
    asyncio.run(shot.answer(Message.user("hi"), stream))
    return err.getvalue()


@pytest.mark.parametrize("name", ROWS)
def test_a_failure_says_what_happened_and_one_step_that_can_be_taken_there(name: str) -> None:
    make, message, in_chat, in_pipe = ROWS[name]
    said, repl = chat(["what is it"], make())
    error = make()
    error.tries = 3

    assert " ".join(said.split()) == f"{message} {in_chat}"
    assert repl.draft == "what is it"
    told = message.replace("The conversation is", "The input is")
    assert piped(error) == f"chatrepl: {told}\n  {in_pipe}\n"


@pytest.mark.parametrize("status", [400, 529])
def test_a_failure_that_left_no_message_in_the_prompt_does_not_say_that_it_did(status: int) -> None:
    said, repl = chat(["hello", "/retry"], "Hi.", END, answer(status, "no"))

    step = said.splitlines()[-1]
    assert repl.draft == ""
    assert step.startswith("Nothing is lost; ")
    assert "Enter" not in step


def test_a_reply_that_broke_is_told_once_the_cause_first_then_one_step() -> None:
    torn = from_exception(ConnectionResetError(104, "reset"), KEYED, FAULTS, begun=True)
    said, repl = chat(["tell me"], "Half a ", torn)

    figures, cause, step = said.splitlines()
    assert figures.endswith("· cut")
    assert cause == "The connection broke before the answer was complete."
    assert step == "What came is kept; /continue goes on, /retry asks again."
    assert repl.draft == ""


def test_an_error_inside_a_stream_is_said_in_our_words_too() -> None:
    event = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert from_event(event, None, KEYED).message == "The service is overloaded."


def test_every_command_is_known_as_one_that_a_pipe_has_not() -> None:
    from chatrepl.commands.registry import REGISTRY

    assert set(COMMANDS) >= {command.name for command in REGISTRY.commands}
