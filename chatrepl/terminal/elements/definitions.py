"""Link definitions at the start of a paragraph: `[label]: target "title"`."""

from collections.abc import MutableMapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypedDict

from markdown_it import MarkdownIt


class References(TypedDict, total=False):
    """A link's target, in the form that the inline parser looks for."""

    href: str
    title: str
    label: str
    map: list[int]


class Found(NamedTuple):
    label: str
    url: str
    title: str


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("zero").enable("reference")


def take_definitions(
    lines: Sequence[str], known: MutableMapping[str, References]
) -> tuple[list[Found], list[str]]:
    """Split a paragraph into its definitions, which become `known`, and the lines that are left.

    The first definition of a label holds, as the CommonMark specification has it.
    """
    env: dict[str, Any] = {}
    tokens = _parser().parse("\n".join(lines), env)
    used = tokens[0].map[0] if tokens and tokens[0].map else len(lines)
    new: dict[str, References] = env.get("references", {})
    for label, reference in new.items():
        known.setdefault(label, reference)
    every = sorted([*new.values(), *env.get("duplicate_refs", [])], key=lambda one: one["map"][0])
    found = [
        Found(_label(lines[one["map"][0]]), one["href"], one["title"])
        for one in every
        if one["map"][0] < used
    ]
    return found, list(lines[used:])


def _label(line: str) -> str:
    return line[1:].partition("]:")[0]
