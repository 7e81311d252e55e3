import asyncio
import io
import json
import os
import signal
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.form import Form
from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    CitationDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    RetryWait,
    StreamEvent,
    TextDelta,
)
from chatrepl.core.exchange.request import Request
from chatrepl.core.money import Rates
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.world import Edges
from chatrepl.session.next_message import NextMessage
from chatrepl.session.session import Session
from chatrepl.shells.bugs import bugs_here
from chatrepl.shells.oneshot import Manner, Shot
from tests.views import QuietView

LOST = ApiError(ApiErrorKind.STREAM, "It broke off.", request_id="req_2")
HANG, TERM = "hang", "term"
_SAID = Message("assistant", (TextBlock("Yes."),))


def shot(manner: Manner | None = None, form: Form | None = None) -> Shot:
    price = Cost(0.25, 0.5)
    edges = Edges(clock=lambda: 5.0, new_id=lambda: "t", price=lambda *_: price)
    session = Session(Settings(), edges, next=NextMessage(form=form))
    return Shot(session, manner or Manner(), io.StringIO(), io.StringIO())


def ask(of: Shot, *said: StreamEvent | Exception | str, reason: str = "end_turn") -> int:
    """Answer with `said`; texts are deltas, a fault ends the stream."""

    async def stream(_request: Request) -> AsyncGenerator[StreamEvent, None]:
        yield MessageStart("m-1", "msg_1", {"input_tokens": 3, "output_tokens": 1}, "req_1")
        for item in said:
            if isinstance(item, Exception):
                raise item
            if item in (HANG, TERM):
                os.kill(os.getpid(), signal.SIGINT if item == HANG else signal.SIGTERM)
                await asyncio.sleep(10)
            elif isinstance(item, str):
                yield TextDelta(item)
            else:
                yield item
        yield MessageDelta(reason, None, {"output_tokens": 7})
        yield MessageStop()

    return asyncio.run(of.answer(Message.user("hi"), stream))


def printed(of: Shot) -> tuple[str, str]:
    assert isinstance(of.out, io.StringIO)
    assert isinstance(of.err, io.StringIO)
    return of.out.getvalue(), of.err.getvalue()


def result(of: Shot) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed(of)[0].splitlines()[-1])
    return found


def test_the_answer_and_nothing_else_is_on_stdout() -> None:
    made = shot()

    assert ask(made, "hel", "lo") == 0
    assert printed(made) == ("hello\n", "")


@pytest.mark.parametrize("raw", [False, True])
def test_what_is_held_back_and_then_shown_on_a_screen_is_plain_text(raw: bool) -> None:
    made = shot(Manner(screen=True, raw=raw, extract=""))
    refused = shot(Manner(screen=True, raw=raw, extract=""))

    assert ask(made, "```\na\x1b[31m\u202e\n```\n") == 0
    assert ask(refused, "b\x1b[31m\u202e") == 8
    assert printed(made)[0] == "a^[[31m<U+202E>\n"
    assert printed(refused)[1].startswith("b^[[31m<U+202E>\n")


def test_a_rendered_answer_goes_to_the_view_of_the_terminal() -> None:
    view = QuietView()
    made = shot(Manner(rendered=lambda: view))

    assert ask(made, "hello") == 0
    assert TextDelta("hello") in view.events
    assert printed(made) == ("", "")


def test_the_length_limit_is_remarked_unless_it_is_to_be_quiet() -> None:
    loud, quiet = shot(Manner(verbose=True)), shot(Manner(quiet=True))
    for made in (loud, quiet):
        assert ask(made, "hel", reason="max_tokens") == 0

    assert "length limit" in printed(loud)[1]
    assert "7 out" in printed(loud)[1]
    assert printed(quiet)[1] == ""


@pytest.mark.parametrize(
    ("manner", "form", "text", "reason", "code", "out"),
    [
        (Manner(extract=""), None, "a\n```\nx\n```\n", "end_turn", 0, "x\n"),
        (Manner(extract=""), None, "a", "end_turn", 8, ""),
        (Manner(extract=""), None, "a\n```\nx", "max_tokens", 6, ""),
        (Manner(), Form.choose(("a", "b")), '{"choice":"b"}', "end_turn", 0, "b\n"),
        (Manner(), Form.choose(("a", "b")), "c", "end_turn", 8, ""),
        (Manner(), Form({}), '{"x": 1}', "end_turn", 0, '{"x": 1}\n'),
        (Manner(), Form({}), '{"x": ', "max_tokens", 6, ""),
        (Manner(check=lambda _: "No x."), Form({}), "{}", "end_turn", 8, ""),
        (Manner(), None, " ", "end_turn", 7, " \n"),
        (Manner(), None, "no", "refusal", 7, "no\n"),
    ],
)
def test_a_reply_that_is_not_as_asked_is_kept_from_stdout_but_not_lost(
    manner: Manner, form: Form | None, text: str, reason: str, code: int, out: str
) -> None:
    made = shot(manner, form)

    assert ask(made, text, reason=reason) == code
    assert printed(made)[0] == out
    assert code == 0 or text.strip() in "".join(printed(made))
    assert ("chatrepl: " in printed(made)[1]) == (code != 0)


