"""One entry of a list that is none does not spoil the others."""

from typing import Any

import pytest

from chatrepl.tools.mcp_lists import mend

GOOD = {"name": "a", "inputSchema": {"type": "object"}}


@pytest.mark.parametrize(
    ("entry", "mended"),
    [
        (GOOD, [GOOD]),
        ({"name": "a"}, [GOOD]),
        ({"name": "a", "inputSchema": None}, [GOOD]),
        ({"name": "a", "inputSchema": {"type": "array"}}, []),
        ({"name": "a", "inputSchema": "x"}, []),
        ({"name": 1, "inputSchema": {}}, []),
        ({"description": "x"}, []),
        ("text", []),
        (None, []),
        ({**GOOD, "description": 5, "outputSchema": 7, "icons": "x"}, [GOOD]),
        ({**GOOD, "description": "d", "title": "t"}, [{**GOOD, "description": "d", "title": "t"}]),
    ],
)
def test_a_tool_is_mended_or_left_out(entry: Any, mended: list[Any]) -> None:
    result = {"tools": [GOOD, entry], "nextCursor": "2"}

    mend(result)

    assert result == {"tools": [GOOD, *mended], "nextCursor": "2"}


def test_prompts_have_names_and_what_is_no_list_stays() -> None:
    result = {"prompts": [{"name": "p"}, {"title": "t"}, 5], "tools": "none"}

    mend(result)

    assert result == {"prompts": [{"name": "p"}], "tools": "none"}
