"""Whose word counts: ssh's rule.

A file or folder is trusted where it belongs to the user or to root and nobody else may write to it.
The same goes for what a link in its place leads to, and for the folders that both stand in: who may
write to those may put another file there. A folder that all share, such as /tmp, is one of these,
sticky or not: as with ssh, what counts is who may write, not who may rename.
"""

import os
import stat
from pathlib import Path

from chatrepl.core.value import frozen

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@frozen
class Doubt:
    """Why something is not trusted: somebody else owns `path`, or may write to it.

    A place that `is_shared` is meant to be written to by all: nobody should mend that.
    """

    path: Path
    is_foreign: bool
    is_shared: bool = False

    @property
    def reason(self) -> str:
        if self.is_shared:
            return f"others may write to {self.path} as well"
        whose = "belongs to somebody else" if self.is_foreign else "can be changed by others"
        return f"{self.path} {whose}"

    @property
    def mend(self) -> str:
        if self.is_shared:
            return "A folder of your own mends it."
        if self.is_foreign:
            return f"chown {os.geteuid()} {self.path} mends it."
        return f"chmod go-w {self.path} mends it."


def doubt(path: Path, opened: os.stat_result | None = None) -> Doubt | None:
    """Say why what is at `path` is not trusted; None where it is. `opened` is of the open file.

    What is not there is not looked at. Where a system knows no owners all is trusted.
    """
    if not hasattr(os, "geteuid"):
        return None
    try:
        target = path.resolve()
        places = dict.fromkeys((target, path.parent, target.parent))
        looked = [(place, place.stat()) for place in places if place.exists()]
        if path.is_symlink():  # its own mode says nothing
            owner = path.lstat().st_uid
            if owner not in {0, os.geteuid()}:
                return Doubt(path, is_foreign=True)
    except (OSError, RuntimeError):
        return Doubt(path, is_foreign=True)
    if opened is not None:
        looked.insert(0, (target, opened))
    return next(filter(None, (_doubt(place, status) for place, status in looked)), None)


def _doubt(place: Path, status: os.stat_result) -> Doubt | None:
    if status.st_uid not in {0, os.geteuid()}:
        return Doubt(place, is_foreign=True)
    if not status.st_mode & _OTHERS_WRITE:
        return None
    is_shared = bool(status.st_mode & stat.S_ISVTX) or status.st_uid != os.geteuid()
    return Doubt(place, is_foreign=False, is_shared=is_shared)
