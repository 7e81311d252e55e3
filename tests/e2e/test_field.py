"""What people reported of other clients, kind by kind: typed on a real terminal, seen and sent."""

import base64
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.answers import in_turn, said, streamed
from tests.e2e.terminal import DONE, Terminal
from tests.e2e.test_chat import chat
from tests.faults.raw import answering

LEFT = "x @plan.md"  # a mention that was pasted


@dataclass(slots=True)
class Desk:
    """A chat in a folder with files, whose service always gives the same reply."""

    terminal: Terminal

    def enter(self, text: str, shows: str) -> list[str]:
        """Type a text, pause as a person does, press Enter; give the rows from there on."""
        self.terminal.send(text).settle().keys("enter").wait_for(shows)
        return self.since(text)

    def since(self, text: str) -> list[str]:
        rows = self.terminal.settle().everything().splitlines()
        return rows[max(number for number, row in enumerate(rows) if text in row) :]

    def copied(self) -> str:
        """Give what was last put on the clipboard."""
        *_, last = re.finditer(rb"\x1b\]52;c;([^\x07\x1b]*)", bytes(self.terminal.raw))
        return base64.b64decode(last[1]).decode()


@contextmanager
def desk(home: Path, reply: str = "fine", *options: str, columns: int = 80) -> Iterator[Desk]:
    folder = home / "work"
    (folder / ".hidden").mkdir(parents=True)
    (home / "beside.md").write_text("beside\n")
    for name in ("plan.md", "first day.txt", ".env", ".hidden/notes.md", "private.txt"):
        (folder / name).write_text("words\n")
    (folder / "private.txt").chmod(0o600)
    pieces = [reply[at : at + 7] for at in range(0, len(reply), 7)]
    with answering(in_turn(streamed(said(0, *pieces)))) as url:
        env = {"HOME": str(home), "ANTHROPIC_API_KEY": "sk-ant-test", "ANTHROPIC_BASE_URL": url}
        argv = [sys.executable, "-m", "chatrepl", "--set", "head_start=false", *options]
        env["PYTHONPATH"] = str(Path(__file__).parents[2])
        with Terminal(argv, columns=columns, rows=30, env=env, cwd=folder) as terminal:
            terminal.wait_for("^(› Ask|you:)")
            yield Desk(terminal)


# K1 to K4: what a terminal sends between `AB` and `cu1M~`, and the rows of the draft then
NOTHING = (
    "\x1b[?2;0;720;450S", "\x1b[?64;1;22c", "\x1b[>61;7600;1c", "\x1bP>|WezTerm 2024\x1b\\",
    "\x1bP1$r0m\x1b\\", "\x1b[I", "\x1b[O", "\x1b[?997;2n", "\x1b[?2026;2$y", "\x1b[12;40R",
    "\x1b[<64;3;9M", "\x1b[<0;3;9m", "\x1b[M#*5", "\x1b[8;30;80t", "\x1b]10;rgb:f/f/f\x07",
    "\x1b]11;rgb:12", "\x1b_Gi=9;OK\x1b\\", "\x00", "\x1b[32;5u", "\x1b[57441;2u", "\x1b[98;1:3u",
    "\x1b[?1u", "\x1b[27;6;97~", "\x9b?6c",
)  # fmt: skip
NEW_LINE = (
    "\x1b[13;2u", "\x1b[13;5u", "\x1b[13;2:1u", "\x1b[57414;2u", "\x1b[27;2;13~", "\x1b[27;5;13~",
    "\\\r\n", "\\\r", "\x1b\r", "\n",
)  # fmt: skip


def test_no_letter_is_swallowed_and_none_is_typed_whatever_a_terminal_sends(tmp_path: Path) -> None:
    with desk(tmp_path) as d:
        for sent in (*NOTHING, *NEW_LINE):
            rows = r"^› AB\n  cu1M~" if sent in NEW_LINE else r"^› ABcu1M~"
            d.terminal.send("AB").pump(0.15).send(sent).pump(0.15).send("cu1M~")
            d.terminal.wait_for(rf"{rows}$", 10, visible=True)
            d.terminal.keys("c-c").wait_gone("cu1M~")


@pytest.mark.parametrize("sent", ["\r", "\x1bOM", "\x1b[13u", "\x1b[57414u", "\x1b[27;1;13~"])
def test_enter_sends_however_it_is_called(tmp_path: Path, sent: str) -> None:
    with desk(tmp_path) as d:
        d.terminal.send("one").settle().send(sent).wait_for(DONE)


