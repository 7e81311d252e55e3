"""What is known of the service: its models, and what it turned out not to take or to do."""

from collections.abc import Mapping

from chatrepl.api.address import is_official
from chatrepl.config.load import SDK_ADDRESS
from chatrepl.core.catalog import Catalog
from chatrepl.core.exchange.refused import Refused
from chatrepl.core.model_names import Liberty
from chatrepl.core.models import Model
from chatrepl.core.settings import Settings
from chatrepl.core.value import frozen


@frozen
class Service:
    """`refused` is what it does not take back of earlier turns.

    `models` are those of the one server that is asked.
    `can_count` tells whether it counts tokens, as far as we know; `announced` holds what the
    user was told once: models that end, settings that are not sent.
    """

    models: Catalog = Catalog()
    refused: Refused = Refused()
    can_count: bool = True
    announced: frozenset[str] = frozenset()

    def model(self, name: str) -> Model:
        """Describe the model of that id, whether it is listed or not."""
        return self.models.describe(name)


def official(settings: Settings) -> bool:
    """Tell whether the service of Anthropic itself is asked, and no other server."""
    return not settings.base_url or is_official(settings.base_url)


def liberty(settings: Settings, origins: Mapping[str, str]) -> Liberty:
    """Tell how freely models may be named; `origins` tells where the settings come from.

    Who sets base_url has a server of their own in mind; the environment's address is often that
    of a gateway to the service.
    """
    if official(settings):
        return "none"
    return "foreign" if origins.get("base_url") == SDK_ADDRESS else "any"
