"""The end of a chat, when something breaks at the very end."""

from pathlib import Path

import pytest

from chatrepl.cli.saved import put_away
from chatrepl.core.talk.conversation import Conversation
from chatrepl.storage.journal import Journal
from chatrepl.storage.read import load
from tests.commands.playing import Player


def test_one_conversation_that_cannot_be_put_away_keeps_no_other_from_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise LookupError

    player, first, second = Player(), Journal.new(tmp_path), Journal.new(tmp_path)
    player.session.begin_with(Conversation(), first)
    player.say("demo: say one")
    player.session.open(Conversation(), second)
    player.say("demo: say two")
    for broken, whole in ((first, second), (second, first)):
        with monkeypatch.context() as patched:
            patched.setattr(broken, "close", fails)
            with pytest.raises(LookupError):
                put_away(player.session)
        assert load(whole.path).conversation.path()[-1].assistant is not None
        assert whole.flush()
