import os
import stat
import sys
from pathlib import Path

import pytest

from chatrepl.storage import paths
from chatrepl.storage.paths import Folders, config_file, find_folders, make_folder


def test_our_own_variables_come_first(tmp_path: Path) -> None:
    env = {
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": "/xdg",
        "CHATREPL_STATE_DIR": "/ours",
        "CHATREPL_CACHE_DIR": "~/cached",
    }
    folders = find_folders(env)
    assert folders.state == Path("/ours")
    assert folders.cache == tmp_path / "cached"
    assert folders.conversations == Path("/ours/conversations")


def test_xdg_comes_next_where_it_is_absolute(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "/xdg", "XDG_STATE_HOME": "relative"}
    folders = find_folders(env)
    assert folders.config == Path("/xdg/chatrepl")
    assert folders.state is not None
    assert "relative" not in str(folders.state)


def test_else_it_is_the_platforms_custom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("chatrepl", appauthor=False)
    expected = Folders(dirs.user_state_path, dirs.user_config_path, dirs.user_cache_path)
    assert find_folders({"HOME": str(tmp_path)}) == expected


@pytest.mark.parametrize("home", [None, "", "/", "//", "relative", "/nowhere/at/all", "/\0"])
def test_without_a_usable_home_there_is_no_place(home: str | None) -> None:
    env = {} if home is None else {"HOME": home}
    assert find_folders(env) == Folders(None, None, None)
    assert find_folders(env).conversations is None


def test_the_configuration_stands_in_the_folder_that_a_variable_names(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "/x", "CHATREPL_CONFIG_DIR": "/ours"}
    assert config_file(env) == Path("/ours/config.toml")
    assert config_file({"XDG_CONFIG_HOME": "/x"}) == Path("/x/chatrepl/config.toml")
    assert config_file({"HOME": str(tmp_path)}) == tmp_path / ".config/chatrepl/config.toml"
    assert config_file({}) is None


def test_the_platforms_own_place_is_read_where_xdgs_holds_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = tmp_path / "Library" / "config.toml", tmp_path / "x" / "chatrepl" / "config.toml"
    env = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "x")}
    monkeypatch.setattr(paths, "_custom", lambda _kind, _env: older.parent)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert config_file(env) == newer
    older.parent.mkdir()
    older.touch()
    assert config_file(env) == older
    assert config_file({**env, "CHATREPL_CONFIG_DIR": "/ours"}) == Path("/ours/config.toml")
    newer.parent.mkdir(parents=True)
    newer.touch()
    assert config_file(env) == newer
    newer.unlink()
    monkeypatch.setattr(sys, "platform", "linux")
    assert config_file(env) == newer


def test_configuration_roams_with_its_user_and_nothing_else_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[bool] = []

    class Dirs:
        user_state_path = user_config_path = user_cache_path = tmp_path

        def __init__(self, _name: str, *, appauthor: bool, roaming: bool) -> None:
            assert not appauthor
            asked.append(roaming)

    monkeypatch.setattr("platformdirs.PlatformDirs", Dirs)
    monkeypatch.setattr(sys, "platform", "win32")

    assert find_folders({}) == Folders(tmp_path, tmp_path, tmp_path)
    assert asked == [False, True, False]  # state, config, cache


@pytest.mark.parametrize("umask", [0, 0o022, 0o777])
def test_folders_are_made_for_the_user_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        make_folder(tmp_path / "a" / "b" / "c")
    finally:
        os.umask(before)
    for path in (tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "c"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "file" / "below")


def test_a_relative_folder_has_no_place_where_we_are_in_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert find_folders({"HOME": "/nowhere", "CHATREPL_STATE_DIR": "state"}).state is None
