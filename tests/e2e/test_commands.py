"""Every slash command, typed on a real terminal, in a few long chats."""

import ast
import json
import re
from pathlib import Path

from chatrepl.commands.registry import REGISTRY
from chatrepl.demo.wire import error_body, json_answer
from tests.data.pictures import PNG
from tests.e2e.terminal import DONE
from tests.e2e.test_chat import PROMPT, Chat, chat

EDITOR = """#!/bin/sh
printf 'demo: say edited' > "$1"
"""


def _answer(c: Chat, text: str, shows: str, keys: str = "y") -> None:
    """Run a command that asks, and answer it."""
    c.terminal.send(text).keys("enter")
    c.terminal.wait_for(shows)
    c.terminal.send(keys).keys("enter")
    c.terminal.wait_for(PROMPT)


def test_the_conversation_is_walked_in_every_direction(tmp_path: Path) -> None:
    with chat(tmp_path, "--model", "claude-opus-4-8", columns=100) as c:
        c.say("demo: say one")
        c.say("demo: say two")
        c.command("/history", r"2 +demo: say two")
        c.command("/branch first", "This place is first")
        c.command("/goto 1", "After turn 1 now")
        c.say("demo: say three")
        c.command("/tree", "first")
        c.command("/undo", "1 turn now")
        c.command("/redo", "2 turns now")
        c.say("/retry")
        c.terminal.send("/edit 1").keys("enter")
        c.terminal.wait_for("^› demo: say one$")
        c.terminal.keys("c-c")
        c.terminal.wait_for(PROMPT)
        c.command("/user demo: count to 12", "Added as your message")
        c.command("/assistant 1 2 3", "Added as a reply")
        c.say("/continue")
        c.command("/copy", "Copied the reply, 2 lines (to|through)")
        c.command("/clear", "A new conversation")
        c.command("/undo", "3 turns now")
        _answer(c, "/compact", "summarise", "n")
        c.terminal.keys("c-d")

        assert c.terminal.wait_exit() == 0
        assert set(c.engine.statuses) == {200}
        assert "/tree" not in json.dumps(c.bodies)


def test_an_edited_question_branches_off_where_it_stood(tmp_path: Path) -> None:
    with chat(tmp_path, columns=100) as c:
        c.say("demo: say one")
        c.say("demo: say two")
        c.terminal.send("/edit 1").keys("enter")
        c.terminal.wait_count("^› demo: say one$", 2)
        c.say(" more")

        messages = c.bodies[-1]["messages"]
        assert isinstance(messages, list)
        assert [m["role"] for m in messages] == ["user"]
        assert messages[0]["content"][0]["text"] == "demo: say one more"
        c.command("/undo", "2 turns now")


def test_what_comes_again_brings_its_system_prompt_and_leaves_what_is_staged(
    tmp_path: Path,
) -> None:
    (tmp_path / "n.txt").write_text("notes")
    with chat(tmp_path, "--model", "claude-haiku-4-5", columns=100) as c:
        c.say("demo: say one")
        c.command("/system Be brief.", "system prompt is set")
        c.say("demo: count to 30")
        c.command(f"/image {tmp_path}/n.txt", "n.txt · text")
        c.say("/retry")
        c.say("/continue")
        assert all(body["system"] == "Be brief." for body in c.bodies[1:])
        assert "document" not in json.dumps(c.bodies)
        c.say("demo: say two")
        assert "document" in json.dumps(c.bodies[-1])
        c.command("/image", "No file is attached")


def test_the_next_reply_is_shaped(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "s.json").write_text('{"type":"object","properties":{"a":{"type":"string"}}}')
    with chat(tmp_path, columns=100) as c:
        c.command("/model haiku-4-5", "window 200k")
        c.command("/prefill Well,", "next reply begins")
        c.say("demo: say  yes.")
        c.command("/model opus-5-5", "it is emulated")
        c.command("/think off", "Thinking is off")
        c.command("/think auto", "Thinking is auto")
        c.command("/effort low", "Effort is low")
        c.command("/web on", "Web search is on")
        c.say("demo: search otters; caller none")
        c.terminal.wait_for(r"\[1\]|¹|1\. ")
        c.command("/web off", "Web search is off")
        c.command(f"/schema {tmp_path}/s.json", "satisfy the schema")
        c.say("anything")
        c.command("/schema clear", "no given form")
        c.command("/choose yes no", "one of yes, no")
        c.say("demo: say x")
        c.command("/choose clear", "no given form")
        c.command("/system Be brief.", "system prompt is set")
        c.command(f"/image {tmp_path}/a.png", "a.png")
        c.command("/detach", "No file is attached")
        c.command("/paste", "clipboard")
        c.command("/context", "tokens")
        _answer(c, "/drop 1-3", "keep sending")
        _answer(c, "/restore", "sent again")
        c.terminal.keys("c-d")

        assert c.terminal.wait_exit() == 0
        assert set(c.engine.statuses) == {200}


def test_settings_pages_and_modes(tmp_path: Path) -> None:
    with chat(tmp_path, columns=120) as c:
        c.command("/set max_tokens 500", "max_tokens = 500")
        c.command("/set theme", "theme = ")
        c.command("/set theme light", 'theme = "light"')
        c.command("/config", "max_tokens +500 +/set")
        c.command("/models", "claude-haiku-4-5.*native")
        c.command("/raw", "shown as they come")
        c.say("demo: say **bold**")
        c.terminal.wait_for(r"\*\*bold\*\*$")
        c.command("/raw", "rendered")
        c.command("/cite on", "Citing documents is on")
        c.command("/btw demo: say beside it", "^beside · ")
        c.command("/usage", r"(?s)today|requests|model")
        c.command("/help undo", "/rewind")
        c.command("/doctor", "doctor|clock")
        c.command("/nonsense", "There is no command")
        c.command("/multiline", "Alt-Enter sends")
        c.terminal.keys("c-d")

        assert c.terminal.wait_exit() == 0


