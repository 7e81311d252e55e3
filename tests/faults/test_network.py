"""Faults on the way to the service and in what it sends: one row a fault, asked in a real run."""

import re
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from chatrepl.storage.read import load
from tests.faults import raw
from tests.faults.home import QUESTION, Home
from tests.faults.nursery import PATIENCE_S, Nursery
from tests.faults.raw import END, OPEN, START, answering, sends, sse, text
from tests.faults.talk import MARK, talk


@dataclass(frozen=True, slots=True)
class Row:
    """A fault of the demo service: its exit code, words of the message, and of the answer."""

    step: str
    code: int
    err: str
    out: str = ""


ROWS: dict[str, list[Row]] = {
    "N7": [
        Row("stream html", 1, "Sign in to the guest network"),
        Row("stream json", 1, "application/json instead of a stream"),
        Row("stream empty", 1, "sent an empty answer"),
        Row("stream pings", 1, "sent an empty answer"),
    ],
    "N8": [Row("error 502", 4, "(502)"), Row("error 500", 4, "(500)")],
    "N9": [Row("error silence", 4, "did not answer for 1 s")],
    "N10": [Row("stream stall after 3", 4, "stopped coming: nothing for 1 s", "### truth")],
    "N11": [
        Row("stream pings-after after 3", 4, "stopped coming: nothing for 1 s", "### truth"),
        Row("stream pings-for-ever", 4, "did not answer for 1 s"),
    ],
    "N12": [
        Row("stream torn after 3", 1, "broke before the answer was complete", "### truth"),
        Row("stream reset after 3", 1, "broke before the answer was complete", ""),
    ],
    "N13": [
        Row("stream cut after 3", 1, "ended before it was complete", "### truth"),
        Row("stream no-stop", 0, "", "word for word"),
    ],
    "N14": [
        Row("stream bad-json after 3", 1, "unreadable", "### truth"),
        Row("stream bad-utf8 after 3", 1, "unreadable", "### truth"),
    ],
    "N15": [Row("stream unknown", 0, "", "word for word")],
    "N16": [
        Row("stream error after 3", 4, "overloaded", "### truth"),
        Row("stream error-first", 4, "overloaded"),
    ],
    "N17": [
        Row("stream double", 0, "", "word for word"),
        Row("stream double-start after 3", 0, "", "word for word"),
    ],
    "N19": [Row("stream huge", 0, "", "word for word")],
    "N21": [Row("stream no-usage", 0, "", "word for word"), Row('say ""', 7, "empty")],
    "N22": [Row("error redirect", 4, "sends us elsewhere to elsewhere.invalid")],
    "N23": [Row("error headers", 4, "did not answer for 1 s")],
}
ROWS["N18"] = [
    Row("stream no-message", 0, "", "word for word"),
    Row("stream no-index", 0, "", "word for word"),
    Row("stream no-type", 0, "", "word for word"),
    Row("stream no-delta", 7, "empty"),
]


@pytest.mark.parametrize("name", ROWS, ids=str)
def test_a_fault_of_the_service_is_told_calmly_and_nothing_is_lost(home: Home, name: str) -> None:
    for row in ROWS[name]:
        before = len(home.requests)
        home.desk.script(row.step)
        waits = "for 1 s" in row.err
        done = home.ask("--set", f"timeout_s={1 if waits else PATIENCE_S}")

        assert done.code == row.code, (row, done)
        assert row.err in done.err, (row, done)
        assert row.out in done.out, (row, done)
        assert bool(done.out) == bool(row.out) or row.step.startswith("stream reset"), (row, done)
        assert done.out.count("### truth") <= 1  # nothing twice
        asked, replied = home.kept()
        assert asked == QUESTION, row
        assert replied.strip() == done.out.strip(), row
        assert len(home.requests) == before + 1  # what began is never sent again by itself


