"""Message Batches from the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import Desk

ITEMS = b"one\ntwo\nthree\n"
ASK = ("--each", "demo: say got {}")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serve(Engine()) as served:
        yield Desk(tmp_path, served)


def test_a_batch_writes_what_single_requests_write(desk: Desk) -> None:
    single = desk.run(*ASK, stdin=ITEMS)
    batch = desk.run(*ASK, "--batch", stdin=ITEMS)
    assert (batch.code, batch.out) == (0, single.out)
    assert "--fetch msgbatch_" in batch.err

    mixed = ("--each", 'demo: {}; error 500 x1; say "a\\n\\nb"', "-x")
    assert desk.run(*mixed, "--batch", stdin=b"1\n2\n").code == 9


def test_a_batch_that_nobody_waited_for_is_got_by_the_same_command_or_by_its_id(
    desk: Desk,
) -> None:
    left = desk.run(*ASK, "--batch", "--no-wait", "--out", "answers", stdin=ITEMS)
    id_ = left.out.strip()
    assert (left.code, id_[:9]) == (0, "msgbatch_")

    listed = desk.run("--batches", "-o", "json").json["batches"]
    assert [(one["id"], one["requests"]) for one in listed] == [(id_, 3)]
    assert id_ in desk.run("--batches").out
    fetched = desk.run("--fetch", id_)
    assert (fetched.code, fetched.out) == (0, "got one\ngot two\ngot three\n")
    events = desk.run("--fetch", id_, "-o", "jsonl").events
    assert [event["index"] for event in events] == [0, 1, 2]
    kept = desk.run("--fetch", id_, "--out", "fetched")
    assert (kept.code, kept.out, (desk.home / "fetched").read_text()) == (0, "", fetched.out)
    refused = desk.run("--fetch", id_, "--out", "fetched", "-o", "jsonl")
    assert (refused.code, (desk.home / "fetched").read_text()) == (2, fetched.out)
    again = desk.run(*ASK, "--batch", "--out", "answers", stdin=ITEMS)
    assert (again.code, (desk.home / "answers").read_text()) == (0, fetched.out)
    assert len(desk.served.engine.batches._batches) == 1
    usage = desk.run("--usage", "-o", "json").json["total"]
    assert usage["requests"] == 3


def test_a_batch_under_way_is_cancelled_and_not_waited_for(desk: Desk) -> None:
    desk.served.engine.batches.seconds = 10**6
    left = desk.run(*ASK, "--batch", "--no-wait", stdin=ITEMS)
    id_ = left.out.strip()
    early = desk.run("--fetch", id_, "--no-wait")
    assert (early.code, early.out) == (4, "")
    assert "3 processing" in early.err
    assert "canceling" in desk.run("--cancel", id_).out
    done = desk.run("--fetch", id_)
    assert done.code == 9
    assert desk.run("--fetch", "nobody").code != 0
    assert desk.run("--no-wait", "hello").code == 2
    assert desk.run("--batch", "hello").code == 2
