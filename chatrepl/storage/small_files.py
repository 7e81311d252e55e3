"""Small facts that are learned once and kept: one JSON object a file.

Several chatrepls write the same file: each merges its changes into what is there. A file that
cannot be read counts as empty, and a disk that refuses costs no more than the memory.
"""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from chatrepl.storage.files import PRIVATE_FILE, lock, replace_file
from chatrepl.storage.paths import make_folder
from chatrepl.storage.records import dumps, loads

_MOST_BYTES: Final = 4 << 20
_TRIES: Final = 100
_PAUSE_S: Final = 0.01


def read_facts(path: Path | None) -> dict[str, Any]:
    """Read what is known; nothing where there is no such file or it is damaged."""
    if path is None:
        return {}
    try:
        with os.fdopen(_opened(path), "rb") as file:
            value = loads(file.read(_MOST_BYTES) or b"")
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _opened(path: Path) -> int:
    """Open without waiting for a writer, should this be a FIFO."""
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def learn(path: Path | None, changes: Mapping[str, Any]) -> bool:
    """Merge `changes` into the facts at `path`; None takes a fact away. Tell whether it is kept.

    Objects are merged key by key, at any depth; other values replace one another.
    """
    if path is None:
        return False
    try:
        make_folder(path.parent)
        with _alone(path):
            facts = read_facts(path)
            merged = _merged(facts, changes)
            if merged != facts:
                replace_file(path, dumps(merged).encode() + b"\n")
    except (OSError, ValueError, RecursionError):
        return False
    return True


def _merged(facts: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(facts)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep others from merging at the same moment; one that hangs is not waited for long."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        os.fchmod(descriptor, PRIVATE_FILE)
        for _ in range(_TRIES):
            if lock(descriptor):
                break
            time.sleep(_PAUSE_S)
        yield
    finally:
        os.close(descriptor)
