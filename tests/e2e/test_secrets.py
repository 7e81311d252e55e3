"""What seems to be a key leaves only when somebody means it, and is in no history."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import KEY, Desk
from tests.e2e.terminal import DONE
from tests.e2e.test_chat import PROMPT, chat

TOKEN = "ghp_" + "a1B2" * 9


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serve(Engine()) as served:
        yield Desk(tmp_path, served)


@pytest.mark.parametrize("where", ["words", "stdin", "file", "piped file", "system", "prefill"])
@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (TOKEN, "a GitHub token"),
        ("AKIA" + "QJ7Z" * 4, "an AWS key"),
        ("-----BEGIN EC PRIVATE KEY-----\nMHc=", "a private key"),
        (KEY, "the key of this chat"),
    ],
)
def test_in_a_pipe_a_key_is_sent_only_where_that_is_meant(
    desk: Desk, where: str, key: str, kind: str
) -> None:
    (desk.home / "notes.txt").write_text(f"one\n{key}\n")
    args, stdin = {
        "words": ((f"is {key} right?",), b""),
        "stdin": (("Why?",), f"log: {key}".encode()),
        "file": (("Why?", "-a", str(desk.home / "notes.txt")), b""),
        "system": (("Why?", "-s", f"log: {key}"), b""),
        "prefill": (("Why?", f"-plog: {key}"), b""),
        "piped file": (("Why?", "-a", "-"), f"log: {key}".encode()),
    }[where]
    done = desk.run(*args, stdin=stdin)
    assert (done.code, done.out, desk.bodies) == (2, "", [])
    assert f"This seems to hold {kind}." in done.err
    assert "--yes-secrets" in done.err
    assert key not in done.err

    dry = desk.run(*args, "--dry-run", stdin=stdin)
    assert (dry.code, desk.bodies) == (0, [])
    sent = desk.run(*args, "--yes-secrets", stdin=stdin)
    assert (sent.code, len(desk.bodies)) == (0, 1)
    assert f"This seems to hold {kind}; it is sent." in sent.err


def test_a_chat_asks_and_keeps_the_draft(tmp_path: Path) -> None:
    with chat(tmp_path) as c:
        c.begin(f"demo: say {TOKEN}", r"token\. y: send it · N: keep it in the prompt\s+\[y/N\]")
        c.terminal.send("n").keys("enter")
        c.terminal.wait_for("Not sent; your message is in the prompt")
        c.terminal.wait_count(f"^› demo: say {TOKEN}", 2)
        assert c.bodies == []
        c.terminal.keys("enter")
        c.terminal.wait_count(r"\[y/N\]", 2)
        c.terminal.send("y").keys("enter")
        c.terminal.wait_for(DONE)
        c.terminal.wait_for(PROMPT)
        c.command("/retry", DONE)  # it was agreed to
        c.begin("demo: say sk-ant-test", r"the key of this chat\. y: send it")
        c.terminal.send("y").keys("enter")
        c.terminal.wait_count(DONE, 3)
        c.terminal.wait_for(PROMPT)
        c.terminal.keys("c-d")
        assert c.terminal.wait_exit() == 0
        assert len(c.bodies) == 3
    history = tmp_path / "state" / "chatrepl" / "history"
    assert "/retry" in history.read_text()
    assert not any(word in history.read_text() for word in (TOKEN, "sk-ant"))


def test_a_chat_says_where_it_sends_and_what_it_does_not_obey(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "chatrepl"
    folder.mkdir(parents=True, mode=0o700)
    config = folder / "config.toml"
    config.write_text('headers = {authorization = "Bearer theirs"}\nmodel = "opus"\n')
    config.chmod(0o660)
    with chat(tmp_path) as c:
        host = c.served.url.removeprefix("http://")
        screen = " ".join(c.terminal.everything().split())
        assert f"claude-opus-5-5 · {host} · /help" in screen
        assert "headers ignored, since" in screen
        c.say("demo: say hello")
        c.terminal.wait_for(f"opus-5-5 · {host} · ", visible=True)
        assert c.served.requests[-1].headers["authorization"] == "Bearer sk-ant-test"
        c.terminal.keys("c-d")
        assert c.terminal.wait_exit() == 0