def test_what_is_too_large_gets_no_advice_that_only_a_chat_can_follow() -> None:
    made = shot()

    assert ask(made, ApiError(ApiErrorKind.TOO_LARGE, "Too long.", "/truncate makes room.")) == 5
    assert "/truncate" not in printed(made)[1]
    assert "--dry-run" in printed(made)[1]


def test_a_failure_midway_leaves_what_came() -> None:
    made = shot()

    assert ask(made, "half", LOST) == LOST.exit_code
    assert printed(made) == ("half\n", "chatrepl: It broke off.\n")


def test_json_is_written_on_success_and_on_failure() -> None:
    good = shot(Manner(output="json"), Form({}))
    assert ask(good, RetryWait("busy", 1, 1, 2), '{"a": 1}') == 0
    assert result(good)["parsed"] == {"a": 1}
    assert result(good)["retries"] == 1
    assert (result(good)["cost_usd"], result(good)["saved_usd"]) == (0.25, 0.25)

    bad = shot(Manner(output="json"))
    assert ask(bad, "half", LOST) == 1
    assert result(bad)["text"] == "half"
    assert result(bad)["model"] == "m-1"
    assert result(bad)["error"]["request_id"] == "req_2"

    none = shot(Manner(output="json"))
    assert ask(none, LOST) == 1
    assert result(none)["usage"]["input_tokens"] == 3
    assert result(none)["request_id"] == "req_2"


def test_a_request_that_was_refused_is_known_by_its_id() -> None:
    async def stream(_request: Request) -> AsyncGenerator[StreamEvent, None]:
        for error in (LOST,):
            raise error
        yield MessageStop()

    made = shot(Manner(output="json"))
    assert asyncio.run(made.answer(Message.user("hi"), stream)) == 1
    assert result(made)["request_id"] == "req_2"


CITED = {"url": "https://a.example", "title": "A"}
SEARCHED = (
    BlockStart(0, {"type": "text", "text": ""}),
    TextDelta("Wait."),
    BlockStart(1, {"type": "web_search_tool_result", "tool_use_id": "t", "content": []}),
    BlockStart(2, {"type": "text", "text": "", "citations": []}),
    TextDelta("So", 2),
    TextDelta(" it is.\n", 2),
    CitationDelta(CITED, 2),
    BlockStop(2),
)


def test_sources_stand_in_text_and_beside_it_in_json() -> None:
    text, plain, structured = shot(), shot(), shot(Manner(output="json"))
    plain.session.settings = replace(plain.session.settings, cite=False)
    for made in (text, plain, structured):
        assert ask(made, *SEARCHED) == 0

    assert printed(plain)[0] == "Wait.\n\nSo it is.\n"
    note = "[^1]: A <https://a.example>\n"
    assert printed(text)[0] == f"Wait.\n\nSo it is.[^1]\n\n{note}"
    assert result(structured)["text"] == "Wait.\n\nSo it is.\n"
    assert [source["url"] for source in result(structured)["sources"]] == ["https://a.example"]
    kinds = [block["type"] for block in result(structured)["content"]]
    assert kinds == ["text", "web_search_tool_result", "text"]


@pytest.mark.parametrize(("manner", "form", "said"), [
    (Manner(extract=""), None, "```\nx\n```\n"), (Manner(), Form({}), "{}"),
    (Manner(), Form.choose(("a",)), '{"choice": "a"}'),
])  # fmt: skip
def test_what_has_the_form_asked_for_has_no_sources(
    manner: Manner, form: Form | None, said: str
) -> None:
    made = shot(manner, form)

    assert ask(made, TextDelta(said), CitationDelta(CITED)) == 0
    assert "[^" not in printed(made)[0]


def test_json_lines_end_with_the_result() -> None:
    made = shot(Manner(output="jsonl"))

    assert ask(made, "a", "b") == 0
    kinds = [json.loads(line)["type"] for line in printed(made)[0].splitlines()]
    assert kinds == ["start", "text", "text", "result"]


@pytest.mark.parametrize(("how", "code", "kind"), [(HANG, 130, "interrupted"),
                                                   (TERM, 143, "terminated")])  # fmt: skip
def test_a_signal_ends_it_with_what_came(how: str, code: int, kind: str) -> None:
    before = signal.getsignal(signal.SIGTERM)
    text, structured = shot(), shot(Manner(output="json"))

    assert [ask(made, "half", how) for made in (text, structured)] == [code, code]
    assert printed(text) == ("half\n", "")
    assert (result(structured)["text"], result(structured)["error"]["type"]) == ("half", kind)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_is_ignored_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _seconds: sleep(0.05))
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        answered = shot()
        assert ask(answered, "all", TERM, " of it") == 0
        assert printed(answered)[0] == "all of it\n"
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_json_lines_are_written_as_they_come() -> None:
    made = shot(Manner(output="jsonl"))
    seen: list[list[str]] = []

    async def stream(_request: Request) -> AsyncGenerator[StreamEvent, None]:
        for event in (MessageStart("m-1", "msg_1", {}, "req_1"), TextDelta("a"), TextDelta("b")):
            yield event
            seen.append([json.loads(line)["type"] for line in printed(made)[0].splitlines()])
        yield MessageDelta("end_turn", None, {"output_tokens": 2})
        yield MessageStop()

    assert asyncio.run(made.answer(Message.user("hi"), stream)) == 0
    assert seen == [["start"], ["start", "text"], ["start", "text", "text"]]


