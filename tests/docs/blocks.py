"""The examples in the documents: fenced blocks that say that they can be run."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = ("README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^```(?P<kind>sh run|chat)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> Iterator[tuple[str, list[str]]]:
    """Give the blocks of a kind: `sh run` for a shell, `chat` for the prompt. Each has a name."""
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            if match["kind"] == kind:
                number = text[: match.start()].count("\n") + 2
                yield f"{page}:{number}", match["body"].splitlines()
