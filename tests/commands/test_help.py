"""Help and leaving."""

import pytest

from chatrepl.commands.registry import REGISTRY
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Quit
from tests.commands.playing import Player


def test_help_lists_every_command_in_its_group() -> None:
    player = Player()
    player.do("/help")

    assert all(f"`{command.usage}`" in player.heard for command in REGISTRY.commands)


def test_help_tells_all_about_one() -> None:
    player = Player()
    player.do("/help /undo")
    assert "Also `/rewind`." in player.heard
    player.do("/help truncate")
    assert "without asking" in player.heard
    player.do("/? detach")
    assert "Also" not in player.heard
    with pytest.raises(UsageError):
        player.do("/help nothing-like-it")


def test_the_demo_engine_has_help_of_its_own() -> None:
    player = Player()
    player.session.demo_help = "# Demo"
    player.do("/help demo")

    assert player.heard == "# Demo"


def test_groups_without_commands_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatrepl.commands.help.GROUPS", ("nothing", "program"))
    player = Player()
    player.do("/help")

    assert "Nothing" not in player.heard


def test_exit_leaves() -> None:
    assert isinstance(Player().do("/exit"), Quit)
    assert isinstance(Player().do("/q"), Quit)


def test_names_are_completed() -> None:
    assert ("exit", "") in REGISTRY.complete(Player().session, "/help ex")[1]
