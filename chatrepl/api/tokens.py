"""Counting tokens with tiktoken, from ranks that ship with the package: no socket is ever opened.

The counts are those of cl100k_base; `core.estimate` turns them into a model's own. Loading takes
a tenth of a second and 27 MiB, so start `load` in a thread once the prompt is on screen. Who counts
a few short texts needs no more of the ranks than can occur in them.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import tiktoken

RANKS: Final = 100_256
PIECE_CHARS: Final = 65_536
SHORT_CHARS: Final = 10_000
_SHORT_TEXTS: Final = 3  # what more of them would take is soon more than the whole
_GRAM: Final = 4
_PATH: Final = Path(__file__).parent.parent / "data" / "cl100k.z"
_SPECIAL: Final = {
    "<|endoftext|>": 100257,
    "<|fim_prefix|>": 100258,
    "<|fim_middle|>": 100259,
    "<|fim_suffix|>": 100260,
    "<|endofprompt|>": 100276,
}
_PATTERN: Final = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)


class Counter:
    """Counts the tokens of texts; safe to use from several threads.

    `encoded_chars` is how much text went through the encoder so far.
    """

    def __init__(self) -> None:
        self.encoded_chars = 0
        self._encoding: tiktoken.Encoding | None = None
        self._short_left = _SHORT_TEXTS
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        """Tell whether counting starts at once, without loading first."""
        return self._encoding is not None

    def load(self) -> "tiktoken.Encoding":
        """Make the encoder ready; done once, however many threads ask."""
        with self._lock:
            if self._encoding is None:
                self._encoding = _encoding(ranks())
            return self._encoding

    def count(self, text: str) -> int:
        """Count the tokens of `text`; marks such as `<|endoftext|>` are text like any other."""
        with self._lock:
            self.encoded_chars += len(text)
            is_short = 0 < len(text) <= SHORT_CHARS and self._short_left > 0
            self._short_left -= is_short
        encoding = self._encoding or (_encoding(ranks_in(text)) if is_short else self.load())
        return sum(len(encoding.encode(piece, disallowed_special=())) for piece in _pieces(text))


def ranks() -> dict[bytes, int]:
    """Read the shipped ranks."""
    return {token: rank for rank, token in enumerate(_tokens())}


def ranks_in(text: str) -> dict[bytes, int]:
    """Read the ranks of those tokens that can occur in a text."""
    data = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    grams = {data[at : at + size] for size in range(1, _GRAM + 1) for at in range(len(data))}
    return {
        token: rank
        for rank, token in enumerate(_tokens())
        if token[:_GRAM] in grams and token[-_GRAM:] in grams and token in data
    }


def _tokens() -> Iterator[bytes]:
    """Give the tokens in the order of rank: the file has their lengths, then their bytes."""
    import zlib

    data = zlib.decompress(_PATH.read_bytes())
    at = RANKS
    for length in data[:RANKS]:
        yield data[at : at + length]
        at += length


def _encoding(ranked: dict[bytes, int]) -> "tiktoken.Encoding":
    import tiktoken

    encoding = tiktoken.Encoding(
        "cl100k_base", pat_str=_PATTERN, mergeable_ranks=ranked, special_tokens=_SPECIAL
    )
    encoding._mergeable_ranks = {}  # noqa: SLF001 - 11 MB that encoding never asks for again
    return encoding


def _pieces(text: str) -> list[str]:
    """Cut long texts after a line: the encoder takes more than linear time for one long word."""
    pieces = []
    at = 0
    while len(text) - at > PIECE_CHARS:
        cut = text.rfind("\n", at + PIECE_CHARS // 2, at + PIECE_CHARS) + 1
        cut = cut or at + PIECE_CHARS
        pieces.append(text[at:cut])
        at = cut
    return [*pieces, text[at:]]
