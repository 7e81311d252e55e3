"""The prompt on a real pseudo terminal."""

import json
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatrepl.terminal.prompt.values import whole_characters
from tests.e2e.terminal import LIGHT, Terminal
from tests.terminal.keys.test_extended import REPORTS
from tests.terminal.programs import hash_of


def prompt(*arguments: str, columns: int = 80, rows: int = 16, **env: str) -> Terminal:
    argv = [sys.executable, "-m", "tests.terminal.programs", "prompts", *arguments]
    terminal = Terminal(argv, columns=columns, rows=rows, env=env)
    terminal.wait_for("dark=")
    terminal.wait_for("claude-opus|^>")
    return terminal


@pytest.fixture(scope="module")
def shared() -> Iterator[Terminal]:
    with prompt() as terminal:
        yield terminal


@pytest.fixture
def terminal(shared: Terminal) -> Terminal:
    shared.settle().send("x").keys("c-c", "c-l").wait_for(r"\A›( Ask anything)?$", visible=True)
    return shared


def test_a_line_is_edited_submitted_and_found_again() -> None:
    with prompt() as terminal:
        terminal.wait_for("^› Ask anything")
        terminal.send("hello wrld").keys("left", "left", "left").send("o").keys("enter")
        terminal.wait_for("got 'hello world'")
        terminal.wait_gone("Ask anything")
        terminal.keys("up").wait_for(r"^got.*\n› hello world$", visible=True)
        terminal.keys("c-c").wait_gone(r"^got.*\n› hello world$")
        terminal.keys("c-r").send("wrl").keys("c-g")
        terminal.keys("c-d").wait_for("left by Closed")
        assert terminal.wait_exit() == 0
        assert terminal.tty_is_sane()
        assert terminal.cursor_is_shown()


def test_newlines_come_with_alt_enter_ctrl_j_and_a_backslash(terminal: Terminal) -> None:
    terminal.send("a").keys("m-enter").send("b").keys("c-j").pump(0.1).send("c\\").keys("enter")
    terminal.pump(0.1).send("d\\\\").keys("enter")
    terminal.wait_for(r"got 'a\\nb\\nc\\nd\\\\\\\\'")


def test_the_multiline_setting_flips_enter_while_the_program_runs() -> None:
    with prompt("multiline") as terminal:
        terminal.send("a").keys("enter").send("b").keys("m-enter").wait_for(r"got 'a\\nb'")
        terminal.send("/multiline").keys("esc").settle().keys("m-enter")
        terminal.wait_for("got '/multiline'")
        terminal.send("c").keys("enter").wait_for("got 'c'")


def test_a_question_mark_in_an_empty_line_shows_the_keys_until_the_next_one(
    terminal: Terminal,
) -> None:
    card = r"\nEnter   sends\nCtrl-D  leaves$"
    for taken_away_by in ("esc", "bs", "c-c"):
        terminal.send("?").wait_for(card, visible=True)
        terminal.keys(taken_away_by).wait_gone("sends")
        terminal.wait_for("^claude-opus", visible=True)
        assert "?" not in terminal.screen()
    terminal.send("?").wait_for(card, visible=True)
    terminal.send("?").wait_gone("sends")
    terminal.send("why").keys("enter").wait_for(r"got '\?why'")
    terminal.send("?").wait_for(card, visible=True)
    terminal.keys("enter").wait_for(r"got '\?'$")
    terminal.send("?").wait_for(card, visible=True)
    terminal.keys("esc").wait_gone("sends")
    terminal.send("/").send("own").keys("enter").wait_for("got '/own'")  # and not Alt-/
    terminal.send("?").wait_for(card, visible=True)
    terminal.send("x").wait_for("^› x$", visible=True)
    terminal.send(" ?").keys("enter").wait_for(r"got 'x \?'")


@pytest.mark.parametrize("typed", ["\x1b[200~? and !\x1b[201~", "? and !", "??and !"])
def test_a_question_mark_that_comes_with_more_is_text(terminal: Terminal, typed: str) -> None:
    terminal.send(typed).pump(0.3).wait_for("and !$", visible=True)
    terminal.keys("enter").wait_for(rf"got '\?{' ' if ' and' in typed else ''}and !'")


