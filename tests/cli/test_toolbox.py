"""The tools of the configuration as the chat gets them."""

import asyncio
from pathlib import Path

import pytest

from chatrepl.cli.assemble import new_session
from chatrepl.cli.options import Options
from chatrepl.cli.toolbox import named_programs, named_servers, open_box
from chatrepl.config.load import Config, load
from chatrepl.core.errors import ConfigError, UsageError
from chatrepl.core.talk.blocks import ImageBlock, TextBlock
from chatrepl.core.tools import ToolAnswer, ToolCall
from tests.attachments.pictures import picture, saved
from tests.cli.given import settle


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY="sk-ant-secret")


def _loaded(folder: Path, text: str) -> Config:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return load(environ={}, path=path)


def _answers(loaded: Config) -> list[ToolAnswer]:
    """Call each tool in turn."""
    session = new_session(Options(), loaded, interactive=True)
    box = open_box(session, loaded, loaded.programs)

    async def called() -> list[ToolAnswer]:
        tools = await box.tools()
        answers = [await box.run(tool, ToolCall("t", tool.name, {"a": 1})) for tool in tools]
        await box.close()
        return answers

    return asyncio.run(called())


def test_programs_of_the_file_are_run_and_get_no_key(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(saved(picture(9, 9), "PNG"))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    text = (
        "[tools.input]\ncommand = 'cat'\nschema = 'a int'\n"
        '[tools.key]\ncommand = ["sh", "-c", \'echo "<$ANTHROPIC_API_KEY>"\']\n'
        "[tools.photo]\ncommand = 'cat photo.png'\nfolder = '.'\n"
        "[tools.broken]\ncommand = 'cat broken.png'\nfolder = '.'\n"
    )
    input_, key, photo, broken = _answers(_loaded(tmp_path, text))
    assert input_ == ToolAnswer((TextBlock('{"a":1}\n'),))
    assert key == ToolAnswer((TextBlock("<>\n"),))
    assert isinstance(photo.content[0], ImageBlock)
    assert broken.is_error


def test_programs_are_found_by_their_names_and_a_slip_is_told(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, "[tools.a]\ncommand = 'a'\n[tools.lines]\ncommand = 'b'\n")
    assert [it.name for it in named_programs(loaded, ["lines", "a", "lines"])] == ["lines", "a"]
    for name, hint in (("line", "Did you mean lines?"), ("zzz", "[tools.zzz] in config.toml")):
        with pytest.raises(UsageError) as caught:
            named_programs(loaded, [name])
        assert caught.value.message == f"There is no tool {name}."
        assert caught.value.hint.startswith(hint)


def test_servers_are_found_by_their_names_and_a_slip_is_told(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, "[mcp.a]\ncommand = 'a'\n[mcp.notes]\nurl = 'http://localhost'\n")
    assert [it.name for it in named_servers(loaded, ["notes", "a"])] == ["notes", "a"]
    for name, hint in (("note", "Did you mean notes?"), ("zzz", "[mcp.zzz] in config.toml")):
        with pytest.raises(UsageError) as caught:
            named_servers(loaded, [name])
        assert caught.value.message == f"There is no server {name}."
        assert caught.value.hint.startswith(hint)


def test_a_schema_that_is_none_is_told_before_anything_runs(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, "[tools.a]\ncommand = 'a'\nschema = { required = 5 }\n")
    with pytest.raises(ConfigError, match=r"config\.toml:1: tools\.a\.schema is not a JSON schema"):
        _answers(loaded)
