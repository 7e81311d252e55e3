"""Settings in the chat, the list of models, the examination of the set-up."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.commands.keeping import AT_START
from chatrepl.commands.slash import complete_line
from chatrepl.config.load import Config, load
from chatrepl.core.errors import ConfigError, UsageError
from chatrepl.core.settings import OPTIONS
from chatrepl.terminal.columns import lay_out
from tests.commands.playing import Player

NOTHING = '""'


def test_every_setting_is_shown_with_its_origin_and_secrets_are_hidden() -> None:
    player = Player()
    player.session.loaded = load(environ={"CHATREPL_HEADERS": "authorization: Bearer x-secret"})
    player.session.settings = player.session.loaded.settings
    player.do("/set max_tokens 500")
    player.do("/config")
    rows = {row[0]: row[1:] for row in player.tables[-1].rows}

    assert set(rows) == set(OPTIONS)
    assert rows["max_tokens"] == ("500", "/set")
    assert rows["theme"][1] == "default"
    assert "x-secret" not in str(rows)


def test_config_says_whether_there_is_a_file(tmp_path: Path) -> None:
    player = Player()
    file = tmp_path / "config.toml"
    player.session.loaded = Config(player.session.settings, dict.fromkeys(OPTIONS, "default"), file)
    player.do("/config")
    assert player.tables[-1].footer == f"There is no file yet; it would be {file}."
    file.touch()
    player.do("/config")
    assert player.tables[-1].footer == f"The file is {file}."


@pytest.mark.parametrize("key", OPTIONS)
def test_every_setting_can_be_shown_and_set_to_what_it_is(key: str) -> None:
    player = Player()
    player.do(f"/set {key}")
    assert player.heard.startswith(f"{key} = ")
    before = player.session.settings
    value = getattr(before, OPTIONS[key].name)
    unset = {None: NOTHING, (): "[]"}
    text = "{}" if isinstance(value, Mapping) else unset.get(value, str(value).lower())
    player.do(f"/set {key} {text or NOTHING}")
    assert player.session.settings == before


def test_set_without_a_key_shows_all_and_a_wrong_key_gets_an_offer() -> None:
    player = Player()
    player.do("/set")
    assert player.tables
    with pytest.raises(ConfigError, match="no setting") as caught:
        player.do("/set max_token 5")
    assert "max_tokens" in caught.value.hint
    with pytest.raises(ConfigError):
        player.do("/set max_tokens few")


def test_a_summary_model_that_is_none_is_refused_as_it_is_set() -> None:
    player = Player()
    player.do("/set context.summary_model haiku")
    assert player.session.aside_model.id == "claude-haiku-5-5"
    with pytest.raises(UsageError, match="no model haikoo"):
        player.do("/set context.summary_model haikoo")
    assert player.session.settings.context_summary_model == "haiku"
    player.do('/set context.summary_model ""')
    assert player.session.aside_model == player.session.model


def test_a_switch_is_on_in_its_section() -> None:
    player = Player()
    player.do("/set web.on yes")
    assert player.session.settings.web
    assert player.heard.startswith("web = true")


def test_an_empty_text_is_written_as_quotes() -> None:
    player = Player()
    player.do("/set effort low")
    player.do('/set effort ""')

    assert player.session.settings.effort == ""


OTHER = {  # what a setting is set to, where its kind does not tell
    "model": "haiku-4-5", "fallback_models": "haiku", "context.summary_model": "haiku",
    "base_url": "https://own.example", "api_key_command": "pass show key", "headers": "x-a: b",
    "extra_body": '{"a": 1}', "web.location": '{"city": "Bern"}', "thinking_budget": "2000",
    "user_id": "u-1", "inference_geo": "us", "system": "Be brief.",
    "context.warn_at": "0.7", "context.cut_to": "0.5", "top_p": "0.5",
}  # fmt: skip


def _other(key: str) -> str:
    opt = OPTIONS[key]
    if key in OTHER:
        return OTHER[key]
    if opt.kind == "switch":
        return str(not opt.default).lower()
    if opt.choices:
        return next(choice for choice in opt.choices if choice and choice != opt.default)
    return "7" if opt.kind in {"integer", "number"} else "one.example"


@pytest.mark.parametrize("key", OPTIONS)
def test_every_setting_counts_from_now_on_or_says_that_it_is_read_at_the_start(key: str) -> None:
    player = Player()
    before = player.session.settings
    player.do(f"/set {key} {_other(key)}")
    if key in AT_START:
        assert player.session.settings == before
        assert player.heard.startswith(f"{key} is read at the start; in this chat it stays ")
        assert f"/set! {key} keeps it" in player.heard
        assert f"chatrepl --set {key}=" in player.heard
    else:
        name = OPTIONS[key].name
        assert getattr(player.session.settings, name) != getattr(before, name)
        assert "start" not in player.heard


def test_what_is_read_at_the_start_is_read_nowhere_while_a_chat_goes_on() -> None:
    player = Player()
    player.session.settings = replace(player.session.settings, headers={"x-a": "secret-of-mine"})
    player.do("/set headers x-a: another")
    assert "secret-of-mine" not in player.heard
    assert player.session.settings.headers == {"x-a": "secret-of-mine"}


def test_a_model_and_a_system_prompt_that_are_set_are_those_of_the_next_request() -> None:
    player = Player()
    player.do("/set model haiku-4-5")
    assert player.session.model.id == "claude-haiku-4-5"
    player.do("/set system Be brief.")
    assert player.session.system == "Be brief."


def test_raw_and_multiline_switch() -> None:
    player = Player()
    for line, said in (("/raw", "as they come"), ("/raw", "rendered")):
        player.do(line)
        assert said in player.heard
    for line, on in (("/multiline", True), ("/multiline", False)):
        player.do(line)
        assert player.session.settings.multiline is on


@pytest.mark.parametrize("width", [80, 100])
def test_the_last_day_of_a_model_is_read_whole_in_a_common_window(width: int) -> None:
    player = Player()
    player.do("/models")
    table = player.tables[-1]
    lines = lay_out([table.headings, *table.rows], width, right=table.right)

    assert [line for line in lines if "2026-11-30" in line and "claude-sonnet-4-5 " in line]


def test_the_list_of_models_says_that_another_server_may_not_have_them() -> None:
    player = Player()
    player.do("/models")
    assert "server" not in player.tables[-1].footer
    player.session.settings = replace(player.session.settings, base_url="http://127.0.0.1:9")
    player.do("/models")
    assert "The server at base_url may not have all of these." in player.tables[-1].footer


def test_the_doctor_is_asked() -> None:
    player = Player()
    player.do("/doctor")
    assert "--doctor" in player.heard
    player.session.equip(examine=lambda s, live: f"model {s.model} {live}")
    player.do("/doctor")
    assert player.heard == "model claude-sonnet-5-5 False"
    player.do("/doctor live")
    assert player.heard == "model claude-sonnet-5-5 True"


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("/set max", ["max_tokens", "max_cost_usd"]),
        ("/set theme d", ["dark"]),
        ("/set web t", ["true"]),
        ("/set model claude-haiku-4", ["claude-haiku-4-5"]),
        ("/set nothing x", []),
        ("/set effort l", ["low"]),
    ],
)
def test_keys_and_values_are_completed(line: str, offered: list[str]) -> None:
    assert [text for text, _ in complete_line(Player().session, line)[1]] == offered


def test_a_command_that_takes_nothing_says_so() -> None:
    with pytest.raises(UsageError, match="/raw takes nothing"):
        Player().do("/raw now")


@pytest.mark.parametrize(
    ("typed", "models"),
    [
        ("opus-4-8, haiku-4-5", ("claude-opus-4-8", "claude-haiku-4-5")),
        ("default", ("default",)),
        ('""', ()),
    ],
)
def test_models_to_fall_back_on_are_named_by_a_part_of_their_ids(
    typed: str, models: tuple[str, ...]
) -> None:
    player = Player()
    player.do(f"/set fallback_models {typed}")
    assert player.session.settings.fallback_models == models
    with pytest.raises(UsageError, match="no model opsu"):
        player.do("/set fallback_models opsu")
    assert player.session.settings.fallback_models == models
