import subprocess
import sys
from pathlib import Path
from typing import Any

import platformdirs  # noqa: F401 - it looks once, when it is imported, where it is
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatrepl.config.file import KEY_HELP
from chatrepl.config.load import Config, load, set_value
from chatrepl.core.errors import ConfigError
from chatrepl.core.settings import OPTIONS, Settings

_LAYERS = ("file", "profile", "environment", "set", "option")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sets(st.sampled_from(_LAYERS)))
def test_the_highest_layer_that_speaks_wins(tmp_path: Path, layers: set[str]) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        ("max_tokens = 1\n" if "file" in layers else "\n")
        + "[profiles.work]\n"
        + ("max_tokens = 2\n" if "profile" in layers else "")
    )
    loaded = load(
        environ={"CHATREPL_MAX_TOKENS": "3"} if "environment" in layers else {},
        path=path,
        profile="work",
        sets=["max_tokens=4"] if "set" in layers else [],
        options={"max_tokens": 5 if "option" in layers else None},
    )
    rank = max((_LAYERS.index(layer) + 1 for layer in layers), default=0)
    origins = (
        "default",
        "config.toml:1",
        "profile work",
        "CHATREPL_MAX_TOKENS",
        "--set",
        "--max-tokens",
    )
    assert loaded.settings.max_tokens == rank
    assert loaded.origins["max_tokens"] == origins[rank]


def test_the_address_of_the_sdk_counts_where_no_setting_names_one(tmp_path: Path) -> None:
    environ = {"ANTHROPIC_BASE_URL": " https://gate.example "}
    loaded = load(environ=environ)
    assert loaded.settings.base_url == "https://gate.example"
    assert loaded.origins["base_url"] == "ANTHROPIC_BASE_URL"
    (tmp_path / "c.toml").write_text('base_url = "https://mine.example"')
    mine = load(environ=environ, path=tmp_path / "c.toml")
    assert mine.settings.base_url == "https://mine.example"
    assert load(environ={"ANTHROPIC_BASE_URL": " "}).settings.base_url == ""


def test_a_profile_has_its_own_body_and_search(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        "temperature = 1\n"
        "[web]\non = true\nmax_uses = 2\n"
        "[profiles.local]\n"
        "temperature = ''\n"
        "extra_body = { top_k = 5, options = { seed = 1 } }\n"
        "[profiles.local.web]\nlocation = { city = 'Ulm' }\n"
        "[profiles.text]\n"
        "extra_body = '{\"cache_control\": null}'\n"
    )
    usual = load(environ={}, path=path).settings
    assert (usual.temperature, usual.web, usual.web_max_uses) == (1.0, True, 2)
    local = load(environ={}, path=path, profile="local").settings
    assert local.extra_body == {"top_k": 5, "options": {"seed": 1}}
    assert (local.temperature, local.web, local.web_location) == (None, True, {"city": "Ulm"})
    text = load(environ={}, path=path, profile="text").settings
    assert text.extra_body == {"cache_control": None}


def test_settings_that_contradict_one_another_are_refused() -> None:
    sets = ["web.allowed_domains=a.b", "web.blocked_domains=c.d"]
    with pytest.raises(ConfigError, match="exclude each other"):
        load(environ={}, sets=sets)
    with pytest.raises(ConfigError, match="exclude each other"):
        set_value(load(environ={}, sets=sets[:1]).settings, *sets[1].split("="))


def test_without_anything_all_is_default() -> None:
    loaded = load(environ={})
    assert loaded == Config(Settings(), dict.fromkeys(OPTIONS, "default"), None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("model=opus", {"model": "opus"}),
        (" model =a=b", {"model": "a=b"}),
        ("cache.ttl=1h", {"cache_ttl": "1h"}),
        ("web=on", {"web": True}),
        ("web=fetch", {"web": "fetch"}),
        ("web.on=fetch", {"web": "fetch"}),
        ("web=off", {}),
        ("code=yes", {"code": True}),
        ("stop_sequences=a,b", {"stop_sequences": ("a", "b")}),
        ('stop_sequences=["a,b"]', {"stop_sequences": ("a,b",)}),
        ("headers=a: b,c:d", {"headers": {"a": "b", "c": "d"}}),
        ("effort=", {"effort": ""}),
        ("system=Be brief.", {"system": "Be brief."}),
    ],
)
def test_set_reaches_settings_of_every_kind(text: str, value: dict[str, Any]) -> None:
    assert load(environ={}, sets=[text]).settings == Settings(**value)


