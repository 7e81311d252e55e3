"""The recipe for a tool makes one that runs."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

import pytest

from chatrepl.cli.assemble import new_session
from chatrepl.cli.options import Options
from chatrepl.cli.tool_check import check_tools
from chatrepl.cli.toolbox import open_box
from chatrepl.config.load import load
from chatrepl.config.tool_tables import KEYS
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.tools import ToolAnswer, ToolCall
from tests.cli.given import settle
from tests.docs.blocks import ROOT, blocks


def test_the_tool_of_the_recipe_counts_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path)
    (recipe,) = (lines for name, lines in blocks("sh run") if name.startswith("docs/tools.md"))
    subprocess.run(["sh", "-ec", "\n".join(recipe)], check=True, capture_output=True)
    loaded = load(environ=os.environ, path=tmp_path / ".config/chatrepl/config.toml")
    assert [finding.is_fine for finding in check_tools(loaded)] == [True, True]
    box = open_box(new_session(Options(), loaded, interactive=True), loaded, loaded.programs)

    async def called() -> ToolAnswer:
        (tool,) = await box.tools()
        return await box.run(tool, ToolCall("t", tool.name, {"text": "one two three four"}))

    assert asyncio.run(called()) == ToolAnswer((TextBlock("4\n"),))


def test_every_key_of_a_table_is_explained() -> None:
    text = (ROOT / "docs/tools.md").read_text(encoding="utf-8")
    for key in {*KEYS["tools"], *KEYS["mcp"]}:
        assert re.search(rf"`{key}( = [^`]*)?`", text), key
