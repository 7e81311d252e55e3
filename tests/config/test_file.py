import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatrepl.config.file import MAX_BYTES, ConfigValue, read_file, read_text
from chatrepl.core.errors import ConfigError

LISTED = "config.example.toml explains each; /config lists them."


def _write(folder: Path, content: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _error(folder: Path, content: str | bytes) -> str:
    path = _write(folder, content)
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    assert caught.value.exit_code == 2
    assert caught.value.hint == ""
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith(f"{path}:")
    return caught.value.message.removeprefix(f"{path}:")


_TOMLISH = st.text("[]{}=\"'.,#\n\r\t ab10-:T\\\0é", max_size=60).map(str.encode)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=80) | _TOMLISH)
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path: Path, data: bytes) -> None:
    path = _write(tmp_path, data)
    message = f"{path}:"
    try:
        read_file(path)
    except ConfigError as error:
        message = error.message
    assert message.startswith(f"{path}:")
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('model = "x"\nmodle = "y"\n', "2: There is no setting modle. Did you mean model?"),
        ("[cache]\n\ntll = '1h'", "3: There is no setting cache.tll. Did you mean cache.ttl?"),
        ("[cach]\nttl = '1h'", "2: There is no setting cach.ttl. Did you mean cache.ttl?"),
        (
            "[nonsense]\n",
            "1: There is no setting nonsense. " + LISTED,
        ),
        ("retries = '4'", "1: retries takes a whole number, not '4'."),
        ("retries = true", "1: retries takes a whole number, not true."),
        ("retries = -1", "1: retries must be at least 0, not -1."),
        ("context.warn_at = 1.5", "1: context.warn_at must be at most 1, not 1.5."),
        ("timeout_s = nan", "1: timeout_s takes a number, not nan."),
        (
            "stop_sequences = 'x'",
            "1: stop_sequences takes a list of texts that are not blank, not 'x'.",
        ),
        ("cache = 5", "1: There is no setting cache. Did you mean cache.ttl?"),
        ("theme = 'blue'", "1: theme takes one of auto, dark, light, none, contrast, not 'blue'."),
        ("[headers]\nx-api-key = 5", "1: headers takes header names with a text each."),
        ("[profiles.work]\nweb = 1", "2: web takes true, false or fetch, not 1."),
        ("[profiles.work.cache]\nttl = 1", "2: cache.ttl takes one of auto, 5m, 1h, not 1."),
        (
            "[profiles.work]\nprofiles = {}",
            "2: There is no setting profiles. " + LISTED,
        ),
        ("profiles = 1", "1: profiles is a table of tables, such as [profiles.work]."),
        ("[profiles]\nwork = 1", "2: A profile is a table: write [profiles.work]."),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_line(
    tmp_path: Path, content: str, said: str
) -> None:
    assert _error(tmp_path, content) == said


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("web = true\nmodel =\n", "2:8: "),
        ("a = 1\na = 2", "2: "),
        ('web = true\nmodel = "x', "2: "),
        ("model = '\0'", "1:10: "),
    ],
)
def test_bad_toml_is_named_with_its_line(tmp_path: Path, content: str, place: str) -> None:
    assert _error(tmp_path, content).startswith(place)


def test_text_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    assert _error(tmp_path, "\nsystem = 'ä'".encode("latin-1")) == "2: this is not UTF-8 text."
    assert _error(tmp_path, "model = 'x'".encode("utf-16")) == "1: this is not UTF-8 text."


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    assert _error(tmp_path, "a = " + "[" * 20_000) == " tables or lists are nested too deeply."


def test_an_endless_number_is_refused_with_its_line(tmp_path: Path) -> None:
    assert _error(tmp_path, "\nretries = " + "9" * 10_000) == "2: a number is too long."


def test_a_huge_number_is_too_much_for_a_float(tmp_path: Path) -> None:
    assert _error(tmp_path, "timeout_s = " + "9" * 400).startswith("1: timeout_s takes a number")


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    assert _error(tmp_path, b"#" * (MAX_BYTES + 1)) == " it is larger than 65 kB."
    assert read_file(_write(tmp_path, b"#" * MAX_BYTES)).values == {}


@pytest.mark.parametrize("key", ["api_key", "ANTHROPIC_API_KEY", "auth_token", "apikey"])
def test_a_key_in_the_file_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    said = _error(tmp_path, f"{key} = 'sk-ant-123'")
    assert said.startswith(f"1: {key}: a key has no place in this file.")
    assert "ANTHROPIC_API_KEY" in said
    assert "sk-ant" not in said


def test_a_secret_in_a_wrong_header_is_not_repeated(tmp_path: Path) -> None:
    assert "sk-ant" not in _error(tmp_path, "headers = 'x-api-key: sk-ant-123'")


