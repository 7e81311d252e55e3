"""Find out whether a service is there, what time it thinks it is, and which models it has."""

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import httpx2

from chatrepl.api.errors.exceptions import Raised
from chatrepl.api.http import FAULTS
from chatrepl.api.route import Route
from chatrepl.core.errors import ApiError
from chatrepl.core.value import frozen

if TYPE_CHECKING:
    from chatrepl.api.client import Client

_FAULTS: Final[Raised] = (*FAULTS.raised, KeyError, TypeError)


@frozen
class Probe:
    """What a service answered: its models, and how far its clock is ahead of ours, if it says.

    `lacking` is why it has no list of models, where it has none.
    """

    seconds: float
    models: tuple[Mapping[str, Any], ...]
    ahead_s: float | None = None
    lacking: ApiError | None = None


async def probe(
    client: "Client",
    http: httpx2.AsyncClient,
    route: Route,
    clock: Callable[[], float] = time.time,
) -> Probe:
    """Ask a service for its models. Raises ApiError where that fails; it may have no list."""
    ahead = await _ahead(http, route, clock)
    begun = clock()
    try:
        models, lacking = await client.list_models(), None
    except ApiError as error:
        if not error.absent:
            raise
        models, lacking = (), error
    return Probe(max(0.0, clock() - begun), models, ahead, lacking)


async def _ahead(
    http: httpx2.AsyncClient, route: Route, clock: Callable[[], float]
) -> float | None:
    if not route.url:
        return None
    try:
        answer = await http.head(route.url)
        date = parsedate_to_datetime(answer.headers["date"])
    except _FAULTS:
        return None
    return date.timestamp() - clock()