def test_ctrl_c_puts_the_draft_into_the_history_and_twice_leaves() -> None:
    with prompt() as terminal:
        terminal.send("a long draft").keys("c-c").wait_gone("a long draft")
        terminal.keys("up").wait_for("^› a long draft$", visible=True)
        terminal.keys("c-c", "c-c").wait_for("Ctrl-C again leaves")
        terminal.send("x").wait_for("claude-opus", visible=True)
        terminal.keys("bs", "c-c", "c-c").wait_for("left by Interrupted")


def test_a_signal_from_outside_is_as_ctrl_c(terminal: Terminal) -> None:
    terminal.send("draft").wait_for("› draft")
    terminal.signal("INT").wait_gone("› draft")
    terminal.keys("up").wait_for("› draft", visible=True)


@pytest.mark.parametrize(
    "text",
    [
        "one\ntwo",
        "a\r\nb\rc\n",
        "\t\x1b[31mred\x07\x00",
        "ends with a newline\n",
        "日本\u202e👩\u200d👩",
    ],
    ids=ascii,
)
def test_a_paste_is_kept_byte_for_byte(terminal: Terminal, text: str) -> None:
    terminal.paste(text).keys("enter").wait_for("^got", visible=True)
    assert f"got {text!a}" in terminal.settle().screen().replace("\n", "")


def test_a_paste_from_a_terminal_that_sends_carriage_returns_has_newlines(
    terminal: Terminal,
) -> None:
    terminal.paste("three\rfour").keys("enter").wait_for(r"got 'three\\nfour'")


def test_a_megabyte_is_pasted_in_one_piece(terminal: Terminal) -> None:
    text = "".join(f"line {n} of many, wide enough to be real text\n" for n in range(24_000))
    terminal.paste(text).keys("enter").wait_for(f"got {hash_of(text)!s}")


def test_long_pastes_are_folded_deleted_in_one_piece_and_whole_when_sent() -> None:
    first = "".join(f"first {n}\r\n" for n in range(1_000))
    second, third = "second\n" * 40, "third" * 1_000
    with prompt() as terminal:
        terminal.send("see ").paste(first).paste(second).send(" and ").paste(third)
        terminal.wait_for(
            r"^› see \[pasted 1,000 lines\]\[pasted 40 lines\] and \[pasted 5,000 characters\]"
        )
        terminal.wait_for("^Ctrl-O opens the paste")
        terminal.keys("left", "left", "left", "left", "left", "left", "bs").pump(0.1).keys("enter")
        whole = f"see {first} and {third}"
        terminal.wait_for(f"got {hash_of(whole)}")
        terminal.settle().keys("up").wait_for("lines. and .pasted 5,000 characters.$", visible=True)
        terminal.keys("enter").wait_count(f"got {hash_of(whole)}", 2)
        assert "first 500" not in terminal.everything()


def test_a_fold_opens_at_a_key_and_the_draft_goes_on_behind_it() -> None:
    text = "".join(f"row {n}\n" for n in range(14))
    with prompt() as terminal:
        terminal.send("a ").paste(text).wait_for(r"^› a \[pasted 14 lines\]", visible=True)
        terminal.keys("c-o").wait_for("^  row 13$", visible=True)
        terminal.wait_gone("Ctrl-O opens")
        terminal.send("end").pump(0.1).keys("enter").wait_for("^  end", visible=True)
        terminal.wait_for(f"got '{ascii(f'a {text}end')[1:-1]}'".replace("\\", "\\\\")[:60])


def test_lines_that_end_in_cr_lf_are_shown_without_a_trace_of_it(terminal: Terminal) -> None:
    terminal.paste("one\r\ntwo\r\nthree").wait_for("^› one\n  two\n  three$", visible=True)
    terminal.keys("enter").wait_for(r"got 'one\\r\\ntwo\\r\\nthree'", visible=True)


