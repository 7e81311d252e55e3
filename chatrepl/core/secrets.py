"""What is secret, and how it is taken out of what is shown or kept: one rule for all.

Keys of services are known by how they begin (`_SHAPES`): a new one is a row there. Its mark is what
a text must hold before a pattern is looked for at all; each pattern takes linear time, also over a
text made to be slow.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

HIDDEN: Final = "[hidden]"
_LEAST: Final = 4  # a shorter secret is a part of words
_LEAST_OF_CONTENT: Final = 8  # in replies, which may well say `none` or `ollama`
_SHAPES: Final = (
    ("an Anthropic key", "sk-ant-", r"sk-ant-[\w-]{8,}"),
    ("an API key", "sk-", r"(?<![\w-])sk-(?!ant-)(?:[a-z0-9]{1,12}-){0,3}\w{20,}"),
    ("an API key", "sk-", r"(?<![\w-])sk-(?:proj|svcacct|admin|user|or-v1|lf)-[\w-]{20,}"),
    ("an AWS key", "AKIA", r"(?<![A-Za-z0-9])AKIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("an AWS key", "ASIA", r"(?<![A-Za-z0-9])ASIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("an AWS key", "aws_secret_access_key", r"aws_secret_access_key\W{1,8}[A-Za-z0-9/+]{40}"),
    ("an AWS key", "AWS_SECRET_ACCESS_KEY", r"AWS_SECRET_ACCESS_KEY\W{1,8}[A-Za-z0-9/+]{40}"),
    *(("a GitHub token", f"gh{x}_", rf"(?<!\w)gh{x}_[A-Za-z0-9]{{20,}}") for x in "pousr"),
    ("a GitHub token", "github_pat_", r"(?<!\w)github_pat_\w{20,}"),
    ("a GitLab token", "glpat-", r"(?<![\w-])glpat-[\w-]{16,}"),
    ("a Slack token", "xox", r"(?<![\w-])xox[abeoprs]-[\w-]{10,}"),
    ("a Slack token", "xapp-", r"(?<![\w-])xapp-\d-[\w-]{10,}"),
    ("a Google key", "AIza", r"(?<![\w-])AIza[\w-]{30,}"),
    ("a Google token", "ya29.", r"(?<![\w-])ya29\.[\w-]{20,}"),
    ("a Hugging Face token", "hf_", r"(?<!\w)hf_[A-Za-z0-9]{30,}"),
    ("an npm token", "npm_", r"(?<!\w)npm_[A-Za-z0-9]{30,}"),
    ("a PyPI token", "pypi-", r"(?<![\w-])pypi-AgE[\w-]{40,}"),
    ("a Stripe key", "k_live_", r"(?<!\w)[rs]k_live_[A-Za-z0-9]{16,}"),
    ("a SendGrid key", "SG.", r"(?<![\w-])SG\.[\w-]{20,}\.[\w-]{20,}"),
    ("an API key", "gsk_", r"(?<!\w)gsk_[A-Za-z0-9]{40,}"),
    ("an API key", "xai-", r"(?<![\w-])xai-[A-Za-z0-9]{40,}"),
    ("an Azure key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{40,}"),
    ("a login token", "eyJ", r"(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    ("a private key", "PRIVATE KEY", r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY"),
    ("a private key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{40,}"),
)
_PLACEHOLDERS: Final = ("your", "xxxx", "placeholder", "redacted")
_DIGIT: Final = frozenset("0123456789")
# In words about a failure more is hidden than would be asked about in a message.
_IN_WORDS: Final = (
    r"sk-ant-[\w-]+",
    r"(?i)(?<=bearer )[\w.~+/=-]{6,}",
    r"(?i)(?<=basic )[\w+/=-]{8,}",
    r"(?<=://)[^/@\s?#]+(?=@)",
)
_TELLING: Final = frozenset(
    "authorization bearer cookie credential credentials jwt pass passphrase passwd password "
    "private pwd session signature".split()
)
_TELLING_ENDS: Final = ("key", "token", "secret", "auth", "password", "cookie")
_TELLING_VALUE: Final = (  # what says so itself, or is long and of one piece
    r"(?i)(bearer|basic|digest|negotiate)\s+\S"
    r"|(?<![\w-])[srp]k[-_]\w|[\w+/=.-]{24,}"
)
# Headers of requests that are no secret, whatever they say.
OPEN: Final = frozenset(
    "anthropic-beta anthropic-version accept accept-language content-type user-agent".split()
)
_PLAIN: Final = r"(?i)[a-z]{1,12}([-_. '][a-z]{1,12}){0,3}|v?\d{1,4}([.-]\d{1,2}){0,2}"


def is_secret(name: str, value: object) -> bool:
    """Tell whether what stands under that name is nothing to be shown."""
    if not isinstance(value, str) or not value:
        return False
    says_so = tells(name) or re.search(_TELLING_VALUE, value) is not None
    return says_so or any(True for _ in _keys(value))


def tells(words: str) -> bool:
    """Tell whether a name is one of secrets: x-api-key is, x-keyboard and max_tokens are not."""
    parts = re.split(r"[^a-z]+", words.lower())
    return any(part in _TELLING or part.endswith(_TELLING_ENDS) for part in parts)


def is_secret_header(name: str, value: str) -> bool:
    """Tell whether a header may hold a secret; any may whose value is not plainly a word."""
    if name.lower() in OPEN or not value.strip():
        return any(True for _ in _keys(value))
    is_plain = re.fullmatch(_PLAIN, value.strip()) and not tells(value)
    return is_secret(name, value) or not is_plain


def secrets_of(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Give the secrets that headers hold, with and without the word for their kind."""
    for name, value in headers:
        if is_secret_header(name, value):
            yield value
            if " " in value:
                yield value.partition(" ")[2].strip()


