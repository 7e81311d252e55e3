"""The prices of one provider out of genai-prices, without the rest of it.

The package's front door loads an HTTP client, to fetch newer prices; pydantic looks for plugins in
all that is installed; and the data are those of forty providers. Together that takes more than all
else that a look at a price loads. So stand-ins keep the first two away, and what is not of our
provider is let go. Who imports the package later gets the whole.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import Usage

PROVIDER: Final = "anthropic"


def _stand_ins() -> Mapping[str, ModuleType]:
    """Give a package that has its rooms and nothing else, and a search that gives no plugins."""
    spec = find_spec("genai_prices")
    no_plugins = ModuleType("no plugins")
    vars(no_plugins)["get_plugins"] = tuple
    package = {} if spec is None else {"genai_prices": module_from_spec(spec)}
    return {**package, "pydantic.plugin._loader": no_plugins}


@contextmanager
def _standing_in(modules: Mapping[str, ModuleType]) -> Iterator[None]:
    """Let others stand for modules that are not loaded yet."""
    new = {name: module for name, module in modules.items() if name not in sys.modules}
    sys.modules.update(new)
    try:
        yield
    finally:
        for name in new:
            del sys.modules[name]


def _rooms() -> "tuple[DataSnapshot, type[Usage]]":
    is_whole = "genai_prices" in sys.modules
    with _standing_in(_stand_ins()):
        from genai_prices.data import providers
        from genai_prices.data_snapshot import DataSnapshot
        from genai_prices.types import Usage

        ours = [provider for provider in providers if provider.id == PROVIDER]
        prices = DataSnapshot(ours, from_auto_update=False)
        with suppress(LookupError):  # what is loaded when a price is asked for is loaded now
            any_time = datetime(2026, 1, 1, tzinfo=UTC)
            prices.calc(Usage(input_tokens=1), "claude-haiku-4-5", PROVIDER, None, any_time)
    if not is_whole:
        del sys.modules["genai_prices.data"]
    return prices, Usage


_PRICES, _COUNTS = _rooms()


def total_usd(model_id: str, counts: Mapping[str, int], at: datetime) -> float:
    """Give what so much costs, in the library's words for it. Raises LookupError."""
    return float(_PRICES.calc(_COUNTS(**counts), model_id, PROVIDER, None, at).total_price)
