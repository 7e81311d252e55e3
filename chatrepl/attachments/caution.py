"""Why a file is not sent just because a message names it: by where it lies and how it is called."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final

from chatrepl.attachments.urls import is_url

ELSEWHERE: Final = "outside this folder"
LIKE_A_KEY: Final = "named like a key"
# How files are called that hold keys and passwords; a new one is a word here.
_SECRET: Final = re.compile(
    r"""(?ix)
    (.*\.)?env(\.[\w.-]+)? | [._]netrc | \.(npmrc|pypirc|pgpass|htpasswd|dockercfg|git-credentials)
    | id_(rsa|dsa|ecdsa|ed25519)([._-].*)?
    | .*\.(pem|key|p12|pfx|jks|keystore|kdbx?|ppk|ovpn|agekey)
    | .*(credential|secret|passwor[dt]|passwd|service[-_ ]?account)s?([-_.].*)?
      (?<!\.py)(?<!\.js)(?<!\.ts)(?<!\.go)(?<!\.rs)(?<!\.md)
    | .*(auth|api|access|private)[-_ ]?(key|token)s?(\.(txt|json|ya?ml|toml|ini|cfg|csv))?
    | shadow | wallet\.dat | .*kubeconfig.* | tokens?(\.(txt|json|ya?ml|toml))?
    """
)


def cautions(path: str) -> tuple[str, ...]:
    """Say what speaks against sending a file unasked; nothing for an address."""
    return () if is_url(path) else tuple(_cautions(path))


def _cautions(path: str) -> Iterator[str]:
    real = os.path.realpath(path)
    parts = _parts_from_here(real)
    if parts is None:
        yield ELSEWHERE
        parts = PurePath(real).parts
    if any(part.startswith(".") for part in parts[:-1]):
        yield "in a hidden folder"
    if any(_SECRET.fullmatch(PurePath(name).name) for name in (path, real)):
        yield LIKE_A_KEY
    if _is_private(real):
        yield "for your eyes only"


def _parts_from_here(real: str) -> tuple[str, ...] | None:
    """Give the way from the working folder to a path; None where it leads out of it."""
    try:
        return PurePath(real).relative_to(Path.cwd().resolve()).parts
    except (OSError, ValueError):
        return None


def _is_private(real: str) -> bool:
    try:
        return not Path(real).stat().st_mode & 0o077
    except (OSError, ValueError):
        return False
