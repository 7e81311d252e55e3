"""Saved conversations and hand-picked turns, typed on a real terminal."""

import json
from pathlib import Path

from tests.e2e.test_chat import PROMPT, chat


def test_conversations_are_named_found_opened_written_and_deleted(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    with chat(tmp_path, columns=200) as c:
        c.say("demo: say otters swim")
        c.command("/save river talk", "is called river talk")
        c.command("/clear", "new conversation")
        c.say("demo: say tins")
        c.command("/sessions", "river talk")
        c.terminal.send("/sessions otters")
        c.terminal.wait_for("river talk +.*otters", visible=True)
        c.terminal.keys("c-c")
        c.command("/search otters", "opens it there")
        c.command("/load river", "river talk · 1 turn")
        c.command(f"/export json {out}", "was written to")
        c.command(f"/import {out}", "is open, with 1 turn")
        c.command("/undo", "conversation")
        c.begin("/delete tins", "no saved conversation tins|for good")
        c.terminal.keys("c-c")
        c.terminal.keys("c-d")
        c.terminal.wait_exit()

    assert json.loads(out.read_text(encoding="utf-8"))["messages"][0]["role"] == "user"


def test_turns_are_picked_by_hand(tmp_path: Path) -> None:
    with chat(tmp_path) as c:
        for word in ("otters", "tins", "rivers"):
            c.say(f"demo: say {word}")
        c.command("/pin 1", "1 turn pinned")
        c.command("/keep! 3", "no longer sent")
        c.command("/restore!", "sent again|again")
        c.begin("/relevant otters", r"y/N|fit within")
        c.terminal.send("n").keys("enter")
        c.command("/drop! 2", "no longer sent")
        c.say("demo: say done")

        assert "say tins" not in json.dumps(c.bodies[-1])


def test_a_conversation_is_gone_on_with_at_the_next_start(tmp_path: Path) -> None:
    with chat(tmp_path) as c:
        c.say("demo: say the first")
        c.terminal.keys("c-d")
        c.terminal.wait_exit()
    with chat(tmp_path, "-c") as c:
        c.terminal.wait_for("1 turn")
        c.say("demo: say the second")

        assert "say the first" in json.dumps(c.bodies[-1])


def test_all_that_was_set_comes_back_after_a_kill_and_what_was_sent_does_not(
    tmp_path: Path,
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("otters hold hands " * 5000)
    with chat(tmp_path, columns=160) as c:
        c.say("demo: say one")
        c.command(f"/attach {notes}", "notes.txt")
        c.command("/prefill pin Well", "Every reply")
        c.command("/prefill So", "The next reply")
        c.command("/choose yes no", "one of yes, no")
        c.command("/model haiku-4-5", "claude-haiku-4-5")
        c.command("/system Be brief", "system prompt is set")
        c.command("/pin 1", "1 turn pinned")
        c.command("/branch side", "side")
        c.terminal.signal("KILL")
        c.terminal.wait_exit()
    (journal,) = tmp_path.rglob("conversations/*.jsonl")
    assert journal.read_text().count("otters hold hands " * 5000) == 1
    with chat(tmp_path, "-c", columns=160) as c:
        c.terminal.wait_for("1 attached file, the prefill, .* are back")
        c.command("/detach 9", "notes.txt")
        c.command("/choose", "one of yes, no")
        c.command("/choose clear", "no given form")
        c.command("/history", "pinned")
        c.say("demo: say two")
        body = json.dumps(c.bodies[-1])
        assert "otters hold hands" in body
        assert "Be brief" in body
        assert c.bodies[-1]["model"] == "claude-haiku-4-5"
        c.terminal.signal("KILL")
        c.terminal.wait_exit()
    with chat(tmp_path, "-c", columns=160) as c:
        c.terminal.wait_for("The pinned prefill and the model claude-haiku-4-5 are back")
        assert "attached" not in c.terminal.everything()
        c.command("/prefill", "Every reply begins with 'Well'")
        c.command("/goto side", "side|turn")


def test_with_saving_off_nothing_that_is_staged_touches_the_disk(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("otters hold hands")
    with chat(tmp_path, "--no-save") as c:
        c.say("demo: say one")
        c.command(f"/attach {notes}", "notes.txt")
        c.terminal.keys("c-d")
        c.terminal.wait_exit()
    assert not list(tmp_path.rglob("conversations/*.jsonl"))


def test_the_second_opener_is_told_who_has_it_and_leaves_no_file_behind(tmp_path: Path) -> None:
    with chat(tmp_path, columns=160) as c:
        c.say("demo: say one")
        c.command("/save talk", "is called talk")
        with chat(tmp_path, "-c", columns=160) as second:
            second.terminal.wait_for(r"has it open; this goes on in a copy, talk \(copy\)")
            second.terminal.keys("c-d")
            assert second.terminal.wait_exit() == 0
        assert len(list(tmp_path.rglob("conversations/*.jsonl"))) == 1


def test_a_saved_conversation_is_chosen_from_a_list_that_leaves_no_trace(tmp_path: Path) -> None:
    with chat(tmp_path) as c:
        for words in ("otters swim", "tins are grey"):
            c.say(f"demo: say {words}")
            c.command("/clear", "new conversation")
        c.begin("/load", "Enter opens · Esc leaves")
        c.terminal.keys("esc")
        c.terminal.wait_gone("Enter opens")
        c.terminal.wait_for(PROMPT)
        c.begin("/load", "Enter opens")
        c.terminal.wait_for(r"^› demo: say tins are grey +\d+ min +1 turn", visible=True)
        c.terminal.send("swim")
        c.terminal.wait_gone("tins are grey  ")
        c.terminal.keys("c-r")
        c.terminal.wait_for("^name: demo: say otters swim", visible=True)
        c.terminal.send(" far").keys("enter")
        c.terminal.wait_for("It is called demo: say otters swim far now", visible=True)
        c.terminal.keys("enter")
        c.terminal.wait_for(r"^demo: say otters swim far · 1 turn")
        c.terminal.wait_for(PROMPT)
        c.say("demo: say and on")
        assert "otters swim" in json.dumps(c.bodies[-1])
        c.begin("/delete", "Enter deletes · Esc leaves")
        c.terminal.keys("down", "up", "enter")
        c.terminal.wait_for("for good")
        c.terminal.keys("enter")
        c.terminal.wait_for(PROMPT)
        assert not c.terminal.tells_keys_apart()
        c.terminal.keys("c-d")
        c.terminal.wait_exit()
        assert c.terminal.tty_is_sane()
