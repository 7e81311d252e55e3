"""What is missing is told with a line for each tool that may have installed chatrepl."""

import re

import pytest

from chatrepl.core.extras import adds


@pytest.mark.parametrize("package", ["mcp", "pillow-heif"])
def test_each_tool_has_its_line_and_none_asks_an_index_for_chatrepl(package: str) -> None:
    lines = re.findall("`([^`]*)`", adds(package))

    assert [line.split()[0] for line in lines] == ["pipx", "pip", "uv"]
    assert all(package in line for line in lines)
    assert not any(re.search(r"install .*chatrepl", line) for line in lines)
