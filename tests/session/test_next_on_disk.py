from pathlib import Path

import pytest

from chatrepl.attachments.attach import Attachment, from_bytes
from chatrepl.attachments.limits import AttachmentLimits
from chatrepl.attachments.sniff import FileKind
from chatrepl.config.load import load as load_config
from chatrepl.core.exchange.form import Form
from chatrepl.core.talk.blocks import UnknownBlock
from chatrepl.session.next_on_disk import bring_back, keep_unsent
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import list_entries
from chatrepl.storage.saved import reopen
from tests.commands.playing import Player


def begin(folder: Path) -> Player:
    player = Player()
    player.session.recorder = Journal.new(folder)
    return player


def leave(player: Player) -> Path:
    recorder = player.session.recorder
    assert isinstance(recorder, Journal)
    assert recorder.flush()
    recorder.close()
    return recorder.path


def resume(folder: Path) -> tuple[Player, str]:
    player = Player()
    opened = reopen(list_entries(folder)[0])
    player.session.open(opened.conversation, opened.recorder)
    return player, bring_back(player.session)


def stage(player: Player, *texts: str) -> None:
    found = (
        from_bytes(text.encode(), f"{text[:3]}.txt", limits=AttachmentLimits()) for text in texts
    )
    player.session.stage(*found)


def test_what_is_set_comes_back_as_it_was(tmp_path: Path) -> None:
    first = begin(tmp_path)
    first.say("demo: say one")
    stage(first, "otters", "rivers")
    strange = UnknownBlock({"type": "search_result", "title": "otters"})
    first.session.stage(Attachment(strange, "found", FileKind.TEXT, "", None, more=(strange,)))
    first.session.prepare(prefill="So", pinned_prefill="Well")
    first.session.prepare(
        form=Form({"type": "object"}, whole={"type": "object", "minProperties": 1})
    )
    keep_unsent(first.session)
    leave(first)

    again, said = resume(tmp_path)
    assert said == "3 attached files, the prefill, the pinned prefill and the schema are back."
    assert again.session.next.staged == first.session.next.staged
    assert (again.session.next.prefill, again.session.next.pinned_prefill) == ("So", "Well")
    assert again.session.next.form == first.session.next.form
    before = leave(again).read_bytes()
    keep_unsent(again.session)
    assert leave(again).read_bytes() == before


def test_what_is_staged_is_written_once_and_gone_when_it_is_taken_back(tmp_path: Path) -> None:
    player = begin(tmp_path)
    player.say("demo: say one")
    stage(player, "otters " * 100, "rivers " * 100)
    for _ in range(5):
        keep_unsent(player.session)
    player.session.prepare(staged=player.session.next.staged[1:])
    keep_unsent(player.session)
    data = leave(player).read_text()
    assert data.count("otters " * 100) == data.count("rivers " * 100) == 1

    again, said = resume(tmp_path)
    assert said == "1 attached file is back."
    assert again.session.next.staged == player.session.next.staged
    leave(again)


def test_what_was_sent_is_spent_with_the_question_itself(tmp_path: Path) -> None:
    player = begin(tmp_path)
    player.say("demo: say one")
    stage(player, "otters")
    player.session.prepare(prefill="So", pinned_prefill="Well")
    keep_unsent(player.session)
    player.say("demo: say two")  # and then no time to keep anything
    leave(player)

    again, said = resume(tmp_path)
    assert said == "The pinned prefill is back."
    assert again.session.next.staged == ()
    leave(again)


@pytest.mark.parametrize(
    "facts",
    [
        {"staged": 5, "form": [], "prefill": 1, "model": {}},
        {"staged": ["staged/1", None, "x"], "staged/1": {"block": {"type": "image", "source": 4}}},
        {"staged": ["staged/1"], "staged/1": {"block": {"type": "text", "text": "x"}}},
        {"staged": ["staged/1"], "staged/1": 7, "form": {"choices": [1], "schema": None}},
        {"form": {"choices": ["a", "b"], "schema": 5, "whole": None}},
        {
            "staged": ["staged/1"],
            "staged/1": {
                "block": {"type": "text", "text": "x"},
                "name": "x",
                "kind": "text",
                "tokens": 1,
            },
        },
    ],
)
def test_what_is_damaged_stays_away(tmp_path: Path, facts: dict[str, object]) -> None:
    player = begin(tmp_path)
    player.say("demo: say one")
    assert isinstance(player.session.recorder, Journal)
    player.session.recorder.meta(**facts)
    player.session.recorder.state(player.session.conversation)
    leave(player)

    again, said = resume(tmp_path)
    assert said == ""
    assert again.session.next.staged == ()
    leave(again)


def test_the_model_that_was_chosen_comes_back_unless_another_is_asked_for(tmp_path: Path) -> None:
    player = begin(tmp_path)
    player.say("demo: say one")
    session = player.session
    session.loaded = load_config(environ={"HOME": str(tmp_path)})
    session.use(model="claude-haiku-4-5")
    keep_unsent(session)
    leave(player)

    again, said = resume(tmp_path)
    assert said == "The model claude-haiku-4-5 is back."
    assert again.session.model.id == "claude-haiku-4-5"
    again.session.use(model="claude-opus-5")
    assert bring_back(again.session, model=False) == ""
    assert again.session.model.id == "claude-opus-5"
    leave(again)


def test_what_was_set_goes_along_to_a_new_conversation(tmp_path: Path) -> None:
    player = begin(tmp_path)
    session = player.session
    session.equip(new_recorder=lambda: Journal.new(tmp_path))
    player.say("demo: say one")
    stage(player, "otters")
    session.prepare(prefill="So")
    keep_unsent(session)
    old = session.recorder
    player.do("/clear")
    keep_unsent(session)
    assert isinstance(old, Journal)
    assert (old.staged, old.facts["prefill"]) == ((), "")
    assert session.next.prefill == "So"
    assert len(session.next.staged) == 1
    for _, recorder in [*session.shelf.all, (None, session.recorder)]:
        assert isinstance(recorder, Journal)
        recorder.close()


def test_where_nothing_is_kept_nothing_comes_back() -> None:
    player = Player()
    stage(player, "otters")
    keep_unsent(player.session)
    assert bring_back(player.session) == ""
    assert len(player.session.next.staged) == 1


def test_two_files_alone_are_back(tmp_path: Path) -> None:
    player = begin(tmp_path)
    player.say("demo: say one")
    stage(player, "otters", "rivers")
    keep_unsent(player.session)
    leave(player)

    again, said = resume(tmp_path)
    assert said == "2 attached files are back."
    leave(again)
