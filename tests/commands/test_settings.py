"""Settings in the chat, the list of models, the examination of the set-up."""

from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.commands.registry import REGISTRY
from chatrepl.config.load import Config, load
from chatrepl.core.errors import ConfigError, UsageError
from chatrepl.core.models import find
from chatrepl.core.settings import OPTIONS
from chatrepl.core.talk.usage import Cost, Usage
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
    text = str(value).lower() if OPTIONS[key].kind != "table" else "{}"
    player.do(f"/set {key} {text.replace('()', '[]') or NOTHING}")
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


def test_an_empty_text_is_written_as_quotes() -> None:
    player = Player()
    player.do("/set effort low")
    player.do('/set effort ""')

    assert player.session.settings.effort == ""


def test_settings_of_the_start_say_so_and_model_and_system_act_at_once() -> None:
    player = Player()
    player.do("/set timeout_s 5")
    assert "read at the start" in player.heard
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


def test_models_are_listed_with_prices_and_what_is_unknown() -> None:
    player = Player()

    def price(model: str, usage: Usage, when: float) -> Cost | None:
        del when
        each = 3e-6 * usage.input_tokens + 15e-6 * usage.output_tokens
        return Cost(each, each) if model == "claude-sonnet-4-5" else None

    player.session.edges = replace(player.session.edges, price=price)
    player.session.models = {
        id_: find(id_) for id_ in ("claude-sonnet-4-5", "claude-opus-5-5", "claude-new-9", "llama")
    }
    player.do("/set model llama")
    player.do("/models")
    table = player.tables[-1]
    rows = {row[1]: row for row in table.rows}

    assert [table.headings[at] for at in sorted(table.right)] == ["window", "output", "$/M in/out"]
    assert rows["claude-sonnet-4-5"][2:] == (
        "200k", "64k", "3/15", "native", "2026-11-30", "disabled enabled",
    )  # fmt: skip
    assert rows["claude-opus-5-5"][5] == "emulated"
    assert rows["llama"] == ("*", "llama", "?", "?", "?", "?", "?", "?")
    player.session.use(model="another")
    player.do("/models")
    assert player.tables[-1].rows[0][:2] == ("*", "another")


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
    player.session.edges = replace(player.session.edges, examine=lambda s: f"model {s.model}")
    player.do("/doctor")
    assert player.heard == "model claude-sonnet-5-5"


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
    assert [text for text, _ in REGISTRY.complete(Player().session, line)[1]] == offered


def test_a_command_that_takes_nothing_says_so() -> None:
    with pytest.raises(UsageError, match="usage: /raw"):
        Player().do("/raw now")
