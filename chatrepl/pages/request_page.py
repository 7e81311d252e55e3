"""A request as a page: block by block, with why each is there; and how two of them differ."""

import json
from typing import Final

from chatrepl.core.exchange.noted import PastRequest
from chatrepl.core.outcome import Table
from chatrepl.core.talk.excerpts import beginning

_EXCERPT: Final = 60


def request_page(shown: PastRequest, number: int, *, exact: bool) -> Table:
    """Show what was sent for turn `number`; `exact` tells that this is it, to the byte."""
    rows = tuple(
        (place, kind, f"{size:,}" if size else "", why, beginning(text)[:_EXCERPT])
        for place, kind, size, why, text in shown.rows()
    )
    params = ", ".join(
        f"{key} {json.dumps(value, ensure_ascii=False)}"
        for key, value in shown.request.params.items()
        if key not in {"system", "tools", "mcp_servers"}
    )
    how = "to the byte as it was sent" if exact else "put together anew: its settings were others"
    size = f"{len(shown.request.encode()):,} bytes, {how}."
    return Table(
        ("place", "kind", "bytes", "why", "begins"),
        rows,
        title=f"the request of turn {number}",
        footer=f"{params}\n{size}",
        right=frozenset({2}),
    )


def request_difference(one: PastRequest, other: PastRequest, numbers: tuple[int, int]) -> str:
    """Tell line by line how two requests differ."""
    import difflib

    before, after = (
        json.dumps(shown.request.body(), ensure_ascii=False, indent=1).splitlines()
        for shown in (one, other)
    )
    was, now = (f"turn {number}" for number in numbers)
    return "\n".join(difflib.unified_diff(before, after, was, now, n=1, lineterm=""))
