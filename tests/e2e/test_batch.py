"""Message Batches from the command line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from chatrepl.demo.batches import PATH, Batch, Batches
from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from chatrepl.demo.wire import ApiFault, Chunk, WireAnswer
from chatrepl.storage.accounts import Accounts
from tests.e2e.piped import Desk
from tests.faults.nursery import Nursery

ITEMS = b"one\ntwo\nthree\n"
ASK = ("--each", "demo: say got {}")


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def desk(tmp_path: Path, nursery: Nursery) -> Iterator[Desk]:
    with serve(Engine()) as served:
        yield Desk(tmp_path, served, nursery)


def test_a_batch_writes_what_single_requests_write(desk: Desk) -> None:
    single = desk.run(*ASK, stdin=ITEMS)
    batch = desk.run(*ASK, "--batch", stdin=ITEMS)
    assert (batch.code, batch.out) == (0, single.out)
    assert "--fetch msgbatch_" in batch.err

    mixed = ("--each", 'demo: {}; error 500 x1; say "a\\n\\nb"', "-x")
    assert desk.run(*mixed, "--batch", stdin=b"1\n2\n").code == 9


REPLIES = (
    "say one", 'say "two\\n\\nlines"', 'say "  blank round it \\n"', "unicode", "hostile",
    "count to 40", "long 900", "think", "code python", "search roses", "fetch https://a.example",
    "say cut; stop max_tokens", "stop refusal", "say x; stop stop_sequence", 'say ""',
    "show fallback", 'say "[1, 2]"', 'say "\\ud83d\\ude00"', "error 400", "error 529",
)  # fmt: skip
ROWS = (
    '{"rows":[{"a":"x","n":1},{"a":"y, z","n":2}]}', '{"rows":[{"a":"x","n":"1"}]}', "[]",
    '{"rows":[]}', '```json\\n[{"a":"\\n","n":7}]\\n```', '{"rows":[{"a":"cut',
)  # fmt: skip
SAME = ("index", "input", "ok", "text", "parsed", "stop_reason", "model")


@pytest.mark.parametrize(
    ("replies", "options"),
    [
        (REPLIES, ()),
        (REPLIES, ("-p", "> ", "--raw")),
        (REPLIES, ("-o", "jsonl")),
        (REPLIES, ("--choose", "one,two", "--set", "web=true")),
        ([f"say {json.dumps(row)}" for row in ROWS], ("--rows", "a, n int", "--with-input")),
    ],
)
def test_what_comes_of_a_batch_is_byte_by_byte_what_comes_of_single_requests(
    desk: Desk, replies: Sequence[str], options: tuple[str, ...]
) -> None:
    items = "".join(f"demo: {reply}\n" for reply in replies).encode()
    single = desk.run("--each", *options, "{}", stdin=items)
    batch = desk.run("--each", *options, "--batch", "{}", stdin=items)
    if "jsonl" in options:
        whole, other = ([[e[n] for n in SAME] for e in run.events] for run in (single, batch))
        assert other == whole
    else:
        assert (batch.code, batch.out) == (single.code, single.out)
    assert single.out


def test_a_batch_is_waited_for_by_one_and_outlives_them(desk: Desk, tmp_path: Path) -> None:
    (desk.home / "items").write_bytes(ITEMS)
    same = (*ASK, "--input", "items", "--batch", "--out", "answers")
    desk.served.engine.batches.seconds = 10**6
    with desk.start(*same) as first:
        assert first.stderr is not None
        assert b"--fetch msgbatch_" in first.stderr.readline()
        second = desk.run(*same)
        assert (second.code, second.out) == (2, "")
        assert "is in use by another chatrepl" in second.err
    desk.served.engine.batches.seconds = 0
    third = desk.run(*same)
    assert (third.code, (desk.home / "answers").read_text()) == (0, "got one\ngot two\ngot three\n")
    (batch,) = desk.served.engine.batches._batches.values()
    assert len(batch.requests) == 3


def test_a_batch_that_nobody_waited_for_is_got_by_the_same_command_or_by_its_id(
    desk: Desk,
) -> None:
    bounded = ("--set", "budget.day_usd=5")
    left = desk.run(*ASK, *bounded, "--batch", "--no-wait", "--out", "answers", stdin=ITEMS)
    id_ = left.out.strip()
    assert (left.code, id_[:9]) == (0, "msgbatch_")
    (accounts,) = map(Accounts, desk.home.rglob("ledger"))
    assert [one.id for one in accounts.read() if one.open] == [id_]

    listed = desk.run("--batches", "-o", "json").json["batches"]
    assert [(one["id"], one["requests"]) for one in listed] == [(id_, 3)]
    told = desk.run("--batches")
    assert (id_ in told.out, told.err) == (True, "")
    fetched = desk.run("--fetch", id_, *bounded)
    assert (fetched.code, fetched.out) == (0, "got one\ngot two\ngot three\n")
    entries = list(accounts.read())
    assert not any(one.open for one in entries)
    assert sum(one.took_anything for one in entries) == 3
    judged = desk.run("--fetch", id_, "--choose", "one,two", "-o", "jsonl").events
    assert [event["ok"] for event in judged] == [False] * 3
    events = desk.run("--fetch", id_, "-o", "jsonl").events
    assert [event["index"] for event in events] == [0, 1, 2]
    kept = desk.run("--fetch", id_, "--out", "fetched")
    assert (kept.code, kept.out, (desk.home / "fetched").read_text()) == (0, "", fetched.out)
    refused = desk.run("--fetch", id_, "--out", "fetched", "-o", "jsonl")
    assert (refused.code, (desk.home / "fetched").read_text()) == (2, fetched.out)
    nowhere = desk.run("--fetch", id_, "--out", "none/fetched")
    assert (nowhere.code, "no such folder" in nowhere.err) == (2, True)
    assert desk.run("--fetch", id_, "--out", "/dev/null").code == 0
    assert desk.run("--fetch", id_, "--out", "-").out == fetched.out
    assert desk.run("--fetch", id_, "-o", "json").code == 2
    again = desk.run(*ASK, "--batch", "--out", "answers", stdin=ITEMS)
    assert (again.code, (desk.home / "answers").read_text()) == (0, fetched.out)
    assert len(desk.served.engine.batches._batches) == 1
    usage = desk.run("--usage", "-o", "json").json["total"]
    assert usage["requests"] == 3


def test_an_item_that_alone_is_too_large_for_a_batch_fails_and_the_others_are_answered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = Batches._create

    def picky(batches: Batches, body: bytes, headers: Mapping[str, str]) -> Batch:
        if len(body) > 10_000:
            raise ApiFault(413, "Request exceeds the maximum size")
        return create(batches, body, headers)

    monkeypatch.setattr(Batches, "_create", picky)
    items = b"one\n" + b"x" * 20_000 + b"\nthree\n"
    same = ("--each", "demo: say {}", "--batch", "--out", "answers")
    for _ in range(2):
        done = desk.run(*same, stdin=items)
        assert (done.code, done.out) == (9, "")
        assert (desk.home / "answers").read_text() == "one\n\nthree\n"
        assert "item 2 (xxx" in done.err
        assert "too large" in done.err
    assert len(desk.served.engine.batches._batches) == 2
    left = desk.run(*same[:-1], "others", "--no-wait", stdin=items.split(b"\n")[1])
    assert (left.code, left.out) == (9, "")


def test_who_leaves_batches_is_told_what_gets_the_answers(desk: Desk) -> None:
    left = (*ASK, "--batch", "--no-wait")
    kept = desk.run(*left, "--out", "answers", stdin=ITEMS)
    assert "The same command takes the results" in kept.err
    alone = desk.run(*left, stdin=ITEMS)
    assert f"--fetch {alone.out.strip()} gets the results" in alone.err
    assert "same command" not in alone.err


def test_results_that_are_missing_are_told(desk: Desk) -> None:
    id_ = desk.run(*ASK, "--batch", "--no-wait", stdin=ITEMS).out.strip()
    line = {"type": "succeeded", "message": {"type": "message", "role": "assistant", "content": [
        {"type": "text", "text": "got two"}], "model": "m", "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1}}}  # fmt: skip
    cut = json.dumps({"custom_id": "ab-1-cd", "result": line}).encode()
    for _ in range(3):
        path = f"{PATH}/{id_}/results"
        desk.served.engine.script(WireAnswer(200, {}, (Chunk(cut + b"\n"),)), path=path)
    fetched = desk.run("--fetch", id_)
    assert (fetched.code, fetched.out) == (9, "got two\n")
    assert "2 of 3 results are missing" in fetched.err
    whole = desk.run("--fetch", id_)
    assert (whole.code, whole.out) == (0, "got one\ngot two\ngot three\n")


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
