"""Checks of single values, in the words of the service."""

from collections.abc import Callable, Iterable
from typing import Any

from chatrepl.demo.wire import JSON, invalid

Check = Callable[[str, Any], None]


def text(path: str, value: Any) -> None:
    if not isinstance(value, str):
        raise invalid(f"{path}: Input should be a valid string")


def whole(path: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(f"{path}: Input should be a valid integer")


def flag(path: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise invalid(f"{path}: Input should be a valid boolean")


def record(path: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise invalid(f"{path}: Input should be a valid dictionary")


def array(path: str, value: Any) -> None:
    if not isinstance(value, list):
        raise invalid(f"{path}: Input should be a valid list")


def anything(_path: str, _value: Any) -> None:
    """Accept every value."""


def one_of(*choices: str) -> Check:
    """Return a check for one of a few words."""

    def check(path: str, value: Any) -> None:
        if value not in choices:
            raise invalid(f"{path}: Input should be {_listed(choices)}")

    return check


def maybe(inner: Check) -> Check:
    """Return a check that also takes null."""

    def check(path: str, value: Any) -> None:
        if value is not None:
            inner(path, value)

    return check


def texts(path: str, value: Any) -> None:
    array(path, value)
    for place, item in enumerate(value):
        text(f"{path}.{place}", item)


def _listed(choices: Iterable[str]) -> str:
    words = [f"'{choice}'" for choice in choices]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def shape(path: str, value: Any, needed: dict[str, Check], optional: dict[str, Check]) -> None:
    """Check an object's keys: all of `needed`, maybe some of `optional`, nothing else."""
    record(path, value)
    dot = f"{path}." if path else ""
    for key, check in needed.items():
        if key not in value:
            raise invalid(f"{dot}{key}: Field required")
        check(f"{dot}{key}", value[key])
    for key, item in value.items():
        if key in needed:
            continue
        if key not in optional:
            raise invalid(f"{dot}{key}: Extra inputs are not permitted")
        optional[key](f"{dot}{key}", item)


def cache_control(path: str, value: Any) -> None:
    """Check a cache mark."""
    if value is None:
        return
    shape(path, value, {"type": one_of("ephemeral")}, {"ttl": one_of("5m", "1h")})


def citations_config(path: str, value: Any) -> None:
    if value is not None:
        shape(path, value, {}, {"enabled": flag})


def typed(
    path: str, value: Any, kinds: dict[str, tuple[dict[str, Check], dict[str, Check]]]
) -> JSON:
    """Check an object whose `type` names its shape, and return it."""
    record(path, value)
    kind = value.get("type")
    if kind is None:
        raise invalid(f"{path}.type: Field required")
    if kind not in kinds:
        tags = ", ".join(f"'{name}'" for name in kinds)
        raise invalid(
            f"{path}: Input tag '{kind}' found using 'type' does not match "
            f"any of the expected tags: {tags}"
        )
    needed, optional = kinds[kind]
    shape(f"{path}.{kind}", value, {"type": anything, **needed}, optional)
    return dict(value)
