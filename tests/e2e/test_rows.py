"""Rows of replies that end in any way: each that was whole is written, and no other."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.answers import Answer, begun, in_turn, said, streamed
from tests.e2e.piped import Desk
from tests.faults.nursery import Nursery
from tests.faults.raw import OPEN, answering, sse

ROWS = [{"a": "one, 1", "n": 1}, {"a": "two 😀", "n": 2}, {"a": "three", "n": "3"}]
LINES = ('"one, 1",1\n', "two 😀,2\n")
TEXT = json.dumps({"rows": ROWS})
IN_AN_ESCAPE = TEXT.index("\\ude00") + 3
BETWEEN_HALVES = TEXT.index("\\ude00")


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def desk(tmp_path: Path, nursery: Nursery) -> Iterator[Desk]:
    with serve(Engine()) as served:
        yield Desk(tmp_path, served, nursery)


def torn(text: str) -> Answer:
    opens = sse(type="content_block_start", index=0, content_block={"type": "text", "text": ""})
    delta = {"type": "text_delta", "text": text}
    return [OPEN, begun(), opens, sse(type="content_block_delta", index=0, delta=delta)]


def ended(text: str, reason: str) -> Answer:
    pieces = (text[at : at + 5] for at in range(0, len(text), 5))
    return streamed(said(0, *pieces), reason=reason)


@pytest.mark.parametrize("cut", [IN_AN_ESCAPE, BETWEEN_HALVES, len(TEXT) - 20, len(TEXT)])
@pytest.mark.parametrize(
    ("reason", "code"), [("max_tokens", 6), ("refusal", 7), ("stop_sequence", 8), ("", 1)]
)
def test_a_row_that_was_whole_is_written_however_the_reply_ends(
    desk: Desk, cut: int, reason: str, code: int
) -> None:
    answer = ended(TEXT[:cut], reason) if reason else torn(TEXT[:cut])
    with answering(in_turn(answer)) as url:
        env = {"ANTHROPIC_BASE_URL": url}
        alone = desk.run("--rows", "a, n int", "hi", env=env)
        one_of_many = desk.run("--each", "--rows", "a, n int", stdin=b"hi\n", env=env)
    whole = LINES[: 1 + (cut > len(TEXT) - 30)]
    assert (alone.code, alone.out) == (code, "".join(("a,n\n", *whole)))
    assert (one_of_many.code, one_of_many.out) == (9, "")