def test_the_editor_gets_what_is_folded(tmp_path: Path) -> None:
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nwc -l < "$1" > count; printf " edited" >> "$1"\n')
    script.chmod(0o755)
    text = "row\n" * 500
    with prompt(EDITOR=f"sh -c 'cd {tmp_path} && ./editor \"$0\"'") as terminal:
        terminal.paste(text).wait_for(r"\[pasted 500 lines\]")
        terminal.keys("c-x", "c-e").wait_for(r"^› \[pasted 500 lines\] edited", visible=True)
        terminal.keys("enter").wait_for(f"got {hash_of(text + ' edited')}")
    assert (tmp_path / "count").read_text().strip() == "500"


def test_text_that_breaks_out_of_its_paste_is_not_submitted(terminal: Terminal) -> None:
    terminal.send("\x1b[200~a\x1b[201~/exit\rb\r\x1b[201~").settle()
    assert "got 'a" not in terminal.everything()
    terminal.wait_for(r"^› a\^\[\[201~/exit$")


def test_what_stands_in_the_line_cannot_drive_the_terminal(terminal: Terminal) -> None:
    terminal.paste("x\x1b]0;PWN\x07\x9b2Jy\u202ez\ttab").settle()
    assert terminal.screen().startswith("› x^[]0;PWN^G<U+009B>2Jy<U+202E>z    tab")
    terminal.keys("left", "left", "left", "bs").send("|").settle()
    assert terminal.screen().startswith("› x^[]0;PWN^G<U+009B>2Jy<U+202E>z|tab")
    assert b"PWN\x07" not in terminal.raw
    assert "\u202e".encode() not in terminal.raw
    assert terminal.emulator.title == ""


def test_completion_opens_for_commands_and_shows_names_safely(terminal: Terminal) -> None:
    terminal.send("/mo").wait_for("/models +the list")
    terminal.keys("tab", "tab", "enter").wait_gone("the list").keys("enter")
    terminal.wait_for("got '/models'")
    terminal.send("see @").wait_for(r"notes<U\+202E>.md")
    terminal.keys("tab").settle().keys("enter", "enter").wait_for("got 'see @notes.md'")
    terminal.send("/re").wait_for(r"/retry +ask\^\[\[31m again")


