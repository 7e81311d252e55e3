"""What may go to a terminal: text, and the few control sequences that are ours.

`violations` reads what a program wrote as a terminal would and names all that is neither. Sequences
of ours are short: colours, small movements, erasing, and the modes that the program turns on and
off. What a foreign text says with the same words is found by its marks: see `Sample.forbidden`.
"""

import re

_OURS = re.compile(
    r"\x1b\["
    r"(?:(?:\d{1,3}(?:[;:]\d{0,3})*)?m"  # colours
    r"|\d{0,3}[ABCDGJKL]|(?:\d{0,3};\d{0,3})?H"  # movements, erasing
    r"|\?(?:1|7|12|25|1004|2004|2026)[hl]"  # modes
    r"|6n|[0-6] q"  # where the cursor is, and its shape
    r"|\?u|>1u|<u)"  # all keys told apart: asked, wanted, given back
    r"|\x1b\]133;(?:A;redraw=0|B|C|D;\d{1,3})\x1b\\"  # where prompts and output begin and end
)
_QUESTION = re.compile(r"\x1b\]11;\?(?:\x07|\x1b\\)|\x1b\[c")  # asked once: the background's colour
_FOREIGN = re.compile(
    "\x1b.{0,12}|[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\udc80-\udcff]"
    "|[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
    "|(?<!\U0001f3f4)(?<![\U000e0020-\U000e007f])[\U000e0000-\U000e007f]",
    re.DOTALL,
)


def visible(written: str) -> str:
    """The text in what was written, without the sequences that are ours."""
    return _OURS.sub("", _QUESTION.sub("", written, count=2))


def violations(written: str) -> list[str]:
    """All that a terminal would take for something else than text and our sequences."""
    return [ascii(found) for found in _FOREIGN.findall(visible(written))]


def squeezed(text: str) -> str:
    """A text without its blanks and line ends, for comparing what was wrapped."""
    return re.sub(r"\s+", "", text)
