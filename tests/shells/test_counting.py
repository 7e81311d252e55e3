"""An exact count: what is counted is sent, so keys are asked about; who cannot count goes on."""

import asyncio
from collections.abc import Callable

import pytest

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.request import Request
from chatrepl.core.outcome import Count, Notice, Outcome
from chatrepl.shells.consent import Consent
from chatrepl.shells.counting import exact_count
from tests.commands.playing import Player

TOKEN = "ghp_" + "a1B2" * 9
NOT_COUNTED = Notice("not counted")


def counted(total: int) -> Outcome:
    return Notice(f"{total} tokens")


async def seven(_request: Request) -> int:
    return 7


async def refuse(_request: Request) -> int:
    raise ApiError(ApiErrorKind.NOT_FOUND, "no counts", status=404)


async def hang(_request: Request) -> int:
    await asyncio.Event().wait()
    return 7


class Asking:
    """A chat that counts by `service`; what seems to be a key is sent where it `agrees`."""

    def __init__(self, service: Callable[..., object], *, agrees: bool = True) -> None:
        self.player = Player()
        self.service, self.agrees = service, agrees
        self.requests: list[Request] = []

    async def count(self, request: Request) -> int:
        self.requests.append(request)
        return await self.service(request)  # type: ignore[misc,no-any-return]

    def __call__(
        self,
        text: str = "hello",
        otherwise: Callable[[], Outcome] | None = None,
        within_s: float | None = None,
    ) -> Outcome:
        session, desk = self.player.session, self.player._desk()
        asked = Count(session.compose(text), counted, otherwise, within_s=within_s)
        consent = Consent(session, lambda _question: self.agrees, lambda: None)
        return exact_count(asked, self.count, self.player.runner, desk, consent)()


def test_a_count_goes_on_with_what_the_service_counted() -> None:
    asking = Asking(seven)
    assert asking(otherwise=lambda: NOT_COUNTED) == counted(7)
    (request,) = asking.requests
    assert (
        request.encode()
        == asking.player.session.request(asking.player.session.compose("hello")).encode()
    )


@pytest.mark.parametrize(("service", "within_s"), [(refuse, None), (hang, 0.01)])
def test_who_cannot_count_goes_on_otherwise_or_says_why(
    service: Callable[..., object], within_s: float | None
) -> None:
    asking = Asking(service)
    assert asking(otherwise=lambda: NOT_COUNTED, within_s=within_s) == NOT_COUNTED
    with pytest.raises((ApiError, TimeoutError)):
        asking(within_s=within_s)
    assert len(asking.requests) == 2


@pytest.mark.parametrize("agrees", [True, False])
def test_what_seems_to_be_a_key_is_counted_only_after_a_yes(*, agrees: bool) -> None:
    asking = Asking(seven, agrees=agrees)
    assert asking(f"use {TOKEN}") == (counted(7) if agrees else None)
    assert len(asking.requests) == agrees
