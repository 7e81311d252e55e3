import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api import credentials as module
from chatrepl.api.credentials import Credentials, find, missing, obtain
from chatrepl.core.errors import ApiError, ConfigError
from chatrepl.core.secrets import HIDDEN
from chatrepl.core.settings import Settings
from tests.api.helpers import KEY


def found(environ: dict[str, str], **settings: object) -> Credentials:
    credentials = find(Settings(**settings), environ)  # type: ignore[arg-type]
    assert credentials is not None
    return credentials


def command(code: str) -> Credentials:
    return found({}, api_key_command=shlex.join([sys.executable, "-c", code]))


def test_the_order_is_the_sdk_s(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "default.json").write_text("{}")
    environ = {
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_AUTH_TOKEN": "token",
        "ANTHROPIC_PROFILE": "work",
        "ANTHROPIC_FEDERATION_RULE_ID": "rule",
        "ANTHROPIC_ORGANIZATION_ID": "org",
        "ANTHROPIC_IDENTITY_TOKEN": "jwt",
        "ANTHROPIC_CONFIG_DIR": str(tmp_path),
    }
    sources = []
    for name in list(environ):
        sources.append(found(environ).source)
        del environ[name]
    assert sources == [
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "profile work (ANTHROPIC_PROFILE)",
        "workload identity",
        *[f"profile default in {tmp_path}"] * 3,
    ]
    assert find(Settings(), environ) is None


def test_profiles_are_found_where_the_ant_tool_keeps_them(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    folder = tmp_path / ".config" / "anthropic"
    (folder / "configs").mkdir(parents=True)
    assert find(Settings(), environ) is None
    (folder / "active_config").write_text("work\n")
    assert found(environ).source == f"profile work in {folder}"
    (folder / "active_config").write_bytes(b"\xff")
    (folder / "configs" / "default.json").write_text("{}")
    assert found(environ).kind == "profile"


def test_a_home_that_cannot_be_a_path_holds_no_profile() -> None:
    assert find(Settings(), {"HOME": "/nowhere\0"}) is None
    assert find(Settings(), {}) is None


def test_empty_variables_count_as_absent() -> None:
    assert find(Settings(), {"ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": ""}) is None


def test_the_configuration_comes_first() -> None:
    environ = {"ANTHROPIC_API_KEY": KEY}
    assert found(environ, api_key_command="pass show key").kind == "command"
    assert found(environ, headers={"X-Api-Key": "k"}).kind == "headers"


def test_a_server_of_one_s_own_needs_no_key() -> None:
    assert found({}, base_url="http://localhost:8080").kind == "open"
    assert found({"ANTHROPIC_BASE_URL": "http://localhost:8080"}).kind == "open"
    assert find(Settings(base_url="https://api.anthropic.com"), {}) is None


def test_secrets_are_masked_and_in_no_repr() -> None:
    key = found({"ANTHROPIC_API_KEY": f" {KEY}\n"})
    assert key.secret == KEY
    assert KEY not in repr(key)
    assert key.masked == "sk-ant-…cdef"
    assert found({"ANTHROPIC_API_KEY": "short-key"}).masked == "…"
    assert not found({}, api_key_command="x").masked


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_key_of_printable_characters_is_taken(key: str) -> None:
    assert obtain(Credentials("key", "x", key)).secret == key


@given(
    st.text(),
    st.characters(max_codepoint=32) | st.characters(min_codepoint=127, exclude_categories=["Cs"]),
    st.text(),
)
def test_a_key_with_any_other_character_is_refused_without_showing_it(
    before: str, odd: str, after: str
) -> None:
    with pytest.raises(ApiError) as caught:
        obtain(Credentials("token", "ANTHROPIC_AUTH_TOKEN", before + odd + after))
    assert caught.value.exit_code == 3
    assert "ANTHROPIC_AUTH_TOKEN" in caught.value.message


def test_a_command_s_output_is_the_key() -> None:
    assert obtain(command(f'print("  {KEY}  ")')) == Credentials("key", "api_key_command", KEY)


def test_a_command_is_not_a_shell() -> None:
    with pytest.raises(ApiError, match="could not be run"):
        obtain(found({}, api_key_command="no-such-program-here && echo key"))
    echoed = f"{sys.executable} -c 'import sys; print(len(sys.argv))' ; echo $HOME"
    assert obtain(found({}, api_key_command=echoed)).secret == "4"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("pass", "printed nothing"),
        ("import sys; sys.exit(3)", "exit code 3"),
        ('import sys; print("vault is sealed", file=sys.stderr); sys.exit(1)', "vault is sealed"),
        ('print("two words")', "characters that no key has"),
    ],
)
def test_a_command_that_gives_no_key_says_why(code: str, words: str) -> None:
    with pytest.raises(ApiError, match=words) as caught:
        obtain(command(code))
    assert caught.value.exit_code == 3


def test_a_command_s_words_do_not_give_away_a_key() -> None:
    with pytest.raises(ApiError) as caught:
        obtain(command(f'import sys; sys.exit("bad {KEY}")'))
    assert KEY not in caught.value.message


@pytest.mark.parametrize(
    "said", ["bad CANARY0123456789", "token=hunter2hunter2", "'a1b2/c3d4+e5=='"]
)
def test_what_a_command_says_is_repeated_without_what_may_be_a_key(said: str) -> None:
    with pytest.raises(ApiError) as caught:
        obtain(command(f"import sys; sys.exit({'vault /run/pass2: ' + said!r})"))
    assert "vault /run/pass2: " in caught.value.message
    assert HIDDEN in caught.value.message
    assert not any(word in caught.value.message for word in ("CANARY", "hunter2", "a1b2"))


def test_a_key_that_a_failing_command_printed_is_in_no_words() -> None:
    with pytest.raises(ApiError) as caught:
        obtain(command('import sys; print("abcdefgh"); sys.exit("not abcdefgh, it is old")'))
    assert "not [hidden], it is old" in caught.value.message


@pytest.mark.parametrize(
    "around", ['"{}"', "'{}'", ' "{}" ', "“{}”", "` {} `", "'\"{}\"'", "\n{}\r\n"]
)
def test_quotes_and_blanks_around_a_key_are_taken_off(around: str) -> None:
    key = around.format(KEY)
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        assert found({name: key}).secret == KEY
    assert obtain(command(f"print({key!r})")).secret == KEY


@pytest.mark.parametrize("nothing", ['""', "''", " ", "'\"\"'"])
def test_quotes_around_nothing_are_no_key(nothing: str) -> None:
    assert find(Settings(), {"ANTHROPIC_API_KEY": nothing}) is None


def test_a_command_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMMAND_TIMEOUT_S", 0.2)
    with pytest.raises(ApiError, match="no key within"):
        obtain(command("import time; time.sleep(60)"))


def test_a_command_that_is_none_is_a_matter_of_configuration() -> None:
    for line in ("'", " "):
        with pytest.raises(ConfigError):
            obtain(found({}, api_key_command=line))


def test_without_credentials_it_is_said_how_to_get_going() -> None:
    error = missing()
    assert error.exit_code == 3
    for way in ("ANTHROPIC_API_KEY", "ant auth login", "--demo"):
        assert way in error.hint
