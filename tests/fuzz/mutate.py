"""Spoil inputs as disks, gateways, editors and enemies do; which way is decided by `dice` alone."""

import random
from collections.abc import Sequence
from typing import Final

TROUBLE: Final = (
    b"\0", b"\0" * 64, b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b"\r\n\r\n", b"\x1b[31m",
    b"\x1b]8;;", b"\x9b", b"{", b"}", b"[", b"]", b'"', b"'", b"\\", b"[" * 300, b"]" * 300,
    b"{" * 1200, b"```", b"9" * 19, b"9" * 5000, b"-1", b"1e999", b"-1e400", b"NaN", b"null",
    b"true", b"[]", b"{}", b'""', b'"\\ud800"', b"\xed\xa0\x80", "\u202e".encode(),
    "\u200d".encode(), "\U000e0041".encode(), "e\u0301".encode(), "漢".encode(), b" " * 200, b"%s",
    b"../", b"~", b"@", b"/", b"-", b"=", b"#",
)  # fmt: skip
_LONGEST: Final = 200_000


def mutate(seeds: Sequence[bytes], dice: random.Random, tokens: Sequence[bytes] = ()) -> bytes:
    """Take one of the seeds and spoil it in a few places."""
    spoilt = bytearray(dice.choice(seeds))
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at = dice.randrange(len(spoilt) + 1)
        length = min(dice.choice((1, 1, 4, 50, 500)), len(spoilt) - at)
        match dice.randrange(9):
            case 0:
                del spoilt[at : at + length]
            case 1 if length:
                spoilt[at] ^= 1 << dice.randrange(8)
            case 2:
                spoilt[at:at] = dice.choice(TROUBLE)
            case 3:
                spoilt[at : at + length] = dice.choice(TROUBLE)
            case 4:
                spoilt[at:at] = dice.randbytes(dice.choice((1, 2, 8)))
            case 5:
                spoilt[at:at] = spoilt[at : at + length] * dice.choice((1, 2, 30))
            case 6 if tokens:
                spoilt[at:at] = dice.choice(tokens)
            case 7:
                other = dice.choice(seeds)
                begin = dice.randrange(len(other) + 1)
                spoilt[at : at + length] = other[begin : begin + dice.choice((4, 60, 600))]
            case _:
                _swap_value(spoilt, dice)
    if dice.random() < 0.1:
        del spoilt[dice.randrange(len(spoilt) + 1) :]
    return bytes(spoilt[:_LONGEST])


def _swap_value(spoilt: bytearray, dice: random.Random) -> None:
    """Put another value behind some JSON key."""
    at = spoilt.find(b'":', dice.randrange(len(spoilt) + 1))
    if at >= 0:
        ends = [end for mark in (b",", b"}") if (end := spoilt.find(mark, at)) >= 0]
        spoilt[at + 2 : min(ends, default=len(spoilt))] = dice.choice(TROUBLE)
