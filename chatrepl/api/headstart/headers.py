"""The headers that the SDK would send, without importing the SDK.

Two of them are constants of the SDK: importing it for them would take a second, so they are read
off its source (`_constant`, and nowhere else). Where that looks unlike what we know, there is no
answer, and the SDK has to send the request itself. A test compares with the SDK's own request.
"""

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_SYSTEMS: Final = {"linux": "Linux", "darwin": "MacOS", "windows": "Windows"}
_ARCHITECTURES: Final = {"x86_64": "x64", "arm64": "arm64", "aarch64": "arm64"}


def sdk_headers(secret: str, read_timeout_s: float) -> dict[str, str] | None:
    """Give the headers of an SDK request; None where they are not known.

    `secret` is the key or token, empty where none is sent.
    """
    version = _constant("_version.py", "__version__")
    dated = api_version()
    named, machine, release, runtime, runtime_version = _here()
    system = _SYSTEMS.get(named.lower())
    architecture = _ARCHITECTURES.get(machine.lower())
    if not (version and dated and system and architecture) or _is_phone(release):
        return None
    return {
        "x-stainless-timeout": "NOT_GIVEN",
        "x-stainless-retry-count": "0",
        "x-stainless-read-timeout": str(read_timeout_s),
        "accept": "application/json",
        "content-type": "application/json",
        "user-agent": f"AsyncAnthropic/Python {version}",
        "x-stainless-lang": "python",
        "x-stainless-package-version": version,
        "x-stainless-os": system,
        "x-stainless-arch": architecture,
        "x-stainless-runtime": runtime,
        "x-stainless-runtime-version": runtime_version,
        **({"authorization": f"Bearer {secret}"} if secret else {}),
        "x-stainless-async": "async:asyncio",
        "anthropic-version": dated,
    }


def api_version() -> str:
    """Give the API's version that the SDK asks for; empty where it is not known."""
    return _constant("_constants.py", "ANTHROPIC_API_VERSION")


def _here() -> tuple[str, str, str, str, str]:
    """Name the system, machine, kernel, Python and its version in the words of `platform`.

    That module itself is loaded only where it knows more: it compiles patterns for every Python
    there ever was.
    """
    if hasattr(os, "uname") and sys.implementation.name == "cpython":
        here = os.uname()
        return here.sysname, here.machine, here.release, "CPython", sys.version.split()[0]
    import platform

    machine = platform.system(), platform.machine(), platform.release()
    return *machine, platform.python_implementation(), platform.python_version()


def _is_phone(release: str) -> bool:
    return hasattr(sys, "getandroidapilevel") or "android" in release.lower()


def _constant(file: str, name: str) -> str:
    """Read a text constant of the SDK's source."""
    try:
        spec = find_spec("anthropic")
    except (ImportError, ValueError):
        return ""
    if spec is None or spec.origin is None:
        return ""
    try:
        source = Path(spec.origin).with_name(file).read_text("utf-8")
    except (OSError, ValueError):
        return ""
    constant = re.search(rf'^{name}\s*=\s*"([\w.+-]+)"', source, re.MULTILINE)
    return constant.group(1) if constant else ""
