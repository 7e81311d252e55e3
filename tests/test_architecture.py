"""The plan of the house, held by the test run: layers, sizes, a test file for every module."""

import ast
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path.relative_to(ROOT)
    for path in (ROOT / "chatrepl").rglob("*.py")
    if path.name != "__init__.py"
)
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50


def test_imports_point_downwards(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    code = lint_imports(no_cache=True)

    assert code == 0, capsys.readouterr().out


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_a_test_file_in_the_mirror_layout(module: Path) -> None:
    expected = ROOT / "tests" / module.relative_to("chatrepl").parent / f"test_{_bare(module)}.py"

    assert expected.exists()


def _bare(module: Path) -> str:
    return module.stem.strip("_")


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_modules_and_functions_are_small_and_catch_only_what_they_know(module: Path) -> None:
    text = (ROOT / module).read_text(encoding="utf-8")
    tree = ast.parse(text)

    assert text.count("\n") <= LONGEST_MODULE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, node.name
        assert not isinstance(node, ast.Global), "no global state"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_modules_say_what_they_are(module: Path) -> None:
    assert ast.get_docstring(ast.parse((ROOT / module).read_text(encoding="utf-8")))
