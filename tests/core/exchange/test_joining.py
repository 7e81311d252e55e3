from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.joining import (
    Joiner,
    Joining,
    choose_mode,
    instruction,
    native_text,
)
from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    MessageStop,
    StreamEvent,
    TextDelta,
)
from chatrepl.core.models import TABLE
from chatrepl.core.talk.conversation import PrefillMode
from tests.core.making import chunked

_TEXT = st.text("ab{ \n", max_size=8)
_SOLID = _TEXT.filter(lambda t: bool(t) and t == t.lstrip())
_OLD = TABLE["claude-sonnet-4-5"]


def _bare(text: str) -> str:
    return "".join(text.split())


def _shown(joiner: Joiner, pieces: list[str]) -> str:
    return joiner.prefill + "".join(joiner.feed(piece) for piece in pieces) + joiner.flush()


def _with_other_spaces(draw: Any, text: str) -> str:
    solid = _bare(text)
    spaces = [draw(st.sampled_from(["", " ", "\n", "  "])) for _ in solid]
    return "".join(space + char for space, char in zip(spaces, solid, strict=True))


@given(st.data(), _TEXT.filter(str.strip), _SOLID)
def test_a_repeated_prefill_is_shown_once(data: Any, prefill: str, continuation: str) -> None:
    echo = _with_other_spaces(data.draw, prefill)
    # Where the prefill ends in white space, the model's own at that place is part of the echo.
    space = data.draw(st.sampled_from(["", " ", "\n"])) if prefill[-1].isspace() else ""
    pieces = chunked(data.draw, echo + space + continuation)
    assert _shown(Joiner(prefill, "emulated"), pieces) == prefill + continuation


@given(st.data(), _TEXT.filter(str.strip), _TEXT)
def test_a_continuation_without_the_prefill_is_joined_to_it(
    data: Any, prefill: str, continuation: str
) -> None:
    assume(not _bare(continuation).startswith(_bare(prefill)))
    expected = continuation.lstrip() if prefill[-1].isspace() else continuation
    pieces = chunked(data.draw, continuation)
    assert _shown(Joiner(prefill, "emulated"), pieces) == prefill + expected


_FENCED = '```json\n{"a": 1}\n```'


@pytest.mark.parametrize(
    ("prefill", "reply", "shown"),
    [
        ("{", _FENCED, '{"a": 1}'),
        ("{", f"\n{_FENCED}\n", '{"a": 1}\n'),
        ("{", f"{_FENCED}\n\nThat is all.", '{"a": 1}\n\nThat is all.'),
        ("{", "~~~~\n{ }\n~~~\n  ~~~~~ ", "{ }\n~~~"),
        ("{", "```json\n{ cut", "{ cut"),
        ("{", "```\n[1]\n```", "{```\n[1]\n```"),
        ("{", "``", "{``"),
        ("{", "```json", "{```json"),
        ("Dear", '"Dear Bob"', "Dear Bob"),
        ("Dear", '"Dear" Bob, "hi"', 'Dear Bob, "hi"'),
        ("Dear", '"Dear Bob, "hi"" \n', 'Dear Bob, "hi" \n'),
        ("Dear", '"Dear Bob, "hi"', 'Dear Bob, "hi"'),
        ("Dear", '"Dear" "', 'Dear "'),
        ("Dear ", '"Dear "', "Dear "),
        ("Dear", "“Dear Bob, “hi””", "Dear Bob, “hi”"),
        ("Dear", "“Dear Bob, “hi”", "Dear Bob, “hi”"),
        ("Dear", "`Dear Bob`", "Dear Bob"),
        ("Dear", '"No" Bob', 'Dear"No" Bob'),
        ("```js", "```js\nx\n```", "```js\nx\n```"),
        ('"', '"quoted"', '"quoted"'),
        ("```json", '{"a": 1}\n```', '```json\n{"a": 1}\n```'),
        ("Here:\n ~~~~c++ x", "x();\n~~~~", "Here:\n ~~~~c++ x\nx();\n~~~~"),
        ("```sh", "\nls\n```", "```sh\nls\n```"),
        ("```", "json\n[]", "```json\n[]"),
        ("```", "```sh\nls", "```sh\nls"),
        ("a ```b", "c", "a ```bc"),
        ("```a`", "c", "```a`c"),
    ],
)
def test_a_repetition_that_is_quoted_or_fenced_is_shown_once(
    prefill: str, reply: str, shown: str
) -> None:
    assert _shown(Joiner(prefill, "emulated"), [reply]) == shown
    assert _shown(Joiner(prefill, "emulated"), list(reply)) == shown


@given(st.data(), st.sampled_from(["a", "{", "a b", "a "]), st.text('a{`~"“” \n', max_size=14))
def test_what_is_shown_of_quotes_and_fences_does_not_depend_on_the_pieces(
    data: Any, prefill: str, text: str
) -> None:
    whole = _shown(Joiner(prefill, "emulated"), [text])
    assert _shown(Joiner(prefill, "emulated"), chunked(data.draw, text)) == whole
    assert _shown(Joiner(prefill, "emulated"), list(text)) == whole


@given(st.data(), _TEXT.filter(str.strip), _SOLID)
def test_a_native_continuation_gets_the_space_that_was_not_sent_once(
    data: Any, prefill: str, continuation: str
) -> None:
    space = prefill[len(prefill.rstrip()) :]
    repeated = space[: data.draw(st.integers(0, len(space)))]
    pieces = chunked(data.draw, repeated + continuation)
    assert _shown(Joiner(prefill, "native"), pieces) == prefill + continuation


