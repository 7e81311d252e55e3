"""Code that the service runs: its container, and the files that it makes."""

import pytest

from chatrepl.core.errors import UsageError
from chatrepl.core.models import TABLE
from chatrepl.core.settings import Settings
from chatrepl.demo.containers import LIFETIME_SECONDS
from chatrepl.demo.engine import Engine
from tests.commands.playing import Player
from tests.demo.helpers import Clock

NEW = "claude-opus-5-5"


def containers(player: Player) -> list[object]:
    return [request.params.get("container") for request in player.requests]


@pytest.mark.parametrize("model", TABLE)
def test_code_is_run_in_the_form_that_the_model_takes(model: str) -> None:
    player = Player(Settings(model=model))
    player.do("/code")
    assert player.heard == "Running code is off."
    player.do("/code on")
    assert player.heard.startswith("Running code is on. Beside /web on it costs nothing more")
    player.say("demo: code")
    assert "`code_execution` is done." in player.text
    player.do("/code off")
    player.say("And now?")
    assert player.statuses == [200, 200]
    assert player.requests[-1].params["tool_choice"] == {"type": "none"}


def test_where_no_code_can_be_run_that_is_said() -> None:
    with pytest.raises(UsageError, match="runs no code"):
        Player(Settings(model="llama")).do("/code on")


def test_all_branches_go_on_in_the_container_of_the_talk() -> None:
    player = Player(Settings(model=NEW))
    player.say("hello")
    player.do("/code on")
    player.say("demo: code")
    player.say("demo: code create")
    player.do("/undo")
    player.do("/retry")
    player.do("/code off")
    player.say("hello again")
    first, second, third, again, last = containers(player)
    assert (first, second, last) == (None, None, None)
    assert isinstance(third, str)
    assert again == third
    assert player.session.conversation.container == third


def test_a_container_that_expired_is_gone_on_without_and_that_is_said_once() -> None:
    clock = Clock()
    player = Player(Settings(model=NEW), Engine(clock=clock))
    player.do("/code on")
    player.say("demo: code")
    old = player.session.conversation.container
    clock.now += LIFETIME_SECONDS + 1
    player.say("demo: code")
    player.say("demo: code")
    new = player.session.conversation.container
    assert player.statuses == [200, 400, 200, 200]
    assert containers(player) == [None, old, None, new]
    assert new != old


def test_a_container_that_is_gone_is_asked_for_no_more_where_no_code_ran_since() -> None:
    clock = Clock()
    player = Player(Settings(model=NEW), Engine(clock=clock))
    player.do("/code on")
    player.say("demo: code")
    clock.now += LIFETIME_SECONDS + 1
    player.say("hello")
    player.say("hello again")
    assert player.statuses == [200, 400, 200, 200]
