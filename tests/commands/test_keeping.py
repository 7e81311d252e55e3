"""Settings that stay: /set!, /model! and /config edit, and what they leave alone."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from chatrepl.commands.keeping import AT_START
from chatrepl.config.load import load
from chatrepl.config.show import describe
from chatrepl.core.errors import ConfigError
from chatrepl.core.settings import OPTIONS
from tests.commands.playing import Player

_TEXT = '# mine\neffort = "low"  # for now\n\n[cache]\nttl = "5m"\n\n[profiles.work]\nweb = true\n'


def _player(
    file: Path, profile: str | None = None, environ: Mapping[str, str] | None = None, *sets: str
) -> Player:
    loaded = load(environ=environ or {}, usual=file, profile=profile, sets=sets)
    player = Player(loaded.settings)
    player.session.loaded = loaded
    return player


def _file(tmp_path: Path, text: str = _TEXT) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("effort", "high", "high"),
        ("cache.ttl", "1h", "1h"),
        ("max_tokens", "900", 900),
        ("web", "on", True),
        ("stop_sequences", "END,STOP", ("END", "STOP")),
        ("temperature", '""', None),
        ("fallback_models", "haiku", ("claude-haiku-5-5",)),
        ("headers", "x-team: blue", {"x-team": "blue"}),
        ("headers", "x-key: blue", {"x-key": "blue"}),
        ("base_url", "https://own.example", "https://own.example"),
        ("head_start", "off", False),
        ("save", "off", False),
    ],
)
@pytest.mark.parametrize("profile", [None, "work"])
def test_a_setting_that_is_kept_counts_now_and_at_the_next_start(
    tmp_path: Path, key: str, typed: str, value: object, profile: str | None
) -> None:
    file, name = _file(tmp_path), OPTIONS[key].name
    player = _player(file, profile)
    player.do(f"/set! {key} {typed}")
    again = load(environ={}, usual=file, profile=profile)
    assert getattr(again.settings, name) == value
    if key not in AT_START:
        assert getattr(player.session.settings, name) == value
    where = f"{file}, under [profiles.work]" if profile else f"{file}."
    assert f"Kept in {where}" in player.heard
    player.do("/config")
    now, origin = next(row[1:] for row in player.tables[-1].rows if row[0] == key)
    kept = next(row[1] for row in describe(again) if row[0] == key)
    if key not in AT_START:
        assert (now, origin) == (kept, again.origins[key])
        return
    assert now != kept
    assert origin == f"{again.origins[key]} has {kept}, from the next start"


def test_all_else_of_the_file_stays_as_it_is_its_mode_and_a_link_in_its_place_too(
    tmp_path: Path,
) -> None:
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    real, link = _file(dotfiles), tmp_path / "link.toml"
    real.chmod(0o640)
    link.symlink_to(real)
    _player(link).do("/set! effort max")
    assert real.read_text() == _TEXT.replace('"low"', '"max"')
    assert real.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert [*dotfiles.iterdir()] == [real]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_stay(tmp_path: Path, end: str, mark: bytes) -> None:
    file = _file(tmp_path)
    file.write_bytes(mark + _TEXT.replace("\n", end).encode())
    _player(file).do("/set! effort max")
    assert file.read_bytes() == mark + _TEXT.replace('"low"', '"max"').replace("\n", end).encode()


def test_the_first_kept_setting_makes_the_file_for_the_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    _player(file).do("/set! max_tokens 100")
    assert file.read_text() == "max_tokens = 100\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_overrides_a_kept_setting_is_said(tmp_path: Path) -> None:
    file = _file(tmp_path)
    player = _player(file, None, {"CHATREPL_EFFORT": "high"}, "max_tokens=5")
    player.do("/set! effort max")
    assert "But CHATREPL_EFFORT is set in the environment" in player.heard
    player.do("/set! max_tokens 50")
    assert "But --set goes before it" in player.heard
    player.do("/set! head_start off")
    assert "It counts from the next start." in player.heard
    assert not load(environ={}, usual=file).settings.head_start


def test_a_key_alone_tells_and_writes_nothing(tmp_path: Path) -> None:
    file = _file(tmp_path)
    _player(file).do("/set! effort")
    assert file.read_text() == _TEXT


@pytest.mark.parametrize("line", ["/set! effort tall", "/set! effrt low", "/set! model haikoo"])
def test_what_is_no_setting_or_no_value_of_it_is_not_kept(tmp_path: Path, line: str) -> None:
    player = _player(file := _file(tmp_path))
    before = player.session.settings
    if line.endswith("haikoo"):
        player.do(line)
        assert player.session.settings.model == "haikoo"
        assert any(said.startswith("For this chat only: ") for said in player.said)
    else:
        with pytest.raises(ConfigError):
            player.do(line)
        assert player.session.settings == before
    assert file.read_text() == _TEXT


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        ("effort = \n", "config.toml:1"),
        ('effort = "low"\nspeeed = 1\n', "config.toml:2: There is no setting speeed"),
        (None, "read-only"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_changed_is_left_and_so_is_the_setting(
    tmp_path: Path, spoilt: str | bytes | None, says: str
) -> None:
    player = _player(file := _file(tmp_path))
    if spoilt is None:
        file.chmod(0o444)
    else:
        file.write_bytes(spoilt if isinstance(spoilt, bytes) else spoilt.encode())
    before, settings = file.read_bytes(), player.session.settings
    with pytest.raises(ConfigError) as caught:
        player.do("/set! effort max")
    assert says in caught.value.message
    assert (file.read_bytes(), player.session.settings) == (before, settings)


def test_a_file_of_somebody_else_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = _player(file := _file(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 99_999)
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        player.do("/set! effort max")
    assert file.read_text() == _TEXT


def test_links_that_lead_nowhere_and_no_place_at_all_are_said(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    player = _player(file)
    file.symlink_to(file)
    with pytest.raises(ConfigError):
        player.do("/set! effort max")
    (tmp_path / "plain").touch()
    with pytest.raises(ConfigError, match="no folder"):
        _player(tmp_path / "plain" / "config.toml").do("/set! effort max")
    with pytest.raises(ConfigError, match="no place"):
        Player().do("/set! effort max")


def test_a_system_prompt_in_a_file_is_kept_by_the_whole_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "role.txt").write_text("Be brief.\n")
    monkeypatch.chdir(tmp_path / "here")
    player = _player(file := _file(tmp_path))
    player.do("/set! system @role.txt")
    assert player.session.system == "Be brief."
    assert load(environ={}, usual=file).settings.system == "Be brief."


def test_a_model_that_is_kept_is_that_of_the_next_chats(tmp_path: Path) -> None:
    player = _player(file := _file(tmp_path))
    player.do("/model! opus")
    assert player.session.model.id.startswith("claude-opus")
    assert load(environ={}, usual=file).settings.model == player.session.model.id
    player.do("/set! model claude-haiku-5-5")
    assert load(environ={}, usual=file).settings.model == "claude-haiku-5-5"


def test_the_file_is_made_from_the_example_and_what_was_changed_counts(tmp_path: Path) -> None:
    player = _player(file := tmp_path / "config.toml")
    player.edited = 'effort = "low"\nhead_start = false\nsystem = "Be brief."\n'
    player.do("/config edit")
    assert file.read_text() == player.edited
    assert player.session.settings.effort == "low"
    assert player.session.settings.head_start
    assert player.session.system == "Be brief."
    assert any(
        "Changed: system, effort. At the next start: head_start." in said for said in player.said
    )


def test_an_editor_that_changes_nothing_changes_nothing(tmp_path: Path) -> None:
    from chatrepl.config.show import example

    player = _player(file := tmp_path / "config.toml")
    player.edited = example()
    player.do("/config edit")
    assert not file.exists()
    assert player.heard == "config.toml is as it was."


@pytest.mark.parametrize(
    ("edited", "says"),
    [
        ("# mine\neffort = 'tall'\n", "config.toml:2: effort takes one of"),
        ("effort = \n", "config.toml:1"),
        ("model = 'haikoo'\n", "There is no model haikoo"),
        ("[web]\nallowed_domains = ['a.b']\nblocked_domains = ['c.d']\n", "exclude each other"),
    ],
)
def test_a_mistake_is_told_changes_nothing_and_is_there_again_to_be_mended(
    tmp_path: Path, edited: str, says: str
) -> None:
    player = _player(file := _file(tmp_path))
    before = player.session.settings
    player.edited = edited
    player.do("/config edit")
    assert says in player.said[-2]
    assert player.heard == "config.toml is as it was; /config edit opens what you wrote again."
    assert (file.read_text(), player.session.settings) == (_TEXT, before)
    offered = player.do("/config edit")
    assert getattr(offered, "text", "") == edited
    player.edited = 'effort = "max"\n'
    player.do("/config edit")
    assert (file.read_text(), player.session.settings.effort) == (player.edited, "max")
    assert [*tmp_path.iterdir()] == [file]


@pytest.mark.parametrize("spoilt", ["web = true\n{0}", "{0}{0}", "{0}effort"])
def test_a_text_that_cannot_take_a_setting_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: str
) -> None:
    player = _player(file := _file(tmp_path))
    monkeypatch.setattr("chatrepl.config.write.with_value", lambda text, *_: spoilt.format(text))
    with pytest.raises(ConfigError, match="effort has no place in it"):
        player.do("/set! effort max")
    assert file.read_text() == _TEXT


def test_a_file_that_is_no_text_is_not_opened_in_the_editor(tmp_path: Path) -> None:
    player = _player(file := _file(tmp_path))
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        player.do("/config edit")


_TOOLS = (
    "[tools.lines]\ncommand = 'wc -l' # for now\nschema = 'text'\n"
    "[mcp.files]\nurl = 'https://example.com/mcp?key=hunter2'\n"
    "[profiles.work.tools.lines]\ncommand = 'wc -w'\n"
)


@pytest.mark.parametrize("profile", [None, "work"])
@pytest.mark.parametrize("key", ["tools.max_rounds", "effort", "cache.ttl"])
def test_tables_of_tools_stay_as_they_are_and_are_shown(
    tmp_path: Path, key: str, profile: str | None
) -> None:
    player = _player(file := _file(tmp_path, _TOOLS), profile)
    value = {"tools.max_rounds": "3", "effort": "high", "cache.ttl": "1h"}[key]
    player.do(f"/set! {key} {value}")
    assert load(environ={}, usual=file, profile=profile).programs == player.session.loaded.programs  # type: ignore[union-attr]
    for line in _TOOLS.splitlines():
        assert line in file.read_text()
    player.do("/config")
    rows = {row[0]: row[1] for row in player.tables[-1].rows}
    assert rows["tools.lines"] == f"wc -{'w' if profile else 'l'} (approve: ask)"
    assert rows["mcp.files"] == "https://example.com/mcp?(hidden) (approve: ask)"


def test_a_tool_that_is_edited_counts_at_the_next_start_and_a_broken_one_changes_nothing(
    tmp_path: Path,
) -> None:
    player = _player(file := _file(tmp_path, _TOOLS))
    player.edited = _TOOLS.replace("'text'", "'{\"required\": 5}'")
    player.do("/config edit")
    assert "tools.lines.schema is not a JSON schema: required: 5" in player.said[-2]
    assert file.read_text() == _TOOLS
    player.edited = _TOOLS.replace("wc -l", "wc -c")
    player.do("/config edit")
    assert player.heard == f"{file} is written. At the next start: tools."