def ask(home: Home, url: str, **env: str | None) -> tuple[int, str]:
    done = home.ask("--set", f"timeout_s={PATIENCE_S}", "--base-url", url, env=env)
    assert done.out == ""
    assert home.kept() == (QUESTION, ""), done
    return done.code, done.err


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_n1_a_name_that_cannot_be_resolved(home: Home) -> None:
    code, err = ask(home, "https://nowhere.invalid", NO_PROXY="*")
    assert code == 4
    assert "nowhere.invalid cannot be reached: no such host" in err


def test_n2_a_port_where_nobody_listens(home: Home) -> None:
    port = free_port()
    code, err = ask(home, f"http://127.0.0.1:{port}")
    assert code == 4
    assert f"127.0.0.1:{port} cannot be reached: connection refused" in err


@pytest.mark.skipif(shutil.which("openssl") is None, reason="NOT CHECKED: there is no openssl")
def test_n3_a_certificate_nobody_trusts(home: Home) -> None:
    with answering(sends(), raw.self_signed(home.path)) as url:
        code, err = ask(home, url)
    assert code == 4
    assert "self-signed certificate" in err
    assert "verify=" not in err


def test_n4_https_to_a_port_that_speaks_http(home: Home) -> None:
    code, err = ask(home, home.desk.served.url.replace("http:", "https:"))
    assert code == 4
    assert "No secure connection" in err


def test_n5_proxies_that_refuse_or_are_none(home: Home) -> None:
    gone = f"http://somebody:secret-of-proxy@127.0.0.1:{free_port()}"
    done = home.ask("--base-url", "https://nowhere.invalid", env={"HTTPS_PROXY": gone})
    assert done.code == 4
    assert f"The proxy 127.0.0.1:{gone.rpartition(':')[2]} (HTTPS_PROXY)" in done.err
    assert "secret-of-proxy" not in done.err
    for proxy, code in (("bad://a:secret-of-proxy@127.0.0.1:1", 2), ("socks5://127.0.0.1:1", 4)):
        done = home.ask("--base-url", "https://nowhere.invalid", env={"ALL_PROXY": proxy})
        assert done.code == code
        assert "ALL_PROXY" in done.err
        assert "secret-of-proxy" not in done.err


