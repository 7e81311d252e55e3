"""What real runs spend: in the ledger to the token, and within the budgets that are set."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import Desk
from tests.e2e.test_chat import chat


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serve(Engine()) as served:
        yield Desk(tmp_path, served)


def test_each_run_is_in_the_ledger_whatever_became_of_it(desk: Desk) -> None:
    asked = desk.run("-o", "json", "demo: say one").json["usage"]
    desk.run("demo: count to 20")
    desk.run("demo: stream torn after 4; count to 90")
    desk.run("demo: error 400")
    desk.run("--no-save", "demo: say hidden")
    desk.run("--demo", "demo: say free")

    usage = desk.run("--usage", "-o", "json").json
    assert (usage["total"]["requests"], usage["total"]["cut"]) == (3, 1)
    assert usage["total"]["usage"]["input_tokens"] > asked["input_tokens"]
    assert usage["total"]["cost_usd"] > 0
    listed = desk.run("--usage", "today", "--by", "model")
    assert "claude-sonnet-5-5" in listed.out
    assert "≥" in listed.err
    assert desk.run("--usage", "week").code == 2


def test_a_budget_shortens_a_reply_or_keeps_it_from_being_sent(desk: Desk) -> None:
    short = desk.run("--set", "budget.day_usd=0.02", "demo: say one")
    assert (short.code, short.out) == (0, "one\n")
    assert "max_tokens is lowered to" in short.err
    sent = len(desk.bodies)

    refused = desk.run("--set", "budget.day_usd=0.000001", "-o", "json", "demo: say two")
    assert (refused.code, refused.json["ok"]) == (5, False)
    assert "budget.day_usd" in refused.err
    assert len(desk.bodies) == sent


def test_a_chat_gives_the_message_back_that_costs_too_much(tmp_path: Path) -> None:
    with chat(tmp_path, "--set", "budget.month_usd=0.000001") as c:
        c.terminal.send("demo: say one\r")
        c.terminal.wait_for(r"Nothing was sent")
        c.terminal.wait_count("^› demo: say one", 2)
