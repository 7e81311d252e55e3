"""config.example.toml, written from the declarations of the settings."""

from collections.abc import Iterator
from typing import Final

from chatrepl.config.show import toml
from chatrepl.core.settings import OPTIONS, Option

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
