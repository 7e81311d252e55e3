"""Settings for people: each with its value and where that comes from, without secrets.

config.example.toml, written from the declarations of the settings.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from chatrepl.config.load import Config
from chatrepl.core.secrets import bare_url, is_secret, is_secret_header, redact, without_keys
from chatrepl.core.setting_values import Option
from chatrepl.core.settings import OPTIONS, SWITCH, has_section

if TYPE_CHECKING:
    from chatrepl.core.tools import McpServer, ToolProgram

SettingRow: TypeAlias = tuple[str, str, str]
HIDDEN: Final = "(hidden)"
_LONGEST: Final = 200
_PRINTERS: Final = ("echo ", "printf ")  # what they print is the key itself


def describe(loaded: Config) -> tuple[SettingRow, ...]:
    """List each setting's key, its value as it would stand in the file, and its origin."""
    return tuple(
        (key, _shown(key, getattr(loaded.settings, opt.name)), loaded.origins[key])
        for key, opt in OPTIONS.items()
    )


def describe_tools(loaded: Config) -> tuple[SettingRow, ...]:
    """List each table of a tool: its name, what it runs or where it is, and its origin."""
    tools: dict[str, ToolProgram | McpServer] = {f"tools.{it.name}": it for it in loaded.programs}
    tools |= {f"mcp.{it.name}": it for it in loaded.servers}
    return tuple((name, _cut(what_of(it)), loaded.origins[name]) for name, it in tools.items())


def what_of(tool: "ToolProgram | McpServer") -> str:
    """Say what a tool runs or where it is, and whether that is asked about; without secrets."""
    where = bare_url(getattr(tool, "url", ""), HIDDEN) or _unkeyed(shlex.join(tool.command))
    by = ", connected by the service" if getattr(tool, "connect", "") == "service" else ""
    return f"{where} (approve: {tool.approve}{by})"


def toml(value: Any) -> str:
    """Write a setting's value as TOML."""
    if isinstance(value, Mapping):
        pairs = (f"{toml(name)} = {toml(item)}" for name, item in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shown(key: str, value: Any) -> str:
    if key == "headers":
        value = {n: HIDDEN if is_secret_header(n, text) else text for n, text in value.items()}
    elif key == "api_key_command":
        value = _unkeyed(value)
    elif isinstance(value, Mapping):
        value = _masked("", value)
    elif isinstance(value, str):
        value = bare_url(value, HIDDEN) if key == "base_url" else redact(value)
    return _cut(_written(value))


def _unkeyed(command: str) -> str:
    """Show a command without what may be a key in it."""
    prints = command.lstrip().startswith(_PRINTERS)
    return f"{command.split(maxsplit=1)[0]} {HIDDEN}" if prints else without_keys(command)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _written(value: Any) -> str:
    """Write a setting as it stands in the file; an empty text unsets a number."""
    return toml("" if value is None else value)


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _masked(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(name, item) for item in value]
    return HIDDEN if is_secret(name, value) else value


_HEAD: Final = """\
# Every setting of chatrepl, with its default. Take away the "# " before a line to change it.
#
# An option on the command line goes before a variable of the environment, that before a profile,
# that before this file. Variables are named after the keys: max_tokens is CHATREPL_MAX_TOKENS,
# cache.ttl is CHATREPL_CACHE_TTL. `--set cache.ttl=1h` reaches every setting for one run, and
# `/set! cache.ttl 1h` in a chat writes it into this file. /config tells where each value comes
# from. API keys do not belong here: see api_key_command.
"""
_PROFILES: Final = """\
# A profile overrides any of these; --profile careful chooses it.
# [profiles.careful]
# effort = "high"
# max_cost_usd = 2.0
# cache.ttl = "1h"

# Profiles may name other servers that speak the Messages API. A server of your own asks for no key;
# the command keeps yours from going there all the same.
# [profiles.ollama]
# base_url = "http://127.0.0.1:11434"
# api_key_command = "echo none"
# model = "qwen3:4b"

# [profiles.vllm]
# base_url = "http://127.0.0.1:8000"
# api_key_command = "echo none"
# model = "Qwen/Qwen3-4B"

# llama-server, and whatever else serves a GGUF; --local starts one by itself.
# [profiles.llama]
# base_url = "http://127.0.0.1:8080"
# api_key_command = "echo none"
# model = "local"

# [profiles.litellm]
# base_url = "http://127.0.0.1:4000"
# api_key_command = "printenv LITELLM_API_KEY"
# model = "my-model"

# A gateway: the key goes out as a bearer token, and, where that is not seen, as x-api-key.
# [profiles.gateway]
# base_url = "https://gateway.example.com/anthropic"
# api_key_command = "printenv GATEWAY_KEY"
"""
_TOOLS: Final = """\
# A program that the model may have run: it gets its input as JSON on stdin, and prints the answer.
# `schema` says what the input holds: fields in a few words, such as "path, lines int?: how many", a
# JSON schema in a text, or a table. `command` is run without a shell; a list of words does, too.
# `approve` is ask, always or never. `deadline` is in seconds. `folder` is where it runs, else where
# you are. `environment` names variables that it may see beyond PATH, HOME and the like.
# [tools.today]
# command = "date +%A"
# description = "Tell which day of the week it is."
# schema = {}
# approve = "ask"
# deadline = 60
# folder = "~"
# environment = ["TZ"]

# A server that speaks MCP, started when it is first needed: a command, or a url with connect =
# "here" or "service", and a token_command whose output goes along. Of its tools those in `tools`
# are used, or all; never those in `deny`.
# [mcp.files]
# command = ["npx", "-y", "@modelcontextprotocol/server-filesystem"]
# args = ["/tmp"]
# approve = "ask"
# tools = []
# deny = ["write_file"]
# deadline = 60
"""


def example() -> str:
    """Write config.example.toml."""
    plain = [o for o in OPTIONS.values() if "." not in o.key and not has_section(o.key)]
    sections = dict.fromkeys(key.partition(".")[0] for key in OPTIONS if "." in key)
    parts = [_HEAD, *map(_entry, plain)]
    for section in sections:
        within = [o for o in OPTIONS.values() if f"{o.key}.".startswith(f"{section}.")]
        parts += [f"[{section}]\n", *map(_entry, within)]
    return "\n".join([*parts, _TOOLS, _PROFILES])


def _entry(opt: Option) -> str:
    name = SWITCH[1:] if has_section(opt.key) else opt.key.rpartition(".")[2]
    lines = [*_about(opt), f"{name} = {_written(opt.default)}"]
    return "".join(f"# {line}\n" for line in lines)


def _about(opt: Option) -> Iterator[str]:
    yield opt.about
    if opt.choices:
        yield values_line(opt)


def values_line(opt: Option) -> str:
    """List what a setting may be, where it is one of a few values."""
    words = ["true", "false"] if opt.kind == "switch" else []
    return f"One of {', '.join([*words, *map(toml, opt.choices)])}."
