"""What is known of the service: its models, and what it turned out not to take or to do."""

from chatrepl.core.catalog import Catalog
from chatrepl.core.exchange.past import Refused
from chatrepl.core.models import Model, resolve
from chatrepl.core.value import frozen


@frozen
class Service:
    """`refused` is what it does not take back of earlier turns.

    `models` are those of the one server that is asked.
    `can_count` tells whether it counts tokens, as far as we know; `announced` names the models
    whose end the user was told.
    """

    models: Catalog = Catalog()
    refused: Refused = Refused()
    can_count: bool = True
    announced: frozenset[str] = frozenset()

    def model(self, name: str) -> Model:
        """Find a model by its id or a part of it. Raises UsageError for an ambiguous one."""
        return self.models.describe(resolve(name, self.models))
