"""The server as a child process: begun, awaited, and gone when we are.

Its standard input is a pipe whose other end only we hold. It closes however we end, kill -9
included, on every system; then the server ends.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from chatrepl.core.errors import ApiError, ApiErrorKind, UsageError
from chatrepl.core.extras import adds
from chatrepl.core.value import frozen
from chatrepl.local.models import LocalModel

CONTEXT_TOKENS: Final = 8192
_LEAVE_S: Final = 2.0
_LAST_BYTES: Final = 8_192
_LONGEST: Final = 300
_URL: Final = r"http://127\.0\.0\.1:[1-9][0-9]{0,4}"


@frozen
class LocalServer:
    """A server that listens, and the key that it wants: nobody else on this machine has it."""

    url: str
    key: str


def server_command() -> Sequence[str]:
    """Give the command that serves a model. Raises UsageError where llama.cpp is not installed."""
    if find_spec("xllamacpp") is None:
        raise UsageError(
            "--local needs llama.cpp, which is not installed.",
            f"{adds('xllamacpp')}.",
        )
    return [sys.executable, "-P", str(Path(__file__).with_name("serve.py"))]


@contextmanager
def serving(model: LocalModel, command: Sequence[str], path: str) -> Iterator[LocalServer]:
    """Serve a model below `path` as long as this lasts, or we do.

    Raises ApiError where it does not start.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=os.name == "posix",  # Ctrl-C stops a reply, not the server
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError as error:
        raise _not_started(model, f"{error.strerror}".encode()) from error
    try:
        yield _begun(process, model, path)
    finally:
        _end(process)


def _begun(process: "subprocess.Popen[bytes]", model: LocalModel, path: str) -> LocalServer:
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    if stdin is None or stdout is None or stderr is None:
        raise ValueError("pipes were asked for")
    said = bytearray()
    listener = threading.Thread(target=_hear, args=(stderr, said), daemon=True)
    listener.start()
    key = secrets.token_urlsafe(24)
    wanted = {
        "path": str(model.path),
        "name": model.name,
        "key": key,
        "prefix": path,
        "context": CONTEXT_TOKENS,
    }
    try:
        stdin.write(f"{json.dumps(wanted)}\n".encode())
        stdin.flush()
        url = stdout.readline(_LONGEST).decode("utf-8", "replace").strip()
    except OSError:
        url = ""
    if re.fullmatch(_URL + re.escape(path), url, re.ASCII) is None:
        stdout.close()
        listener.join(_LEAVE_S)
        raise _not_started(model, said)
    threading.Thread(target=_hear, args=(stdout, bytearray()), daemon=True).start()
    return LocalServer(url, key)


def _hear(stream: IO[bytes], said: bytearray) -> None:
    """Read all that the server says, that it never waits for us; remember the end of it."""
    with stream:
        while piece := stream.read(_LAST_BYTES):
            said += piece
            del said[:-_LAST_BYTES]


def _not_started(model: LocalModel, said: bytes | bytearray) -> ApiError:
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines()]
    telling = [line for line in lines if "error" in line.casefold()] or [*filter(None, lines)]
    reason = f": {telling[-1][:_LONGEST]}" if telling else ""
    hint = "The file may be damaged, or newer than the llama.cpp that is installed."
    return ApiError(
        ApiErrorKind.CONNECTION, f"llama.cpp did not start with {model.path.name}{reason}", hint
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        with suppress(OSError):  # it is gone already
            process.stdin.close()
    try:
        process.wait(_LEAVE_S)
    except subprocess.TimeoutExpired:
        pass
    finally:  # also where somebody is in a hurry
        process.kill()
        process.wait()
