"""The doctor looks at the tools in the configuration, and starts none."""

import os
from pathlib import Path

import pytest

from chatrepl.cli import doctor, tool_check
from chatrepl.cli.doctor import examine
from chatrepl.cli.tool_check import check_tools
from chatrepl.config.load import Config, load
from chatrepl.core.errors import ChatreplError


def _loaded(folder: Path, text: str) -> Config:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return load(environ={}, path=path)


def test_what_is_there_is_fine_and_said_with_what_it_runs(tmp_path: Path) -> None:
    loaded = _loaded(
        tmp_path,
        "tools.max_rounds = 1\n[tools.lines]\ncommand = 'sh -c x'\n[mcp.far]\nurl = 'https://a.example/b'\n"
        "[mcp.near]\ncommand = 'echo hunter2'\nfolder = '/'\napprove = 'always'",
    )
    assert [finding.line() for finding in check_tools(loaded)] == [
        "ok    tools       a reply may call tools in 1 round.",
        "ok    tool        tools.lines: sh -c x (approve: ask).",
        "ok    tool        mcp.far: https://a.example/b (approve: ask).",
        "ok    tool        mcp.near: echo (hidden) (approve: always).",
    ]


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("command = 'no-such-program-here'", "the program no-such-program-here is not there."),
        ("command = './it'", "the program {folder}/it may not be run (chmod +x)."),
        ("command = 'sh'\nfolder = 'none'", "there is no folder {folder}/none."),
    ],
)
def test_what_is_not_there_is_told_with_its_table(tmp_path: Path, table: str, fault: str) -> None:
    (tmp_path / "it").write_text("#!/bin/sh\n", encoding="utf-8")
    finding = check_tools(_loaded(tmp_path, f"web = true\n[tools.x]\n{table}\n"))[1]
    assert not finding.is_fine
    assert finding.said == f"tools.x: {fault.format(folder=tmp_path)}"
    assert finding.mend == "config.toml:2: see [tools.x]."


def test_a_server_that_nothing_here_can_speak_to_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_check, "find_spec", lambda _name: None)
    text = "[mcp.x]\ncommand = 'sh'\n[mcp.y]\nurl = 'https://a.example/b'\nconnect = 'service'\n"
    _, here, far = check_tools(_loaded(tmp_path, text))
    assert here.said == "mcp.x: the package mcp, which speaks to it, is not installed."
    assert "pipx inject chatrepl mcp" in here.mend
    assert far.is_fine


def test_a_schema_that_is_none_is_told(tmp_path: Path) -> None:
    text = "[tools.x]\ncommand = 'sh'\nschema = { required = 5 }\n"
    finding = check_tools(_loaded(tmp_path, text))[1]
    assert not finding.is_fine
    assert finding.said.startswith("config.toml:1: tools.x.schema is not a JSON schema: required:")


def test_the_doctor_speaks_of_tools_only_where_there_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_ask", lambda *_given, **_more: (ChatreplError("Away."), ()))
    for text, there in (("[tools.x]\ncommand = 'sh'", True), ("web = true", False)):
        findings = examine(_loaded(tmp_path, text), demo=True)
        assert any(finding.what == "tool" for finding in findings) == there
    assert os.environ
