"""Refusals in plain words."""

import pytest

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.refusals import in_plain_words, of_files
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.blocks import TextBlock, ThinkingBlock, UnknownBlock
from chatrepl.core.talk.conversation import Prefill
from chatrepl.core.talk.message import Message

HELLO = Message.user("Hello")
THOUGHT = Message("assistant", (ThinkingBlock("hm", "s"), TextBlock("Yes.")))
ODD = Message("assistant", (UnknownBlock({"type": "x"}),))
SYSTEM = Message("system", (TextBlock("Be brief."),))
NATIVE = Prefill("Well,", "native")


def refused(message: str, status: int = 400) -> ApiError:
    """An error of the service."""
    return ApiError(ApiErrorKind.INVALID, message, status=status)


def test_a_refused_setting_is_named_with_the_way_out() -> None:
    params = {"model": "m", "thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}
    request = Request(params, (HELLO,))
    said = in_plain_words(refused("adaptive thinking is not supported"), request)
    assert said.message == "m does not take this thinking setting. Nothing was lost."
    assert "/think auto" in said.hint
    said = in_plain_words(refused("output_config.effort: bad"), request)
    assert "/effort clear" in said.hint


def test_a_server_of_tools_that_fails_can_be_left_out() -> None:
    params = {"model": "m", "mcp_servers": [{"name": "notes"}]}
    error = refused("Connection error while communicating with MCP server 'notes'")
    told = in_plain_words(error, Request(params, (HELLO,)))
    assert (told.message, "/mcp remove NAME" in told.hint) == (error.message, True)
    assert in_plain_words(error, Request({"model": "m"}, (HELLO,))) is error


def test_other_errors_stay_as_they_are() -> None:
    request = Request({"model": "m"}, (HELLO,))
    params = {"model": "m", "thinking": {"type": "adaptive"}}
    named = refused("messages.1.content.0: none of the expected tags: 'text', 'thinking'")
    assert in_plain_words(named, Request(params, (HELLO,))) is named
    for error in (refused("thinking"), refused("effort", 500), refused("else")):
        assert in_plain_words(error, request) is error
    odd_configs: tuple[object, ...] = ("effort", ["effort"], 3, True, None, {})
    for config in odd_configs:  # as extra_body may have it
        odd, error = Request({"model": "m", "output_config": config}, (HELLO,)), refused("effort")
        assert in_plain_words(error, odd) is error


@pytest.mark.parametrize(
    ("interactive", "hint"), [(True, "/image and its path"), (False, "without")]
)
def test_refused_files_are_named_with_what_to_do(*, interactive: bool, hint: str) -> None:
    told = of_files(refused("bad"), ["a.png", "b.png"], interactive=interactive)
    assert told.message == "The service does not take a.png, b.png: bad"
    assert hint in told.hint


def test_what_an_earlier_turn_holds_is_to_be_left_out_there() -> None:
    request = Request({"model": "m"}, (HELLO, ODD, HELLO, SYSTEM))
    old, new = refused("messages.0.content.0: could not process"), refused("messages.2: too big")
    said = in_plain_words(old, request)
    assert said.message == old.message
    assert "/drop" in said.hint
    assert in_plain_words(new, request) is new


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("temperature: Extra inputs are not permitted", "temperature comes from your settings"),
        ("Unknown field `top_k`", "top_k comes from your settings"),
        ("messages.0: the temperature is high", ""),
        ("max_tokens is too small", ""),
    ],
)
def test_what_the_user_set_is_named_as_that(words: str, hint: str) -> None:
    params = {"model": "m", "max_tokens": 3, "temperature": 1, "top_k": 5}
    for status in (400, 422):
        said = in_plain_words(refused(words, status), Request(params, (HELLO,)))
        assert said.hint.startswith(hint)
        assert bool(said.hint) is bool(hint)
