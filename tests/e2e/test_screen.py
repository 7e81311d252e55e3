"""The screen around a reply on a real terminal: signals, suspension, sizes, keys, a slow reader."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.grammar import violations
from tests.e2e.terminal import DONE, Terminal

FIRST = "^[›>]( Ask anything)?"


@contextmanager
def chat(
    home: Path,
    *arguments: str,
    size: tuple[int, int] = (80, 30),
    env: Mapping[str, str] | None = None,
    shell: bool = False,
    ignoring: str = "",
) -> Iterator[Terminal]:
    """A chat with the embedded engine; under a shell with job control if that is asked for.

    `ignoring` names signals that it is started to ignore.
    """
    argv = [sys.executable, "-m", "chatrepl", "--demo", *arguments]
    if ignoring:
        argv = ["bash", "-c", f"trap '' {ignoring}; exec {' '.join(argv)}"]
    if shell:
        argv = ["bash", "-c", f"set -m; {' '.join(argv)}; echo back; fg; echo left $?"]
    known = {"HOME": str(home), "XDG_STATE_HOME": "", "XDG_CACHE_HOME": "", **(env or {})}
    with Terminal(argv, columns=size[0], rows=size[1], env=known) as terminal:
        yield terminal


def ready(terminal: Terminal) -> Terminal:
    terminal.wait_for(FIRST)
    return terminal


ENDLESS = ("--max-tokens", "100000")  # no moment is over before the signal comes
MOMENTS = {
    "at the prompt": ("a draft", "", "^› a draft"),
    "while waiting": ("demo: slow 30", "enter", r"^\S \d s$"),
    "while it streams": ("demo: pace 20; count to 400", "enter", r"2\W+3"),
    "in a retry": ("demo: error 529 x9", "enter", "again in"),
    "while it is painted": ("demo: speed 0; long 100000", "enter", "Section"),
    "in the editor": ("a text", "", "^› a text"),
}


@pytest.mark.parametrize(("name", "code"), [("TERM", 143), ("HUP", 129)])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_leaves_the_terminal_as_it_was(
    tmp_path: Path, moment: str, name: str, code: int
) -> None:
    typed, key, seen = MOMENTS[moment]
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho editing\nexec sleep 30\n", encoding="utf-8")
    editor.chmod(0o755)
    with chat(tmp_path, *ENDLESS, env={"EDITOR": str(editor)}) as terminal:
        ready(terminal).send(typed)
        if key:
            terminal.keys(key)
        terminal.wait_for(seen)
        if moment == "in the editor":
            terminal.keys("c-x", "c-e").wait_for("editing")
        terminal.signal(name)
        assert terminal.wait_exit(20) == code
        assert terminal.tty_is_sane()
        assert terminal.cursor_is_shown()
        assert "Traceback" not in terminal.everything()


@pytest.mark.parametrize("moment", list(MOMENTS)[1:5])
def test_an_interrupt_stops_the_reply_and_the_chat_goes_on(tmp_path: Path, moment: str) -> None:
    typed, key, seen = MOMENTS[moment]
    with chat(tmp_path, *ENDLESS) as terminal:
        ready(terminal).send(typed).keys(key).wait_for(seen)
        terminal.signal("INT").wait_for("Stopped before|^The reply was cut")
        terminal.wait_for("^›( |$)", visible=True)
        terminal.keys("c-c", "c-c", "c-d")
        assert terminal.wait_exit(20) == 0
        assert terminal.tty_is_sane()


def test_what_is_ignored_from_the_start_stays_ignored(tmp_path: Path) -> None:
    names = ("HUP", "INT", "QUIT", "TERM", "TSTP")
    with chat(tmp_path, ignoring=" ".join(names)) as terminal:
        ready(terminal).send("demo: pace 20; count to 40").keys("enter").wait_for(r"2\W+3")
        for name in names:
            terminal.signal(name).pump(0.05)
        terminal.wait_for(DONE)
        assert "Stopped" not in terminal.everything()
        terminal.send("a draft").wait_for("^› a draft")
        for name in names:
            terminal.signal(name).pump(0.05)
        terminal.send(" goes on").wait_for("^› a draft goes on")
        terminal.keys("c-c", "c-d")
        assert terminal.wait_exit() == 0


def test_a_single_shot_ends_with_130(tmp_path: Path) -> None:
    with chat(tmp_path, "demo:", "pace", "20;", "count", "to", "400") as terminal:
        terminal.wait_for(r"2\W+3")
        terminal.signal("INT")
        assert terminal.wait_exit() == 130
        assert terminal.tty_is_sane()


def test_suspended_in_mid_reply_it_goes_on_where_it_was(tmp_path: Path) -> None:
    with chat(tmp_path, shell=True) as terminal:
        ready(terminal).send("demo: pace 30; count to 60").keys("enter")
        terminal.wait_for(r"2\W+3")
        terminal.keys("c-z").wait_for("^back$")
        terminal.wait_for(DONE)
        assert re.search(r"\D60\D*\n.* out ", terminal.everything())
        assert len(re.findall(r"(?<!\d)17(?!\d)", terminal.everything())) == 1
        terminal.keys("c-d").wait_for("^left 0$")


def test_a_window_may_change_in_mid_reply(tmp_path: Path) -> None:
    with chat(tmp_path) as terminal:
        ready(terminal).send("demo: pace 60; long 1500").keys("enter")
        terminal.wait_for("Section 1")
        for columns, rows in ((40, 10), (120, 40), (7, 5), (80, 30)):
            terminal.resize(columns, rows).pump(0.2)
        terminal.wait_for(DONE)
        terminal.wait_for("^› $|^›$", visible=True)
        assert violations(terminal.raw.decode()) == []


@pytest.mark.parametrize("size", [(500, 60), (20, 2)])
def test_windows_of_any_size_will_do(tmp_path: Path, size: tuple[int, int]) -> None:
    with chat(tmp_path, size=size) as terminal:
        terminal.wait_for("›")
        terminal.settle()
        terminal.send("demo: think").keys("enter").settle(1.0, 30)
        terminal.keys("c-d")
        assert terminal.wait_exit() == 0
        assert "Traceback" not in terminal.everything()


def test_esc_stops_and_what_was_typed_meanwhile_waits_in_the_prompt(tmp_path: Path) -> None:
    with chat(tmp_path) as terminal:
        ready(terminal).send("demo: pace 20; count to 400").keys("enter")
        terminal.wait_for(r"2\W+3")
        terminal.send("typed ").paste("a\nb").pump(0.2)
        assert "typed" not in terminal.everything()
        terminal.keys("esc").wait_for("^The reply was cut")
        terminal.wait_for("^› typed a\n +b$|^› typed a\nb$", visible=True)


def test_a_command_at_a_question_runs_by_itself_and_the_draft_stays(tmp_path: Path) -> None:
    with chat(tmp_path) as terminal:
        ready(terminal).send("/foo/bar baz").keys("enter").wait_for(r"\[y/N\]")
        terminal.send("/help exit\r").wait_for("^Leave. What was said is kept.")
        terminal.wait_for("^› /foo/bar baz$", visible=True)
        assert terminal.screen().count("[y/N]") == 1


def test_a_choice_is_shown_without_its_json(tmp_path: Path) -> None:
    with chat(tmp_path) as terminal:
        ready(terminal).send("/choose red blue").keys("enter").wait_for("one of red, blue")
        terminal.send("which").keys("enter").wait_for(DONE)
        shown = terminal.settle().everything()
        assert re.search(r"^› which\n(red|blue)\n.* out ", shown, re.MULTILINE)
        assert "{" not in shown
        terminal.send("/save chosen").keys("enter").wait_for("called chosen")
        terminal.keys("c-d")
        assert terminal.wait_exit() == 0
    with chat(tmp_path, "-r", "chosen") as terminal:
        terminal.wait_for("The choices are back")
        assert "{" not in terminal.everything()


def test_a_key_to_clear_the_screen_leaves_the_reply_that_streams(tmp_path: Path) -> None:
    with chat(tmp_path) as terminal:
        ready(terminal).send("demo: pace 60; count to 60").keys("enter").wait_for(r"2\W+3")
        terminal.keys("c-l").wait_for(DONE)
        terminal.wait_for("^›$", visible=True)
        terminal.settle().wait_for(r"59 60", visible=True)


def test_without_utf8_our_own_words_are_ascii(tmp_path: Path) -> None:
    env = {"LANG": "C", "LC_ALL": "C"}
    with chat(tmp_path, "--set", "show_thinking=false", env=env, size=(60, 40)) as terminal:
        ready(terminal).send("demo: error 529 x1").keys("enter").wait_for("again in")
        terminal.wait_for(DONE.replace("·", r"\|"))
        terminal.send("/history").keys("enter").wait_for("^#.*state$")
        terminal.send("/help").keys("enter").wait_for("shows the keys")
        assert terminal.settle().everything().isascii()
        assert bytes(terminal.raw).isascii()  # nor was anything else seen for a moment


def test_nothing_is_doubled_and_one_row_stays_free_between_exchanges(tmp_path: Path) -> None:
    with chat(tmp_path, size=(80, 60)) as terminal:
        ready(terminal)
        for number in range(1, 3):
            terminal.send(f"demo: say reply {number}").keys("enter")
            terminal.wait_count(DONE, number)
        terminal.send("/nonsense").keys("enter").wait_for("no command")
        terminal.keys("c-d")
        terminal.wait_exit()
        rows = terminal.everything().split("\n")[1:]
        assert "\n\n\n" not in "\n".join(rows)
        prompts = [at for at, row in enumerate(rows) if row.startswith("› ")]
        assert all(rows[at - 1] == "" for at in prompts if at)
        assert len([row for row in rows if row.startswith("reply")]) == 2


@pytest.mark.parametrize(
    ("env", "allowed"),
    [
        ({"NO_COLOR": "1"}, r"\x1b\[(?:[0-9;]*[34]\d|[0-9;]*[349][0-7])"),
        ({"TERM": "dumb"}, r"\x1b\[[0-9;]*m"),
        ({"COLORTERM": "", "TERM": "xterm-256color"}, r"\x1b\[[0-9;]*38;2;"),
        ({"COLORTERM": "", "TERM": "xterm"}, r"\x1b\[[0-9;]*38;"),
        ({"LANG": "C", "LC_ALL": "C"}, "[^\x00-\x7f]"),
    ],
    ids=["no color", "dumb", "256 colours", "16 colours", "ascii"],
)
def test_the_terminal_gets_only_what_it_knows(
    tmp_path: Path, env: Mapping[str, str], allowed: str
) -> None:
    with chat(tmp_path, size=(80, 60), env=env) as terminal:
        ready(terminal)
        begun = len(terminal.raw)
        terminal.send("demo: say `x` **b**").keys("enter").wait_for(DONE)
        written = terminal.raw[begun:].decode()
        reply = written[written.rindex("b**") :] if "b**" in written else written
        reply = re.split(DONE, reply, maxsplit=1, flags=re.MULTILINE)[0]
        assert not re.search(allowed, reply.replace("·", ""))


def test_a_terminal_that_goes_away_ends_the_chat(tmp_path: Path) -> None:
    """Without a signal telling so: the next write fails."""
    with chat(tmp_path) as terminal:
        ready(terminal).send("demo: pace 20; count to 400").keys("enter")
        terminal.wait_for(r"2\W+3")
        terminal.close()
        assert terminal.wait_exit(10) in {129, -1}
