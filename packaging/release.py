"""Say in the working tree where a release is published: only its forge knows that.

    python packaging/release.py https://HOST/OWNER/NAME vVERSION

Links of the README become absolute, for who reads it elsewhere; pyproject.toml gets its addresses,
the Homebrew formula its source. Nothing of it is ever committed.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)")


def absolute(text: str, repository: str, tag: str) -> str:
    """Make the links of a page absolute: pictures to their bytes, the others to their page."""

    def link(match: re.Match[str]) -> str:
        kind = "raw" if match[1] else "blob"
        return f"{match[1]}[{match[2]}]({repository}/{kind}/{tag}/{match[3]})"

    return _LINK.sub(link, text)


def addresses(text: str, repository: str) -> str:
    """Give pyproject.toml its table of addresses."""
    table = {
        "Homepage": repository,
        "Documentation": f"{repository}/tree/main/docs",
        "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }
    lines = "".join(f'{name} = "{address}"\n' for name, address in table.items())
    return text.replace("[project.scripts]\n", f"[project.urls]\n{lines}\n[project.scripts]\n", 1)


def formula(text: str, repository: str, tag: str) -> str:
    """Give the Homebrew formula its source."""
    return text.replace("@REPOSITORY@", repository).replace("@TAG@", tag)


def main(repository: str, tag: str) -> None:
    """Write all of it. Ends with 1 where the tag is not this version."""
    version = re.search(r'__version__ = "(.*)"', (ROOT / "chatrepl/__init__.py").read_text("utf-8"))
    if version is None or tag != f"v{version[1]}":
        sys.exit(f"The tag {tag} does not name the version of chatrepl/__init__.py.")
    for name, change in (
        ("README.md", lambda text: absolute(text, repository, tag)),
        ("pyproject.toml", lambda text: addresses(text, repository)),
        ("packaging/chatrepl.rb", lambda text: formula(text, repository, tag)),
    ):
        path = ROOT / name
        path.write_text(change(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
