"""Tells a lone Esc from an escape sequence in a keyboard's bytes, and keeps everything else."""

import re

_ESC = b"\x1b"
_CLEAR = b"\x0c"  # Ctrl-L means the screen of now; kept, it would wipe the reply away
_PASTE_BEGINS = b"\x1b[200~"
_PASTE_ENDS = b"\x1b[201~"

# CSI and SS3 sequences, and Alt with a key; an Esc before another Esc stands alone.
_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\x1b\[O])", re.DOTALL)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")


class KeySplitter:
    """Takes what was typed in pieces of any size."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._open = b""  # what may still be the beginning of a sequence
        self._paste: bytearray | None = None

    @property
    def waits(self) -> bool:
        """Whether silence would decide something now."""
        return bool(self._open)

    def feed(self, data: bytes) -> bool:
        """Take bytes; say whether a lone Esc was among them."""
        data, self._open = self._open + data, b""
        stops = False
        while data:
            if self._paste is not None:
                data = self._go_on_pasting(data)
            elif _UNFINISHED.match(data):
                self._open = data
                break
            elif not data.startswith(_ESC):
                plain, esc, rest = data.partition(_ESC)
                self._kept += plain.replace(_CLEAR, b"")
                data = esc + rest
            elif data.startswith(_PASTE_BEGINS):
                self._paste, data = bytearray(), data[len(_PASTE_BEGINS) :]
            elif sequence := _SEQUENCE.match(data):
                self._kept += sequence[0]
                data = data[sequence.end() :]
            elif data[1:2] == _ESC:
                stops, data = True, data[1:]
            else:
                self._kept += data[:1]  # a broken sequence
                data = data[1:]
        return stops

    def end_of_sequence(self) -> bool:
        """Say that nothing followed for a while; give whether a lone Esc was open."""
        sequence, self._open = self._open, b""
        if sequence == _ESC:
            return True
        self._kept += sequence
        return False

    def finish(self) -> bytes:
        """Give all that was kept; an Esc that is still alone is dropped, an open paste closed."""
        self.end_of_sequence()
        if self._paste is not None:
            self._kept += _PASTE_BEGINS + self._paste + _PASTE_ENDS
            self._paste = None
        kept = bytes(self._kept)
        self._kept.clear()
        return kept

    def _go_on_pasting(self, data: bytes) -> bytes:
        paste = self._paste if self._paste is not None else bytearray()
        start = max(0, len(paste) - len(_PASTE_ENDS))
        paste += data
        end = paste.find(_PASTE_ENDS, start)
        if end < 0:
            return b""
        rest = bytes(paste[end + len(_PASTE_ENDS) :])
        self._kept += _PASTE_BEGINS + paste[:end] + _PASTE_ENDS
        self._paste = None
        return rest