@given(st.data(), st.sampled_from(["native", "emulated"]), _TEXT.filter(str.strip), _TEXT)
def test_what_is_shown_does_not_depend_on_the_pieces(
    data: Any, mode: PrefillMode, prefill: str, text: str
) -> None:
    whole = _shown(Joiner(prefill, mode), [text])
    assert _shown(Joiner(prefill, mode), chunked(data.draw, text)) == whole
    assert _shown(Joiner(prefill, mode), list(text)) == whole


@given(_TEXT.filter(str.strip), st.sampled_from(["native", "emulated"]), st.lists(_TEXT))
def test_flushing_twice_shows_nothing_more(
    prefill: str, mode: PrefillMode, pieces: list[str]
) -> None:
    joiner = Joiner(prefill, mode)
    for piece in pieces:
        joiner.feed(piece)
    joiner.flush()
    assert joiner.flush() == ""


def test_what_was_held_back_is_let_go_at_the_end() -> None:
    joiner = Joiner("Hello world", "emulated")
    assert joiner.feed("Hell") == ""
    assert joiner.flush() == "Hell"
    assert joiner.feed("o") == "o"


def test_the_mode_fits_the_model() -> None:
    unknown = replace(_OLD, prefill=None)
    assert choose_mode(_OLD, schema=False, thinking=False) == "native"
    assert choose_mode(_OLD, schema=True, thinking=True) == "schema"
    assert choose_mode(unknown, schema=False, thinking=True) == "emulated"
    assert choose_mode(TABLE["claude-opus-5"], schema=False, thinking=False) == "emulated"
    with pytest.raises(UsageError, match="not both") as caught:
        choose_mode(_OLD, schema=False, thinking=True)
    assert "/think off" in caught.value.hint


@given(_TEXT)
def test_a_native_prefill_ends_in_no_white_space(text: str) -> None:
    sent = native_text(text)
    assert sent == sent.rstrip()
    assert text.startswith(sent)


def test_the_instruction_quotes_the_text_unmistakably() -> None:
    assert instruction('{"a": \n').endswith('"{\\"a\\": \\n"')


def _joined(joining: Joining, *events: StreamEvent) -> list[StreamEvent]:
    return [each for event in events for each in joining.feed(event)]


_TEXT_START, _CALL_START = BlockStart(1, {"type": "text"}), BlockStart(0, {"type": "tool_use"})


def test_only_the_first_text_is_joined_and_its_end_comes_before_the_block_s() -> None:
    joining = Joining(Joiner("So", "emulated"))
    call = (_CALL_START, BlockStop(0))
    assert _joined(joining, *call) == [*call]
    assert _joined(joining, _TEXT_START, TextDelta("S", 1)) == [_TEXT_START]
    assert _joined(joining, BlockStop(1)) == [TextDelta("S", 1), BlockStop(1)]
    assert _joined(joining, TextDelta("So", 2)) == [TextDelta("So", 2)]


def test_a_text_that_ends_with_the_message_is_joined_as_well() -> None:
    joining = Joining(Joiner("So", "emulated"))
    assert _joined(joining, TextDelta("So, "), TextDelta("on")) == [
        TextDelta(", "),
        TextDelta("on"),
    ]
    assert _joined(joining, MessageStop()) == [MessageStop()]
    torn = Joining(Joiner("So", "emulated"))
    assert _joined(torn, TextDelta("S"), MessageStop()) == [TextDelta("S"), MessageStop()]


def test_what_is_held_back_comes_out_once_when_the_stream_ends_without_an_end() -> None:
    joining = Joining(Joiner("So", "emulated"))
    assert _joined(joining, _TEXT_START, TextDelta("`", 1)) == [_TEXT_START]
    assert joining.end() == (TextDelta("`", 1),)
    assert joining.end() == ()
    assert Joining().end() == ()


@pytest.mark.parametrize("opens", ["", "\n", '"', "“", "`", "```json\n", " ~~~\n"])
@given(st.data(), _TEXT.filter(str.strip))
def test_a_repetition_that_breaks_off_is_not_shown(opens: str, data: Any, prefill: str) -> None:
    echo = _with_other_spaces(data.draw, prefill)
    torn = opens + echo[: data.draw(st.integers(1, len(echo)))]
    assume(torn[len(opens) :].strip() and _bare(torn[len(opens) :]) != _bare(prefill))
    joining = Joining(Joiner(prefill, "emulated"))
    pieces = [TextDelta(piece) for piece in chunked(data.draw, torn)]
    assert _joined(joining, *pieces) == []
    assert joining.end() == ()


@given(st.data(), _TEXT.filter(str.strip), _TEXT)
def test_whatever_else_breaks_off_is_shown(data: Any, prefill: str, text: str) -> None:
    assume(not _bare(prefill).startswith(_bare(text)))
    whole = _shown(Joiner(prefill, "emulated"), [text])
    joining = Joining(Joiner(prefill, "emulated"))
    shown = _joined(joining, *(TextDelta(piece) for piece in chunked(data.draw, text)))
    shown += joining.end()
    assert prefill + "".join(event.text for event in shown if isinstance(event, TextDelta)) == whole
    native = Joining(Joiner("So ", "native"))
    assert [*_joined(native, TextDelta(" "), TextDelta("S")), *native.end()] == [TextDelta("S")]


def test_where_nothing_stands_yet_all_passes_as_it_is() -> None:
    events = (_TEXT_START, TextDelta("So", 1), BlockStop(1), MessageStop())
    assert _joined(Joining(), *events) == [*events]
