"""What is missing is told with a line for each tool that may have installed chatrepl."""

import re
from pathlib import Path

import pytest

from chatrepl.core.extras import adds


@pytest.mark.parametrize("package", ["mcp", "pillow-heif"])
def test_each_tool_has_its_line_and_none_asks_an_index_for_chatrepl(package: str) -> None:
    lines = re.findall("`([^`]*)`", adds(package))

    assert [line.split()[0] for line in lines] == ["pipx", "pip", "uv"]
    assert all(package in line for line in lines)
    assert not any(re.search(r"install .*chatrepl", line) for line in lines)


def test_nothing_that_is_said_has_chatrepl_installed_from_an_index() -> None:
    by_name = re.compile(r"chatrepl\[\w+\]|(?<!un)install '?chatrepl")
    texts = {path: path.read_text("utf-8") for path in Path("chatrepl").rglob("*.py")}
    texts |= {
        path: path.read_text("utf-8") for path in [Path("README.md"), *Path("docs").iterdir()]
    }

    assert len(texts) > 100
    assert [str(path) for path, text in texts.items() if by_name.search(text)] == []
