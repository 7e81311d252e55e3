"""The plan of the house, held by the test run: layers, sizes, tests for every room."""

import ast
import statistics
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TypeGuard

import pytest
from importlinter.cli import lint_imports

from chatrepl.core.settings import Settings

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path.relative_to(ROOT)
    for path in (ROOT / "chatrepl").rglob("*.py")
    if path.name != "__init__.py"
)
LONGEST_MODULE = 400
LONGEST_MEDIAN = 150
LONGEST_FUNCTION = 50


def _text(module: Path) -> str:
    return (ROOT / module).read_text(encoding="utf-8")


@cache
def _tree(module: Path) -> ast.Module:
    return ast.parse(_text(module))


def test_imports_point_downwards(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    code = lint_imports(no_cache=True)

    assert code == 0, capsys.readouterr().out


def test_no_modules_import_each_other_not_even_late() -> None:
    TopologicalSorter(_imports_of_modules()).prepare()  # raises CycleError, which names a circle


def _imports_of_modules() -> dict[str, set[str]]:
    names = {".".join(module.with_suffix("").parts): module for module in MODULES}
    return {name: {*_imported(_tree(path))} & names.keys() for name, path in names.items()}


def _imported(node: ast.AST) -> Iterator[str]:
    """Name the modules that are imported anywhere in it, but for those that only types need."""
    match node:
        case ast.If(test=ast.Name("TYPE_CHECKING"), orelse=others):
            for other in others:
                yield from _imported(other)
            return
        case ast.Import(names=names):
            yield from (name.name for name in names)
        case ast.ImportFrom(module=str(name), names=names):
            yield from (name, *(f"{name}.{each.name}" for each in names))
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        yield from _imported(child)


@pytest.mark.parametrize("room", sorted({module.parent for module in MODULES}), ids=str)
def test_every_room_has_tests_of_its_own(room: Path) -> None:
    mirror = ROOT / "tests" / room.relative_to("chatrepl")

    assert list(mirror.glob("test_*.py"))


def test_modules_and_functions_are_small() -> None:
    lines = {str(module): _text(module).count("\n") for module in MODULES}

    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}
    assert [
        (str(module), node.name)
        for module in MODULES
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ] == []


def test_there_is_no_global_state() -> None:
    nodes = ((module, node) for module in MODULES for node in ast.walk(_tree(module)))

    assert [str(module) for module, node in nodes if isinstance(node, ast.Global)] == []


def test_most_modules_are_short() -> None:
    lines = [_text(module).count("\n") for module in MODULES]

    assert statistics.median(lines) <= LONGEST_MEDIAN


def test_modules_say_what_they_are() -> None:
    assert [str(module) for module in MODULES if not ast.get_docstring(_tree(module))] == []


def test_nobody_assigns_a_field_of_the_session_from_outside() -> None:
    assert [
        (str(module), node.lineno)
        for module in MODULES
        if "session" not in module.parts
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.expr) and _changes_session(node)
    ] == []


def _changes_session(node: ast.AST) -> "TypeGuard[ast.expr]":
    match node:
        case ast.Attribute(value=whose, ctx=ast.Store() | ast.Del()):
            return _is_session(whose)
        case ast.Call(func=ast.Name("setattr" | "delattr"), args=[whose, *_]):
            return _is_session(whose)
        case _:
            return False


def _is_session(node: ast.expr) -> bool:
    """Tell whether it is named as one; the library of the prompt has another of that name."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name == "session"
        case _:
            return False


def test_no_name_of_a_class_or_type_stands_in_two_modules() -> None:
    homes: dict[str, list[str]] = {}
    for module in MODULES:
        for node in _tree(module).body:
            if name := _type_name(node):
                homes.setdefault(name.strip("_"), []).append(str(module))

    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def _type_name(node: ast.stmt) -> str:
    match node:
        case ast.ClassDef(name):
            return name
        case ast.AnnAssign(ast.Name(name), ast.Name("TypeAlias")):
            return name
        case ast.Assign([ast.Name(name)], ast.Subscript() | ast.BinOp()) if not name.isupper():
            return name if name.strip("_")[:1].isupper() else ""
        case _:
            return ""


def test_every_setting_is_read_by_some_module() -> None:
    nodes = (node for module in MODULES for node in ast.walk(_tree(module)))
    read = {name for node in nodes if (name := _read_setting(node))}
    unread = {field.name for field in fields(Settings)} - read

    assert not unread, "a setting that nobody reads does nothing: use it, or take it out"


def _read_setting(node: ast.AST) -> str:
    """Name the field that `settings.NAME` reads, whoever holds the settings."""
    match node:
        case ast.Attribute(ast.Name("settings") | ast.Attribute(_, "settings"), name):
            return name
        case _:
            return ""


# What can open a connection, and who may: the room of the service, the engine's own server, and
# MCP servers at an address.
NETWORK = frozenset(
    "socket socketserver ssl http urllib.request httpx httpx2 httpcore2 h11 anthropic requests "
    "aiohttp smtplib ftplib poplib imaplib telnetlib nntplib xmlrpc webbrowser socksio".split()
)
CONNECTS = frozenset(
    "open_connection create_connection open_unix_connection create_datagram_endpoint "
    "start_server create_server start_unix_server sock_connect getaddrinfo urlopen".split()
)
MAY_CONNECT = (
    "chatrepl/api/",
    "chatrepl/demo/server.py",
    "chatrepl/demo/transport.py",
    "chatrepl/tools/mcp_http.py",
)


def test_only_the_room_of_the_service_opens_connections() -> None:
    opened = {module.as_posix(): set(_connecting(_tree(module))) for module in MODULES}
    others = {name: ways for name, ways in opened.items() if not name.startswith(MAY_CONNECT)}
    assert {name: ways for name, ways in others.items() if ways} == {}


def _connecting(node: ast.AST) -> Iterator[str]:
    """Name what of a module can open a connection; what only the type checker reads cannot."""
    yield from filter(_is_network, _imported(node))
    for child in ast.walk(node):
        match child:
            case ast.Attribute(attr=name) if name in CONNECTS:
                yield name
            case ast.Call(
                func=ast.Name("__import__" | "import_module"), args=[ast.Constant(str(name))]
            ):
                yield from filter(_is_network, [name])
            case _:
                pass


def _is_network(name: str) -> bool:
    return name in NETWORK or name.partition(".")[0] in NETWORK


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import socket", ["socket"]),
        ("def f():\n    import http.client as h", ["http.client"]),
        ("from urllib import request", ["urllib.request"]),
        ("from urllib.parse import urlsplit\nimport html", []),
        ("asyncio.open_connection('h', 1)", ["open_connection"]),
        ("if TYPE_CHECKING:\n    import httpx2\nelse:\n    import ssl", ["ssl"]),
        ("import_module('webbrowser')", ["webbrowser"]),
    ],
)
def test_what_can_open_a_connection_is_known(code: str, names: list[str]) -> None:
    assert list(_connecting(ast.parse(code))) == names
