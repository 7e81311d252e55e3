from pathlib import Path

import pytest

from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.limits import Limits
from chatrepl.commands.unsent import bring_back, keep_unsent
from chatrepl.core.form import Form
from chatrepl.storage.kept import Journaled, begin_kept, reopen
from chatrepl.storage.library import list_entries
from tests.commands.playing import Player


def begin(folder: Path) -> Player:
    player = Player()
    player.session.recorder = begin_kept(folder)
    return player


def leave(player: Player) -> Path:
    recorder = player.session.recorder
    assert isinstance(recorder, Journaled)
    assert recorder.journal.flush()
    recorder.journal.close()
    return recorder.journal.path


def resume(folder: Path) -> tuple[Player, str]:
    player = Player()
    opened = reopen(list_entries(folder)[0])
    player.session.open(opened.conversation, opened.recorder)
    return player, bring_back(player.session)


def stage(player: Player, *texts: str) -> None:
    found = (from_bytes(text.encode(), f"{text[:3]}.txt", limits=Limits()) for text in texts)
    player.session.staged = (*player.session.staged, *found)


def test_what_is_set_comes_back_as_it_was(tmp_path: Path) -> None:
    first = begin(tmp_path)
    first.say("demo: say one")
    stage(first, "otters", "rivers")
    first.session.prefill, first.session.pinned_prefill = "So", "Well"
    first.session.form = Form({"type": "object"}, whole={"type": "object", "minProperties": 1})
    keep_unsent(first.session)
    leave(first)

    again, said = resume(tmp_path)
    assert said == "2 staged files, the prefill, the pinned prefill and the schema are back."
    assert again.session.staged == first.session.staged
    assert (again.session.prefill, again.session.pinned_prefill) == ("So", "Well")
    assert again.session.form == first.session.form
    before = leave(again).read_bytes()
    keep_unsent(again.session)
    assert leave(again).read_bytes() == before


def test_what_is_staged_is_written_once_and_gone_when_it_is_taken_back(tmp_path: Path) -> None:
    player = begin(tmp_path)
    player.say("demo: say one")
    stage(player, "otters " * 100, "rivers " * 100)
    for _ in range(5):
        keep_unsent(player.session)
    player.session.staged = player.session.staged[1:]
    keep_unsent(player.session)
    data = leave(player).read_text()
    assert data.count("otters " * 100) == data.count("rivers " * 100) == 1

    again, said = resume(tmp_path)
    assert said == "1 staged file is back."
    assert again.session.staged == player.session.staged
    leave(again)


def test_what_was_sent_is_spent_with_the_question_itself(tmp_path: Path) -> None:
    player = begin(tmp_path)
    player.say("demo: say one")
    stage(player, "otters")
    player.session.prefill, player.session.pinned_prefill = "So", "Well"
    keep_unsent(player.session)
    player.say("demo: say two")  # and then no time to keep anything
    leave(player)

    again, said = resume(tmp_path)
    assert said == "The pinned prefill is back."
    assert again.session.staged == ()
    leave(again)


@pytest.mark.parametrize(
    "facts",
    [
        {"staged": 5, "form": [], "prefill": 1, "model": {}},
        {"staged": ["staged/1", None, "x"], "staged/1": {"block": {"type": "image", "source": 4}}},
        {"staged": ["staged/1"], "staged/1": {"block": {"type": "text", "text": "x"}}},
        {"staged": ["staged/1"], "staged/1": 7, "form": {"choices": [1], "schema": None}},
    ],
)
def test_what_is_damaged_stays_away(tmp_path: Path, facts: dict[str, object]) -> None:
    player = begin(tmp_path)
    player.say("demo: say one")
    assert isinstance(player.session.recorder, Journaled)
    player.session.recorder.journal.meta(**facts)
    player.session.recorder.state(player.session.conversation)
    leave(player)

    again, said = resume(tmp_path)
    assert said == ""
    assert again.session.staged == ()
    leave(again)
