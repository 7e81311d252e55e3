"""Where what a terminal sends ends."""

import random
import time

import pytest

from chatrepl.terminal.keys.sequences import cut, ended
from tests.terminal.keys.model import fault


@pytest.mark.parametrize("seed", range(4_000, 4_040))
def test_letters_in_are_letters_out_whatever_stands_between_them(seed: int) -> None:
    rng = random.Random(seed)
    assert [wrong for _ in range(100) if (wrong := fault(rng))] == []


@pytest.mark.parametrize(
    ("typed", "pieces", "rest"),
    [
        ("ab\x1b[?2;0;600;480Scd", ["ab", "\x1b[?2;0;600;480S", "cd"], ""),
        ("\x1b[1$y", ["\x1b[1$y"], ""),
        ("\x1b]11;rgb:1/2/3", [], "\x1b]11;rgb:1/2/3"),
        ("\x1b]0;title\x1b[Ax", ["\x1b[A", "x"], ""),
        ("\x1b[12\rx", ["\r", "x"], ""),
        ("\x1b\x1b[A", ["\x1b", "\x1b[A"], ""),
        ("\x1b[[Ax\x1b[[x", ["\x1b[[A", "x", "\x1b[[", "x"], ""),
        ("\x1b[M !!x\x1b[96;14;13Mx", ["\x1b[M !!", "x", "\x1b[96;14;13M", "x"], ""),
        ("\x9b?62c\x9d11;x\x9cy", ["\x9b?62c", "\x9d11;x\x9c", "y"], ""),
        ("a\x85b", ["a", "b"], ""),
        ("\r\n\r\n", ["\r\n", "\r\n"], ""),
        ("\x1b[3$", [], "\x1b[3$"),  # rxvt's Shift-Delete: silence ends it
        ("\x1bO", [], "\x1bO"),
    ],
)
def test_a_sequence_ends_at_its_own_final_byte(typed: str, pieces: list[str], rest: str) -> None:
    assert cut(typed) == (pieces, rest)


@pytest.mark.parametrize(
    ("rest", "pieces"),
    [
        ("\x1b", ["\x1b"]), ("\x1b[", ["\x1b["]), ("\x1bO", ["\x1bO"]), ("\x1b]", ["\x1b]"]),
        ("\x1b[?6", []), ("\x1b]11;rgb", []), ("\x1bP1\x1b", ["\x1b"]), ("\x9b", []), ("", []),
    ],
)  # fmt: skip
def test_what_nothing_follows_is_a_key_or_was_cut_off(rest: str, pieces: list[str]) -> None:
    assert ended(rest) == pieces


def test_a_string_without_an_end_takes_neither_memory_nor_time() -> None:
    rest, begun = "", time.process_time()
    for _ in range(2_000):
        rest = cut(rest + "\x1b]52;c;"[: 7 if not rest else 0] + "A" * 4_000)[1]
    assert len(rest) < 10
    assert time.process_time() - begun < 20