def test_the_history_is_private_merged_and_remembers_no_line_with_a_space(tmp_path: Path) -> None:
    path = tmp_path / "state" / "history"
    with prompt(str(path)) as one, prompt(str(path)) as two:
        one.send("from one").keys("enter").wait_for("got 'from one'")
        two.send("from\\").keys("enter").send("two").keys("enter").wait_for(r"got 'from\\ntwo'")
        one.send(" a secret").keys("enter").wait_for("got ' a secret'")
        one.keys("up").wait_for("^›  a secret", visible=True)
    assert [json.loads(line) for line in path.read_text().splitlines()] == ["from one", "from\ntwo"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with prompt(str(path)) as three:
        three.keys("up").wait_for("^› from\n  two$", visible=True)
        three.keys("up", "up").wait_for("^› from one$", visible=True)
        three.keys("c-c").send("from o").wait_for("^› from one", visible=True)
        three.keys("right", "enter").wait_for("got 'from one'")


def test_ctrl_r_searches_the_history(terminal: Terminal) -> None:
    for word in ("alpha beta", "gamma"):
        terminal.send(word).keys("enter").wait_for(f"got '{word}'")
    terminal.keys("c-r").send("bet").settle().keys("enter", "enter")
    terminal.wait_count("got 'alpha beta'", 2)


def test_what_ctrl_r_finds_stands_alone_and_the_hint_of_an_empty_prompt_does_not() -> None:
    with prompt() as terminal:
        terminal.send("found me").keys("c-c").wait_for("^› Ask anything", visible=True)
        terminal.keys("c-r").wait_gone("Ask anything").send("fou").wait_for("^› found me$")
        terminal.wait_for("^Search: fou$", visible=True)
        terminal.keys("esc").wait_for("^› Ask anything", visible=True)


@pytest.mark.parametrize("key", ["esc", "c-g", "c-c"])
@pytest.mark.parametrize("presses", [1, 2, 3])
def test_a_search_that_is_left_gives_the_draft_back(
    terminal: Terminal, key: str, presses: int
) -> None:
    for words in ("night train", "late train", "early train"):
        terminal.send(words).keys("enter").wait_for(f"got '{words}'")
    terminal.send("my draft").keys("c-r").send("tra")
    terminal.wait_for("^› early train$", visible=True)
    terminal.keys(*["c-r"] * presses)
    terminal.keys(key).wait_for("^› my draft$", visible=True)
    terminal.send("!").keys("enter").wait_for("got 'my draft!'")


def test_enter_takes_what_a_search_found_and_does_not_send_it(terminal: Terminal) -> None:
    terminal.send("first line").keys("c-j").send("second part").keys("enter")
    terminal.wait_for(r"got 'first line\\nsecond part'")
    terminal.send("draft").keys("c-r").send("part").wait_for("^› first line\n  second part$")
    terminal.keys("enter").settle()
    terminal.wait_for("^› first line\n  second part$", visible=True)
    assert terminal.everything().count("got 'first line") == 1
    terminal.keys("end").send("!").keys("enter").wait_for(r"got 'first line\\nsecond part!'")


def test_a_search_that_fails_says_so_and_shows_the_draft(terminal: Terminal) -> None:
    terminal.send("my draft").keys("c-r").send("zebra").wait_for("not found", visible=True)
    terminal.wait_for("^› my draft$", visible=True)
    terminal.keys("enter").wait_gone("not found").keys("enter").wait_for("got 'my draft'")


def test_vi_keys_edit_the_line() -> None:
    with prompt("vi") as terminal:
        terminal.send("one two three").keys("esc").wait_for("^normal mode")
        terminal.send("bbdw").settle(0.3).keys("enter")
        terminal.wait_for("got 'one three'")


def test_a_line_that_was_cleared_is_followed_by_one_in_insert_mode() -> None:
    with prompt("vi") as terminal:
        terminal.send("one").keys("esc").wait_for("^normal mode")
        terminal.keys("c-c").wait_gone("^normal mode")
        terminal.send("two").keys("enter").wait_for("got 'two'")


@pytest.mark.parametrize("line", ["/undo", "delete it", "look", ".hidden", "<b>"])
def test_esc_in_an_empty_line_takes_nothing_of_what_is_typed_next(
    terminal: Terminal, line: str
) -> None:
    terminal.keys("esc").pump(0.3).send(line[0]).pump(0.1).send(line[1:]).keys("enter")
    terminal.wait_for(re.escape(f"got {line!r}"))


def test_alt_keys_work_in_an_empty_line(terminal: Terminal) -> None:
    terminal.keys("m-enter").send("below").keys("enter").wait_for(r"got '\\nbelow'")


def test_esc_closes_the_menu_and_leaves_what_was_typed(terminal: Terminal) -> None:
    terminal.send("/m").wait_for("the list", visible=True)
    terminal.keys("tab").wait_for("^› /model$", visible=True)
    terminal.keys("esc").wait_gone("the list")
    assert terminal.screen().startswith("› /m\n")


def test_a_command_can_be_typed_and_completed_in_three_rows() -> None:
    with prompt(rows=3) as terminal:
        terminal.send("/r").wait_for("^› /r$", visible=True)
        terminal.settle().keys("tab").wait_for("^› /retry$", visible=True)
        assert "too small" not in terminal.everything()


def test_the_editor_gets_the_draft_and_gives_it_back(tmp_path: Path) -> None:
    script = tmp_path / "my editor"
    script.write_text('#!/bin/sh\nstat -c %a "$2" >> "$1"; printf " edited" >> "$2"\n')
    script.chmod(0o755)
    log = tmp_path / "log"
    with prompt(VISUAL=f"'{script}' {log}") as terminal:
        terminal.send("draft").keys("c-x", "c-e").wait_for("› draft edited", visible=True)
        terminal.keys("enter").wait_for("got 'draft edited'")
    assert log.read_text() == "600\n"


def test_an_editor_that_fails_changes_nothing_and_says_so() -> None:
    with prompt(VISUAL="false") as terminal:
        terminal.send("draft").keys("c-x", "c-e").wait_for("ended with code 1: nothing was changed")
        terminal.keys("enter").wait_for("got 'draft'")


def test_ctrl_z_suspends_and_the_draft_is_there_afterwards() -> None:
    command = f"{sys.executable} -m tests.terminal.programs prompts"
    shell = ["bash", "-c", f"set -m; {command}; echo in the shell; stty -a; read; fg"]
    with Terminal(shell) as terminal:
        terminal.wait_for("claude-opus")
        terminal.send("draft").wait_for("› draft")
        terminal.keys("c-z").wait_for("in the shell")
        terminal.wait_for(r"^isig icanon iexten echo echoe echok -echonl -noflsh")
        terminal.wait_for(r" ixon ")
        assert terminal.cursor_is_shown()
        terminal.keys("enter").wait_for("› draft")
        terminal.send(" more").keys("enter").wait_for("got 'draft more'")


def test_ctrl_l_clears_the_screen_and_nothing_else(terminal: Terminal) -> None:
    terminal.send("one").keys("enter").wait_for("got 'one'")
    terminal.send("draft").keys("c-l").wait_gone("got 'one'")
    terminal.wait_for(r"\A› draft", visible=True)


def test_forty_columns_and_tiny_windows_stay_usable() -> None:
    with prompt(columns=40, rows=10) as terminal:
        terminal.wait_for("^claude-opus-4-5 · 38k/150k 25% · \\$0.0312$", visible=True)
        for columns, rows in ((1, 1), (3, 2), (12, 3), (500, 200), (40, 10)):
            terminal.resize(columns, rows).settle(0.1)
        terminal.send("alive").keys("enter").wait_for("got 'alive'")


def test_a_dumb_terminal_gets_a_plain_prompt() -> None:
    with prompt("ascii", TERM="dumb") as terminal:
        terminal.send("hello").keys("enter").wait_for("got 'hello'")
        terminal.keys("c-d").wait_for("left by Closed")
        assert b"\x1b" not in terminal.raw


@pytest.mark.parametrize(("name", "code"), [("TERM", 143), ("HUP", 129)])
def test_a_signal_leaves_the_terminal_as_it_was(name: str, code: int) -> None:
    with prompt() as terminal:
        terminal.send("draft").wait_for("› draft")
        assert terminal.signal(name).wait_exit() == code
        assert terminal.tty_is_sane()
        assert terminal.cursor_is_shown()


def test_a_key_typed_early_finds_what_was_typed_before(tmp_path: Path) -> None:
    (tmp_path / "history").write_text('"oldest"\n"older"\n')
    history = f"{tmp_path}/history"
    argv = [sys.executable, "-m", "tests.terminal.programs", "prompts", "ask", history]
    with Terminal(argv) as terminal:
        terminal.wait_for("^›")
        terminal.send("\x1b[A\x1b[A\r").wait_for("got 'oldest'")
        terminal.keys("up", "up").wait_for("^› older$", visible=True)
        terminal.keys("c-c", "c-d")
        assert terminal.wait_exit() == 0


def test_the_background_is_asked_for_and_early_keys_are_kept() -> None:
    argv = [sys.executable, "-m", "tests.terminal.programs", "prompts", "ask"]
    with Terminal(argv, background=LIGHT) as terminal:
        terminal.wait_for("^›")
        terminal.send("early\r").wait_for("dark=False")
        terminal.wait_for("got 'early'")


def test_an_answer_that_comes_too_late_is_not_typed_into_the_line(terminal: Terminal) -> None:
    terminal.send("\x1b]11;rgb:1414/1616/1a1a\x1b\\").settle()
    terminal.send("ok\x1b[?62;4c").settle().send("!").keys("enter")
    terminal.wait_for("got 'ok!'")


@pytest.mark.parametrize("report", REPORTS, ids=ascii)
def test_what_a_terminal_reports_neither_types_nor_swallows_a_letter(
    terminal: Terminal, report: str
) -> None:
    terminal.send(f"ab{report}cd").pump(0.1).send("\x00ef").pump(0.1)
    terminal.keys("enter").wait_for("^got 'abcdef'$", visible=True)


@pytest.mark.parametrize(
    "key",
    [
        "\x1b[13;2u",
        "\x1b[13;5u",
        "\x1b[27;2;13~",
        "\x1b[27;5;13~",
        "\x1b\r",
        "\\\r\n",
        "\x1b[57414;2u",
    ],
    ids=ascii,
)
def test_shift_enter_is_one_new_line_in_every_form(terminal: Terminal, key: str) -> None:
    terminal.send("one").pump(0.1).send(key).pump(0.1).send("two").pump(0.1)
    terminal.keys("enter").wait_for(r"got 'one\\ntwo'", visible=True)


@pytest.mark.parametrize("key", ["\x1bOM", "\x1b[57414u", "\x1b[13u", "\r\n"], ids=ascii)
def test_enter_sends_in_every_form(terminal: Terminal, key: str) -> None:
    terminal.send("one").pump(0.1).send(key).wait_for("got 'one'", visible=True)


@pytest.mark.parametrize(
    ("paste", "text"),
    [
        ("SELECT a\r\nFROM b\r\nLIMIT 3", r"SELECT a\\nFROM b\\nLIMIT 3"),
        ("one\r/exit\rtwo\r", r"one\\n/exit\\ntwo\\n"),
        ("\x1b[200~a\x1b[201~\r/exit\rb\r", r"a\\n/exit\\nb\\n"),
        ("\tif x:\r\t\treturn", r"\\tif x:\\n\\t\\treturn"),
    ],
    ids=ascii,
)
def test_a_paste_never_sends_by_itself(terminal: Terminal, paste: str, text: str) -> None:
    terminal.send(paste).pump(0.3)
    assert "got" not in terminal.screen()
    terminal.keys("enter").wait_for(f"got '{text}'", visible=True)


def test_keys_are_told_apart_only_while_we_read_them(tmp_path: Path) -> None:
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nsleep 0.5\nprintf " edited" >> "$1"\n')
    script.chmod(0o755)
    argv = [sys.executable, "-m", "tests.terminal.programs", "prompts", "ask"]
    with Terminal(argv, extended=True, env={"EDITOR": str(script)}) as terminal:
        terminal.wait_for("claude-opus")
        assert terminal.settle().tells_keys_apart()
        terminal.send("one\x1b[13;2utwo\x1b[97;9u\x1b[99;5:3u").pump(0.1).send(
            "\x1b[120;5u\x1b[101;5u"
        )
        terminal.pump(0.3)
        assert not terminal.tells_keys_apart()
        terminal.wait_for("two edited")
        assert terminal.settle().tells_keys_apart()
        terminal.keys("enter").wait_for(r"got 'one\\ntwo edited'")
        terminal.settle().send("\x1b[100;5u").wait_for("left by Closed")
        assert terminal.wait_exit() == 0
        assert terminal.tty_is_sane()


@pytest.mark.parametrize("name", ["TERM", "HUP"])
def test_a_signal_gives_the_keys_back(name: str) -> None:
    argv = [sys.executable, "-m", "tests.terminal.programs", "prompts", "ask"]
    with Terminal(argv, extended=True) as terminal:
        terminal.wait_for("claude-opus")
        assert terminal.settle().tells_keys_apart()
        terminal.signal(name).wait_exit()
        assert terminal.tty_is_sane()


def test_an_answer_that_comes_late_still_counts_and_types_nothing() -> None:
    with prompt() as terminal:
        assert not terminal.tells_keys_apart()
        terminal.send("a\x1b[?0ub").wait_for("^› ab", visible=True)
        assert terminal.tells_keys_apart()
        terminal.send("\x1b[99;5u").wait_gone("^› ab$")
        terminal.send("c\x1b[13;5ud").pump(0.1).keys("enter").wait_for(r"got 'c\\nd'")


def test_fences_are_highlighted_while_typing(terminal: Terminal) -> None:
    terminal.send("```py").keys("c-j").send("x = 1").keys("c-j").send("```").settle()
    rows = terminal.emulator.buffer
    styles = {rows[y][2].fg for y in range(16) if rows[y][2].data in "`x"}
    assert len(styles) == 2
    assert "default" not in styles


def test_a_default_text_can_be_edited() -> None:
    with prompt("default") as terminal:
        terminal.send("ed").keys("enter").wait_for("got 'drafted'")


def test_half_characters_are_replaced() -> None:
    assert whole_characters("a\ud83d\ude00\ud800b") == "a😀\ufffdb"
    assert whole_characters("plain") == "plain"
