"""Put the settings together: option > CHATREPL_… > profile > file > default."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chatrepl.config.file import KEY_HELP, ConfigFile, means_the_key, read_file, read_text
from chatrepl.core.errors import ConfigError
from chatrepl.core.setting_values import Option, check, parse
from chatrepl.core.settings import OPTIONS, Settings, check_together, nearest, option
from chatrepl.core.value import frozen

if TYPE_CHECKING:
    from chatrepl.core.tools import McpServer, ToolProgram

_PREFIX: Final = "CHATREPL_"
SDK_ADDRESS: Final = "ANTHROPIC_BASE_URL"
MOST_SYSTEM_BYTES: Final = 8_000_000
_VARIABLES: Final = {opt.variable: opt for opt in OPTIONS.values()}


@frozen
class Layers:
    """What is laid over a file: one of its profiles, the environment, and what options say."""

    environ: Mapping[str, str]
    profile: str | None = None
    sets: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@frozen
class Config:
    """Settings, and where each comes from. `path` is the file, whether it exists or not.

    `programs` and `servers` are its tables of tools; `origins` has them as tools.NAME, mcp.NAME.
    """

    settings: Settings
    origins: Mapping[str, str]
    path: Path | None
    profiles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    layers: Layers = field(default_factory=lambda: Layers({}), repr=False, compare=False)
    programs: "tuple[ToolProgram, ...]" = ()
    servers: "tuple[McpServer, ...]" = ()

    @property
    def has_tools(self) -> bool:
        """Whether any tools are configured."""
        return bool(self.programs or self.servers)

    def now(self, settings: Settings) -> "Config":
        """Give the same after settings were changed while running."""
        changed = {
            key: "/set"
            for key, opt in OPTIONS.items()
            if getattr(settings, opt.name) != getattr(self.settings, opt.name)
        }
        return replace(self, settings=settings, origins={**self.origins, **changed})


@frozen
class _Given:
    """A value that some layer gives. `place` begins an error message about it."""

    value: Any
    origin: str
    place: str
    folder: Path | None = None


def load(
    *,
    environ: Mapping[str, str],
    path: Path | None = None,
    usual: Path | None = None,
    profile: str | None = None,
    sets: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Config:
    """Find out all settings.

    `path` and `profile` are those named on the command line; the `usual` file is read where none
    is named, and need not exist. `sets` are KEY=VALUE; `options` are values by key, of which None
    means not given. Raises ConfigError.
    """
    file = _read(path, usual)
    layers = Layers(environ, profile, tuple(sets), options or {})
    return lay_over(file, path.expanduser() if path is not None else usual, layers)


def lay_over(file: ConfigFile | None, path: Path | None, layers: Layers) -> Config:
    """Put the layers over what a file says, which stands at `path` or is to. Raises ConfigError."""
    given: dict[str, _Given] = {}
    if address := layers.environ.get(SDK_ADDRESS, "").strip():
        given["base_url"] = _Given(address, SDK_ADDRESS, f"{SDK_ADDRESS}: ")
    if file is not None:
        given.update(_from_file(file, layers.profile))
    elif layers.profile is not None:
        raise ConfigError(f"There is no profile {layers.profile}: there is no configuration file.")
    given.update(_from_environment(layers.environ))
    given.update(map(_from_set, layers.sets))
    given.update(_from_options(layers.options))
    config = Config(
        _settings(given),
        {key: given[key].origin if key in given else "default" for key in OPTIONS},
        path,
        tuple(file.profiles) if file is not None else (),
        (*(file.notes if file is not None else ()), *_strays(layers.environ)),
        layers,
    )
    return _with_tools(config, file, layers.profile) if file is not None and file.tools else config


def _with_tools(config: Config, file: ConfigFile, profile: str | None) -> Config:
    """Add the tables of tools; one of a profile stands in place of the file's of that name."""
    programs: dict[str, ToolProgram] = {}
    servers: dict[str, McpServer] = {}
    origins = dict(config.origins)
    for name in dict.fromkeys(("", profile or "")):
        if tables := file.tools.get(name):
            programs |= tables.programs
            servers |= tables.servers
            origins |= {
                key: f"profile {name}" if name else f"{file.path.name}:{line}"
                for key, line in tables.lines.items()
            }
    tools = tuple(programs.values()), tuple(servers.values())
    return replace(config, origins=origins, programs=tools[0], servers=tools[1])


def set_value(settings: Settings, key: str, text: str) -> Settings:
    """Change one setting to a value that was typed. Raises ConfigError."""
    opt = _named(key)
    value = _resolve(opt, _Given(parse(opt, text), "", ""))
    return _replaced(settings, {opt.name: value})


