"""What a session needs of the world, as functions; each may be left out."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from chatrepl.core.frozen import frozen
from chatrepl.core.recorder import NoRecorder, Recorder
from chatrepl.core.settings import Settings
from chatrepl.core.usage import Cost, Usage

if TYPE_CHECKING:
    from chatrepl.core.meter import Rates
    from chatrepl.core.tally import Scale


def _no_price(_model: str, _usage: Usage, _when: float) -> Cost | None:
    return None


def rough_count(text: str) -> int:
    """Count tokens by length: what is used where nothing better was loaded."""
    return len(text.encode("utf-8", "replace")) // 3 + 1


def _always() -> bool:
    return True


def _forget(_model: str, _facts: Mapping[str, Any]) -> None:
    return None


def _elsewhere(_settings: Settings) -> str:
    return "chatrepl --doctor examines the set-up."


def _no_rates(_model: str, _tokens: int) -> "Rates | None":
    return None


def _no_scales() -> "Mapping[str, Scale]":
    return {}


def _forget_scales(_scales: "Mapping[str, Scale]") -> None:
    return None


@frozen
class Edges:
    """What a session needs of the world; each part may be left out.

    `clock` gives seconds since the epoch; `price` the cost of a usage and `rates` those
    of a model for a prompt of so many tokens, None where they are unknown;
    `count` the tokens of a text, which takes long until `can_count`; `learn` keeps a fact about a
    model; `new_recorder` keeps a new conversation; `examine` tells how the set-up is;
    `scales` gives what was learned of how each model counts, and `keep_scales` keeps it.
    """

    clock: Callable[[], float]
    new_id: Callable[[], str]
    price: Callable[[str, Usage, float], Cost | None] = _no_price
    rates: "Callable[[str, int], Rates | None]" = _no_rates
    count: Callable[[str], int] = rough_count
    can_count: Callable[[], bool] = _always
    learn: Callable[[str, Mapping[str, Any]], None] = _forget
    new_recorder: Callable[[], Recorder] = NoRecorder
    examine: Callable[[Settings], str] = _elsewhere
    scales: "Callable[[], Mapping[str, Scale]]" = _no_scales
    keep_scales: "Callable[[Mapping[str, Scale]], None]" = _forget_scales