def test_n6_certificates_and_addresses_that_are_none(home: Home) -> None:
    env = {"SSL_CERT_FILE": str(home.path / "nowhere.pem")}
    done = home.ask("--base-url", "https://nowhere.invalid", env=env)
    assert done.code == 2
    assert "SSL_CERT_FILE" in done.err
    for address in ("nowhere", "https://", "https://a b", "https://[::1"):
        done = home.ask("--base-url", address)
        assert done.code == 2, address
        assert "base_url" in done.err or address in done.err


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer byte by byte: its exit code, words of the message, and the text that is kept."""

    pieces: tuple[bytes, ...]
    code: int
    err: str
    out: str
    pause_s: float = 0.0


SHORT = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\n"
ODD = (
    sse(type="content_block_delta", index=7, delta={"type": "text_delta", "text": "late"})
    + sse(type="content_block_delta", index="x", delta=None)
    + sse(type="content_block_start", index=-1, content_block=7)
    + sse(type="message_delta", delta=[], usage="many")
    + sse(type="content_block_stop", index=99)
    + b"data: null\n\ndata: []\n\n"
)
RAW: dict[str, Raw] = {
    "N12 less than was promised": Raw((SHORT + START + text("kept"),), 1, "broke", "kept"),
    "N14 an event that is cut": Raw(
        (OPEN + START + text("kept") + b'data: {"ty',), 1, "ended", "kept"
    ),
    "N16 an error that is no JSON": Raw(
        (OPEN + START + text("kept") + b"event: error\ndata: gone \x1b[31m\n\n",), 1, "gone", "kept"
    ),
    "N17 bytes after the end": Raw(
        (OPEN + START + text("kept") + END + text("b") + b"{{",), 0, "", "kept"
    ),
    "N18 out of order and of wrong types": Raw(
        (OPEN + START + ODD + text("kept") + END,), 0, "", "kept"
    ),
    "N19 a line without end": Raw((OPEN + b"data: ", b"x" * 22_000_000), 1, "20 MB", ""),
    "N19 a little that unpacks to much": Raw((raw.gzip_bomb(100),), 1, "MB", ""),
    "N20 twenty thousand pieces": Raw(
        (OPEN + START + b"".join(text(f"{n} ") for n in range(20_000)) + END,), 0, "", "19999"
    ),
    "N23 a drop at a time": Raw(
        (OPEN, START, *(text(word) for word in "a b c d e".split()), END), 0, "", "abcde", 0.3
    ),
}


@pytest.mark.parametrize("name", RAW, ids=str)
def test_an_answer_of_odd_bytes_is_survived(home: Home, name: str) -> None:
    row = RAW[name]
    with answering(sends(*row.pieces, pause_s=row.pause_s)) as url:
        seconds = 2 if row.pause_s else PATIENCE_S  # less than the drops take together
        done = home.ask("--set", f"timeout_s={seconds}", "--base-url", url)

    assert done.code == row.code, done
    assert row.err in done.err
    asked, replied = home.kept()
    assert asked == QUESTION
    assert row.out in replied
    assert done.out.strip() == replied.strip()


def test_n22_a_circle_of_redirects_is_not_walked(home: Home) -> None:
    asked: list[int] = []

    def circle(peer: socket.socket) -> None:
        asked.append(1)
        peer.sendall(b"HTTP/1.1 308 On\r\nlocation: /v1/messages\r\ncontent-length: 0\r\n\r\n")

    with answering(circle) as url:
        code, err = ask(home, url)
    assert code == 4
    assert "not followed" in err
    assert len(asked) == 1


AWAY = {
    "error 400 x1": "refused on request",
    "error 401 x1": "was refused",
    "stream html x1": "Sign in to the guest network",
    "stream empty x1": "sent an empty answer",
    "error redirect x1": "sends us elsewhere",
    "error silence": "did not answer for 1 s",
    "error 429 retry-after absurd": "more than a year",
}
CUT = {
    "stream torn after 3": "broke before the answer was complete",
    "stream cut after 3": "ended before it was complete",
    "stream stall after 3": "stopped coming",
    "stream error after 3": "overloaded",
}


def test_in_a_chat_the_message_is_back_in_the_prompt_or_what_came_is_kept(
    tmp_path: Path, nursery: Nursery
) -> None:
    settings = ("--set", "timeout_s=1", "--set", "retries=0")
    with talk(tmp_path, *settings, nursery=nursery) as t:
        for number, (step, words) in enumerate(AWAY.items()):
            t.served.engine.script(step)
            t.begin(f"question {number}", re.sub(" ", r"\\s+", words))
            t.terminal.wait_count(rf"^› question {number}$", 2)  # as asked, and to be sent again
            t.terminal.keys("c-c").wait_for(MARK, visible=True)
        for number, (step, words) in enumerate(CUT.items(), 1):
            t.served.engine.script(step)
            t.begin("what is truth?", re.sub(" ", r"\\s+", words))
            t.terminal.wait_count("cut$", number).wait_for(MARK, visible=True)
        t.served.engine.script("say at last")
        t.say("demo: say at last")
        t.terminal.keys("c-d")
        assert t.terminal.wait_exit() == 0
        sent = t.messages

    (path,) = tmp_path.rglob("conversations/*.jsonl")
    turns = load(path).conversation.path()
    replies = [turn.assistant.text for turn in turns if turn.assistant is not None]
    assert len(turns) == len(CUT) + 1
    assert [bool(reply.strip()) for reply in replies] == [True] * len(turns)
    assert len(sent) == 2 * len(CUT) + 1  # what was cut is part of the talk