@pytest.mark.parametrize("output", ["text", "json", "jsonl"])
def test_a_bug_in_the_middle_leaves_what_came_and_is_told_in_a_line(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATREPL_STATE_DIR", str(tmp_path))
    bugs_here.cache_clear()
    made = shot(Manner(output=output))

    assert ask(made, "half of", " it", LookupError()) == 70

    out, err = printed(made)
    (log,) = (tmp_path / "bugs").iterdir()
    assert err == f"chatrepl: This is a bug in chatrepl. What happened is in {log}.\n"
    assert out == "half of it\n" if output == "text" else result(made)["text"] == "half of it"


@pytest.mark.parametrize("earlier", [False, True])
def test_a_bug_that_keeps_a_turn_from_the_conversation_leaves_what_came_and_no_other_turn(
    earlier: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATREPL_STATE_DIR", str(tmp_path))
    bugs_here.cache_clear()
    made = shot(Manner(output="json"))
    if earlier:
        made.session.add_turn(None, Message.user("before"), Message("assistant", ()))
    monkeypatch.setattr(Conversation, "add", None)

    assert ask(made, "half of", " it") == 70

    assert result(made)["text"] == "half of it"
    assert len(list((tmp_path / "bugs").iterdir())) == 1


def test_a_bug_is_kept_nowhere_where_nothing_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATREPL_STATE_DIR", str(tmp_path))
    made = shot()
    made.session.use(save=False)

    assert ask(made, LookupError()) == 70
    assert list(tmp_path.iterdir()) == []


def test_a_cold_past_is_told_in_a_line_on_stderr_and_quietly_not() -> None:
    usage = Usage(10, 10, cache_creation_input_tokens=1_000_000)
    turn = Turn(TurnId("a"), None, (Message.user("hi"),), Receipt("m-1", "end_turn", usage=usage))
    for quiet in (False, True):
        of = shot(Manner(quiet=quiet))
        of.session.equip(
            clock=lambda: 9_000.0, rates=lambda _model, _tokens: Rates(5.0, 25.0, 0.5, 6.25, 10.0)
        )
        of.session.begin_with(Conversation().add(turn), of.session.recorder)
        assert ask(of, "ok") == 0
        out, err = printed(of)
        assert out == "ok\n"
        assert ("the past costs about $6.25 anew" in err) is not quiet


@pytest.mark.parametrize("manner", [Manner(), Manner(quiet=True), Manner(beside=True)])
def test_a_pipe_makes_room_by_the_policy_and_says_so_on_stderr(manner: Manner) -> None:
    of = shot(manner)
    of.session.use(context_policy="drop", context_budget_tokens=3_000)
    usage = Usage(4_000, 10)
    old, new = (
        Turn(
            TurnId(id_), parent, (Message.user(words), _SAID), Receipt("m", "end_turn", usage=usage)
        )
        for id_, parent, words in (("a", None, "otters swim " * 4_000), ("b", TurnId("a"), "hi"))
    )
    of.session.begin_with(Conversation().add(old).add(new), of.session.recorder)
    assert ask(of, "ok") == 0
    assert of.session.conversation.state.marks == ({} if manner.beside else {"a": "dropped"})
    said = "chatrepl: The context was over its budget" in printed(of)[1]
    assert said is not (manner.quiet or manner.beside)


@pytest.mark.parametrize(
    ("before", "counted", "told"),
    [
        ("claude-opus-4-5", 3_000_000, "$18.7"),
        ("claude-opus-4-5", None, "$"),  # nobody counts: the estimate has to do
        ("claude-sonnet-5-5", 3_000_000, "$6.25"),  # it counts alike
    ],
)
def test_a_cold_past_is_priced_by_the_model_that_is_asked(
    before: str, counted: int | None, told: str
) -> None:
    of, counts = shot(), []
    usage = Usage(10, 10, cache_creation_input_tokens=1_000_000)
    past = Message.user("Words and more words. " * 50_000)
    turn = Turn(TurnId("a"), None, (past,), Receipt(before, "end_turn", usage=usage))
    of.session.use(model="claude-opus-5-5")
    of.session.equip(
        clock=lambda: 9_000.0, rates=lambda _model, _tokens: Rates(5.0, 25.0, 0.5, 6.25, 10.0)
    )
    of.session.begin_with(Conversation().add(turn), of.session.recorder)

    async def count(request: Request) -> int:
        counts.append(request)
        if counted is None:
            raise ApiError(ApiErrorKind.NOT_FOUND, "Nothing counts here.")
        return counted

    of.count = count
    assert ask(of, "ok") == 0
    assert f"the past costs about {told}" in printed(of)[1]
    assert len(counts) == (before == "claude-opus-4-5")
