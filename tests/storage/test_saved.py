from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.core.errors import UsageError
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import find, list_entries
from chatrepl.storage.saved import checked_name, reopen


def test_what_is_kept_is_opened_as_it_was(tmp_path: Path) -> None:
    kept = Journal.new(tmp_path)
    turn = Turn(TurnId("a"), None, (Message.user("otters"),))
    assert not list_entries(tmp_path)
    kept.begin(turn)
    kept.delta(turn.id, "think", "thinking")
    kept.delta(turn.id, "swim", "text")
    kept.finish(turn)
    conversation = Conversation().add(turn)
    kept.state(conversation)
    kept.rename("notes")
    assert kept.name == "notes"
    assert kept.close()
    assert not kept.unsaved

    again = reopen(find(tmp_path, "notes"))
    assert again.conversation.turns == conversation.turns
    assert again.recorder.id == kept.id
    assert again.notes == ()
    again.recorder.close()


def test_one_damaged_record_is_told_in_the_singular(tmp_path: Path) -> None:
    kept = Journal.new(tmp_path)
    kept.begin(Turn(TurnId("a"), None, (Message.user("otters"),)))
    kept.close()
    path = kept.path
    path.write_bytes(path.read_bytes() + b"{no record\n")

    opened = reopen(list_entries(tmp_path)[0])
    assert any("1 damaged record was" in note for note in opened.notes)
    opened.recorder.close()


@pytest.mark.parametrize(("pid", "words"), [(4321, " (process 4321)"), (None, "")])
def test_a_conversation_that_is_open_elsewhere_goes_on_in_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pid: int | None, words: str
) -> None:
    monkeypatch.setattr("chatrepl.storage.journal.holder", lambda _path: pid)
    kept = Journal.new(tmp_path)
    kept.begin(Turn(TurnId("a"), None, (Message.user("otters"),)))
    opened = reopen(list_entries(tmp_path)[0])

    assert opened.notes == (
        f"Another chatrepl{words} has it open; this goes on in a copy.",
        "The last reply is here as far as it came in the other chat; /retry asks again.",
    )
    assert opened.recorder.id != kept.id
    opened.recorder.close()
    kept.close()


@pytest.mark.parametrize("reason", [None, "end_turn"])
def test_only_a_reply_that_was_cut_is_said_to_be_cut(tmp_path: Path, reason: str | None) -> None:
    kept = Journal.new(tmp_path)
    asked = Turn(TurnId("a"), None, (Message.user("otters"),))
    kept.begin(asked)
    reply = Message("assistant", Message.user("They swim.").content)
    receipt = Receipt(stop_reason=reason)
    kept.finish(replace(asked, messages=(*asked.messages, reply), receipt=receipt))
    kept.close()
    opened = reopen(list_entries(tmp_path)[0])

    assert any("was cut" in note for note in opened.notes) is (reason is None)
    opened.recorder.close()


@pytest.mark.parametrize(
    ("came", "words"),
    [
        ("", "The last question was not answered; /retry asks again."),
        ("They swim.", "The last reply was cut; /continue goes on with it."),
    ],
)
def test_a_reply_that_failed_is_not_said_to_be_cut_by_our_end(
    tmp_path: Path, came: str, words: str
) -> None:
    kept = Journal.new(tmp_path)
    asked = Turn(TurnId("a"), None, (Message.user("otters"),))
    kept.begin(asked)
    reply = (Message("assistant", Message.user(came).content),) if came else ()
    receipt = Receipt(error="The service is overloaded.")
    kept.finish(replace(asked, messages=(*asked.messages, *reply), receipt=receipt))
    kept.close()
    opened = reopen(list_entries(tmp_path)[0])

    assert opened.notes == (words,)
    opened.recorder.close()


def test_the_copy_of_a_named_conversation_has_a_name_of_its_own(tmp_path: Path) -> None:
    kept = Journal.new(tmp_path)
    kept.begin(Turn(TurnId("a"), None, (Message.user("otters"),)))
    kept.rename("two")
    for expected in ("two (copy)", "two (copy 2)"):
        opened = reopen(find(tmp_path, "two"))
        assert opened.notes[0].endswith(f"goes on in a copy, {expected}.")
        assert opened.recorder.name == expected
        assert find(tmp_path, "two").id == kept.id
        turn = Turn(TurnId("b"), TurnId("a"), (Message.user("more"),))
        opened.recorder.begin(turn)
        opened.recorder.finish(turn)
        opened.recorder.state(opened.conversation.add(turn))
        assert opened.recorder.close()
        assert find(tmp_path, expected).id == opened.recorder.id
        assert find(tmp_path, "two").id == kept.id
    kept.close()


def test_a_name_is_trimmed_and_belongs_to_one(tmp_path: Path) -> None:
    kept = Journal.new(tmp_path)
    kept.begin(Turn(TurnId("a"), None, (Message.user("otters"),)))
    kept.rename("Notes")
    kept.flush()

    assert checked_name(tmp_path, "  other \n name ", kept.id) == "other name"
    assert checked_name(tmp_path, "notes", kept.id) == "notes"
    with pytest.raises(UsageError, match=r"conversation Notes already\."):
        checked_name(tmp_path, str(kept.id), "another")
    assert checked_name(tmp_path, "a/b ../c 👩‍💻", kept.id) == "a/b ../c 👩‍💻"
    for name in ("", "  ", "notes", "a\x1b[31m", "\u202eabc", "x" * 500, "\ud800"):
        with pytest.raises(UsageError):
            checked_name(tmp_path, name, "another")
    kept.close()


def test_two_copies_opened_at_once_have_names_of_their_own(tmp_path: Path) -> None:
    kept = Journal.new(tmp_path)
    kept.begin(Turn(TurnId("a"), None, (Message.user("otters"),)))
    kept.rename("two")
    copies = [reopen(find(tmp_path, "two")) for _ in range(3)]
    for number, opened in enumerate(copies):
        opened.recorder.begin(Turn(TurnId(f"b{number}"), TurnId("a"), (Message.user("more"),)))
    for opened in copies:
        assert opened.recorder.close()
        assert opened.recorder.path.read_text().count('{"t":"conv"') == 1
    kept.close()

    names = sorted(entry.name for entry in list_entries(tmp_path))
    assert names == ["two", "two (copy 2)", "two (copy 3)", "two (copy)"]


def test_a_copy_that_nobody_changed_leaves_no_file(tmp_path: Path) -> None:
    kept = Journal.new(tmp_path)
    kept.begin(Turn(TurnId("a"), None, (Message.user("otters"),)))
    opened = reopen(list_entries(tmp_path)[0])
    opened.recorder.beside(opened.conversation, {"prefill": "", "model": ""}, ())
    opened.recorder.state(opened.conversation)
    assert opened.recorder.close()
    assert len(list_entries(tmp_path)) == 1

    changed = reopen(list_entries(tmp_path)[0])
    changed.recorder.beside(changed.conversation, {"pinned_prefill": "Well"}, ())
    assert changed.recorder.close()
    kept.close()
    assert len(list_entries(tmp_path)) == 2


def test_the_id_of_a_conversation_without_a_name_is_no_other_s_name(tmp_path: Path) -> None:
    kept = Journal.new(tmp_path)
    kept.begin(Turn(TurnId("a"), None, (Message.user("otters"),)))
    kept.close()

    with pytest.raises(UsageError, match=f"conversation {kept.id} already") as refused:
        checked_name(tmp_path, str(kept.id), "another")
    assert refused.value.hint.startswith(f"/load {kept.id} opens it")
