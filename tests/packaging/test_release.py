"""A release knows where it is published, and the files that say so are whole."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

from chatrepl import __version__

ROOT = Path(__file__).parent.parent.parent
REPOSITORY = "https://forge.example/who/chatrepl"


@pytest.fixture(scope="module")
def release() -> dict[str, object]:
    return runpy.run_path(str(ROOT / "packaging" / "release.py"))


@pytest.mark.parametrize(
    ("link", "absolute"),
    [
        ("[a](docs/x.md)", "[a](R/blob/v1/docs/x.md)"),
        ("![a b](.readme/x.svg)", "![a b](R/raw/v1/.readme/x.svg)"),
        ("[a](docs/x.md#part)", "[a](R/blob/v1/docs/x.md#part)"),
        ("[a](https://x.example)", "[a](https://x.example)"),
        ("[a](#part)", "[a](#part)"),
    ],
)
def test_links_become_absolute(release: dict[str, object], link: str, absolute: str) -> None:
    make = release["absolute"]
    assert callable(make)
    assert make(link, "R", "v1") == absolute


def test_the_readme_has_no_link_left_that_only_a_clone_can_follow(
    release: dict[str, object],
) -> None:
    make = release["absolute"]
    assert callable(make)
    text = make((ROOT / "README.md").read_text("utf-8"), REPOSITORY, "v1")
    assert re.findall(r"\]\((?!https://)", text) == []


def test_a_release_has_addresses_and_a_clone_has_none(release: dict[str, object]) -> None:
    make = release["addresses"]
    assert callable(make)
    text = (ROOT / "pyproject.toml").read_text("utf-8")

    assert "urls" not in tomllib.loads(text)["project"]
    urls = tomllib.loads(make(text, REPOSITORY))["project"]["urls"]
    assert all(address.startswith(REPOSITORY) for address in urls.values())


def test_a_tag_of_another_version_releases_nothing(release: dict[str, object]) -> None:
    make = release["main"]
    assert callable(make)
    with pytest.raises(SystemExit):
        make(REPOSITORY, f"v{__version__}.1")


def test_the_formula_installs_what_is_shipped_and_gets_its_source(
    release: dict[str, object],
) -> None:
    make = release["formula"]
    assert callable(make)
    text = make((ROOT / "packaging" / "chatrepl.rb").read_text("utf-8"), REPOSITORY, "v1")

    assert "@" not in text.replace("python@3.13", "")
    shipped = set(re.findall(r'"(share/[^"]+)"', text))
    assert shipped == {f"share/{path.name}" for path in (ROOT / "share").iterdir()}
    assert text.count("\n  def ") + text.count(" do\n") + 1 == len(
        re.findall(r"^ *end$", text, re.MULTILINE)
    )


def test_the_workflows_name_only_files_and_modules_that_there_are() -> None:
    for workflow in (ROOT / ".github/workflows").iterdir():
        text = workflow.read_text("utf-8")
        ours = re.findall(r"(?<![\w/])(?:\.ci|tests|packaging|chatrepl)/[\w./-]*\w", text)
        modules = [name.replace(".", "/") for name in re.findall(r"-m (tests\.[\w.]+)", text)]

        assert ours
        assert [path for path in ours if not (ROOT / path).exists()] == []
        assert [name for name in modules if not (ROOT / f"{name}.py").exists()] == []


def test_each_deed_of_the_install_table_is_told_for_each_tool() -> None:
    """`packaging/check` runs them; it finds them by these names."""
    text = (ROOT / "README.md").read_text("utf-8")
    (rows,) = re.findall(r"^\| \| pipx \| uv \| pip \|\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.splitlines()]

    assert [row[0].partition(",")[0] for row in cells] == ["install", "update", "uninstall"]
    for _, *commands in cells:
        assert [command.split()[0] for command in commands] == ["`pipx", "`uv", "`pip"]
    for mark in ("chat", "local", "test"):
        assert text.count(f"<!-- {mark} -->") == text.count(f"<!-- /{mark} -->") == 1


def test_the_wheel_is_told_of_every_shared_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    shipped = project["tool"]["setuptools"]["data-files"].values()

    assert sorted(name for names in shipped for name in names) == sorted(
        f"share/{path.name}" for path in (ROOT / "share").iterdir()
    )


def test_the_flake_and_the_scripts_are_balanced() -> None:
    text = (ROOT / "flake.nix").read_text("utf-8")
    assert all(text.count(a) == text.count(b) for a, b in ("{}", "[]", "()"))
    assert text.count("''") % 2 == 0
    assert (ROOT / "packaging" / "check").stat().st_mode & 0o100


def test_no_address_of_a_registry_stands_in_the_repository() -> None:
    address = re.compile(r"https?://(?:[\w.-]+\.)?(?:py" r"pi|pythonhosted|np" r"mjs|registry)\.")
    listed = [ROOT / name for name in ("README.md", "pyproject.toml", "flake.nix", "Makefile")]
    folders = ("docs", "packaging", ".github", "chatrepl/data")
    listed += [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]

    assert [path for path in listed if address.search(path.read_text("utf-8", "replace"))] == []
