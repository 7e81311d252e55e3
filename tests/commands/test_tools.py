"""/tools: what the model may call here, whose it is, and what it costs."""

from dataclasses import replace

from chatrepl.core.models import OWN_TOOLS
from chatrepl.core.outcome import Table
from chatrepl.session.workbench import Workbench
from tests.commands.playing import Player
from tests.toolbox import CLOCK, READ, FakeBox


def test_without_tools_it_says_how_to_have_some() -> None:
    player = Player()
    player.do("/tools")
    assert "[tools.NAME]" in player.heard
    player.session.bench = Workbench(FakeBox(there=()))
    player.do("/tools")
    assert "/doctor" in player.heard


def test_each_tool_is_told_with_its_source_what_it_may_and_its_cost() -> None:
    player = Player()
    never = replace(READ, name="rm", approve="never")
    bench = player.session.bench = Workbench(FakeBox(there=(READ, CLOCK, never)))
    bench.look = lambda: player.runner.run(bench.open(player.session.recorder))
    outcome = player.do("/tools")
    assert isinstance(outcome, Table)
    assert [row[:3] for row in outcome.rows] == [
        ("read_file", "a program", "asks each time"),
        ("clock", "time", "runs without a question"),
        ("rm", "a program", "never runs"),
    ]
    assert all(row[3].startswith("~") for row in outcome.rows)
    before = player.session.context()
    assert before is not None
    player.session.bench = None
    without = player.session.context()
    assert without is not None
    assert before.tokens > without.tokens
    player.session.bench = bench
    bench.always.add("read_file")
    outcome = player.do("/tools")
    assert isinstance(outcome, Table)
    assert outcome.rows[0][2] == "runs in this chat"


def test_where_no_tool_is_taken_it_says_so_and_none_is_declared() -> None:
    player = Player()
    bench = player.session.bench = Workbench(FakeBox())
    bench.look = lambda: player.runner.run(bench.open(player.session.recorder))
    player.do("/tools")
    assert player.session.situation.ask.tools
    player.session.learn(player.session.model.id, **{OWN_TOOLS: False})
    outcome = player.do("/tools")
    assert isinstance(outcome, Table)
    assert "takes no tools" in outcome.footer
    assert player.session.situation.ask.tools == ()
