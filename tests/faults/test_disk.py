"""Disks that are full, broken, read-only, missing or spoilt: the chat goes on and says so."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from chatrepl.storage.read import load
from tests.faults.home import CANARY, QUESTION, Home, complaint, newest
from tests.faults.nursery import Nursery
from tests.faults.talk import FIRST, talk, variables


def _can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


MOUNT = pytest.mark.skipif(not _can_mount(), reason="NOT CHECKED: file systems need root here")
STRACE = pytest.mark.skipif(shutil.which("strace") is None, reason="NOT CHECKED: no strace here")


def mounted(folder: Path, options: str) -> tuple[str, ...]:
    """Give the command line that runs a program with a file system of its own in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    script = f'mount -t tmpfs -o {options} tmpfs "$0" && exec "$@"'
    return ("unshare", "-m", "sh", "-c", script, str(folder))


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    assert path.stat().st_size > 0


@MOUNT
def test_d1_on_a_full_disk_the_chat_goes_on_and_is_saved_once_there_is_room(tmp_path: Path) -> None:
    with talk(tmp_path, under=mounted(tmp_path / "state", "size=256k")) as t:
        t.say("demo: say one")
        inside = Path(f"/proc/{t.terminal.pid}/root{tmp_path}/state")
        filler = inside / "filler"
        fill(filler)
        long = "two " + "and so on " * 900
        t.terminal.paste(f"demo: say {long}")
        t.say("", count=2)
        t.terminal.wait_for("NOT SAVED", visible=True)
        t.say("demo: say three", count=3)
        t.terminal.wait_for("NOT SAVED", visible=True)
        filler.unlink()
        t.say("demo: say four", count=4)
        t.terminal.keys("bs").wait_gone("NOT SAVED")
        (path,) = inside.rglob("conversations/*.jsonl")
        kept = load(path)
        t.terminal.keys("c-d")

        assert t.terminal.wait_exit() == 0
        assert len(t.served.requests) >= 4
        assert kept.skipped == 0
        replies = [turn.assistant.text for turn in kept.conversation.path() if turn.assistant]
        assert [text.split()[0] for text in replies] == ["one", "two", "three", "four"]


@MOUNT
def test_d3_a_read_only_home_can_be_read_and_the_chat_is_told_to_be_unsaved(tmp_path: Path) -> None:
    with talk(tmp_path, under=mounted(tmp_path / "state", "ro")) as t:
        t.say("demo: say one")
        t.terminal.wait_for("NOT SAVED", visible=True)
        t.say("demo: say two", count=2)
        t.terminal.wait_for("NOT SAVED", visible=True)
        t.terminal.keys("c-d")

        assert t.terminal.wait_exit() == 1
        last = " ".join(t.terminal.everything().split())
        assert "not saved: the disk is read-only" in last
        messages = t.messages
        assert len(messages) == 3  # memory has it all


@pytest.mark.parametrize("home_variable", ["", "/", "/nowhere/at/all"], ids=str)
def test_d4_without_a_home_the_chat_goes_on_unsaved(
    tmp_path: Path, nursery: Nursery, home_variable: str
) -> None:
    env = {"HOME": home_variable, "XDG_STATE_HOME": "", "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""}
    before = set(Path("/").iterdir())
    with talk(tmp_path, env=env, nursery=nursery) as t:
        t.say("demo: say one")
        t.terminal.wait_for("NOT SAVED", visible=True)
        t.terminal.keys("c-d")

        assert t.terminal.wait_exit() == 1
        assert "no home folder" in " ".join(t.terminal.everything().split())
    assert set(Path("/").iterdir()) == before
    assert not Path("/nowhere").exists()


def test_d4_nothing_is_lost_of_a_single_shot_without_a_home(home: Home) -> None:
    home.desk.script("say well")
    assert home.run("hello", env={"HOME": None}).out == "well\n"
    assert home.run("hello", "--save", "x", env={"HOME": None}).code == 1


@STRACE
@pytest.mark.parametrize(
    ("call", "error", "when", "words"),
    [
        ("fdatasync,fsync", "EIO", "1+", "the disk reported a fault"),
        ("fsync", "ENOSPC", "1+", "the disk is full"),
        ("mkdir", "EROFS", "1+", "the disk is read-only"),
        ("fchmod", "EIO", "1+", "the disk reported a fault"),
        ("fdatasync", "EIO", "1", ""),
        ("fdatasync", "EIO", "2", ""),
        ("fchmod", "ENOSPC", "1", ""),
    ],
)
def test_d2_a_call_that_fails_costs_nothing_but_the_file(
    home: Home, call: str, error: str, when: str, words: str
) -> None:
    home.desk.script("say well")
    inject = ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}"]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", os.devnull, *inject, sys.executable, "-m", "chatrepl",
         "--save", "kept", QUESTION],
        env={**home.desk.env(), "ANTHROPIC_API_KEY": CANARY, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL, capture_output=True, check=False, cwd=home.path, text=True,
    )  # fmt: skip
    assert done.stdout == "well\n", done
    assert complaint(done.stdout, done.stderr) == ""
    if words:
        assert done.returncode == 1
        assert f"not saved: {words}" in done.stderr
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert newest(home.path) == (QUESTION, "well")