def test_replies_are_compared_and_what_was_sent_is_shown(tmp_path: Path) -> None:
    with chat(tmp_path, columns=120) as c:
        c.say("demo: say **bold**")
        c.command("/compare -n 2", "/pick")
        c.command("/diff 1 2", "[Nn]o words|differ|same")
        c.command("/pick 2", "turn|reply")
        c.command("/request", "messages|user")
        c.command("/commands", "no commands of your own")
        c.terminal.keys("c-d")

        assert c.terminal.wait_exit() == 0


def test_the_editor_gives_its_text_to_the_prompt(tmp_path: Path) -> None:
    editor = tmp_path / "editor.sh"
    editor.write_text(EDITOR)
    editor.chmod(0o700)
    with chat(tmp_path, editor=str(editor)) as c:
        c.terminal.send("/editor").keys("enter")
        c.terminal.wait_for("^› demo: say edited$")
        c.say("")
        c.terminal.keys("c-d")
        assert c.terminal.wait_exit() == 0


def test_every_command_is_typed_on_a_terminal() -> None:
    modules = [ast.parse(path.read_text("utf-8")) for path in Path(__file__).parent.glob("*.py")]
    texts = (getattr(node, "value", "") for module in modules for node in ast.walk(module))
    typed = {m[1] for text in texts if isinstance(text, str) and (m := re.match(r"/(\w+)", text))}
    missing = [f"/{c.name}" for c in REGISTRY.commands if not typed & {c.name, *c.aliases}]

    assert not missing, f"type these in a test of this folder: {' '.join(missing)}"


def test_a_message_that_is_too_dear_comes_back_with_what_it_mentions(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    with chat(tmp_path) as c:
        c.say("demo: say one")
        c.command("/set max_cost_usd 0.000001", "max_cost_usd = ")
        c.terminal.send(f"demo: say two @{tmp_path}/a.png").wait_for(r"▣ a\.png\?", visible=True)
        c.terminal.keys("enter").wait_for(r"\(outside")
        c.terminal.send("y").keys("enter")
        c.terminal.wait_for(r"^▣ a\.png · PNG 1×1 · ~1 tokens")
        c.terminal.wait_count(r"\[y/N\]", 2)
        c.terminal.send("n").keys("enter")
        c.terminal.wait_for("Not sent")
        c.terminal.wait_for(r"^› demo: say two @")
        c.terminal.keys("enter")
        c.terminal.wait_count(r"\[y/N\]", 3)
        c.terminal.send("y").keys("enter")
        c.terminal.wait_count(r"\[y/N\]", 4)
        c.terminal.send("y").keys("enter")
        c.terminal.wait_count(DONE, 2)

        assert json.dumps(c.bodies[-1]).count('"image"') == 1


def test_a_paste_attaches_nothing_until_that_is_confirmed(tmp_path: Path) -> None:
    (tmp_path / "plan.md").write_text("the plan")
    mail = f"demo: say fine\nthe plan is in @{tmp_path}/plan.md, as agreed"
    with chat(tmp_path) as c:
        for answer, documents in (("n", 0), ("y", 1)):
            c.terminal.paste(mail).keys("enter")
            c.terminal.wait_count(r"\(pasted, out", documents + 1)
            c.terminal.send(answer).keys("enter")
            c.terminal.wait_count(DONE, documents + 1)
            assert json.dumps(c.bodies[-1]).count('"document"') == documents
        c.terminal.wait_for(r"^▣ plan\.md · text · ~2 tokens$")


def test_a_name_that_is_no_file_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    with chat(tmp_path) as c:
        c.terminal.send("explain @chatrepl/turm.py please").keys("enter")
        c.terminal.wait_for(r"no file chatrepl/turm\.py\. Did you mean @chatrepl/turn\.py\?")
        c.terminal.send("n").keys("enter").wait_for("Not sent")
        c.terminal.wait_for(r"^› explain @chatrepl/turm", visible=True)
        assert c.bodies == []
        c.terminal.keys("enter").wait_count("no file", 2)
        c.terminal.send("y").keys("enter").wait_for(DONE)
        assert "turm" in json.dumps(c.bodies[-1])


def test_a_path_that_was_dropped_is_offered_as_an_attachment(tmp_path: Path) -> None:
    folder = tmp_path / "my pictures"
    folder.mkdir()
    (folder / "a b.png").write_bytes(PNG)
    with chat(tmp_path) as c:
        c.terminal.paste(f"{tmp_path}/my\\ pictures/a\\ b.png ").keys("enter")
        c.terminal.wait_for(r"Attach it\? .*\[y/N\]")
        c.terminal.send("y").keys("enter")
        c.terminal.wait_for(r"^▣ a b\.png · PNG")
        c.say("demo: say fine")
        assert json.dumps(c.bodies[-1]).count('"image"') == 1


def test_a_mentioned_file_that_is_refused_is_named_and_mentioned_no_more(tmp_path: Path) -> None:
    (tmp_path / "bad one.png").write_bytes(PNG)
    with chat(tmp_path) as c:
        refusal = error_body(400, "Could not process image", "req_1")
        c.engine.script(json_answer(400, refusal, {}))
        c.terminal.send(f'demo: say two @"{tmp_path}/bad one.png"').keys("enter")
        c.terminal.wait_for("outside")
        c.terminal.send("y").keys("enter")
        c.terminal.wait_for("does not take bad one.png")
        c.terminal.wait_for('^› demo: say two "/')
        c.terminal.keys("enter")
        c.terminal.wait_for(DONE)

        assert '"image"' not in json.dumps(c.bodies[-1])
