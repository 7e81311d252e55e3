"""Commands about settings and the set-up: /set, /config, /raw, /multiline, /models, /doctor."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from chatrepl.attachments.mentions import paths_behind_at
from chatrepl.commands.cost import cooled, set_system
from chatrepl.commands.keeping import AT_START, edit_file, keep
from chatrepl.commands.next_reply import model as use_model
from chatrepl.commands.next_reply import priced_models
from chatrepl.commands.registry import ArgKind, command
from chatrepl.config.load import Config, set_value
from chatrepl.config.show import describe, describe_tools, toml
from chatrepl.core.model_names import DEFAULT
from chatrepl.core.outcome import Job, Notice, Outcome, Several, Table
from chatrepl.core.setting_values import Option
from chatrepl.core.settings import OPTIONS, Settings, option
from chatrepl.pages.model_list import model_list
from chatrepl.session.session import Session


def _keys(session: Session, text: str) -> Iterable[tuple[str, str]]:
    rows = describe(_loaded(session))
    return ((key, f"{value} · {origin}") for key, value, origin in rows if key.startswith(text))


def _values(session: Session, given: Sequence[str], text: str) -> Iterable[tuple[str, str]]:
    opt = OPTIONS.get(given[0])
    if opt is None:
        return
    if opt.key == "model" or opt.kind == "models":
        yield from (pair for pair in priced_models(session, "") if pair[0].startswith(text))
        return
    if opt.key == "system":
        yield from paths_behind_at(text)
    now = getattr(session.settings, opt.name)
    for value in filter(None, opt.offered):
        if value.startswith(text):
            is_now = value == (str(now).lower() if opt.kind == "switch" else now)
            yield value, "as it is now" if is_now else opt.about


@command("set", group="settings")
def set_(
    session: Session,
    key: Annotated[str, ArgKind(complete=_keys)] = "",
    value: Annotated[str | None, ArgKind(rest=True, given=_values)] = None,
    *,
    force: bool = False,
) -> Outcome:
    """Change a setting until you leave; without VALUE tell what it is and does.

    `/set! KEY VALUE` keeps it in config.toml for good; /config tells where each comes from.
    """
    if not key:
        return config(session)
    opt = option(key)
    key = opt.key
    if value is None:
        shown, origin = _shown(session, key)
        return Notice(f"{key} = {shown} ({origin})\n{opt.about}{_offered(opt.choices)}")
    if key == "model":
        return use_model(session, value, force=force)
    text = "" if value == '""' else value
    changed = _changed(session, key, text)
    if not force:
        return _use(session, opt, changed)
    is_file = key == "system" and text.startswith("@")
    beside = f"@{Path(text[1:]).expanduser().absolute()}"  # a file's @ counts from its own folder
    kept = Notice(keep(session, opt, beside if is_file else getattr(changed, opt.name)))
    return kept if key in AT_START else Several((_use(session, opt, changed), kept))


def _changed(session: Session, key: str, text: str) -> Settings:
    """Give the settings with one changed. Raises ChatreplError for a value that it cannot have."""
    changed = set_value(session.settings, key, text)
    if key == "context.summary_model" and changed.context_summary_model:
        session.named(changed.context_summary_model)  # a name that is none is refused
    if key == "fallback_models":
        others = (
            one if one == DEFAULT else session.named(one).id for one in changed.fallback_models
        )
        changed = replace(changed, fallback_models=tuple(others))
    return changed


def _use(session: Session, opt: Option, changed: Settings) -> Outcome:
    if opt.key in AT_START and changed != session.settings:
        shown, _ = _shown(session, opt.key)
        words = f"{opt.key} is read at the start; in this chat it stays {shown}."
        hint = f"/set! {opt.key} keeps it for the next, chatrepl --set {opt.key}=… takes it once."
        return Notice(f"{words} {hint}", "warning")
    if opt.key == "system":
        session.use(changed)
        return set_system(session, changed.system)
    lost = cooled(session, lambda: session.use(changed))
    shown, _ = _shown(session, opt.key)
    return Notice(f"{opt.key} = {shown}{lost and '.'}{lost}")


def _shown(session: Session, key: str) -> tuple[str, str]:
    rows = describe(_loaded(session))
    return next((value, origin) for found, value, origin in rows if found == key)


def _offered(choices: tuple[str, ...]) -> str:
    return f" One of {', '.join(toml(choice) for choice in choices)}." if choices else ""


def _loaded(session: Session) -> Config:
    """Give the settings as they are now, and where from; what waits in the file is told so."""
    known = session.loaded or Config(Settings(), dict.fromkeys(OPTIONS, "default"), None)
    now = known.now(session.settings)
    waiting = {
        key: f"{origin} has {value}, from the next start"
        for key, value, origin in describe(known)
        if key in AT_START and now.origins[key] != origin
    }
    return replace(now, origins={**now.origins, **waiting})


@command("config", group="settings")
def config(session: Session, how: Literal["edit"] | None = None) -> Outcome:
    """Show every setting, its value, and where that comes from. Secrets are hidden.

    `edit` opens config.toml in your editor; a mistake in it is told, and changes nothing.
    """
    if how == "edit":
        return edit_file(session)
    loaded = _loaded(session)
    where = f"The file is {loaded.path}." if loaded.path is not None else ""
    if loaded.path is not None and not loaded.path.exists():
        where = f"There is no file yet; it would be {loaded.path}."
    rows = (*describe(loaded), *describe_tools(loaded))
    return Table(("setting", "value", "from"), rows, footer=where)


@command("raw", group="settings")
def raw(session: Session) -> Outcome:
    """Switch between rendered replies and their Markdown as it comes."""
    is_raw = session.settings.render == "raw"
    session.use(render="markdown" if is_raw else "raw")
    return Notice("Replies are rendered." if is_raw else "Replies are shown as they come.")


@command("multiline", group="settings")
def multiline(session: Session) -> Outcome:
    """Switch what Enter does: send, or make a new line while Alt-Enter sends."""
    on = not session.settings.multiline
    session.use(multiline=on)
    return Notice("Enter makes a new line; Alt-Enter sends." if on else "Enter sends.")


@command("models", group="settings")
def models(session: Session) -> Outcome:
    """List the models with windows, prices, prefill, thinking and how long they last."""
    table = model_list(session.service.models.values(), session.model, session.edges.rates)
    elsewhere = bool(session.settings.base_url)
    foreign = "The server at base_url may not have all of these." if elsewhere else ""
    footer = " ".join(filter(None, (table.footer, foreign, "/model ID switches.")))
    return replace(table, footer=footer)


@command("doctor", group="program")
def doctor(session: Session, how: Literal["live"] | None = None) -> Outcome:
    """Examine key, connection, model, terminal, storage and clock; say how to mend the rest.

    `live` also has a word counted, and answered by one token; it says what that costs.
    """
    settings = _loaded(session).settings
    return Job("Looking", lambda: Notice(session.edges.examine(settings, how == "live")))
