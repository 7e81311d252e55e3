from typing import Any

import pytest

from chatrepl.demo.models import usable
from chatrepl.demo.validate_tools import check_choice, check_tools, from_code, provided
from chatrepl.demo.wire import ApiFault
from tests.demo.helpers import NEW, OLD

TOOL = {"name": "t", "input_schema": {"type": "object"}}


@pytest.mark.parametrize(
    "kind",
    ["web_search_20250305", "web_search_20260318", "web_fetch_20260309", "code_execution_20260521"],
)
def test_known_server_tools_pass(kind: str) -> None:
    check_tools({"tools": [{"type": kind, "name": kind.rpartition("_")[0]}]}, usable(NEW))


def test_a_forced_choice_depends_on_model_and_thinking() -> None:
    value: dict[str, Any] = {"tools": [TOOL], "tool_choice": {"type": "any"}}
    check_choice(value, usable(OLD))
    check_choice({**value, "tool_choice": {"type": "none"}}, usable(NEW))
    with pytest.raises(ApiFault, match="not supported on this model"):
        check_choice(value, usable(NEW))
    with pytest.raises(ApiFault, match="Thinking may not be enabled"):
        check_choice({**value, "thinking": {"type": "enabled"}}, usable(OLD))


SEARCH = {"type": "web_search_20260318", "name": "web_search"}
FETCH = {"type": "web_fetch_20260318", "name": "web_fetch"}
LOCATION = {"type": "approximate", "city": "Bonn", "country": "DE", "timezone": "Europe/Berlin"}
SERVER = {"type": "url", "name": "notes", "url": "https://mcp.example.com/"}
SET = {"type": "mcp_toolset", "mcp_server_name": "notes"}

GOOD: list[dict[str, Any]] = [
    {**SEARCH, "max_uses": 5, "user_location": LOCATION, "response_inclusion": "excluded"},
    {**SEARCH, "allowed_domains": ["example.com"], "allowed_callers": ["direct"]},
    {**SEARCH, "blocked_domains": ["example.com"], "allowed_domains": None},
    {**FETCH, "citations": {"enabled": True}, "use_cache": False, "max_content_tokens": 1000},
    {**TOOL, "allowed_callers": ["code_execution_20260521"]},
]


@pytest.mark.parametrize("tool", GOOD)
def test_a_tool_takes_what_the_service_takes(tool: dict[str, Any]) -> None:
    check_tools({"tools": [tool]}, usable(NEW))


BAD: list[tuple[dict[str, Any], str]] = [
    ({**SEARCH, "allowed_domains": ["a.de"], "blocked_domains": ["b.de"]},
     "Cannot use both `allowed_domains` and `blocked_domains`"),
    ({**SEARCH, "allowed_domains": ["https://a.de"]}, "leave out the scheme"),
    ({**SEARCH, "max_uses": 0}, "tools.0.max_uses: Input should be greater than 0"),
    ({**SEARCH, "max_uses": "5"}, "tools.0.max_uses: Input should be a valid integer"),
    ({**SEARCH, "user_location": {"city": "Bonn"}}, "tools.0.user_location.type: Field required"),
    ({**SEARCH, "user_location": {**LOCATION, "country": "Germany"}}, "should have 2 characters"),
    ({**SEARCH, "user_location": {**LOCATION, "street": "x"}}, "street: Extra inputs"),
    ({**SEARCH, "response_inclusion": "half"}, "Input should be 'full' or 'excluded'"),
    ({**SEARCH, "type": "web_search_20260209", "response_inclusion": "full"}, "Extra inputs"),
    ({**SEARCH, "allowed_callers": []}, "at least 1 item"),
    ({**SEARCH, "allowed_callers": ["nobody"]}, "tools.0.allowed_callers.0: Input should be"),
    ({**SEARCH, "name": "search"}, "tools.0.name: Input should be 'web_search'"),
    ({**FETCH, "user_location": LOCATION}, "user_location: Extra inputs are not permitted"),
    ({**TOOL, "defer_loading": True}, "At least one tool must have defer_loading=false"),
    (SET, "mcp_toolset needs `mcp_servers`"),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "words"), BAD, ids=[row[1] for row in BAD])
def test_a_bad_tool_is_refused_in_the_words_of_the_service(
    tool: dict[str, Any], words: str
) -> None:
    with pytest.raises(ApiFault) as caught:
        check_tools({"tools": [tool]}, usable(NEW))
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("servers", "tools", "words"),
    [
        ([SERVER], [SET], ""),
        ([SERVER], [{**SET, "configs": {"read": {"enabled": False}}, "tools": []}], ""),
        ([SERVER], [TOOL], "'notes' must be referenced by exactly one mcp_toolset"),
        ([SERVER], [SET, SET], "'notes' must be referenced by exactly one mcp_toolset"),
        ([SERVER, SERVER], [SET], "MCP server names must be unique"),
        ([SERVER], [{**SET, "mcp_server_name": "other"}], "'other' not found in mcp_servers"),
        ([{**SERVER, "url": "http://a"}], [SET], "must start with https://"),
        ([{"name": "notes"}], [SET], "mcp_servers.0.type: Field required"),
        ([SERVER], [{**SET, "default_config": {"on": True}}], "default_config.on: Extra inputs"),
        ([SERVER], [{**SET, "configs": {"read": {"on": 1}}}], "configs.read.on: Extra inputs"),
    ],
)
def test_a_set_of_tools_belongs_to_one_server(servers: Any, tools: Any, words: str) -> None:
    value = {"mcp_servers": servers, "tools": tools}
    if not words:
        check_tools(value, usable(NEW))
        return
    with pytest.raises(ApiFault) as caught:
        check_tools(value, usable(NEW))
    assert words in caught.value.message


def test_a_web_tool_that_code_calls_brings_the_code() -> None:
    assert provided([SEARCH]) == {"web_search", "code_execution"}
    assert provided([{**SEARCH, "allowed_callers": ["direct"]}]) == {"web_search"}
    assert provided([{**SEARCH, "type": "web_search_20250305"}, SET]) == {"web_search"}
    assert not from_code(TOOL)
