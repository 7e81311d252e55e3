"""The corpus of hostile and neutral strings, and what is searched in the result."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

CORPUS = Path(__file__).parents[2] / "data" / "hostile.jsonl"

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000]"
)

SPECIAL = (
    "\x00\x07\x1b\r\n\t\x7f\x9b\u200b\u200c\u200d\u202e\u2028\ufe0f\ufeff\ud83d\ude00\U000e0041\U000e007f"
    "\U0001f3f4\U0001f469❤1\u20e3\u0301\u094dکनa葛\U000e0100\u180b\ufffe"
)
texts = st.text(st.one_of(st.sampled_from(SPECIAL), st.characters(exclude_categories=())))


@dataclass(frozen=True, slots=True)
class Sample:
    """One string, what must not reach a terminal of it, and what must."""

    name: str
    text: str
    forbidden: re.Pattern[str]
    required: re.Pattern[str]
    neutral: bool


@cache
def samples() -> tuple[Sample, ...]:
    """The whole corpus; strings too long to keep in a file are made here."""
    made = (
        _sample("long-line-1MB", "HQ191S " + "A" * 1_000_000 + " HQ191E"),
        _sample("md-emph-bomb", "HQ195S " + "*a_ " * 5_000 + " HQ195E"),
    )
    lines = CORPUS.read_text(encoding="ascii").splitlines()
    return tuple(_read(json.loads(line)) for line in lines) + made


def _read(record: dict[str, str]) -> Sample:
    return Sample(
        record["name"],
        record["text"],
        re.compile(record["must_not_contain_regex"]),
        re.compile(record["must_contain_regex"]),
        bool(record["neutral"]),
    )


def _sample(name: str, text: str) -> Sample:
    return Sample(name, text, re.compile("(?!)"), re.compile("HQ"), neutral=True)