def _read(named: Path | None, usual: Path | None) -> ConfigFile | None:
    path = named or usual
    if path is None:
        return None
    try:
        return read_file(path.expanduser() if named is not None else path)
    except FileNotFoundError:
        if named is None:
            return None
        raise ConfigError(f"{path}: there is no such file.") from None
    except (RuntimeError, ValueError):  # no home to expand ~ to, or no such name
        raise ConfigError(f"{path}: there is no such folder.") from None


def _from_file(file: ConfigFile, profile: str | None) -> Iterator[tuple[str, _Given]]:
    layers = [(f"{file.path.name}:{{line}}", file.values)]
    if profile is not None:
        if profile not in file.profiles:
            near = nearest(profile, file.profiles)
            hint = f" Did you mean {near}?" if near else ""
            raise ConfigError(f"{file.path}: There is no profile {profile}.{hint}")
        layers.append(("profile {profile}", file.profiles[profile]))
    for origin, entries in layers:
        for key, entry in entries.items():
            source = origin.format(line=entry.line, profile=profile)
            place = f"{file.path}:{entry.line}: "
            yield key, _Given(entry.value, source, place, file.path.parent)


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, _Given]]:
    for variable, opt in _VARIABLES.items():
        text = environ.get(variable, "")
        if text:
            yield opt.key, _checked(opt, text, variable)


def _from_set(pair: str) -> tuple[str, _Given]:
    key, equals, text = pair.partition("=")
    key = key.strip()
    opt = _named(key)
    if not equals:
        raise ConfigError(f"--set takes KEY=VALUE, such as {key}={_example(opt)}.")
    return opt.key, _checked(opt, text, "--set")


def _from_options(options: Mapping[str, Any]) -> Iterator[tuple[str, _Given]]:
    for key, value in options.items():
        if value is None:
            continue
        flag = "--" + key.replace("_", "-")
        yield key, _checked(option(key), value, flag)


def _checked(opt: Option, value: object, source: str) -> _Given:
    """Take a value of an option or a variable; a text is read as it would be typed."""
    try:
        read = parse(opt, value) if isinstance(value, str) else check(opt, value)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error.message}", error.hint) from None
    return _Given(read, source, f"{source}: ")


def _named(key: str) -> Option:
    if means_the_key(key):
        raise ConfigError(f"{key} is no setting. {KEY_HELP}")
    return option(key)


def _example(opt: Option) -> str:
    examples = {"body": '{"top_k": 5}', "domains": "example.com", "place": "country: DE"}
    usual = examples.get(opt.kind) or str(opt.least if opt.default is None else opt.default)
    return next(filter(None, opt.choices), "") or usual.lower()


def _settings(given: Mapping[str, _Given]) -> Settings:
    values = {OPTIONS[key].name: _resolve(OPTIONS[key], layer) for key, layer in given.items()}
    return _replaced(Settings(), values)


def _replaced(settings: Settings, values: Mapping[str, Any]) -> Settings:
    old = {f.name: getattr(settings, f.name) for f in fields(settings)}
    settings = Settings(**{**old, **values})
    check_together(settings)
    return settings


def _resolve(opt: Option, given: _Given) -> Any:
    """Read the file that `system = "@FILE"` names: beside the file that says so, else from here."""
    if opt.key != "system" or not given.value.startswith("@"):
        return given.value
    try:
        return read_text(given.value[1:], MOST_SYSTEM_BYTES, given.folder).strip()
    except ConfigError as error:
        raise ConfigError(f"{given.place}system cannot be read from {error.message}") from None


_FOLDERS: Final = frozenset({f"{_PREFIX}{kind}_DIR" for kind in ("STATE", "CONFIG", "CACHE")})


_CHOSEN: Final = frozenset({"CONFIG", "PROFILE"})  # by options alone


def _strays(environ: Mapping[str, str]) -> Iterator[str]:
    """Speak up about variables that look like settings and are none."""
    for variable in sorted(environ):
        name = variable.removeprefix(_PREFIX)
        if name == variable or variable in {*_VARIABLES, *_FOLDERS} or not environ[variable]:
            continue
        if name in _CHOSEN:
            yield f"{variable} is not used. --{name.lower()} chooses one."
        elif means_the_key(name):
            yield f"{variable} is not used. {KEY_HELP}"
        elif near := nearest(name, (setting.removeprefix(_PREFIX) for setting in _VARIABLES)):
            yield f"{variable} is not used. Did you mean {_PREFIX}{near}?"
