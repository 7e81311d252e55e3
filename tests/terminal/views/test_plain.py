import io
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.exchange.reply import (
    PrefillBegun,
    Reply,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.talk.conversation import Prefill
from chatrepl.terminal.sanitize.text import display, pipe
from chatrepl.terminal.views.plain import PlainView

MODES: tuple[Literal["native", "emulated"], ...] = ("native", "emulated")


def written(pieces: list[str], *, raw: bool = False, screen: bool = False) -> str:
    out = io.StringIO(newline="")
    with PlainView(out, raw=raw, screen=screen) as view:
        for piece in pieces:
            view.show(TextDelta(piece), Reply())
    return out.getvalue()


def ended(whole: str) -> str:
    text = whole.rstrip("\n")
    return f"{text}\n" if text else ""


@given(st.lists(st.text(st.sampled_from("ab\n\r\x1b\u202e é\U0001f600"))))
def test_pieces_are_written_as_the_whole_would_be_with_one_newline_at_the_end(
    pieces: list[str],
) -> None:
    whole = pipe("".join(pieces))

    assert written(pieces) == ended(whole)


@given(st.lists(st.text(st.sampled_from("ab\n"), min_size=1), min_size=1))
def test_a_row_is_there_at_once_with_its_end(pieces: list[str]) -> None:
    out, so_far = io.StringIO(newline=""), ""
    with PlainView(out) as view:
        for piece in pieces:
            view.show(TextDelta(piece), Reply())
            so_far += piece
            text = so_far.rstrip("\n")
            assert out.getvalue() == (so_far[: len(text) + 1] if text else "")


def test_raw_text_is_written_as_it_came() -> None:
    assert written(["\x1b[31m", "red"], raw=True) == "\x1b[31mred\n"


@given(
    st.lists(st.text(st.sampled_from("ab\n\r\x1b\x9b\u202e\U000e0041 é\U0001f600"))), st.booleans()
)
def test_nothing_but_plain_text_reaches_a_screen_raw_or_not(pieces: list[str], raw: bool) -> None:
    whole = display("".join(pieces))

    shown = written(pieces, raw=raw, screen=True)
    assert shown == ended(whole)
    assert not set(shown) & set("\r\x1b\x9b\u202e\U000e0041")


def test_a_character_in_two_halves_becomes_one() -> None:
    assert written(["a\ud83d", "\ude00b"]) == "a\U0001f600b\n"


def come(*events: StreamEvent) -> str:
    out, reply = io.StringIO(), Reply()
    with PlainView(out) as view:
        for event in events:
            reply = reply.apply(event)
            view.show(event, reply)
    return out.getvalue()


def test_a_prefill_is_written_once_and_thinking_never() -> None:
    twice = [PrefillBegun(Prefill("Sure", mode)) for mode in MODES]

    assert come(*twice, ThinkingDelta("hm"), TextDelta(", yes")) == "Sure, yes\n"
    assert come(PrefillBegun(Prefill("Sure", "schema")), TextDelta("{}")) == "{}\n"


def test_a_prefill_is_no_answer_before_there_is_one() -> None:
    assert come(PrefillBegun(Prefill("Sure", "native")), ThinkingDelta("hm")) == ""


def test_an_interrupt_still_ends_the_line() -> None:
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt), PlainView(out) as view:  # noqa: PT012
        view.show(TextDelta("half a li\r"), Reply())
        raise KeyboardInterrupt

    assert out.getvalue().endswith("\n")


def test_after_a_broken_pipe_nothing_more_is_written() -> None:
    out = io.StringIO()
    with pytest.raises(BrokenPipeError), PlainView(out) as view:  # noqa: PT012
        view.show(TextDelta("x"), Reply())
        raise BrokenPipeError

    assert out.getvalue() == "x"
