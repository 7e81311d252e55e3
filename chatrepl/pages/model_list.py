"""The list of models: `--models` prints it, `/models` shows it, `-o json` writes its rows."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from chatrepl.core.models import Model
from chatrepl.core.money import Rates
from chatrepl.core.outcome import Table
from chatrepl.core.words import compact

RatesOf: TypeAlias = Callable[[str, int], Rates | None]

_HEADINGS: Final = ("", "model", "$/M in/out", "window", "output", "prefill", "until", "thinking")
_PREFILL: Final = {True: "native", False: "emulated", None: "?"}


def listed(models: Iterable[Model], current: Model, query: str = "") -> tuple[Model, ...]:
    """Give the models whose ids hold all words of `query`.

    The one in use goes first where the others do not hold it.
    """
    models, words = tuple(models), query.casefold().split()
    models = models if any(m.id == current.id for m in models) else (current, *models)
    return tuple(m for m in models if all(word in m.id.casefold() for word in words))


def model_list(models: Iterable[Model], current: Model, rates: RatesOf, query: str = "") -> Table:
    """List the models; `*` marks the one in use, `?` what is not known."""
    models = listed(models, current, query)
    rows = tuple(_row(model, current, rates(model.id, 1)) for model in models)
    footer = "? is not known." if any("?" in row for row in rows) else ""
    return Table(_HEADINGS, rows, footer=footer, right=frozenset({2, 3, 4}))


def model_facts(model: Model, rates: RatesOf) -> dict[str, Any]:
    """Give a row for programs; None stands for what is not known."""
    price = rates(model.id, 1)
    return {
        "id": model.id,
        "name": model.name,
        "context_window": model.context_window if model.known else None,
        "max_output": model.max_output if model.known else None,
        "prefill": model.prefill,
        "thinking": sorted(model.thinking),
        "efforts": list(model.efforts),
        "images": model.images,
        "structured": model.structured,
        "lifecycle": model.lifecycle or None,
        "retires_at": model.retires_at or None,
        "usd_per_million": {"input": price.input, "output": price.output} if price else None,
    }


def _row(model: Model, current: Model, price: Rates | None) -> tuple[str, ...]:
    return (
        "*" if model.id == current.id else "",
        model.id,
        f"{price.input:g}/{price.output:g}" if price else "?",
        compact(model.context_window) if model.known and model.context_window else "?",
        compact(model.max_output) if model.known and model.max_output else "?",
        _PREFILL[model.prefill],
        model.lasts or "?",
        _thinking(model),
    )


def _thinking(model: Model) -> str:
    """Say in a word how the model can be had to think: always, on/off, or within a budget."""
    kinds = model.thinking
    if "adaptive" in kinds:
        return "on/off" if kinds & {"disabled", "between_tools"} else "always"
    return "budget" if "enabled" in kinds else "-" if model.known else "?"
