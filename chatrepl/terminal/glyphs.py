"""May glyphs beyond ASCII be drawn? Cheap to import: the first mark on the screen depends on it."""

from collections.abc import Mapping
from typing import TextIO

_COERCED = {"C.UTF-8", "C.utf8", "UTF-8"}  # what Python itself writes into LC_CTYPE under LANG=C


def speaks_utf8(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether glyphs beyond ASCII may be drawn.

    Python turns LANG=C into UTF-8 by itself; the terminal may still not know it.
    """
    if (stream.encoding or "").lower().replace("-", "") != "utf8":
        return False
    ctype = environ.get("LC_CTYPE", "")
    names = (environ.get("LC_ALL"), "" if ctype in _COERCED else ctype, environ.get("LANG"))
    return next(filter(None, names), "") not in {"C", "POSIX"}
