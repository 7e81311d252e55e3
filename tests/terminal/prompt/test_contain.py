"""Bugs in what the prompt calls: the line stays as it is, and nobody else says a word."""

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any
from unittest import mock

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from chatrepl.terminal.modes import Tty
from chatrepl.terminal.prompt import prompt as module
from chatrepl.terminal.prompt.contain import ContainedCompleter
from chatrepl.terminal.prompt.keys import KeyState
from chatrepl.terminal.prompt.line_editor import CandidateCompleter
from chatrepl.terminal.prompt.picture import FenceLexer, VisibleProcessor
from chatrepl.terminal.prompt.prompt import Prompt
from chatrepl.terminal.prompt.values import Candidate, Feeds, PromptOptions, Submitted, ToolbarPart


class BrokenError(Exception):
    """What nobody thought of."""


def fails(*_args: object, **_keywords: object) -> Any:
    raise BrokenError


def typed(keys: str, feeds: Feeds) -> tuple[object, list[object], str]:
    """Type keys at a prompt; give what came of it, the bugs it told of, and the draft."""
    told: list[object] = []

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            loop.set_exception_handler(lambda _, context: told.append(context.get("exception")))
            return runner.run(work)

    with create_pipe_input() as keyboard:
        prompt = opened(keyboard, feeds)
        keyboard.send_text(keys)
        try:
            entry: object = prompt.read(run)
        except BrokenError as error:
            entry = error
        return entry, told, prompt.draft


def opened(keyboard: PipeInput, feeds: Feeds) -> Prompt:
    with (
        mock.patch.object(module, "_keyboard", return_value=keyboard),
        mock.patch.object(module, "open_output", return_value=DummyOutput()),
    ):
        return Prompt(PromptOptions(), feeds, Tty(keyboard=-1))


@pytest.mark.parametrize(
    ("holder", "name"),
    [
        (FenceLexer, "lex_document"),
        (VisibleProcessor, "apply_transformation"),
        (Prompt, "_fit_menu"),
        (Prompt, "_toolbar"),
        (KeyState, "next_key"),
    ],
)
def test_what_paints_the_line_may_fail_and_the_line_is_typed_all_the_same(
    holder: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holder, name, fails)

    entry, told, _ = typed("hello\r", Feeds())

    assert entry == Submitted("hello")
    assert {type(bug) for bug in told} == {BrokenError}


def test_a_line_that_cannot_be_styled_is_shown_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FenceLexer, "lex_document", lambda _self, _document: fails)

    assert typed("hello\r", Feeds())[0] == Submitted("hello")


def test_a_toolbar_that_fails_is_empty() -> None:
    entry, told, _ = typed("hello\r", Feeds(toolbar=fails))

    assert entry == Submitted("hello")
    assert told


def test_a_completion_that_fails_offers_what_came_until_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: told.append(raised.exc_type))

    def offers(_text: str, _cursor: int) -> Iterable[Candidate]:
        yield Candidate(0, "/help")
        raise BrokenError

    completer = ContainedCompleter(CandidateCompleter(offers))
    offered = completer.get_completions(Document("/h"), CompleteEvent())

    assert [completion.text for completion in offered] == ["/help"]
    assert told == [BrokenError]
    assert isinstance(typed("/h\thello\r", Feeds(complete=offers))[0], Submitted)


def test_a_completion_that_fails_while_the_line_is_sent_is_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: told.append(raised.exc_type))

    def offers(_text: str, _cursor: int) -> Iterable[Candidate]:
        keyboard.send_text("\r")
        raise BrokenError

    with create_pipe_input() as keyboard:
        prompt = opened(keyboard, Feeds(complete=offers))
        keyboard.send_text("hello\t")
        assert prompt.read(asyncio.run) == Submitted("hello")
    assert told == [BrokenError]


def test_a_line_is_sent_while_candidates_are_still_looked_for() -> None:
    begun, ended = threading.Event(), threading.Event()

    def offers(_text: str, _cursor: int) -> Iterable[Candidate]:
        keyboard.send_text("\r")
        begun.set()
        ended.wait(60)
        return ()

    async def on_a_loop(reading: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await reading
        finally:
            sent_before_the_end.append(begun.is_set() and not ended.is_set())
            ended.set()

    sent_before_the_end: list[bool] = []
    with create_pipe_input() as keyboard:
        prompt = opened(keyboard, Feeds(complete=offers))
        keyboard.send_text("hello\t")
        assert prompt.read(lambda reading: asyncio.run(on_a_loop(reading))) == Submitted("hello")
    assert sent_before_the_end == [True]


def test_a_line_that_was_taken_is_no_draft_where_the_next_prompt_breaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with create_pipe_input() as keyboard:
        prompt = opened(keyboard, Feeds())
        keyboard.send_text("hello\r")
        assert prompt.read(asyncio.run) == Submitted("hello")
        assert prompt.draft == "hello"  # until somebody has it
        prompt.clear()
        monkeypatch.setattr(module, "Document", fails)
        with pytest.raises(BrokenError):
            prompt.read(asyncio.run)
        assert prompt.draft == ""


def test_a_key_that_fails_is_passed_over_and_those_behind_it_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chatrepl.terminal.prompt.keys._newline", fails)

    entry, told, _ = typed("one\ntwo\r", Feeds())

    assert entry == Submitted("onetwo")
    assert [type(bug) for bug in told] == [BrokenError]


def test_a_prompt_that_breaks_leaves_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(_self: Prompt, _default: str) -> None:
        raise BrokenError

    with create_pipe_input() as keyboard:
        prompt = opened(keyboard, Feeds())
        monkeypatch.setattr(Prompt, "_prompt", breaks)
        with pytest.raises(BrokenError):
            prompt.read(asyncio.run, "a draft")
        assert prompt.draft == "a draft"


def test_nothing_can_be_said_above_a_line_that_is_not_there() -> None:
    with create_pipe_input() as keyboard:
        assert not opened(keyboard, Feeds()).above(fails)


def test_what_is_said_above_the_line_leaves_the_line() -> None:
    prompts: list[Prompt] = []
    asked: list[object] = []

    def toolbar(_draft: Submitted) -> Sequence[ToolbarPart]:
        if not asked and prompts and prompts[0].draft:
            loop = asyncio.get_running_loop()
            asked.append(loop.call_soon(prompts[0].above, lambda: keyboard.send_text("lo\r")))
        return ()

    with create_pipe_input() as keyboard:
        prompts.append(opened(keyboard, Feeds(toolbar=toolbar)))
        keyboard.send_text("hel")
        assert prompts[0].read(asyncio.run) == Submitted("hello")