# K5, K6, K9: what comes in one read, and the one message that it is
PASTES = {
    "UPDATE t\r\nSET a = 1\r\nWHERE b": "UPDATE t\nSET a = 1\nWHERE b",
    "one\r/clear\rtwo\r": "one\n/clear\ntwo\n",
    "\x1b[200~a\x1b[201~\r/exit\rb": "a\n/exit\nb",
    "\x1b[200~a\x1b[201~b\x1b[201~\r": "ab\n",  # the marker is seen, and left out in words
    "\x1b[200~a\r\nb\x1b[201~": "a\r\nb",
    "\x1b[200~" + "row\r" * 40 + "\x1b[201~": "row\n" * 40,
}


def test_a_paste_is_one_message_and_no_command_of_it_runs(tmp_path: Path) -> None:
    with chat(tmp_path) as c:
        for number, (sent, message) in enumerate(PASTES.items()):
            c.terminal.send(sent).settle(0.4)
            assert len(c.bodies) == number
            c.terminal.keys("enter").wait_count(DONE, number + 1)
            c.terminal.wait_for("^› ?$", visible=True)
            assert _text_of(c.bodies[-1]) == message
        assert "^M" not in c.terminal.everything()


def _text_of(body: dict[str, object]) -> str:
    """Give the text of the last message."""
    *_, last = json.loads(json.dumps(body["messages"]))
    content = last["content"]
    return content if isinstance(content, str) else "".join(b.get("text", "") for b in content)


# A1, A2: a message, what the toolbar says of it, and what stands under it
MENTIONS = (
    ("read @plan.md", "▣ plan.md", "▣ plan.md · text"),
    ("both @plan.md and @./plan.md", "▣ plan.md", "▣ plan.md · text"),
    ('quoted @"first day.txt"', "▣ first day.txt", "▣ first day.txt · text"),
    ("key @.env", "▣ .env?", "Attach .env (named like a key)?"),
    ("dot @.hidden/notes.md", "▣ notes.md?", "Attach .hidden/notes.md (in a hidden folder)?"),
    ("mine @private.txt", "▣ private.txt?", "Attach private.txt (for your eyes only)?"),
    ("out @../beside.md", "▣ beside.md?", "Attach ../beside.md (outside this folder)?"),
    ("typo @plam.md", "", "There is no file plam.md. Did you mean @plan.md?"),
)


def test_each_mention_is_seen_before_it_goes_and_asked_about_where_it_may_be_a_slip(
    tmp_path: Path,
) -> None:
    with desk(tmp_path) as d:
        for text, chip, line in MENTIONS:
            rows = d.terminal.send(text).settle(0.3).screen().splitlines()
            assert rows[-1].startswith(f"{chip} · ") if chip else "▣" not in rows[-1]
            d.terminal.keys("enter").wait_for(re.escape(line))
            if "?" in line:
                d.terminal.send("n").keys("enter")
            assert sum(row.startswith("▣") for row in d.since(text)[:3]) == ("?" not in line)
            d.terminal.settle(0.3).keys("c-c").settle()


@pytest.mark.parametrize("accessible", ["false", "true"])
def test_a_pasted_mention_is_asked_about_and_one_that_is_typed_later_is_not(
    tmp_path: Path, accessible: str
) -> None:
    with desk(tmp_path, "fine", "--set", f"accessible={accessible}") as d:
        d.terminal.paste(LEFT).keys("enter").wait_for(r"plan\.md \(pasted\)\?")
        d.terminal.wait_for(r"\[y/N\]")
        d.terminal.keys("esc").wait_for("^Not sent; your message is")
        d.terminal.wait_count(f"^(› |you: ){LEFT}", 2)
        d.terminal.keys("enter").wait_count(r"\[y/N\]", 2)
        d.terminal.send("n").keys("enter").wait_for(DONE)
        assert len(d.since(LEFT)) > 2
        assert re.match("▣|attached: plan.md", d.enter("read @plan.md", "(▣|attached:) plan")[1])
        d.terminal.wait_count(DONE, 2)


