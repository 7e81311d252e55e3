"""What is put in: binary, broken and hostile text, far too much of it. (Pastes: see the chat.)"""

import json
import os

import pytest

from tests.faults.home import Home


@pytest.mark.parametrize(
    ("stdin", "sent"),
    [
        (b"\xef\xbb\xbfa\0b", "a\ufffdb"),
        ("x\ud800y".encode("utf-8", "surrogatepass"), "x\ufffd\ufffd\ufffdy"),
        (b"caf\xe9", "café"),
    ],
    ids=["NUL", "half a character", "latin-1"],
)
def test_i2_what_is_no_text_is_replaced_before_it_is_kept_or_sent(
    home: Home, stdin: bytes, sent: str
) -> None:
    home.desk.script("say well")
    done = home.run("--save", "kept", stdin=stdin)

    assert done.code == 0, done
    assert home.desk.asked == sent
    assert home.kept()[0] == sent
    assert "\0" not in json.dumps(home.desk.bodies)


@pytest.mark.parametrize(
    ("stdin", "code", "words"),
    [
        (b"\x7fELF\0\1\2", 2, "neither an image nor a PDF"),
        (os.urandom(4096) + b"\0", 2, "neither an image nor a PDF"),
        (b"", 2, "usage"),
        (b"words " * 5_400_000, 5, "32 MB"),
    ],
    ids=["program", "noise", "nothing", "far too much"],
)
def test_i3_what_cannot_be_asked_is_refused_before_anything_is_sent(
    home: Home, stdin: bytes, code: int, words: str
) -> None:
    done = home.run(stdin=stdin)

    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert home.requests == []


HOSTILE = "x\x1b]0;PWN\x07\u202egnp.exe\x9b31m"


def test_i4_hostile_names_of_files_and_models_are_shown_harmlessly(home: Home) -> None:
    (home.path / f"{HOSTILE}.bin").write_bytes(b"\x7fELF\0")
    for args in (
        ("-a", f"{HOSTILE}.bin", "look"),
        ("-a", f"{HOSTILE}.png", "look"),
        ("-r", HOSTILE, "look"),
        ("--set", f"{HOSTILE}=1", "look"),
        ("--config", HOSTILE, "look"),
        ("--profile", HOSTILE, "look"),
    ):
        done = home.run(*args)
        assert done.code in {1, 2}, done
        assert "PWN" in done.err
        assert "\u202e" not in done.err
    home.desk.script("error 404")
    done = home.run("-m", HOSTILE, "look")
    assert done.code == 2
    assert "\u202e" not in done.err
