"""Signals, terminals that go away, change or can do little: the talk is kept, the code is right."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.terminal import DONE
from tests.faults.home import Home, newest
from tests.faults.nursery import Nursery
from tests.faults.talk import FIRST, MARK, Talk, hang_up, talk

CODES = {"TERM": 143, "HUP": 129, "QUIT": 131}


def at_the_prompt(t: Talk) -> tuple[str, str]:
    t.say("demo: say well")
    return "demo: say well", "well"


def before_the_first_byte(t: Talk) -> tuple[str, str]:
    t.begin("demo: slow 20", r"^\S \d s$")
    return "demo: slow 20", ""


def in_the_middle_of_a_reply(t: Talk) -> tuple[str, str]:
    t.begin("demo: pace 40; count to 4000", r"2\W+3\W+4")
    return "demo: pace 40; count to 4000", "1"


def in_a_code_block(t: Talk) -> tuple[str, str]:
    t.begin("demo: pace 40; long 9000", r"Section 1")
    t.terminal.pump(0.3)
    return "demo: pace 40; long 9000", "Section 1"


def in_a_wait_before_the_next_attempt(t: Talk) -> tuple[str, str]:
    t.begin("demo: error 529 x9", "again in")
    return "demo: error 529 x9", ""


def in_the_editor(t: Talk) -> tuple[str, str]:
    t.say("demo: say well")
    t.begin("/editor", "editor is open")
    return "demo: say well", "well"


MOMENTS = [
    at_the_prompt,
    before_the_first_byte,
    in_the_middle_of_a_reply,
    in_a_code_block,
    in_a_wait_before_the_next_attempt,
    in_the_editor,
]


WAYS = [("TERM", moment) for moment in MOMENTS] + [
    ("gone", at_the_prompt),
    ("gone", in_the_middle_of_a_reply),
    ("gone", in_the_editor),
    ("HUP", before_the_first_byte),
    ("HUP", in_a_code_block),
    ("QUIT", at_the_prompt),
    ("QUIT", in_the_middle_of_a_reply),
]


@pytest.mark.parametrize(
    ("how", "moment"), WAYS, ids=[f"{how} {moment.__name__}" for how, moment in WAYS]
)
def test_t4_t12_a_signal_or_a_closed_terminal_ends_it_with_everything_kept(
    tmp_path: Path, nursery: Nursery, how: str, moment: Callable[[Talk], tuple[str, str]]
) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho editor is open\nsleep 5\n", encoding="utf-8")
    editor.chmod(0o755)
    with talk(tmp_path, env={"EDITOR": str(editor)}, nursery=nursery) as t:
        asked, replied = moment(t)
        if how == "gone":
            assert hang_up(t.terminal) == CODES["HUP"]
        else:
            t.terminal.signal(how)
            assert t.terminal.wait_exit(10) == CODES[how]
            assert t.terminal.tty_is_sane()
            assert t.terminal.cursor_is_shown()
    question, reply = newest(tmp_path)
    assert question == asked
    assert replied in reply
    assert bool(reply) == bool(replied)


@pytest.mark.parametrize("how", ["TERM", "gone"])
def test_t4_t12_a_draft_that_nobody_sent_is_in_the_history(
    tmp_path: Path, nursery: Nursery, how: str
) -> None:
    with talk(tmp_path, nursery=nursery) as t:
        t.terminal.send("a draft").wait_for("a draft")
        if how == "gone":
            assert hang_up(t.terminal) == CODES["HUP"]
        else:
            assert t.terminal.signal(how).wait_exit() == CODES[how]
    with talk(tmp_path, nursery=nursery) as t:
        t.terminal.keys("up").wait_for("› a draft")
        t.terminal.keys("c-c", "c-d")
        assert t.terminal.wait_exit() == 0


def test_t5_after_a_kill_the_next_start_says_what_was_recovered(
    tmp_path: Path, nursery: Nursery
) -> None:
    with talk(tmp_path, nursery=nursery) as t:
        asked, _ = in_the_middle_of_a_reply(t)
        t.terminal.signal("KILL")
        assert t.terminal.wait_exit() == -signal.SIGKILL
    assert newest(tmp_path)[0] == asked
    assert "4" in newest(tmp_path)[1]

    with talk(tmp_path, "-c", nursery=nursery, shows="/continue") as t:
        t.terminal.wait_for(FIRST)
        t.terminal.keys("c-d")
        assert t.terminal.wait_exit() == 0
        assert "cut when chatrepl ended" in " ".join(t.terminal.everything().split())


def test_t1_a_storm_of_resizes_breaks_neither_prompt_nor_reply(
    tmp_path: Path, nursery: Nursery
) -> None:
    with talk(tmp_path, nursery=nursery) as t:
        for columns, rows in ((1, 1), (500, 200), (3, 2), (80, 24)) * 5:
            t.terminal.resize(columns, rows).pump(0.005)
        t.begin("demo: pace 60; count to 60", r"1\W+2\W+3")
        for columns, rows in ((40, 5), (200, 50), (2, 3), (80, 24)) * 5:
            t.terminal.resize(columns, rows).pump(0.02)
        t.terminal.wait_for(DONE, 20)
        t.terminal.keys("c-d")

        assert t.terminal.wait_exit() == 0
        assert t.terminal.tty_is_sane()
    assert "59" in newest(tmp_path)[1]


def test_t2_a_suspended_reply_goes_on_or_is_told_to_be_cut(tmp_path: Path) -> None:
    shell = ("bash", "-c", 'set -m; "$@"; echo in the shell; read; fg', "sh")
    with talk(tmp_path, "--set", "timeout_s=30", under=shell) as t:
        t.begin("demo: pace 40; count to 80", r"2\W+3\W+4")
        t.terminal.keys("c-z").wait_for("in the shell")
        t.terminal.pump(0.3).keys("enter").wait_for(DONE, 20)
        t.terminal.wait_for(MARK, visible=True)
        t.terminal.keys("c-d")
        assert t.terminal.wait_exit() == 0
    assert newest(tmp_path)[1].rstrip().endswith("80")


@pytest.mark.parametrize("term", ["dumb", "no-such-terminal", ""])
def test_t10_a_terminal_that_can_do_little_gets_plain_text(
    tmp_path: Path, nursery: Nursery, term: str
) -> None:
    with talk(tmp_path, env={"TERM": term, "NO_COLOR": "1"}, nursery=nursery, shows="[›>]") as t:
        t.terminal.send("demo: say **well**").keys("enter").wait_for(DONE, 20)
        t.terminal.keys("c-d")
        assert t.terminal.wait_exit() == 0
        assert not re.search(rb"\x1b\[(?:\d+;)*[349][0-8][;m]", bytes(t.terminal.raw))  # colour
    assert newest(tmp_path)[1].rstrip() == "**well**"


def test_t11_a_locale_without_utf8_shows_what_it_can(home: Home, tmp_path: Path) -> None:
    home.desk.script('say "schön 👍 \u202e"')
    env = {**home.desk.env(), "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}
    env["PYTHONCOERCECLOCALE"] = "0"
    done = subprocess.run(
        [sys.executable, "-m", "chatrepl", "hello"], env=env, capture_output=True, check=False,
        stdin=subprocess.DEVNULL, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"sch")
    assert b"Traceback" not in done.stdout


def test_t7_an_answer_that_cannot_be_written_is_kept(home: Home) -> None:
    home.desk.script("say well")
    with (
        Path("/dev/full").open("wb") as full,
        home.desk.start("--save", "kept", "hello", stdout=full) as run,
    ):
        _, err = run.communicate(timeout=20)
    assert run.returncode == 1
    assert len(err.splitlines()) == 1
    asked, came = home.kept()
    assert asked == "hello"
    assert came
    assert "well".startswith(came.rstrip())  # as far as it came until nobody could take it


@pytest.mark.parametrize("name", ["HUP", "TERM"])
def test_t4_a_single_shot_that_is_hung_up_on_keeps_what_came(home: Home, name: str) -> None:
    home.desk.served.engine.script("count 2000; pace 50")
    with home.desk.start("--save", "kept", "go") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.Signals[f"SIG{name}"])
        _, err = process.communicate(timeout=20)
    assert process.returncode == CODES[name]
    assert b"Traceback" not in err
    assert home.kept()[0] == "go"
    assert home.kept()[1]


def test_i1_a_large_paste_is_one_message_to_the_byte(tmp_path: Path, nursery: Nursery) -> None:
    text = "".join(f"line {n} é\n" for n in range(50_000))[:700_000] + "end"
    with talk(tmp_path, nursery=nursery) as t:
        t.terminal.paste(text)
        t.terminal.settle(0.3, 20).keys("enter").wait_for(DONE, 40)
        t.terminal.keys("c-d")
        assert t.terminal.wait_exit() == 0
        sent = [r for r in t.served.requests if r.path.endswith("/messages")]
        assert len(sent) == 1
    assert newest(tmp_path)[0] == text