@STRACE
def test_d2_a_chat_whose_every_sync_fails_says_so_and_goes_on(tmp_path: Path) -> None:
    inject = ("-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO:when=1+")
    under = ("strace", "-f", "-qq", "-o", os.devnull, "--seccomp-bpf", *inject)
    with talk(tmp_path, under=under) as t:
        t.say("demo: say one")
        t.terminal.wait_for("NOT SAVED", visible=True)
        t.say("demo: say two", count=2)
        t.terminal.keys("c-d")

        assert t.terminal.wait_exit(20) == 1
        assert "the disk reported a fault" in " ".join(t.terminal.everything().split())
        assert len(t.messages) == 3


def test_d5_who_opens_a_conversation_second_is_told_and_works_on_a_copy(
    tmp_path: Path, nursery: Nursery
) -> None:
    with talk(tmp_path, nursery=nursery) as first:
        first.say("demo: say one")
        with talk(tmp_path, "-c", nursery=nursery, shows="goes on in a copy") as second:
            second.terminal.wait_for(FIRST)
            second.say("demo: say two")
            first.say("demo: say three", count=2)
            second.terminal.keys("c-d")
            assert second.terminal.wait_exit() == 0
        first.terminal.keys("c-d")
        assert first.terminal.wait_exit() == 0
    talks = [load(path).conversation.path() for path in tmp_path.rglob("conversations/*.jsonl")]
    said = {
        tuple(turn.assistant.text.strip() for turn in turns if turn.assistant) for turns in talks
    }
    assert said == {("one", "three"), ("one", "two")}


DAMAGE = {
    "a torn tail": lambda data: data[:-20],
    "zeroed blocks": lambda data: data.replace(b"\n", b"\n" + b"\0" * 300, 1),
    "noise in the middle": lambda data: (
        data[: len(data) // 2] + b"\xff{{\n" + data[len(data) // 2 :]
    ),
    "a record of nobody": lambda data: data + b'{"t":"from the future","v":99}\n',
}


@pytest.mark.parametrize("name", DAMAGE, ids=str)
def test_d6_d7_a_spoilt_file_costs_its_damage_and_no_more(home: Home, name: str) -> None:
    home.desk.script("say one", "say two")
    assert home.run("--save", "talk", "first").code == 0
    assert home.run("-c", "second").code == 0
    (path,) = home.path.rglob("conversations/*.jsonl")
    path.write_bytes(DAMAGE[name](path.read_bytes()))

    home.desk.script("say three")
    done = home.run("-c", "third", "-o", "json")
    assert done.code == 0, done
    asked = json.dumps(home.desk.bodies[-1]["messages"])
    assert "first" in asked
    assert "third" in asked
    listed = home.run("--sessions")
    assert listed.code == 0
    assert "talk" in listed.out
    assert home.kept() == ("third", "three")


def test_d6_a_store_of_rubbish_hides_nothing(home: Home) -> None:
    home.desk.script("say one", "say two")
    assert home.run("--save", "talk", "first").code == 0
    (path,) = home.path.rglob("conversations/*.jsonl")
    (path.parent / "rubbish.jsonl").write_bytes(os.urandom(9_000))
    (path.parent / "empty.jsonl").write_bytes(b"")
    (path.parent / "folder.jsonl").mkdir()
    listed = home.run("--sessions")
    assert listed.code == 0
    assert re.search("talk", listed.out)
    assert home.run("-r", "talk", "second").out == "two\n"


def test_d8_chats_at_the_same_time_hide_nothing_of_each_other(home: Home) -> None:
    with serve(Engine()) as served:
        env = {**os.environ, **variables(home.path, served.url)}
        command = [sys.executable, "-m", "chatrepl", "hello", "--save"]
        runs = [
            subprocess.Popen([*command, f"talk{n}"], env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL)
            for n in range(4)
        ]  # fmt: skip
        assert [run.wait(60) for run in runs] == [0] * 4
    listed = home.run("--sessions", env=variables(home.path, home.desk.served.url))
    assert all(f"talk{n}" in listed.out for n in range(4))
