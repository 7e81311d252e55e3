"""Tables of tools: what they come to, and each mistake in one line with its place."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.config.file import ConfigFile, check_file, read_file
from chatrepl.config.load import Layers, lay_over, load
from chatrepl.config.show import describe_tools, toml
from chatrepl.config.tool_tables import check_schemas
from chatrepl.core.errors import ConfigError
from chatrepl.core.tools import McpServer, ToolProgram

_PATH = Path("/conf/config.toml")


def _read(text: str) -> ConfigFile:
    return check_file(_PATH, text.encode())


def _tool(lines: str) -> ToolProgram:
    return _read(f"[tools.it]\n{lines}").tools[""].programs["it"]


def _server(lines: str) -> McpServer:
    return _read(f"[mcp.it]\n{lines}").tools[""].servers["it"]


def _error(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        _read(text)
    assert "\n" not in caught.value.message
    return caught.value.message.removeprefix(f"{_PATH}:")


def test_a_program_is_what_its_table_says() -> None:
    assert _tool("command = 'a'") == ToolProgram("it", ("a",), "")
    whole = """
        command = ["a", "b c"]
        description = " Does it. "
        approve = "always"
        deadline = 5
        folder = "/srv"
        environment = ["A_B"]
        schema = "path: where, lines int?, kind a|b"
    """
    assert _tool(whole) == ToolProgram(
        "it", ("a", "b c"), "Does it.",
        {
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "where"},
                "lines": {"type": ["integer", "null"]},
                "kind": {"type": "string", "enum": ["a", "b"]},
            },
            "required": ["path", "kind"],
            "additionalProperties": False,
        },
        "always", 5.0, "/srv", ("A_B",),
    )  # fmt: skip


def test_a_server_is_what_its_table_says() -> None:
    assert _server("command = 'a b'\nargs = ['c d']\ntools = ['x']\ndeny = ['y']") == McpServer(
        "it", ("a", "b", "c d"), tools=("x",), deny=("y",)
    )
    assert _server(
        "url = 'https://example.com/mcp'\nconnect = 'service'\napprove = 'never'\n"
        "token_command = 'pass show mcp'"
    ) == McpServer("it", (), "https://example.com/mcp", "service", ("pass", "show", "mcp"), "never")


@pytest.mark.parametrize(
    ("written", "argv"),
    [
        ("'wc -l'", ("wc", "-l")),
        ("\"grep -e 'a b' ~/notes $HOME; x\"",
         ("grep", "-e", "a b", "/h/notes", "$HOME;", "x")),
        ("['~/bin/it', '~', '~root/x', '']", ("/h/bin/it", "~", "~root/x", "")),
        ("'./it.sh'", ("/conf/it.sh",)),
        ("'bin/it'", ("/conf/bin/it",)),
        ("'/bin/it ./here'", ("/bin/it", "./here")),
    ],
)  # fmt: skip
def test_a_command_is_split_as_a_shell_would_and_no_shell_is_in_it(
    written: str, argv: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/h")
    assert _tool(f"command = {written}").command == argv


@pytest.mark.parametrize(
    ("written", "folder"),
    [("~", "/h"), ("~/x", "/h/x"), ("x", "/conf/x"), ("/x", "/x"), (".", "/conf")],
)
def test_a_folder_is_named_from_the_file(
    written: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/h")
    assert _tool(f"command = 'a'\nfolder = '{written}'").folder == folder


@pytest.mark.parametrize(
    "written",
    [
        'schema = \'{"properties": {"a": {"type": "string"}}}\'',
        "schema = { properties = { a = { type = 'string' } } }",
        "[tools.it.schema.properties.a]\ntype = 'string'",
        "[tools.it.schema]\ntype = 'object'\n[tools.it.schema.properties]\na.type = 'string'",
    ],
)
def test_a_schema_may_be_a_table_or_json(written: str) -> None:
    assert _tool(f"command = 'a'\n{written}").schema == {
        "type": "object",
        "properties": {"a": {"type": "string"}},
    }


NAMED = "is no name: letters, digits, _ and -, at most 64 of them."
TEXTS = "takes a list of words, or a text that is split into words."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n[tools.it]", "2: tools.it.command is missing: the program to run."),
        ("[tools.it]\ncomand = 'a'", "2: There is no key tools.it.comand. Did you mean command?"),
        ("[tools.it]\ncwd = 'a'", "2: There is no key tools.it.cwd. Did you mean folder?"),
        ("[tools.it]\nenv = {}", "2: There is no key tools.it.env. Did you mean environment?"),
        ("[tools.it]\nzzz = 1", ("2: There is no key tools.it.zzz. There are command, description, "
                                "schema, approve, deadline, folder, environment.")),
        ("[tools.it]\ncommand = ''", f"2: tools.it.command {TEXTS}"),
        ("[tools.it]\ncommand = []", f"2: tools.it.command {TEXTS}"),
        ("[tools.it]\ncommand = [' ']", f"2: tools.it.command {TEXTS}"),
        ("[tools.it]\ncommand = ['a', 1]", f"2: tools.it.command {TEXTS}"),
        ("[tools.it]\ncommand = ['a', \"\\u0000\"]", f"2: tools.it.command {TEXTS}"),
        ("[tools.it]\ncommand = \"a 'b\"", ("2: tools.it.command has a quotation mark without "
                                           "an end.")),
        ("[tools.it]\ndescription = 1", "2: tools.it.description takes a text."),
        ("[tools.it]\napprove = 'maybe'", "2: tools.it.approve takes one of never, ask, always."),
        ("[tools.it]\napprove = ['ask']", "2: tools.it.approve takes one of never, ask, always."),
        ("[tools.it]\ndeadline = 0", ("2: tools.it.deadline takes a number of seconds, at most "
                                     "86,400.")),
        ("[tools.it]\ndeadline = true", ("2: tools.it.deadline takes a number of seconds, at most "
                                        "86,400.")),
        ("[tools.it]\ndeadline = nan", ("2: tools.it.deadline takes a number of seconds, at most "
                                       "86,400.")),
        ("[tools.it]\nfolder = ''", "2: tools.it.folder takes the name of a folder."),
        ("[tools.it]\nenvironment = ['A=b']", ("2: tools.it.environment takes a list of names of "
                                              "variables, without their values.")),
        ("[tools.it]\nenvironment = ['ANTHROPIC_API_KEY']",
         ("2: tools.it.environment cannot hold ANTHROPIC_API_KEY: no tool is given the key of the "
         "service.")),
        ("[tools.it]\nschema = 1", ("2: tools.it.schema takes a JSON schema, or fields such as "
                                   "'path, lines int'.")),
        ("[tools.it]\nschema = ''", "2: tools.it.schema is no schema. takes columns: "),
        ("[tools.it]\nschema = 'a blob'", "2: tools.it.schema is no schema. 'blob' is no type of"),
        ("[tools.it]\nschema = '{'", "2: tools.it.schema is not valid JSON: "),
        ("[tools.it]\nschema = { const = 1979-05-27 }", ("2: tools.it.schema holds a number beyond "
                                                        "all measure, a date, ")),
        ("[tools.it]\nschema = { type = 'array' }", "2: tools.it.schema describes no object: its "),
        ("[tools.it]\nschema = { oneOf = [] }", "2: tools.it.schema describes no object: its "),
        ("[tools.it]\nschema = 'größe int'", "2: tools.it.schema has the field 'größe': letters, "),
        ("[tools.'a b']\ncommand = 'a'", f"1: 'a b' {NAMED}"),
        (f"[tools.{'a' * 65}]\ncommand = 'a'", f"1: '{'a' * 59}…' {NAMED}"),
        ('tools = { "a\\nb" = { command = 1 } }', f"1: 'a\\nb' {NAMED}"),
        ('[tools.it]\n"a\\u001bb" = 1', "1: There is no key tools.it.a\\x1bb. There are "),
        ("[tools.web_search]\ncommand = 'a'", ("1: web_search is a tool of the service. Give yours "
                                              "another name.")),
        ("[tools]\nit = 5", "2: There is no setting tools.it. "),
        ("tools = 5", "1: tools is a table of tables, such as [tools.files]."),
        ("[tools.max_rounds]\ncommand = 'a'", "1: tools.max_rounds takes a whole number, "),
        ("mcp = 5", "1: mcp is a table of tables, such as [mcp.files]."),
        ("[mcp]\nit = 5", "2: A server is a table: write [mcp.it]."),
        ("[mcp.it]", "1: [mcp.it] takes a command or a url, one of them."),
        ("[mcp.it]\ncommand = 'a'\nurl = 'http://b'",
         "1: [mcp.it] takes a command or a url, one of them."),
        ("[mcp.it]\nurl = 'ftp://b'", "2: mcp.it.url takes an address such as "),
        ("[mcp.it]\nurl = 'https://me:x@b'", "2: mcp.it.url takes an address such as "),
        ("[mcp.it]\nurl = 'http://[b'", "2: mcp.it.url takes an address such as "),
        ("[mcp.it]\nurl = 'http://b c'", "2: mcp.it.url takes an address such as "),
        ("[mcp.it]\nurl = 5", "2: mcp.it.url takes an address such as "),
        ("[mcp.it]\nurl = 'http://b'\nargs = []", "3: mcp.it.args does not go with a url."),
        ("[mcp.it]\nurl = 'http://b'\nfolder = '/'", "3: mcp.it.folder does not go with a url."),
        ("[mcp.it]\ncommand = 'a'\nargs = [1]", "3: mcp.it.args takes a list of texts."),
        ("[mcp.it]\ncommand = 'a'\ntools = 'x'", "3: mcp.it.tools takes a list of names."),
        ("[mcp.it]\ncommand = 'a'\ntools = ['x', '']", "3: mcp.it.tools takes a list of names."),
        ("[mcp.it]\ncommand = 'a'\ntools = ['x', 1]", "3: mcp.it.tools takes a list of names."),
        ("[mcp.it]\nurl = 'http://a.de/mcp'\nconnect = 'service'",
         "2: mcp.it.url: The service connects to addresses that begin with https:// only."),
        ("[mcp.it]\ncommand = 'a'\nconnect = 'service'",
         "3: mcp.it: the service connects to a url only."),
        ("[mcp.it]\ncommand = 'a'\ntoken_command = 'b'",
         "3: mcp.it.token_command does not go with a command."),
        ("[mcp.it]\ntoken = 'b'", "2: There is no key mcp.it.token. Did you mean token_command?"),
        ("[profiles.w.tools.it]\ncommand = 1", f"2: tools.it.command {TEXTS}"),
        ("[profiles.w]\ntools = { it = {} }", "2: tools.it.command is missing: "),
    ],
)  # fmt: skip
def test_each_mistake_is_told_in_one_line_with_its_place(text: str, said: str) -> None:
    assert _error(text).startswith(said)


def test_a_home_that_there_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(path: Path) -> Path:
        raise RuntimeError(path)

    monkeypatch.setattr(Path, "expanduser", homeless)
    said = "2: tools.it.command names a home folder, and there is none."
    assert _error("[tools.it]\ncommand = '~/a'") == said


def test_no_message_repeats_what_may_be_secret() -> None:
    for key in ("command", "url", "token_command", "args", "environment", "headers", "env"):
        for value in ("{ a = 'hunter22' }", "'ftp://hunter22@x \"'", "['A=hunter22', 1]"):
            assert "hunter22" not in _error(f"[mcp.it]\n{key} = {value}")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
).filter(lambda value: "null" not in json.dumps(value))
_KEYS = st.sampled_from([
    "command", "description", "schema", "approve", "deadline", "folder", "environment", "args",
    "url", "connect", "token_command", "tools", "deny", "more", "a\nb", "\x1b[2J",
])  # fmt: skip


@given(st.sampled_from(["tools", "mcp"]), st.text(max_size=9), st.dictionaries(_KEYS, _VALUES))
def test_any_table_is_read_or_refused_in_one_line(
    kind: str, name: str, table: dict[str, Any]
) -> None:
    text, told = f"{kind} = {{ {toml(name)} = {toml(table)} }}", ""
    try:
        tables = _read(text).tools[""]
    except ConfigError as error:
        told = error.message
    if not told:
        assert [*tables.programs, *tables.servers] == [name]
    assert not told or (told.startswith(f"{_PATH}:") and len(told.splitlines()) == 1)


def test_settings_and_tables_of_tools_stand_side_by_side() -> None:
    text = "[tools]\nmax_rounds = 3\nit = { command = 'a' }\n[tools.other]\ncommand = 'b'"
    file = _read(text)
    assert file.values["tools.max_rounds"].value == 3
    assert [*file.tools[""].programs] == ["it", "other"]
    assert _read("web = true").tools == {}


def test_a_profile_puts_its_own_in_place_of_the_files() -> None:
    file = _read(
        "[tools.a]\ncommand = 'a'\n[tools.b]\ncommand = 'b'\n[mcp.c]\ncommand = 'c'\n"
        "[profiles.w.tools.b]\ncommand = 'B'\n[profiles.w.mcp.d]\ncommand = 'd'\n"
    )
    plain, work = (lay_over(file, _PATH, Layers({}, profile)) for profile in (None, "w"))
    assert [(t.name, t.command) for t in plain.programs] == [("a", ("a",)), ("b", ("b",))]
    assert [(t.name, t.command) for t in work.programs] == [("a", ("a",)), ("b", ("B",))]
    assert [t.name for t in plain.servers] == ["c"]
    assert [t.name for t in work.servers] == ["c", "d"]
    assert (plain.origins["tools.b"], work.origins["tools.b"]) == ("config.toml:3", "profile w")
    assert describe_tools(work) == (
        ("tools.a", "a (approve: ask)", "config.toml:1"),
        ("tools.b", "B (approve: ask)", "profile w"),
        ("mcp.c", "c (approve: ask)", "config.toml:5"),
        ("mcp.d", "d (approve: ask)", "profile w"),
    )


def test_what_is_shown_of_a_tool_holds_no_secret() -> None:
    file = _read(
        "[tools.a]\ncommand = 'echo hunter2'\n"
        "[mcp.b]\ncommand = 'it --token=hunter2hunter2 /srv/x1'\n"
        "[mcp.c]\nurl = 'https://example.com/mcp?key=hunter2'\nconnect = 'service'\n"
        "[mcp.d]\ncommand = ['it', 'sk-ant-api03-hunter2hunter2']\n"
    )
    shown = [value for _, value, _ in describe_tools(lay_over(file, _PATH, Layers({})))]
    assert shown == [
        "echo (hidden) (approve: ask)",
        "it [hidden] /srv/x1 (approve: ask)",
        "https://example.com/mcp?(hidden) (approve: ask, connected by the service)",
        "it [hidden] (approve: ask)",
    ]


@pytest.mark.parametrize("name", ["tools", "mcp"])
def test_a_file_that_others_may_change_names_no_tools(tmp_path: Path, name: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        f"tools.max_rounds = 3\n[{name}.a]\ncommand = 'a'\n[profiles.w.{name}.b]\ncommand = 'b'\n",
        encoding="utf-8",
    )
    path.chmod(0o600)
    assert set(read_file(path).tools) == {"", "w"}
    path.chmod(0o666)
    file = read_file(path)
    assert (file.tools, set(file.values)) == ({}, {"tools.max_rounds"})
    assert f"{name}, profiles ignored, since {path} can be changed by others." in file.notes[0]
    assert (load(environ={}, path=path).programs, load(environ={}, path=path).servers) == ((), ())


def test_a_schema_that_is_none_is_told_where_tools_are_made_ready() -> None:
    good, bad = (_tool(f"command = 'a'\nschema = {s}") for s in ("'a int'", "{ required = 5 }"))
    check_schemas([good], {})
    with pytest.raises(ConfigError) as caught:
        check_schemas([good, bad], {"tools.it": "config.toml:3"})
    assert caught.value.message == (
        "config.toml:3: tools.it.schema is not a JSON schema: required: 5 is not of type 'array'."
    )
