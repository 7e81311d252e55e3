"""What a terminal sends, cut where each key and each report ends (ECMA-48, and what grew on it).

A sequence ends at its own final byte, a string at BEL or ST; one that is broken in the middle ends
there, and what broke it stands for itself. So no letter is lost, and none is left over.
"""

import re
from typing import Final

_CSI: Final = r"(?:\x1b\[|\x9b)"
_SS3: Final = r"(?:\x1bO|\x8f)"
_STRING: Final = r"(?:\x1b[\]P_^X]|[\x9d\x90\x9f\x9e\x98])[^\x07\x18\x1a\x1b\x9c]*"
_CSI_HEAD: Final = rf"{_CSI}[0-?]*[ -/]*"
_SS3_HEAD: Final = rf"{_SS3}[0-9;]*"

_PIECE: Final = re.compile(
    rf"""
    (?P<text> [^\x00-\x1f\x7f-\x9f]+ | \r\n | [\x00-\x1a\x1c-\x1f\x7f] )
    | (?P<open> (?: \x1b | {_CSI}\[ | {_CSI}M[^\x00-\x1f]{{0,2}} | {_CSI_HEAD} | {_SS3_HEAD}
        | {_STRING}\x1b? ) \Z )
    | (?P<key> {_CSI}\[[A-E]                    # function keys of the Linux console
        | {_CSI}M[^\x00-\x1f]{{3}}              # a mouse, the old way
        | {_CSI_HEAD}[@-~]
        | {_SS3_HEAD}[ @-~]
        | {_STRING}(?:\x07|\x1b\\|[\x18\x1a\x9c])
        | \x1b[^\[OP\]_^X\x1b\x80-\x9f]         # Alt and a key
        | \x1b(?=[\x1b\x80-\x9f]) )             # Esc
    | (?P<broken> {_CSI_HEAD} | {_SS3_HEAD} | {_STRING} | [\x80-\x9f] )
    """,
    re.VERBOSE,
)
_STRING_BEGINS: Final = re.compile(_STRING)
_LONG: Final = 100
_ALT: Final = re.compile(r"\x1b[\[OP\]_^X]")


def cut(typed: str) -> tuple[list[str], str]:
    """Give the text, the keys and the reports, each whole, and the rest that is still open."""
    pieces: list[str] = []
    for piece in _PIECE.finditer(typed):
        if piece.lastgroup == "open":
            return pieces, _short(piece[0])
        if piece.lastgroup != "broken":
            pieces.append(piece[0])
    return pieces, ""


def ended(rest: str) -> list[str]:
    """Give what was open as the keys that it is when nothing follows: none where it was cut off."""
    if _ALT.fullmatch(rest):
        return [rest]
    return ["\x1b"] if rest.endswith("\x1b") else []


def _short(rest: str) -> str:
    """Leave out most of an open string: nobody reads it, and it may be long."""
    if len(rest) < _LONG or not _STRING_BEGINS.match(rest):
        return rest
    return rest[:3] + ("\x1b" if rest.endswith("\x1b") else "")
