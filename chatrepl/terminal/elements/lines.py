"""Text that arrives in pieces, cut into lines: the same lines wherever the pieces were cut."""

import re

LONG = 1_000  # characters; a longer line is shown in parts, so that the work on one line is bounded
_ROW = 8_000  # a row of a table, which a cut would break
_WINDOW = 500
_CUT = re.compile(r"[ \t](?=[^\W\d_])")  # what follows must not look like the start of a block


class Lines:
    """Cut a growing text into lines; `part` is the last line as far as it came.

    CR LF and a lone CR end a line too, and NUL becomes the replacement character.
    """

    __slots__ = ("_return", "part")

    def __init__(self) -> None:
        self.part = ""
        self._return = False

    def feed(self, text: str) -> list[str]:
        """Take more text and return the lines it completes, without their line ends."""
        if self._return:
            text = "\r" + text
            self._return = False
        if "\r" in text:
            if text.endswith("\r"):  # its line feed may still come
                text = text[:-1]
                self._return = True
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if "\0" in text:
            text = text.replace("\0", "\ufffd")
        if "\n" not in text:
            self.part += text
            return self._cut(whole=False) if len(self.part) > LONG else []
        lines = (self.part + text).split("\n")
        self.part = lines.pop()
        if len(self.part) > LONG or max(map(len, lines)) > LONG:
            part = self.part
            cut: list[str] = []
            for line in lines:
                self.part = line
                cut += self._cut(whole=True)
            self.part = part
            return cut + self._cut(whole=False)
        return lines

    def finish(self) -> list[str]:
        """Return what is left as a last line, if there is anything."""
        lines = self.feed("\n") if self._return or self.part else []
        self._return = False
        return lines

    def _cut(self, *, whole: bool) -> list[str]:
        """Cut an overlong `part`; where is decided by its own text alone."""
        text, out = self.part, []
        while len(text) > (most := _ROW if text.lstrip(" ")[:1] == "|" else LONG):
            found = _CUT.search(text, most, most + _WINDOW)
            if found:
                end, start = found.span()
            elif len(text) > most + _WINDOW:
                end = start = most + _WINDOW
            else:
                break
            out.append(text[:end])
            text = text[start:]
        if whole:
            out.append(text)
            text = ""
        self.part = text
        return out
