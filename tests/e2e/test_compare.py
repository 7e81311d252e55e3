"""One question to several models in a pipe: what is written, in which order, and the exit code."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import Desk
from tests.e2e.test_pipes import RESULT_KEYS
from tests.faults.nursery import Nursery

OPUS, HAIKU, SONNET = "claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-5-5"


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def desk(tmp_path: Path, nursery: Nursery) -> Iterator[Desk]:
    with serve(Engine()) as served:
        yield replace(Desk(tmp_path, served), nursery=nursery)


def test_text_stands_under_headings_in_the_order_given(desk: Desk) -> None:
    done = desk.run("-m", "opus,haiku", "demo: say yes")
    assert done.out == f"## {OPUS}\n\nyes\n\n## {HAIKU}\n\nyes\n"
    assert (done.code, done.err) == (0, "")
    assert {body["model"] for body in desk.bodies} == {OPUS, HAIKU}
    done = desk.run("-n", "2", "demo: say yes")
    assert done.out == f"## {SONNET} (1)\n\nyes\n\n## {SONNET} (2)\n\nyes\n"


def test_lines_are_one_result_each_and_one_object_holds_them_all(desk: Desk) -> None:
    ask = ("-m", "haiku, opus", "-n", "2", "demo: say yes", "-o")
    lines = desk.run(*ask, "jsonl").events
    assert [(line["index"], line["model"]) for line in lines] == list(
        enumerate([HAIKU, HAIKU, OPUS, OPUS])
    )
    assert all(list(line) == ["index", *RESULT_KEYS] for line in lines)
    whole = desk.run(*ask, "json").json
    assert (whole["schema"], whole["ok"]) == (1, True)
    assert [result["text"] for result in whole["results"]] == ["yes"] * 4


@pytest.mark.parametrize("manner", ["text", "json", "jsonl"])
def test_one_that_fails_leaves_the_others_whole_and_tells_by_the_code(
    desk: Desk, manner: str
) -> None:
    desk.script("error 529")
    done = desk.run("-n", "2", "demo: say yes", "-o", manner)
    assert done.code == 4
    assert f"chatrepl: {SONNET} (1): " in done.err
    assert "yes" in done.out
    if manner == "jsonl":
        assert [line["ok"] for line in done.events] == [False, True]


@pytest.mark.parametrize(
    "args",
    [
        ("-m", "opus,hiaku"), ("-n", "0"), ("-n", "-3"), ("-n", "99"), ("-n", "2", "--rows", "a"),
        ("-m", "opus,haiku", "--each"), ("-n", "2", "-i"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_and_nothing_is_sent(desk: Desk, args: tuple[str, ...]) -> None:
    done = desk.run(*args, "hello")
    assert (done.code, done.out, desk.bodies) == (2, "", [])
    assert "Nothing was sent" in done.err or "Did you mean" in done.err


def test_forms_and_a_dry_run_go_for_all(desk: Desk) -> None:
    done = desk.run("-m", "opus,claude-haiku-4-5", "--choose", "no,yes", "Well?", "-o", "jsonl")
    assert [line["parsed"] for line in done.events] == ["no", "no"]
    sent = len(desk.bodies)
    done = desk.run("-m", "opus,haiku", "--dry-run", "Well?", "-o", "jsonl")
    assert [line["request"]["model"] for line in done.events] == [OPUS, HAIKU]
    assert len(desk.bodies) == sent


def test_what_is_saved_holds_all_and_goes_on_from_the_first(desk: Desk) -> None:
    done = desk.run("-m", "haiku,opus", "--save", "both", "demo: say yes", "-o", "jsonl")
    assert {line["session_id"] for line in done.events} != {None}
    (journal,) = (path for path in desk.files if path.suffix == ".jsonl" and "conv" in str(path))
    ends = [json.loads(line) for line in journal.read_text().splitlines()]
    assert sum(record["t"] == "end" for record in ends) == 2
    desk.run("-r", "both", "demo: say on")
    assert [m["role"] for m in desk.bodies[-1]["messages"]] == ["user", "assistant", "user"]
    assert desk.bodies[-1]["model"] in {HAIKU, SONNET}


def test_a_budget_holds_for_all_together(desk: Desk) -> None:
    done = desk.run("-n", "3", "-t", "2000", "--set", "max_cost_usd=0.03", "demo: say yes")
    assert done.out.count("yes") in {1, 2, 3}
    paid = desk.run("-n", "3", "--set", "max_cost_usd=0.0000001", "demo: say yes")
    assert paid.code == 5
