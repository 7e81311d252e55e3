"""`--doctor --live` sends a message, which costs something: the ledger has it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatrepl.demo.server import serve
from tests.e2e.piped import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serve() as served:
        yield Desk(tmp_path, served)


def requests(desk: Desk) -> tuple[int, int]:
    """Count the requests that the ledger has, and the tokens they got."""
    total = json.loads(desk.run("--usage", "all", "-o", "json").out)["total"]
    return total["requests"], total["usage"]["output_tokens"]


@pytest.mark.parametrize(
    ("options", "entered"),
    [(["--live"], (1, 1)), ([], (0, 0)), (["--live", "--no-save"], (0, 0))],
)
def test_what_is_tried_is_entered_once_unless_nothing_is_kept(
    desk: Desk, options: list[str], entered: tuple[int, int]
) -> None:
    desk.run("--doctor", *options)
    assert requests(desk) == entered