@pytest.mark.parametrize("opt", OPTIONS.values(), ids=OPTIONS)
def test_every_setting_has_a_variable(opt: Any) -> None:
    typed = {
        "switch": "yes",
        "integer": f"{max(7, opt.least):g}",
        "number": f"{max(0.5, opt.least):g}",
        "domains": "a.b",
        "headers": "a:b",
        "place": "city:b",
        "body": '{"a":null}',
    }
    text = opt.choices[-1] if opt.choices else typed.get(opt.kind, "x")
    loaded = load(environ={opt.variable: text})
    assert loaded.origins[opt.key] == opt.variable
    assert load(environ={opt.variable: ""}) == load(environ={})


def test_a_typed_option_is_read_as_text() -> None:
    loaded = load(environ={}, options={"max_tokens": "7", "web": True, "model": None})
    assert loaded.settings == Settings(max_tokens=7, web=True)
    assert loaded.origins["model"] == "default"


@pytest.mark.parametrize(
    ("given", "said", "hint"),
    [
        ({"sets": ["modle=x"]}, "There is no setting modle.", "Did you mean model?"),
        ({"sets": ["retries"]}, "--set takes KEY=VALUE, such as retries=4.", ""),
        (
            {"sets": ["extra_body"]},
            '--set takes KEY=VALUE, such as extra_body={"top_k": 5}.',
            "",
        ),
        ({"sets": ["top_p"]}, "--set takes KEY=VALUE, such as top_p=0.", ""),
        ({"sets": ["theme"]}, "--set takes KEY=VALUE, such as theme=auto.", ""),
        ({"sets": ["retries=x"]}, "--set: retries takes a whole number, not 'x'.", ""),
        ({"options": {"retries": "x"}}, "--retries: retries takes a whole number, not 'x'.", ""),
        ({"options": {"retries": 1.5}}, "--retries: retries takes a whole number, not 1.5.", ""),
        ({"profile": "work"}, "There is no profile work: there is no configuration file.", ""),
        (
            {"sets": ["system=@none"]},
            "--set: system cannot be read from none: there is no such file.",
            "",
        ),
    ],
)
def test_what_cannot_be_is_said_with_its_place(given: dict[str, Any], said: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ={}, **given)
    assert (caught.value.message, caught.value.hint) == (said, hint)


def test_a_bad_variable_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"^CHATREPL_WEB: web takes true, false or fetch, not 'x'"
    ):
        load(environ={"CHATREPL_WEB": "x"})


def test_a_key_is_not_taken_nor_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ={}, sets=["api_key=sk-ant-123"])
    assert "ANTHROPIC_API_KEY" in caught.value.message
    assert "sk-ant" not in caught.value.message


def test_variables_that_are_none_are_pointed_out() -> None:
    environ = {
        "CHATREPL_MODLE": "x",
        "CHATREPL_API_KEY": "sk-ant-123",
        "CHATREPL_ZZZZZZZZZZ": "x",
        "CHATREPL_THEM": "",
        "CHATREPL_PROFILE": "work",
        "HOME2": "x",
    }
    assert load(environ=environ).notes == (
        f"CHATREPL_API_KEY is not used. {KEY_HELP}",
        "CHATREPL_MODLE is not used. Did you mean CHATREPL_MODEL?",
        "CHATREPL_PROFILE is not used. --profile chooses one.",
    )


