"""Sources of a reply as footnotes: Markdown that is put into the text, also of a stream."""

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_ADDRESS = re.compile(r"https?://[^\s<>]+\Z")


class Citations:
    """Numbers the sources of one reply, each address once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._notes: list[str] = []

    def mark(self, url: str, title: str) -> str:
        """The mark to put behind the text that a source supports."""
        key = url or title
        if key not in self._numbers:
            number = self._numbers[key] = len(self._numbers) + 1
            name = _PUNCTUATION.sub(r"\\\1", " ".join(title.split()))
            address = f"<{url}>" if _ADDRESS.match(url) else _PUNCTUATION.sub(r"\\\1", url)
            self._notes.append(f"[^{number}]: {' '.join(filter(None, (name, address)))}\n")
        return f"[^{self._numbers[key]}]"

    def notes(self) -> str:
        """The notes to put behind the reply; nothing if there was no source."""
        return "\n\n" + "".join(self._notes) if self._notes else ""