def keys_in(text: str, own: Iterable[str] = ()) -> dict[str, str]:
    """Give what in a text seems to be a key, and of what kind; `own` are keys of our own."""
    keys = {key: kind for kind, key in _keys(text)}
    mine = (key for key in own if len(key) >= _LEAST_OF_CONTENT and key in text)
    return keys | dict.fromkeys(mine, "the key of this chat")


def _keys(text: str) -> Iterator[tuple[str, str]]:
    for kind, mark, pattern in _SHAPES:
        if mark in text:
            for match in re.finditer(pattern, text, re.ASCII):
                if _looks_real(kind, match[0]):
                    yield kind, match[0]


def _looks_real(kind: str, key: str) -> bool:
    low = key.lower()
    if any(word in low for word in _PLACEHOLDERS):
        return False
    return kind != "an API key" or not _DIGIT.isdisjoint(key)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Hide keys, bearer tokens, passwords in addresses, and each of `secrets` in words to show."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST:
            text = text.replace(secret, HIDDEN)
    for pattern in _IN_WORDS:
        text = re.sub(pattern, HIDDEN, text)
    for _, mark, pattern in _SHAPES:
        if mark in text:
            text = re.sub(pattern, HIDDEN, text, flags=re.ASCII)
    return text


def redact_json(data: bytes, secrets: Iterable[str]) -> bytes:
    """Hide each of `secrets` in JSON, however its letters are written, before anybody reads it."""
    longest = _of_content(secrets)
    if not longest:
        return data
    if b"\\u00" in data or b"\\/" in data:
        data = re.sub(rb"\\(?:u00([2-7][0-9a-fA-F])|.)", _unescaped, data, flags=re.DOTALL)
    for secret in longest:
        data = data.replace(json.dumps(secret, ensure_ascii=False)[1:-1].encode(), HIDDEN.encode())
    return data


def without_keys(words: str) -> str:
    """Take out of a program's words what may be a key, whatever it looks like."""
    return re.sub(r"[\w+/=.~-]{10,}", lambda word: _unless_key(word[0]), redact(words))


def _unless_key(word: str) -> str:
    is_path = word.startswith(("/", "~/", "./"))
    is_mixed = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
    return HIDDEN if is_mixed and not is_path else word


class Veil:
    """Hides secrets in a text that comes in pieces: whoever asks it holds back open ends."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = _of_content(secrets)

    def hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def open_end(self, text: str) -> int:
        """Give the length of the end of `text` that may be the beginning of a secret."""
        return max((_overlap(text, secret) for secret in self._secrets), default=0)


def _of_content(secrets: Iterable[str]) -> list[str]:
    return sorted({s for s in secrets if len(s) >= _LEAST_OF_CONTENT}, key=len, reverse=True)


def _overlap(text: str, secret: str) -> int:
    at = text.find(secret[0], max(0, len(text) - len(secret) + 1))
    while at >= 0 and not secret.startswith(text[at:]):
        at = text.find(secret[0], at + 1)
    return len(text) - at if at >= 0 else 0


def _unescaped(escape: re.Match[bytes]) -> bytes:
    """Write a letter as itself, but for the two that JSON never has so."""
    if escape[0] == b"\\/":
        return b"/"
    letter = bytes.fromhex(escape[1].decode()) if escape[1] else b""
    return escape[0] if letter in {b"", b'"', b"\\", b"\x7f"} else letter


def bare_url(url: str, instead: str = "") -> str:
    """Give an address without the login and the query that may be in it; `instead` stands there."""
    address, query, _ = url.partition("?")
    scheme, there, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    login, at, host = host.rpartition("@")
    if at and login and instead:
        host = f"{instead}@{host}"
    asked = f"?{instead}" if query and instead else ""
    return f"{scheme}{there}{host}{slash}{path}{asked}" if there else address