def test_sections_dotted_keys_and_profiles_are_read(tmp_path: Path) -> None:
    file = read_file(
        _write(
            tmp_path,
            "\ufeffmax_tokens = 5\r\ncache.ttl = '1h'\r\n[context]\r\nwarn_at = 1\r\n"
            "[headers]\r\nx = 'y'\r\n[cache2]\r\n".replace("[cache2]", "[profiles.a.cache]")
            + "ttl = '5m'\r\n[profiles.b]\r\ncache = { enabled = false }\r\n[profiles.c.cache]\r\n",
        )
    )
    assert file.values == {
        "max_tokens": ConfigValue(5, 1),
        "cache.ttl": ConfigValue("1h", 2),
        "context.warn_at": ConfigValue(1.0, 4),
        "headers": ConfigValue({"x": "y"}, 5),
    }
    assert file.profiles == {
        "a": {"cache.ttl": ConfigValue("5m", 8)},
        "b": {"cache.enabled": ConfigValue(False, 10)},
        "c": {},
    }


def test_a_missing_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none.toml")


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(ConfigError, match="not a regular file"):
            read_file(path)


def test_a_socket_and_impossible_names_are_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "socket", tmp_path / ("n" * 300), Path("a\0b")):
            with pytest.raises(ConfigError, match="it cannot be read"):
                read_file(path)


def test_a_file_that_breaks_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _write(tmp_path, "")

    def broken(_: int) -> os.stat_result:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", broken)
        with pytest.raises(ConfigError, match="input/output error"):
            read_file(path)


def test_a_file_that_anybody_may_change_says_nothing_about_keys_and_servers(
    tmp_path: Path,
) -> None:
    path = _write(
        tmp_path,
        "web = true\nbase_url = 'http://x'\n[profiles.w]\napi_key_command = 'pass x'\nretries=1\n",
    )
    path.chmod(0o666)
    file = read_file(path)
    assert set(file.values) == {"web"}
    assert file.profiles == {"w": {}}
    (note,) = file.notes
    said = f"base_url, profiles ignored, since {path} can be changed by others."
    assert note == f"{path}: {said} chmod go-w {path} mends it."
    path.chmod(0o600)
    assert set(read_file(path).values) == {"web", "base_url"}


_WORDS = {
    "allow_http": "allow_http = ['h']",
    "api_key_command": "api_key_command = 'pass x'",
    "base_url": "base_url = 'http://x'",
    "headers": "headers = {authorization = 'Bearer x'}",
    "profiles": "[profiles.x]\nmodel = 'opus'",
}


@pytest.mark.parametrize("key", _WORDS)
@pytest.mark.parametrize("where", ["file", "folder", "target", "folder of the target"])
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_what_others_have_a_hand_in_decides_nothing_about_keys(
    tmp_path: Path, key: str, where: str, mode: int
) -> None:
    for name in ("config", "elsewhere"):
        (tmp_path / name).mkdir(mode=0o700)
    target = _write(tmp_path / "elsewhere", f"web = true\n{_WORDS[key]}")
    target.chmod(0o600)
    path = target
    if "target" in where:
        path = tmp_path / "config" / "config.toml"
        path.symlink_to(target)
    assert (read_file(path).notes, len(read_file(path).values)) == ((), 1 + (key != "profiles"))

    open_one = target.parent if where.startswith("folder") else target
    open_one.chmod(0o700 | mode)
    file = read_file(path)
    assert set(file.values) == {"web"}
    assert not any(file.profiles.values())
    assert f"{key} ignored, since {open_one} can be changed by others." in file.notes[0]


def test_a_folder_that_all_share_is_left_as_it_is_and_its_files_decide_nothing(
    tmp_path: Path,
) -> None:
    path = _write(tmp_path, "base_url = 'http://x'")
    tmp_path.chmod(0o1777)
    file = read_file(path)
    assert file.values == {}
    said = f"since others may write to {tmp_path} as well. A folder of your own mends it."
    assert said in file.notes[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("where", ["file", "folder", "link"])
def test_what_belongs_to_somebody_else_decides_nothing_about_keys(
    tmp_path: Path, where: str
) -> None:
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    path = _write(folder, "base_url = 'http://x'")
    if where == "link":
        path = tmp_path / "link.toml"
        path.symlink_to(folder / "config.toml")
    foreign = {"file": path, "folder": folder, "link": path}[where]
    os.chown(foreign, 4242, 4242, follow_symlinks=False)
    assert (
        f"since {foreign} belongs to somebody else. chown 0 {foreign} mends it."
        in read_file(path).notes[0]
    )
    assert read_file(path).values == {}


def test_a_file_that_anybody_may_change_is_fine_without_them(tmp_path: Path) -> None:
    path = _write(tmp_path, "web = true")
    path.chmod(0o777)
    assert read_file(path).notes == ()


@pytest.mark.parametrize("name", ["~\0", "~\0/x", "a\0b", "~nobody\0", "~\ud800/x"])
def test_a_name_that_no_file_may_have_is_refused_in_words(name: str) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read|no such"):
        read_text(name, 1_000)


@pytest.mark.parametrize("data", [b"\x7fELF\2\1\1\0\0", "Be kind.".encode("utf-16-le"), b"a\0b"])
def test_a_program_or_other_bytes_with_nul_are_no_text(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "given"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match="this is not text") as caught:
        read_text(str(path), 1_000)
    assert caught.value.exit_code == 2
