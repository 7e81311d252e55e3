"""Settings for people: each with its value and where that comes from, without secrets.

config.example.toml, written from the declarations of the settings.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from chatrepl.config.load import Config
from chatrepl.core.settings import OPTIONS, Option

SettingRow: TypeAlias = tuple[str, str, str]
HIDDEN: Final = "(hidden)"
_LONGEST: Final = 200
_SECRET_NAME: Final = re.compile(
    r"key|token|secret|auth|cookie|passw|credential|signature", re.IGNORECASE
)
_SECRET_VALUE: Final = re.compile(r"(bearer|basic)\s+\S|sk-|[\w+/=.-]{24,}", re.IGNORECASE)
_LOGIN: Final = re.compile(r"(?<=://)[^/?#]*@")


def describe(loaded: Config) -> tuple[SettingRow, ...]:
    """List each setting's key, its value as it would stand in the file, and its origin."""
    return tuple(
        (key, _shown(getattr(loaded.settings, opt.name)), loaded.origins[key])
        for key, opt in OPTIONS.items()
    )


def toml(value: Any) -> str:
    """Write a setting's value as TOML."""
    if isinstance(value, Mapping):
        pairs = (f"{toml(name)} = {toml(item)}" for name, item in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        value = {name: _masked(name, text) for name, text in value.items()}
    elif isinstance(value, str):
        value = _LOGIN.sub(f"{HIDDEN}@", value)
    text = toml(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _masked(name: str, value: str) -> str:
    secret = _SECRET_NAME.search(name) or _SECRET_VALUE.search(value)
    return HIDDEN if secret else value


_HEAD: Final = """\
# Every setting of chatrepl, with its default. Take away the "# " before a line to change it.
#
# An option on the command line goes before a variable of the environment, that before a profile,
# that before this file. Variables are named after the keys: max_tokens is CHATREPL_MAX_TOKENS,
# cache.ttl is CHATREPL_CACHE_TTL. `--set cache.ttl=1h` reaches every setting, /config tells where
# each value comes from. API keys do not belong here: see api_key_command.
"""
_PROFILE: Final = """\
# A profile overrides any of these; --profile careful chooses it.
# [profiles.careful]
# effort = "high"
# max_cost_usd = 2.0
# cache.ttl = "1h"
"""


def example() -> str:
    """Write config.example.toml."""
    plain = [opt for opt in OPTIONS.values() if "." not in opt.key]
    sections = dict.fromkeys(key.partition(".")[0] for key in OPTIONS if "." in key)
    parts = [_HEAD, *map(_entry, plain)]
    for section in sections:
        within = [opt for opt in OPTIONS.values() if opt.key.startswith(f"{section}.")]
        parts += [f"[{section}]\n", *map(_entry, within)]
    return "\n".join([*parts, _PROFILE])


def _entry(opt: Option) -> str:
    name = opt.key.rpartition(".")[2]
    lines = [*_about(opt), f"{name} = {toml(opt.default)}"]
    return "".join(f"# {line}\n" for line in lines)


def _about(opt: Option) -> Iterator[str]:
    yield opt.about
    if opt.choices:
        yield f"One of {', '.join(map(toml, opt.choices))}."
