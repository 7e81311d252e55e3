"""Why a reply stopped: one verdict in text, in JSON, by exit code and on the screen."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatrepl.core.value import frozen
from chatrepl.demo.server import serve
from tests.e2e.answers import begun, block, ended, said, thought
from tests.e2e.piped import Desk, command
from tests.e2e.terminal import DONE, Terminal
from tests.e2e.test_chat import PROMPT
from tests.faults.nursery import Nursery
from tests.faults.strict import serving

WHY = {"type": "refusal", "category": "cyber", "explanation": "Not that."}
CALL = block(0, {"type": "tool_use", "id": "t1", "name": "roll", "input": {}})
TEXT = said(0, "words")


@frozen
class Verdict:
    """A reply and how it ends; its code, what a pipe is told of it, and what a person reads."""

    came: bytes
    reason: str | None
    code: int
    told: str
    shown: str


VERDICTS = (
    Verdict(TEXT, "end_turn", 0, "", " s"),
    Verdict(TEXT, None, 0, "", " s"),
    Verdict(TEXT, "stop_sequence", 0, "", 'stopped at "\\n#"'),
    Verdict(TEXT, "max_tokens", 0, "length limit", "length limit"),
    Verdict(TEXT, "refusal", 7, "cyber: Not that.", "cyber: Not that."),
    Verdict(TEXT, "pause_turn", 1, "paused", "paused again and again"),
    Verdict(TEXT, "tool_use", 1, "asked for a tool", "asked for a tool"),
    Verdict(TEXT, "model_context_window_exceeded", 5, "window is full", "window is full"),
    Verdict(TEXT, "compaction", 0, "with compaction", "with compaction"),
    Verdict(TEXT, "sleepy", 0, "with sleepy", "with sleepy"),
    Verdict(b"", "end_turn", 7, "empty", "The reply is empty"),
    Verdict(b"", None, 7, "empty", "The reply is empty"),
    Verdict(b"", "stop_sequence", 7, "empty", "The reply is empty"),
    Verdict(b"", "max_tokens", 7, "limit came before", "limit was reached before"),
    Verdict(b"", "refusal", 7, "cyber: Not that.", "cyber: Not that."),
    Verdict(b"", "model_context_window_exceeded", 5, "window is full", "window is full"),
    Verdict(b"", "compaction", 7, "with compaction", "with compaction"),
    Verdict(b"", "sleepy", 7, "with sleepy", "with sleepy"),
    Verdict(CALL, "tool_use", 7, "asked for a tool", "asked for a tool"),
    Verdict(thought(0, "hm"), "end_turn", 7, "empty", "The reply holds no text"),
    Verdict(block(0, {"type": "hologram"}), "end_turn", 7, "know: hologram", "know: hologram"),
    Verdict(said(0, " \n"), "end_turn", 7, "empty", "The reply holds no text"),
    Verdict(said(0, "\u200b\u2060 \u3164"), "end_turn", 7, "empty.", "The reply holds no text"),
)  # fmt: skip


def answer(verdict: Verdict) -> str:
    more: dict[str, Any] = {}
    if verdict.reason == "stop_sequence":
        more["stop_sequence"] = "\n#"
    if verdict.reason == "refusal":
        more["stop_details"] = WHY
    return (begun() + verdict.came + ended(verdict.reason, **more)).decode()


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda v: f"{v.reason}, {len(v.came)} bytes")
def test_a_script_is_told_by_words_by_code_and_in_json(
    verdict: Verdict, nursery: Nursery, tmp_path: Path
) -> None:
    with serving(lambda _body: (200, answer(verdict))) as server, serve() as served:
        desk, env = Desk(tmp_path, served, nursery), {"ANTHROPIC_BASE_URL": server.url}
        plain, told, lines = (
            desk.run("hi", "-o", manner, env=env) for manner in ("text", "json", "jsonl")
        )
    result = told.json
    assert plain.code == told.code == lines.code == verdict.code
    assert verdict.told in plain.err
    assert plain.err == told.err == lines.err
    assert bool(plain.err) == bool(verdict.told)
    assert result["ok"] is (verdict.code == 0)
    assert result["stop_reason"] == (verdict.reason or "end_turn")
    assert result["stop_details"] == (WHY if verdict.reason == "refusal" else None)
    assert result["stop_sequence"] == ("\n#" if verdict.reason == "stop_sequence" else None)
    if verdict.code:
        failure = result["error"]
        assert failure["message"] in plain.err
    assert plain.out.strip() == result["text"].strip()


def test_a_person_reads_the_same(tmp_path: Path) -> None:
    answers = [answer(verdict) for verdict in VERDICTS for _ in range(_requests(verdict))]
    with serving(lambda _body: (200, answers.pop(0))) as server, serve() as served:
        env = Desk(tmp_path, served).env({"ANTHROPIC_BASE_URL": server.url})
        with Terminal(command(()), env=env, cwd=tmp_path, columns=120) as terminal:
            terminal.wait_for("Ask anything")
            for number, verdict in enumerate(VERDICTS):
                terminal.send(f"question {number}").keys("enter")
                terminal.wait_count(DONE, number + 1)
                terminal.wait_for(PROMPT)
                reply = terminal.everything().rpartition(f"question {number}\n")[2]
                assert verdict.shown in re.sub(r"\s+", " ", reply), (verdict, reply)


def _requests(verdict: Verdict) -> int:
    return 4 if verdict.reason == "pause_turn" else 1
