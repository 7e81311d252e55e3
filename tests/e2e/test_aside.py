"""Side questions and replies of one's own, in a pipe and on a terminal."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import Desk, Done
from tests.e2e.test_chat import chat
from tests.faults.nursery import Nursery


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def desk(tmp_path: Path, nursery: Nursery) -> Iterator[Desk]:
    with serve(Engine()) as served:
        yield Desk(tmp_path, served, nursery)


def journal(desk: Desk) -> bytes:
    (path,) = (path for path in desk.files if path.parent.name == "conversations")
    return path.read_bytes()


def test_in_a_pipe_it_is_answered_and_only_it_is_added_to_the_file(desk: Desk) -> None:
    assert desk.run("--save", "talk", "demo: say one").code == 0
    before = journal(desk)
    done = desk.run("-r", "talk", "--aside", "demo: say an aside")
    assert done == Done(0, "an aside\n", "")
    added = journal(desk).removeprefix(before)
    records = [json.loads(line) for line in added.splitlines()]
    assert {record["t"] for record in records} == {"meta"}
    assert {key.partition("/")[0] for record in records for key in record["set"]} == {"beside"}
    assert len(desk.bodies[-1]["messages"]) == 3

    assert desk.run("-c", "demo: say two").out == "two\n"
    assert "aside" not in json.dumps(desk.bodies[-1])
    usage = desk.run("--usage", "all", "-o", "json").json
    assert usage["total"]["requests"] == 3


def test_in_a_pipe_it_is_an_object_or_events_and_its_code_tells_how_it_went(desk: Desk) -> None:
    desk.run("--save", "talk", "demo: say one")
    done = desk.run("-c", "--aside", "demo: say aside", "-o", "json")
    assert (done.json["text"], done.json["ok"]) == ("aside", True)
    assert done.json["cost_usd"] is not None
    assert done.json["session_id"]
    done = desk.run("-c", "--aside", "demo: say aside", "-o", "jsonl", stdin=b"data")
    assert done.events[-1]["text"] == "aside"
    done = desk.run("-c", "--aside", "demo: stream torn after 60; long 50", "-o", "json")
    assert (done.code, done.json["ok"], done.json["text"][:2]) == (1, False, "##")
    before = journal(desk)
    done = desk.run("-c", "--aside", "demo: error 529", "-o", "json")
    assert (done.code, done.json["text"]) == (4, "")
    asked, *_, dropped = (json.loads(x)["set"] for x in journal(desk)[len(before) :].splitlines())
    assert dropped == dict.fromkeys(asked)  # nothing came of it: it is there no more
    before = journal(desk)
    done = desk.run("-c", "--aside", "what?", "--dry-run")
    assert json.loads(done.out)["messages"][-1]["content"][-1]["text"] == "what?"
    assert journal(desk) == before


@pytest.mark.parametrize(
    "options",
    [
        ("--aside", "x"),
        ("-c", "--aside", "x", "more"),
        ("-c", "--aside", "x", "-s", "Be brief."),
        ("-c", "--aside", "x", "-p", "Well"),
        ("-c", "--aside", "x", "--choose", "a,b"),
        ("-c", "--aside", "x", "-i"),
        ("-c", "--aside", "x", "-m", "opus,haiku"),
        ("-c", "--aside", "x", "-n", "2"),
        ("-c", "--aside", "x", "--no-save"),
        ("-c", "--aside", ""),
    ],
)
def test_what_a_side_question_cannot_have_is_refused(desk: Desk, options: tuple[str, ...]) -> None:
    desk.run("--save", "talk", "demo: say one")
    asked = len(desk.bodies)
    assert desk.run(*options).code == 2
    assert len(desk.bodies) == asked


def test_typed_under_a_reply_it_is_answered_after_it_and_outlives_a_kill(tmp_path: Path) -> None:
    with chat(tmp_path, columns=100) as c:
        c.say("demo: say one")
        c.engine.pace = 30
        c.begin("demo: long 800", "^Section 1")
        c.terminal.send("/btw demo: say the aside").keys("enter").pump(0.3)
        c.terminal.send("demo: say then this").keys("enter")
        c.terminal.wait_for("^▎ the aside")
        c.engine.pace = 0
        c.terminal.wait_for("^beside · ")
        c.terminal.wait_for("^then this$")
        screen = c.terminal.everything()
        assert screen.index("› /btw demo: say the aside") > screen.rindex("Section")
        assert screen.index("▎ the aside") < screen.index("› demo: say then this")
        messages = [json.dumps(body["messages"]) for body in c.bodies]
        assert [("aside" in text, "long 800" in text) for text in messages] == [
            (False, False), (False, True), (True, False), (False, True),
        ]  # fmt: skip
        os.kill(c.terminal.pid, signal.SIGKILL)
    with chat(tmp_path, "-c", columns=100) as c:
        c.command("/btw", "^▎ the aside")
        c.command("/btw keep", "Kept as turn 2, in a branch of its own")


def test_a_reply_is_changed_in_the_prompt_and_gone_on_with(tmp_path: Path) -> None:
    with chat(tmp_path, columns=100) as c:
        c.say("demo: say one")
        c.say("demo: say two")
        c.terminal.send("/edit 1 reply").keys("enter")
        c.terminal.wait_for("editing reply 1: Ctrl-C leaves it", visible=True)
        c.command(" and a half", "Reply 1 is yours now.")
        c.say("demo: say three")
        messages = c.bodies[-1]["messages"]
        assert isinstance(messages, list)
        assert [m["content"][0]["text"] for m in messages[:2]] == [
            "demo: say one", "one and a half",
        ]  # fmt: skip
        c.command("/history", "written by you")
        c.terminal.send("/edit reply").keys("enter")
        c.terminal.wait_for("editing reply 2", visible=True)
        c.terminal.keys("c-c")
        c.terminal.wait_for("Edit left; turn 2 stays as it was.", visible=True)
