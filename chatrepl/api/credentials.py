"""Which credentials there are, in the order in which the SDK looks for them, without the SDK.

    api_key_command  >  ANTHROPIC_API_KEY  >  ANTHROPIC_AUTH_TOKEN  >  ANTHROPIC_PROFILE
    >  workload identity  >  the active profile on disk

Profiles and workload identity are only found here: reading and renewing them is the SDK's.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Final, Literal

from chatrepl.api.address import chosen_url, is_official
from chatrepl.core.errors import ApiError, ApiErrorKind, ConfigError
from chatrepl.core.secrets import redact, without_keys
from chatrepl.core.settings import Settings
from chatrepl.core.value import frozen

CredentialKind = Literal["key", "token", "command", "headers", "profile", "federation", "open"]
COMMAND_TIMEOUT_S: Final = 5.0
_KEY: Final = re.compile(r"[!-~]+")
_QUOTES: Final = "\"'`“”‘’"
_AUTH_HEADERS: Final = frozenset({"authorization", "x-api-key"})
_IDENTITY: Final = ("ANTHROPIC_IDENTITY_TOKEN_FILE", "ANTHROPIC_IDENTITY_TOKEN")


@frozen
class Credentials:
    """One way to prove who asks. `source` says in words where it was found.

    `secret` is the key or token itself, for a command the command line; it is in no repr.
    """

    kind: CredentialKind
    source: str
    secret: str = field(default="", repr=False)

    @property
    def masked(self) -> str:
        """The secret as it may be shown."""
        if self.kind not in {"key", "token"}:
            return ""
        return f"{self.secret[:7]}…{self.secret[-4:]}" if len(self.secret) >= 20 else "…"


def find(settings: Settings, environ: Mapping[str, str]) -> Credentials | None:
    """Find the credentials to use; None where there are none. Runs no command, sends nothing."""
    if settings.api_key_command:
        return Credentials("command", "api_key_command", settings.api_key_command)
    headers = {name.lower() for name in settings.headers}
    if headers & _AUTH_HEADERS:
        return Credentials("headers", "headers in the configuration")
    named: tuple[tuple[CredentialKind, str], ...] = (
        ("key", "ANTHROPIC_API_KEY"),
        ("token", "ANTHROPIC_AUTH_TOKEN"),
    )
    for kind, name in named:
        if key := bare(environ.get(name, "")):
            return Credentials(kind, name, key)
    return _on_disk(environ) or _open_server(settings, environ)


def bare(key: str) -> str:
    """Take off what comes along where a key is copied: blanks, and quotes around it."""
    while (key := key.strip()) and key[0] in _QUOTES and key[-1] in _QUOTES:
        key = key[1:-1]
    return key


def obtain(credentials: Credentials) -> Credentials:
    """Give credentials that are ready to send: run the command, check the key.

    Raises ApiError (exit 3) where there is no usable key, ConfigError where the command is none.
    """
    if credentials.kind == "command":
        key = _run(credentials.secret)
        credentials = replace(credentials, kind="key", secret=key)
    if credentials.kind in {"key", "token"} and not _KEY.fullmatch(credentials.secret):
        raise ApiError(
            ApiErrorKind.AUTH,
            f"The key from {credentials.source} has characters that no key has.",
            "Perhaps it was copied with quotes, spaces or line breaks.",
        )
    return credentials


def missing() -> ApiError:
    """Say that there are no credentials, and how to get going."""
    return ApiError(
        ApiErrorKind.AUTH,
        "There are no credentials for the Claude API.",
        "Set ANTHROPIC_API_KEY (keys: https://platform.claude.com), or run `ant auth login`; "
        "chatrepl --demo works without.",
    )


def _run(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise ConfigError("api_key_command is no command.", "Check its quotes.")
    return fetched(words, "api_key_command", "or set ANTHROPIC_API_KEY")


def fetched(words: Sequence[str], name: str, otherwise: str) -> str:
    """Run what prints a key, a few seconds at most, and give it; errors call it `name`.

    No shell has a part in it. Raises ApiError, which never holds the key.
    """
    hint = f"Run it by itself to see why, {otherwise}."
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        why = f"{name} gave no key within {COMMAND_TIMEOUT_S:g} s."
        raise ApiError(ApiErrorKind.AUTH, why, hint) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        why = f"{name} could not be run: {words[0]}: {reason}."
        raise ApiError(ApiErrorKind.AUTH, why, hint) from None
    key = bare(done.stdout.decode("utf-8", "replace"))
    if done.returncode != 0:
        lines = _safe_lines(done.stderr, key)
        reason = f": {lines[-1][:200]}" if lines else ""
        why = f"{name} failed with exit code {done.returncode}{reason}."
        raise ApiError(ApiErrorKind.AUTH, why, hint)
    if not key:
        raise ApiError(ApiErrorKind.AUTH, f"{name} printed nothing.", hint)
    return key


def _safe_lines(said: bytes, key: str) -> list[str]:
    words = redact(said.decode("utf-8", "replace"), (key, *key.split()))
    return without_keys(words).strip().splitlines()


def _on_disk(environ: Mapping[str, str]) -> Credentials | None:
    name = environ.get("ANTHROPIC_PROFILE")
    if name:
        return Credentials("profile", f"profile {name} (ANTHROPIC_PROFILE)")
    trusted = environ.get("ANTHROPIC_FEDERATION_RULE_ID") and environ.get(
        "ANTHROPIC_ORGANIZATION_ID"
    )
    if trusted and any(environ.get(variable) for variable in _IDENTITY):
        return Credentials("federation", "workload identity")
    folder = _folder(environ)
    if folder is None:
        return None
    try:
        active = (folder / "active_config").read_text("utf-8").strip()
    except (OSError, ValueError):
        active = ""
    chosen = bool(active or environ.get("ANTHROPIC_CONFIG_DIR"))
    name = active or "default"
    if chosen or _is_file(folder / "configs" / f"{name}.json"):
        return Credentials("profile", f"profile {name} in {folder}")
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _folder(environ: Mapping[str, str]) -> Path | None:
    """Give the folder of the `ant` tool's profiles; None where there is no home."""
    given = environ.get("ANTHROPIC_CONFIG_DIR")
    if given:
        return Path(given)
    if sys.platform == "win32" and environ.get("APPDATA"):
        return Path(environ["APPDATA"]) / "Anthropic"
    home = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    return Path(home) / ".config" / "anthropic" if home else None


def _open_server(settings: Settings, environ: Mapping[str, str]) -> Credentials | None:
    """A server of one's own may want no key; if it does, it will say so."""
    url = chosen_url(settings, environ)
    return Credentials("open", "no key (a server of your own)") if _is_own(url) else None


def _is_own(url: str) -> bool:
    return bool(url) and not is_official(url)