@pytest.mark.parametrize("keys", [("up",), ("c-r", "p", "l", "enter")])
def test_a_pasted_mention_that_comes_back_from_the_history_is_still_asked_about(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    with desk(tmp_path) as d:
        d.terminal.paste(LEFT).keys("c-c").settle()
        d.terminal.send("read @plan.md").wait_for(r"▣ plan\.md ·", visible=True)
        d.terminal.keys("c-u").settle()
        for key in keys:
            d.terminal.send(key) if len(key) == 1 else d.terminal.keys(key)
        d.terminal.wait_for(r"^› x @plan\.md(.*\n)*.*▣ plan\.md\? ·", visible=True)


def test_folded_pastes_are_named_to_those_who_listen(tmp_path: Path) -> None:
    with desk(tmp_path, "fine", "--set", "accessible=true") as d:
        d.terminal.send("see ").settle().paste("row\r\n" * 30).send("please")
        d.terminal.wait_for(r"^you: see \[pasted 30 lines\]please$")
        d.terminal.keys("enter").wait_for("reply ends")
        d.terminal.paste("a\r\nb").wait_for(r"^you: a\nb$")


# R1, R2, R6 and what else is to be read: parts of a reply, and their rows
READ = (
    ("Dust in the sun,\na door ajar", "Dust in the sun,\na door ajar"),
    ("**Q:** who\n**A:** me", "Q: who\nA: me"),
    (r"so \( g(y) \) holds", r"so \( g(y) \) holds"),
    ("\\[\nu = v \\\\\nw = z\n\\]", "\\[\nu = v \\\\\nw = z\n\\]"),
    ("> [!TIP]\n> Rest.", "▎ Tip\n▎ Rest."),
    ("```\nbare words\n```", "── code\nbare words"),
    ("````md\n```sh\nls\n```\n````", "```sh\nls\n```"),
)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_reply_is_read_as_it_was_written(tmp_path: Path, columns: int) -> None:
    with desk(tmp_path, "\n\n".join(part for part, _ in READ), columns=columns) as d:
        shown = "\n".join(d.enter("go", DONE))
    for _, rows in READ:
        assert f"\n{rows}\n" in shown


# R3, R4, R9: a reply, what is to be copied, and what then is on the clipboard
LOG = "# Log\n\n```yaml\na: 1\n```\n\nmore\n"
MIXED = f"Here:\n\n```md\n{LOG}```\n\n```python\nprint(1)\n```\n\n```c++\nint i;\n```\n"
COPIES = (
    ("code 1", LOG), ("code md", LOG), ("code yml", "a: 1\n"), ("code py", "print(1)\n"),
    ("code cpp", "int i;\n"), ("code", "int i;\n"), ("", MIXED),
)  # fmt: skip


def test_what_is_copied_is_whole_and_found_by_any_name_of_its_language(tmp_path: Path) -> None:
    with desk(tmp_path, MIXED) as d:
        d.enter("go", DONE)
        for number, (what, text) in enumerate(COPIES):
            d.terminal.send(f"/copy {what}").settle().keys("enter")
            d.terminal.wait_count("^Copied", number + 1)
            assert d.copied().rstrip("\n") == text.rstrip("\n")


def test_no_control_character_is_copied(tmp_path: Path) -> None:
    with desk(tmp_path, "a\x1b[31mb\x1b[201~c\u202ed\U000e0041e\x07f\n") as d:
        d.enter("go", DONE)
        d.enter("/copy", "^Copied")
        assert not re.search(
            "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\U000e0000-\U000e007f]", d.copied()
        )


# What other reports were about, and the rooms whose tests hold it.
ELSEWHERE = {
    "K5, K6 under a model of the keyboard": "terminal/keys/test_typing.py",
    "K7": "terminal/prompt/test_prompt.py::test_what_ctrl_r_finds_stands_alone",
    "K8": "terminal/prompt/test_renderer.py::test_a_draft_stands_once_however_the_window_changes",
    "A1 in a later program": "terminal/prompt/test_history.py::test_what_was_pasted_is_known",
    "A3": "commands/test_staging.py::test_a_path_with_blanks_needs_no_quotes",
    "A3, dropped": "attachments/test_dropped.py::test_one_path_is_found_however_a_terminal",
    "A4": "e2e/test_commands.py::test_a_mentioned_file_that_is_refused_is_named",
    "A5": "attachments/test_images.py::test_a_long_picture_is_cut_into_pieces",
    "A6": "attachments/test_images.py::test_other_formats_are_converted_and_this_is_said",
    "A6, HEIC": "attachments/test_images.py::test_a_heic_photo_is_converted_or_it_is_said",
    "A7": "cli/test_stdin.py::test_text_in_another_encoding_is_read_as_a_file_is",
    "A8": "cli/test_stdin.py::test_more_than_a_request_holds_is_refused",
    "A9, frames": "cli/test_message.py::test_nothing_in_stdin_closes_its_frame",
    "A9, keys": "e2e/test_secrets.py::test_in_a_pipe_a_key_is_sent_only_where_that_is_meant",
    "R2": "e2e/test_tmux.py::test_rows_of_code_and_addresses_are_selected_whole",
    "R3": "core/test_code_blocks.py::test_bare_fences_in_markdown_go_by_the_blank_rows",
    "R4": "core/test_code_blocks.py::test_a_language_is_found_by_each_of_its_names",
    "R5": "e2e/test_sources.py::test_a_pipe_gets_them_as_footnotes",
    "R7": "commands/test_turns.py::test_history_tells_of_each_turn_the_tokens",
    "R8": "e2e/test_accessible.py::test_only_text_colours_and_line_ends_leave",
}


@pytest.mark.parametrize("place", ELSEWHERE.values())
def test_what_is_not_tried_here_is_tried_there(place: str) -> None:
    file, _, name = place.partition("::")
    assert f"def {name or 'test_'}" in (Path(__file__).parents[1] / file).read_text("utf-8")
