import os
from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.world import BESIDE
from chatrepl.storage.record_log import RecordLog
from chatrepl.storage.records import turn_to_record
from chatrepl.storage.search import search


def save(folder: Path, question: str, answer: str, *, cut: bool = False, name: str = "one") -> None:
    recorder = RecordLog(0.0)
    turn = Turn(TurnId("t"), None, (Message.user(question),))
    reply = Message("assistant", (TextBlock(answer),), "m")
    done = replace(turn, messages=(*turn.messages, reply), receipt=Receipt("m", "end_turn"))
    written = recorder.opening() + recorder.begin(turn)
    written += recorder.delta(turn.id, "text", answer)
    if not cut:
        written += recorder.finish(done) + recorder.state(Conversation().add(done))
    (folder / f"{name}.jsonl").write_bytes(written)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The Quick brown fox", "quick BROWN"),
        ("Straße nach Süden", "SÜDEN"),
        ("Straße nach Süden", "straße"),
        ("война и МИР", "Война и мир"),
        ("日本語のテキスト", "のテ"),
        ('say "yes" \\ no', '"YES" \\'),
        ("two\nlines", "Two\nlines"),
        ("a \u202ehidden", "\u202eHIDDEN"),
        ("Ünïcödé mixed with ascii words", "mixed with ASCII"),
        ("naïve Ärger", "Naïve ärger"),
        ("1 + (2) [x]* .?", "(2) [X]* .?"),
    ],
)
def test_words_are_found_with_case_set_aside(tmp_path: Path, text: str, wanted: str) -> None:
    save(tmp_path, f"before {text} after", "nothing")
    (hit,) = search(tmp_path, wanted)
    assert hit.found.casefold() == wanted.casefold().replace("\n", " ")
    assert (hit.turn, hit.role, hit.entry.id) == ("t", "user", "one")


def test_a_reply_is_found_once(tmp_path: Path) -> None:
    save(tmp_path, "why?", "because of the needle here")
    assert [hit.role for hit in search(tmp_path, "needle")] == ["assistant"]


def test_a_reply_that_was_cut_is_found(tmp_path: Path) -> None:
    save(tmp_path, "why?", "because of the needle here", cut=True)
    assert [hit.role for hit in search(tmp_path, "needle")] == ["assistant"]


def test_words_are_found_across_the_pieces_of_a_reply_that_was_killed(tmp_path: Path) -> None:
    recorder = RecordLog(0.0)
    calls, other = (Turn(TurnId(id_), None, (Message.user("why?"),)) for id_ in ("t", "u"))
    grown = replace(calls, messages=(*calls.messages, Message("assistant", (TextBlock("so"),))))
    begun = recorder.opening() + recorder.begin(other) + recorder.begin(calls)
    pieces = [recorder.delta(calls.id, "text", piece) for piece in ("a nee", "dle in", " hay")]
    ended = recorder.finish(grown)
    for written in (
        b"".join((begun, *pieces)),
        b"".join((begun, recorder.grow(grown), *pieces)),
        b"".join((recorder.opening(), *pieces)),
    ):
        (tmp_path / "one.jsonl").write_bytes(written)
        (hit,) = search(tmp_path, "NEEDLE in hay")
        assert (hit.turn, hit.role, hit.before) == ("t", "assistant", "a ")
    (tmp_path / "one.jsonl").write_bytes(b"".join((begun, *pieces, ended)))
    assert search(tmp_path, "needle") == ()


def test_an_answer_beside_is_found_as_far_as_it_came_once_and_where_it_was_asked(
    tmp_path: Path,
) -> None:
    recorder = RecordLog(0.0)
    asked = Turn(TurnId("b"), TurnId("t"), (Message.user("why?"),))
    place = TurnId(f"{BESIDE}b")
    begun = recorder.opening() + recorder.meta({place: turn_to_record(asked)})
    pieces = [recorder.delta(place, "text", piece) for piece in ("a nee", "dle in", " hay")]
    (tmp_path / "one.jsonl").write_bytes(b"".join((begun, *pieces)))
    (hit,) = search(tmp_path, "needle IN")
    assert (hit.turn, hit.role, hit.before, hit.after) == ("t", "assistant", "a ", " hay")

    reply = Message("assistant", (TextBlock("a needle in hay"),))
    done = replace(asked, messages=(*asked.messages, reply), receipt=Receipt("m", "end_turn"))
    for after, count in ((turn_to_record(done), 1), (None, 0)):
        ended = recorder.meta({place: after})
        (tmp_path / "one.jsonl").write_bytes(b"".join((begun, *pieces, ended)))
        assert len(search(tmp_path, "needle")) == count


def test_what_is_not_said_is_not_found(tmp_path: Path) -> None:
    save(tmp_path, "why?", "because")
    for wanted in ("assistant", "end_turn", '"text"', "nowhere", "", "  "):
        assert search(tmp_path, wanted) == ()


def test_the_place_is_shown_with_what_stands_around_it(tmp_path: Path) -> None:
    save(tmp_path, "x" * 100 + " here " + "y" * 100, "because")
    (hit,) = search(tmp_path, "here")
    assert hit.before.startswith("…x")
    assert hit.after.endswith("y…")
    assert len(hit.before) < 50


def test_no_more_are_given_than_wanted(tmp_path: Path) -> None:
    save(tmp_path, "needle", "needle")
    assert len(search(tmp_path, "needle", limit=1)) == 1
    assert len(search(tmp_path, "needle")) == 2


def test_damage_is_passed_over(tmp_path: Path) -> None:
    save(tmp_path, "needle", "needle")
    with (tmp_path / "one.jsonl").open("ab") as file:
        file.write(b"\n\xffneedle\n" + b"[" * 9_000 + b'"needle"\n{"t":"end","messages":"needle"}')
    assert len(search(tmp_path, "needle")) == 2


def test_a_conversation_that_does_not_hold_the_words_hides_no_other(tmp_path: Path) -> None:
    for when, (name, answer) in enumerate((("old", "otters"), ("mid", "tins"), ("new", "otters"))):
        save(tmp_path, "why?", answer, name=name)
        os.utime(tmp_path / f"{name}.jsonl", (when, when))

    assert [hit.entry.id for hit in search(tmp_path, "otters")] == ["new", "old"]
