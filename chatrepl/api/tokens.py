"""Counting tokens with tiktoken, from ranks that ship with the package: no socket is ever opened.

The counts are those of cl100k_base; `core.estimate` turns them into a model's own. Loading takes
some tenths of a second, so start `load` in a thread once the prompt is on screen.
"""

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import tiktoken

RANKS: Final = 100_256
PIECE_CHARS: Final = 65_536
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
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        """Tell whether counting starts at once, without loading first."""
        return self._encoding is not None

    def load(self) -> "tiktoken.Encoding":
        """Make the encoder ready; done once, however many threads ask."""
        with self._lock:
            if self._encoding is None:
                self._encoding = _encoding()
            return self._encoding

    def count(self, text: str) -> int:
        """Count the tokens of `text`; marks such as `<|endoftext|>` are text like any other."""
        encoding = self._encoding or self.load()
        with self._lock:
            self.encoded_chars += len(text)
        return sum(len(encoding.encode(piece, disallowed_special=())) for piece in _pieces(text))


def ranks() -> dict[bytes, int]:
    """Read the shipped ranks: the tokens' lengths, then their bytes, in the order of rank."""
    import zlib
    from importlib.resources import files

    data = zlib.decompress(files("chatrepl").joinpath("data/cl100k.z").read_bytes())
    ranked: dict[bytes, int] = {}
    at = RANKS
    for rank, length in enumerate(data[:RANKS]):
        ranked[data[at : at + length]] = rank
        at += length
    return ranked


def _encoding() -> "tiktoken.Encoding":
    import tiktoken

    encoding = tiktoken.Encoding(
        "cl100k_base", pat_str=_PATTERN, mergeable_ranks=ranks(), special_tokens=_SPECIAL
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
