"""Keys in the forms that tell all of them apart, as the keys that terminals always had.

Read are the kitty protocol (`CSI code;modifiers u`, and events on the old function keys), xterm's
modifyOtherKeys (`CSI 27;modifiers;code ~`) and the keypad in its application mode (SS3).
https://sw.kovidgoyal.net/kitty/keyboard-protocol/
"""

import re
from typing import Final

NEW_LINE: Final = "\n"  # as Ctrl-J, which is a new line whatever Enter does
_SHIFT, _ALT, _CTRL = 1, 2, 4
_HELD: Final = _SHIFT | _ALT | _CTRL
_NOT_OURS: Final = 8 | 16 | 32  # super, hyper, meta
_RELEASED: Final = "3"

_CSI: Final = re.compile(r"(?:\x1b\[|\x9b)([0-9;:]*)([@-~])")
_SS3: Final = re.compile(r"(?:\x1bO|\x8f)([0-9;]*)([ @-~])")
_OLD: Final = re.compile(r"\x1b(?:\[\[.|.)?", re.DOTALL)  # Esc, Alt and a key, the Linux console's
_FUNCTION: Final = re.compile(r"(\d*);(\d{1,4})(?::(\d?))?")

_MOVES: Final = ("D", "C", "A", "B", "5~", "6~", "H", "F", "2~", "3~")
_PAD: Final[dict[int, str]] = dict(
    enumerate([*"0123456789./*-+\r=,", *(f"\x1b[{end}" for end in _MOVES)], 57_399)
)
_PRIVATE: Final = range(57_344, 63_744)  # kitty's other keys: locks, media, modifiers alone
_APPLICATION_PAD: Final[dict[str, str]] = dict(
    zip(" IMXjklmnopqrstuvwxy", " \t\r=*+,-./0123456789", strict=True)
)
# The key of a Latin layout, where Ctrl is held: a terminal does not tell it unless it is asked.
_LATIN: Final = {
    **dict(zip("йцукенгшщзфывапролдячсмить", "qwertyuiopasdfghjklzxcvbnm", strict=True)),
    **dict(zip("ςερτυθιοπασδφγηξκλζχψωβνμ", "wertyuiopasdfghjklzxcvbnm", strict=True)),
}
_CONTROLS: Final = {
    **{chr(code | 0x60): chr(code) for code in range(1, 27)},
    **dict(zip("[\\]^_/?", "\x1b\x1c\x1d\x1e\x1f\x1f\x7f", strict=True)),
}


def plain(piece: str) -> str:
    """Give the same key as terminals always sent it; nothing for what types and does nothing."""
    if not is_sequence(piece):
        return {"\x00": "", "\r\n": "\r"}.get(piece, piece)
    if sequence := _CSI.fullmatch(piece):
        return _csi(sequence[1], sequence[2])
    if sequence := _SS3.fullmatch(piece):
        return _ss3(sequence[1], sequence[2])
    match piece:
        case "\x1b\n":
            return NEW_LINE
        case "\x1b\x00" | "\x1b\\":  # the second is the end of a string that was given up
            return ""
        case _:
            return piece if _OLD.fullmatch(piece) else ""


def is_sequence(piece: str) -> bool:
    """Tell a key's sequence or a report from text and from keys that are one character."""
    return piece[0] == "\x1b" or "\x80" <= piece[0] <= "\x9f"


def _csi(parameters: str, final: str) -> str:
    if final == "u":
        code, modifiers, text = [*parameters.split(";"), "", ""][:3]
        return _coded(code, modifiers, text)
    if final == "~" and parameters.startswith("27;"):
        _, modifiers, code = [*parameters.split(";"), ""][:3]
        return _coded(code, modifiers, "")
    return _function(parameters, final)


def _ss3(parameters: str, final: str) -> str:
    if parameters:
        return _function(f"1;{parameters.rpartition(';')[2]}", final)
    return _APPLICATION_PAD.get(final, f"\x1bO{final}")


def _function(parameters: str, final: str) -> str:
    """Give a function key without what only new terminals tell of it."""
    sequence = f"\x1b[{parameters}{final}"
    parts = _FUNCTION.fullmatch(parameters)
    if parts is None or (final == "R" and parts[3] is None):  # the second is the cursor's place
        return sequence
    held, event = _modifiers(parts[2]), parts[3]
    if event is None and held <= _HELD | 8:  # iTerm2's Alt has the bit that is kitty's super
        return sequence
    if held & _NOT_OURS or event == _RELEASED:
        return ""
    return _holding(f"\x1b[{parts[1]}{final}", held & _HELD)


def _holding(sequence: str, held: int) -> str:
    number, final = sequence[2:-1], sequence[-1]
    if held:
        return f"\x1b[{number or 1};{held + 1}{final}"
    return f"\x1b[{'' if number == '1' and final != '~' else number}{final}"


def _modifiers(number: str) -> int:
    return max(0, int(number or 1) - 1)


def _coded(code: str, modifiers: str, text: str) -> str:
    """Give the key of a code, as it stands between the semicolons."""
    modifier, _, event = modifiers.partition(":")
    held = _modifiers(modifier[:4])
    if held & _NOT_OURS or event == _RELEASED:
        return ""
    held &= _HELD
    key, shifted, base = (*map(_char, code.split(":")), "", "")[:3]
    if len(key) > 1:
        return _holding(key, held)
    if not key.isascii() and held & (_ALT | _CTRL):
        key = base or _LATIN.get(key, key)
    if special := _SPECIAL.get(key):
        return special[held]
    if not key.isprintable():
        return ""
    if held & _SHIFT:
        key = shifted or (key.upper() if len(key.upper()) == 1 else key)
    if held & _CTRL:
        key = "" if held & _SHIFT and key.isalpha() else _CONTROLS.get(key.lower(), "")
    elif not held & _ALT:
        key = "".join(map(_char, text.split(":"))) or key
        return key if key.isprintable() else ""
    return f"\x1b{key}" if held & _ALT and key else key


def _char(code: str) -> str:
    if not code.isdigit() or len(code) > 7:
        return ""
    number = int(code)
    if number in _PAD:
        return _PAD[number]
    gone = number in _PRIVATE or 0xD800 <= number < 0xE000 or not 0 < number <= 0x10FFFF
    return "" if gone else chr(number)


# What a key does, by the modifiers that are held: none, shift, alt, both, and each with ctrl.
_ERASE: Final = ("\x7f", "\x7f", "\x1b\x7f", "\x1b\x7f", "\x17", "\x17", "\x17", "\x17")
_SPECIAL: Final[dict[str, tuple[str, ...]]] = {
    "\r": ("\r", "\n", "\x1b\r", "\n", "\n", "\n", "\n", "\n"),
    "\t": ("\t", "\x1b[Z", "", "", "", "", "", ""),
    "\x1b": ("\x1b",) * 8,
    "\x7f": _ERASE,
    "\x08": _ERASE,
    " ": (" ", " ", "\x1b ", "\x1b ", "", "", "", ""),
}
