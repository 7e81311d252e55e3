"""What is asked beside a conversation is on the disk at once, and no part of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from chatrepl.core.world import NoRecorder
from chatrepl.session.beside import keep_beside, turns_beside
from tests.commands.playing import Player


class Notebook(NoRecorder):
    """Remembers what of all that it keeps was on the disk."""

    flushed: Mapping[str, Any] = MappingProxyType({})

    def flush(self) -> bool:
        self.flushed = self.facts
        return True


def test_a_turn_beside_is_on_the_disk_when_it_is_kept_and_comes_back_as_it_was() -> None:
    player = Player()
    turns = [player.say("One"), player.say("Two")]
    player.session.recorder = notebook = Notebook()
    for turn in turns:
        keep_beside(player.session, turn)
        assert list(turns_beside(notebook.flushed))[-1] == turn
    assert list(turns_beside(notebook.flushed)) == turns
    assert list(turns_beside({"title": "x"})) == []
