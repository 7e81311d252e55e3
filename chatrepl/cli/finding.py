"""What the doctor finds: one line of `--doctor`, or an object for programs."""

from typing import Final, TextIO

from chatrepl.core.value import frozen
from chatrepl.core.words import for_a_shell
from chatrepl.shells.mutter import fitted
from chatrepl.terminal.sanitize.text import one_line

_HANGING: Final = " " * len("mend  connection  ")


@frozen
class Finding:
    """One line: what was looked at, how it is, and what mends it where it is not fine."""

    what: str
    is_fine: bool
    said: str
    mend: str = ""

    def to_wire(self) -> dict[str, object]:
        return {
            "what": self.what,
            "ok": self.is_fine,
            "said": self.said,
            "mend": for_a_shell(self.mend) or None,
        }

    def line(self) -> str:
        mark = "ok  " if self.is_fine else "mend"
        return f"{mark}  {self.what:<10}  {self.said}" + (f" {self.mend}" if self.mend else "")

    def rows(self, out: TextIO) -> str:
        """Give the line for a terminal: where it is too long, in rows beneath each other."""
        return fitted(out, one_line(self.line(), 400), _HANGING)