def test_a_named_file_must_exist_and_another_need_not(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load(environ={}, path=tmp_path / "x.toml")
    loaded = load(environ={}, usual=tmp_path / "config.toml")
    assert loaded.path == tmp_path / "config.toml"
    assert loaded.settings == Settings()
    (tmp_path / "file").touch()
    assert load(environ={}, usual=tmp_path / "file" / "config.toml").settings == Settings()


def test_a_named_file_is_read_instead_of_the_usual_one(tmp_path: Path) -> None:
    for name, number in (("usual.toml", 1), ("named.toml", 2)):
        (tmp_path / name).write_text(f"max_tokens = {number}\n")
    usual, named = tmp_path / "usual.toml", tmp_path / "named.toml"

    assert load(environ={}, usual=usual).settings.max_tokens == 1
    assert load(environ={}, usual=usual, path=named).settings.max_tokens == 2


def test_a_tilde_in_the_name_of_a_file_is_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.toml").write_text("max_tokens = 7\n")

    assert load(environ={}, path=Path("~/mine.toml")).settings.max_tokens == 7
    with pytest.raises(ConfigError, match="no such folder"):
        load(environ={}, path=Path("~nobody-here/mine.toml"))


def test_a_system_prompt_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / "long.md"
    path.write_text("word " * 100_000)

    assert len(load(environ={}, options={"system": f"@{path}"}).settings.system) == 499_999


def test_the_blanks_around_a_system_prompt_in_a_file_are_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "kind.md"
    path.write_text("\n Be kind.\n")

    assert set_value(Settings(), "system", f"@{path}").system == "Be kind."


def test_an_unknown_profile_gets_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[profiles.work]\n[profiles.home]\n")
    with pytest.raises(ConfigError) as caught:
        load(environ={}, path=path, profile="wrok")
    assert caught.value.message == f"{path}: There is no profile wrok. Did you mean work?"
    with pytest.raises(ConfigError, match=r"no profile zzz\.$"):
        load(environ={}, path=path, profile="zzz")
    assert load(environ={}, path=path, profile="home").profiles == ("work", "home")


def test_notes_about_the_file_are_passed_on(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("base_url = 'http://x'")
    path.chmod(0o666)
    loaded = load(environ={}, path=path)
    assert loaded.settings.base_url == ""
    assert len(loaded.notes) == 1


def test_a_profile_that_others_may_change_is_as_good_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[profiles.work]\nmodel = 'opus'\nheaders = {x-key = 'k'}")
    path.chmod(0o620)
    loaded = load(environ={}, path=path, profile="work")
    assert loaded.settings == Settings()
    assert "profiles ignored" in loaded.notes[0]


def test_a_system_prompt_is_read_beside_the_file_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "here/sys.txt").write_text("from here")
    (tmp_path / "there/sys.txt").write_text("\ufefffrom there")
    path = tmp_path / "there/config.toml"
    path.write_text('system = "@sys.txt"\n[profiles.p]\nsystem = "@sys.txt"')
    monkeypatch.chdir(tmp_path / "here")
    assert load(environ={}, path=path).settings.system == "from there"
    assert load(environ={}, path=path, profile="p").settings.system == "from there"
    assert load(environ={}, path=path, sets=["system=@sys.txt"]).settings.system == "from here"
    assert load(environ={"CHATREPL_SYSTEM": "@sys.txt"}).settings.system == "from here"
    assert set_value(Settings(), "system", "@sys.txt").system == "from here"
    absolute = f"@{tmp_path}/there/sys.txt"
    assert set_value(Settings(), "system", absolute).system == "from there"


def test_a_system_prompt_that_is_overridden_need_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('\nsystem = "@none.txt"')
    assert load(environ={}, path=path, sets=["system=x"]).settings.system == "x"
    with pytest.raises(ConfigError) as caught:
        load(environ={}, path=path)
    assert caught.value.message == (
        f"{path}:2: system cannot be read from none.txt: there is no such file."
    )


def test_a_system_prompt_that_is_no_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "latin").write_bytes(b"\xe4")
    for named, said in ((f"@{tmp_path}/latin", "not UTF-8"), (f"@{tmp_path}", "not a regular")):
        with pytest.raises(ConfigError, match=said):
            set_value(Settings(), "system", named)

    def homeless(_: Path) -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "expanduser", homeless)
    with pytest.raises(ConfigError, match="no such folder"):
        set_value(Settings(), "system", "@~/x")


def test_a_value_that_was_typed_changes_one_setting() -> None:
    changed = set_value(Settings(web=True), "cache.ttl", "5m")
    assert changed == Settings(web=True, cache_ttl="5m")
    with pytest.raises(ConfigError):
        set_value(Settings(), "api_key", "x")


def test_what_changes_while_running_comes_from_set() -> None:
    loaded = load(environ={}, sets=["web=true"])
    now = loaded.now(set_value(loaded.settings, "retries", "9"))
    assert now.settings.retries == 9
    assert (now.origins["retries"], now.origins["web"]) == ("/set", "--set")


def test_slow_modules_are_imported_only_where_they_are_needed() -> None:
    program = (
        "import sys; from chatrepl.config.load import load; load(environ={'HOME': '/nowhere'});"
        "slow = {'tomllib', 'platformdirs', 'asyncio', 'rich', 'typer', 'difflib', 'subprocess'};"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
