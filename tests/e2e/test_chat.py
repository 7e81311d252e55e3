"""A chat on a real terminal with the service behind real HTTP: typed, stopped, gone on with."""

import json
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import Served, serve
from chatrepl.demo.wire import WireAnswer
from tests.bench.service import service
from tests.e2e.terminal import DONE, Terminal

PROMPT = r"^› ?$"
FIRST = "^› Ask anything"


class Watched(Engine):
    """An engine that remembers how it answered."""

    statuses: list[int]

    def handle(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> WireAnswer:
        answer = super().handle(method, target, headers, body)
        if "messages" in target:
            self.statuses.append(answer.status)
        return answer


@dataclass(slots=True)
class Chat:
    """A running chat and the service it talks to."""

    terminal: Terminal
    served: Served
    engine: Watched
    turns: int = field(default=0)

    def say(self, text: str, ends: str = DONE) -> None:
        """Ask, and wait until the prompt is back."""
        count = len(re.findall(ends, self.terminal.everything(), re.MULTILINE))
        self.terminal.send(text).keys("enter")
        self.terminal.wait_count(ends, count + 1)
        self.terminal.wait_for(PROMPT)

    def begin(self, text: str, shows: str) -> None:
        """Ask, and wait until some of the reply is seen."""
        self.terminal.send(text).keys("enter")
        self.terminal.wait_for(shows)

    def stop(self, key: str, shows: str, count: int = 1) -> None:
        """Stop the reply, and wait until the prompt is back."""
        self.terminal.keys(key)
        self.terminal.wait_count(shows, count)
        self.terminal.wait_for("^› ", visible=True)

    def command(self, text: str, shows: str) -> None:
        """Run a command."""
        self.begin(text, shows)
        self.terminal.wait_for(PROMPT)

    @property
    def bodies(self) -> list[dict[str, object]]:
        return [json.loads(r.body) for r in self.served.requests if r.path.endswith("/messages")]


@contextmanager
def chat(
    home: Path, *arguments: str, pace: float = 0.0, columns: int = 80, editor: str = ""
) -> Iterator[Chat]:
    engine = Watched(pace=pace)
    engine.statuses = []
    with serve(engine) as served:
        env = {
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "ANTHROPIC_API_KEY": "sk-ant-test",
            "ANTHROPIC_BASE_URL": served.url,
            "EDITOR": editor,
        }
        argv = [sys.executable, "-m", "chatrepl", *arguments]
        with Terminal(argv, columns=columns, rows=30, env=env) as terminal:
            terminal.wait_for(FIRST)
            yield Chat(terminal, served, engine)


def test_twenty_turns_with_interrupts_at_five_moments(tmp_path: Path) -> None:
    with chat(tmp_path) as c:
        for n in range(1, 4):
            c.say(f"demo: say answer number {n}")
        # before the first byte
        c.begin("demo: slow 20", r"^\S \d s$")
        c.stop("c-c", "back in the prompt")
        c.terminal.wait_count("^› demo: slow 20", 2)
        c.terminal.keys("c-c")
        c.say("demo: say after the first")
        # in a word
        c.engine.pace = 20
        c.begin("demo: long 4000", "^Section 1")
        c.terminal.pump(0.5)
        c.stop("esc", "cut$")
        c.engine.pace = 0
        c.say("demo: say after the second")
        # in a code block
        c.engine.pace = 60
        c.begin("some python code", "def |import ")
        c.stop("c-c", "cut$", 2)
        c.engine.pace = 0
        c.say("demo: say after the third")
        # in a retry wait
        c.begin("demo: error 529 x9", "again in")
        c.stop("esc", "back in the prompt", 2)
        c.terminal.keys("c-c")
        c.say("demo: say after the fourth")
        # at the end
        c.say("demo: count to 5")
        c.terminal.keys("c-c")
        for n in range(10):
            c.say(f"demo: say late answer {n}")
        c.terminal.keys("c-d")

        assert c.terminal.wait_exit() == 0
        assert c.terminal.tty_is_sane()
        assert set(c.engine.statuses) <= {200, 529}
        assert len(c.bodies) >= 20
        assert "late answer 8" in json.dumps(c.bodies[-1])
        assert "Interrupted" not in json.dumps(c.bodies[-1])


def test_a_stopped_reply_is_kept_and_sent(tmp_path: Path) -> None:
    with chat(tmp_path, pace=40) as c:
        c.begin("demo: count to 400", r"2\W+3")
        c.stop("esc", "cut$")
        c.engine.pace = 0
        c.say("demo: say done")

        messages = c.bodies[-1]["messages"]
        assert isinstance(messages, list)
        assert [m["role"] for m in messages] == ["user", "assistant", "user"]
        assert c.engine.statuses == [200, 200]


def test_what_is_typed_while_a_reply_streams_waits_in_the_prompt(tmp_path: Path) -> None:
    with chat(tmp_path, pace=30) as c:
        c.begin("demo: count to 60", r"1\W+2")
        c.terminal.send("typed ahead")
        c.terminal.wait_for(DONE)

        c.terminal.wait_for("^› typed ahead$")


def test_many_lines_are_sent_as_one_message(tmp_path: Path) -> None:
    with chat(tmp_path) as c:
        c.terminal.paste("line one\nline two")
        c.terminal.keys("enter")
        c.terminal.wait_for(DONE)

        assert "line one\\nline two" in json.dumps(c.bodies[-1])


def test_commands_work_and_are_never_sent(tmp_path: Path) -> None:
    with chat(tmp_path) as c:
        c.say("demo: say hello")
        c.command("/help", "shows the keys")
        c.command("/mod haiku-4-5", "window 200k")
        c.command("/system Be brief.", "system prompt is set")
        c.command("/prefill Well,", "next reply begins")
        c.say("demo: say  yes.")
        c.command("/hist", "reply")
        c.command("/truncate! 1", "no longer sent")
        c.say("demo: echo-request")
        c.command("/undo", "1 turn|2 turns")
        c.command("/nonsense", "no command /nonsense")
        c.command("/clear", "new conversation")
        c.terminal.send("/exit").keys("enter")

        assert c.terminal.wait_exit() == 0
        assert "/help" not in json.dumps(c.bodies)
        assert c.bodies[1]["system"] == "Be brief."
        last = c.bodies[-1]["messages"]
        assert isinstance(last, list)
        assert len(last) == 3
        assert set(c.engine.statuses) == {200}


def test_sigterm_restores_the_terminal(tmp_path: Path) -> None:
    with chat(tmp_path, pace=20) as c:
        c.begin("demo: count to 400", r"1\W+2")
        c.terminal.signal("TERM")

        assert c.terminal.wait_exit() == 143
        assert c.terminal.tty_is_sane()
        assert c.terminal.cursor_is_shown()


def test_the_chat_starts_without_a_key_on_the_demo_engine(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": ""}
    argv = [sys.executable, "-m", "chatrepl"]
    with Terminal(argv, columns=60, rows=24, env=env) as terminal:
        terminal.wait_for("no model is")
        terminal.wait_for(FIRST)
        terminal.send("hello").keys("enter")
        terminal.wait_for(DONE)
        terminal.keys("c-d")

        assert terminal.wait_exit() == 0


def test_the_connection_is_open_before_the_first_question(tmp_path: Path) -> None:
    with service(0.0, authority=tmp_path / "ca.pem") as served:
        env = {
            "HOME": str(tmp_path), "ANTHROPIC_API_KEY": "sk-ant-test", "ANTHROPIC_AUTH_TOKEN": "",
            "ANTHROPIC_BASE_URL": served.url, "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
        }  # fmt: skip
        command = [sys.executable, "-m", "chatrepl"]
        with Terminal(command, columns=80, rows=24, env=env) as terminal:
            terminal.wait_for(FIRST)
            for _ in range(400):
                if served.connections < 2:  # the other asks for the models
                    terminal.pump(0.05)
            terminal.send("hello").keys("enter")
            terminal.wait_for(DONE)

    assert (served.connections, served.greetings) == (2, ["GET"])


def test_a_question_on_the_command_line_is_asked_first_and_the_chat_stays(tmp_path: Path) -> None:
    with chat(tmp_path, "-i", "demo: say otters") as c:
        c.terminal.wait_for(DONE)
        c.terminal.wait_for(FIRST, visible=True)
        c.say("demo: say more")
        assert [len(body["messages"]) for body in c.bodies] == [1, 3]  # type: ignore[arg-type]


def test_a_summary_is_seen_as_it_is_written(tmp_path: Path) -> None:
    with chat(tmp_path) as c:
        for word in ("one", "two", "three"):
            c.say(f"demo: say {word}")
        c.engine.script("long 4000")
        c.engine.pace = 20
        c.begin("/compact", "^Section 1")
        assert "no longer sent" not in c.terminal.everything()
        c.stop("esc", "Stopped")


def test_without_a_key_the_demo_says_so_and_ctrl_d_leaves(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": ""}
    with Terminal([sys.executable, "-m", "chatrepl"], columns=70, rows=24, env=env) as terminal:
        terminal.wait_for("^No API key was found")
        terminal.wait_for(FIRST)
        assert terminal.everything().startswith("chatrepl ")
        terminal.keys("c-d")
        assert terminal.wait_exit() == 0
        assert terminal.tty_is_sane()


def test_a_message_that_is_typed_while_a_reply_streams_is_seen_to_wait(tmp_path: Path) -> None:
    with chat(tmp_path, pace=40) as c:
        c.begin("demo: long 400", "^Section 1")
        c.terminal.send("demo: say the next\r").wait_for("^1 message waits$", visible=True)
        c.terminal.wait_for("^the next$")
        c.terminal.wait_for(PROMPT)
        assert "message waits" not in c.terminal.everything()


def test_what_the_command_line_only_attaches_waits_for_the_question(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("otters")
    with chat(tmp_path, "-a", str(tmp_path / "note.txt")) as c:
        c.terminal.wait_for("^▣ note.txt · text")
        assert c.bodies == []
        c.say("demo: say hello")

    bodies = [json.loads(r.body) for r in c.served.requests if r.path.endswith("/messages")]
    kinds = [[block["type"] for block in body["messages"][0]["content"]] for body in bodies]
    assert kinds == [["document", "text"]]


def test_a_line_that_was_not_sent_outlives_a_kill(tmp_path: Path) -> None:
    drafts = tmp_path / "state" / "chatrepl" / "drafts"
    with chat(tmp_path) as c:
        c.say("demo: say hello")
        assert not list(drafts.glob("*"))
        c.terminal.send("half a thought")
        while "half a thought" not in "".join(path.read_text() for path in drafts.glob("*")):
            c.terminal.pump(0.1)
        os.kill(c.terminal.pid, signal.SIGKILL)
    with chat(tmp_path, "-c") as c:
        c.terminal.keys("up")
        c.terminal.wait_for("^› half a thought", visible=True)
        assert not list(drafts.glob("*"))
        c.terminal.keys("c-c", "c-d")
        c.terminal.wait_exit()


def test_a_message_that_waits_outlives_a_kill(tmp_path: Path) -> None:
    with chat(tmp_path, pace=40) as c:
        c.begin("demo: long 400", "^Section 1")
        c.terminal.send("demo: say the next\r").wait_for("^1 message waits$", visible=True)
        os.kill(c.terminal.pid, signal.SIGKILL)
    with chat(tmp_path, "-c") as c:
        c.terminal.wait_for("^The last reply was cut")
        c.terminal.keys("up").wait_for("^› demo: say the next$", visible=True)
