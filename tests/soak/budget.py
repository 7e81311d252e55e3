"""Send at random from several processes: python -m tests.soak.budget [SENDS] [SEED].

Replies are of any length, break off, are left, are refused; processes are killed anywhere. What the
service bills by its own log must never come to more than the budget.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path

from chatrepl.api.prices import price
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import MessageDelta, MessageStart, StreamEvent, TextDelta
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.core.spending import BudgetError
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.core.world import Edges
from chatrepl.session.session import Session
from chatrepl.session.till import Till

MODEL = "claude-haiku-4-5"
PROCESSES = 4
OVERSHOOT = 50  # tokens that the service writes on before it notices that nobody reads


class Service:
    """Bills each request in a log of its own, as the events leave."""

    def __init__(self, log: Path, dice: random.Random) -> None:
        self.log, self.dice = log, dice

    def input_of(self, request: Request) -> int:
        return len(request.messages[0].text) // 3 + 10

    async def count(self, request: Request) -> int:
        return self.input_of(request)

    async def send(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        fate, most = self.dice.random(), int(request.params["max_tokens"])
        if fate < 0.1:
            raise ApiError(ApiErrorKind.OVERLOADED, "busy")
        fed, out = self.input_of(request), self.dice.randint(1, most)
        written = 1
        try:
            begun = {"cache_creation_input_tokens": fed, "output_tokens": 1}
            yield MessageStart(request.model, usage=begun)
            while written < out:
                step = min(self.dice.randint(1, 200), out - written)
                written += step
                yield TextDelta("word " * step)
                if fate < 0.2:
                    raise ApiError(ApiErrorKind.STREAM, "torn")
                await asyncio.sleep(0)
            yield MessageDelta("end_turn", usage={"output_tokens": out})
        except GeneratorExit:
            written = min(most, written + self.dice.randint(0, OVERSHOOT))
            raise
        finally:
            bill(self.log, fed, written)


def bill(log: Path, fed: int, out: int) -> None:
    with log.open("ab", buffering=0) as file:
        file.write(f"{json.dumps([fed, out])}\n".encode())


def billed_usd(log: Path) -> float:
    total = 0.0
    for line in log.read_bytes().splitlines() if log.exists() else ():
        fed, out = json.loads(line)
        cost = price(MODEL, Usage(0, out, fed), time.time())
        assert cost is not None
        total += cost.usd
    return total


async def _work(folder: Path, budget: float, sends: int, seed: str) -> None:
    dice = random.Random(seed)
    settings = Settings(model=MODEL, budget_day_usd=budget, cache_ttl="5m")
    session = Session(settings, Edges(time.time, lambda: "id", price))
    service = Service(folder / "bill", dice)
    till = Till(session, folder, service.count)
    for _ in range(sends):
        session.use(max_tokens=dice.choice([300, 1000, 5000]))
        request = session.request(Message.user("word " * dice.randint(1, 400)))
        leave_at, died_at = dice.choice([3, 10, 10**6]), dice.choice([2, *[10**6] * 40])
        with suppress(ApiError, BudgetError):
            async with aclosing(till.stream(request, service.send)) as events:
                seen = 0
                async for _event in events:
                    seen += 1
                    if seen == died_at:
                        bill(service.log, service.input_of(request), 200)  # the service goes on
                        os.kill(os.getpid(), signal.SIGKILL)
                    if seen == leave_at:
                        break


def soak(
    folder: Path, sends: int, seed: int, budget: float, processes: int = PROCESSES
) -> tuple[float, int]:
    """Spend from several processes; give what was billed, and how many were killed."""
    share = sends // processes
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.soak.budget", "--work", str(folder), str(budget),
             str(share), f"{seed}-{n}"],
        )
        for n in range(processes)
    ]  # fmt: skip
    killed = sum(run.wait() == -signal.SIGKILL for run in runs)
    assert all(run.returncode in {0, -signal.SIGKILL} for run in runs)
    return billed_usd(folder / "bill"), killed


def main() -> None:
    sends = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    done = 0
    while done < sends:
        budget = random.Random(seed).choice([0.02, 0.1, 0.4, 1.0])
        with tempfile.TemporaryDirectory() as folder:
            billed, killed = soak(Path(folder), 200, seed, budget)
        print(f"seed {seed}: ${billed:.4f} of ${budget}, {killed} killed", flush=True)
        assert billed <= budget, seed
        done, seed = done + 200, seed + 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        asyncio.run(_work(Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
    else:
        main()
