"""What it costs to show a reply while it streams, beside other ways of showing it.

    python -m tests.bench.render [--sizes 1,10,100,400] [--hard] [--peers]

Window 100x30, four characters a delta. `one-shot` is our own Markdown, printed once by rich. In a
burst the deltas come as fast as they are taken; paced, 100 of them come in a second of virtual
time, and a painter's CPU is set against that time. `stall` is the longest time in one call.
"""

import argparse
import gc
import io
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown as RichMarkdown

from chatrepl.terminal.markdown.document import Document, Markdown
from chatrepl.terminal.markdown.highlight import warm
from chatrepl.terminal.markdown.look import DARK
from chatrepl.terminal.stream.painter import Painter
from tests.terminal.stream.emulator import erases_unseen
from tests.terminal.stream.harness import Clock, Sink, console_on
from tests.terminal.stream.texts import Writer, hard

WIDTH, HEIGHT, DELTA, RATE = 100, 30, 4, 100


@dataclass
class Cost:
    cpu_s: float
    size: int
    stall_s: float = 0.0
    calm: bool = True


def deltas(text: str) -> Iterator[str]:
    for start in range(0, len(text), DELTA):
        yield text[start : start + DELTA]


def console(sink: io.StringIO) -> Console:
    return console_on(sink, WIDTH, HEIGHT)


def measure(work: Callable[[Sink], float]) -> Cost:
    sink = Sink()
    gc.collect()
    begin = time.process_time()
    stall = work(sink)
    cpu = time.process_time() - begin
    output = sink.getvalue()
    return Cost(cpu, len(output.encode()), stall, erases_unseen(output))


def best(work: Callable[[Sink], float], times: int) -> Cost:
    return min((measure(work) for _ in range(times)), key=lambda cost: cost.cpu_s)


def plain(text: str) -> Callable[[Sink], float]:
    def work(sink: Sink) -> float:
        for delta in deltas(text):
            sink.write(delta)
        return 0.0

    return work


def one_shot(text: str, markdown: Callable[[str], Any]) -> Callable[[Sink], float]:
    def work(sink: Sink) -> float:
        console(sink).print(markdown(text), crop=False)
        return 0.0

    return work


def painted(text: str, *, paced: bool) -> Callable[[Sink], float]:
    def work(sink: Sink) -> float:
        clock = Clock()
        painter = Painter(console(sink), Document(DARK), clock=clock if paced else time.monotonic)
        longest = 0.0
        for delta in deltas(text):
            clock.now += 1 / RATE
            begin = time.perf_counter()
            painter.feed(delta)
            longest = max(longest, time.perf_counter() - begin)
        while (pause := painter.wait()) is not None:  # as a caller does that stays responsive
            clock.now += pause
            if not paced:
                time.sleep(pause)
            begin = time.perf_counter()
            painter.tick()
            longest = max(longest, time.perf_counter() - begin)
        begin = time.perf_counter()
        painter.finish()
        return max(longest, time.perf_counter() - begin)

    return work


def rich_live(text: str) -> Callable[[Sink], float]:
    """rich.Live as it is commonly used: the whole text anew, ten times a second of paced time."""

    def work(sink: Sink) -> float:
        longest, shown = 0.0, ""
        with Live(console=console(sink), auto_refresh=False, vertical_overflow="visible") as live:
            for index, delta in enumerate(deltas(text)):
                shown += delta
                if index % (RATE // 10) == 0:
                    begin = time.perf_counter()
                    live.update(RichMarkdown(shown), refresh=True)
                    longest = max(longest, time.perf_counter() - begin)
        return longest

    return work


def report(name: str, text: str, *, peers: bool) -> tuple[float, float]:
    times = max(1, min(7, 60_000 // len(text)))
    floor = best(one_shot(text, Markdown), times)
    rows = {
        "plain write": best(plain(text), times),
        "one-shot (ours)": floor,
        "one-shot (rich)": best(one_shot(text, RichMarkdown), times),
        "stream, burst": (burst := best(painted(text, paced=False), times)),
        "stream, paced": (paced := best(painted(text, paced=True), times)),
    }
    if peers and len(text) <= 30_000:
        rows["rich.Live, paced"] = measure(rich_live(text))
    seconds = len(text) / DELTA / RATE
    print(f"\n{name}, {len(text)} characters")
    print(f"{'':18}{'CPU s':>9}{'x floor':>9}{'bytes x':>9}{'stall ms':>10}{'% core':>8}  erases")
    for label, cost in rows.items():
        share = f"{100 * cost.cpu_s / seconds:.2f}" if "paced" in label else ""
        print(
            f"{label:18}{cost.cpu_s:9.4f}{cost.cpu_s / floor.cpu_s:9.2f}"
            f"{cost.size / floor.size:9.2f}"
            f"{1000 * cost.stall_s:10.1f}{share:>8}  {'' if cost.calm else 'in sight'}"
        )
    return burst.cpu_s, paced.cpu_s


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1,10,100,400", help="thousands of characters")
    parser.add_argument("--hard", action="store_true")
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args()
    for language in ("python", "js", "rust", "bash", "go", "json", "sql", "html"):
        warm(language)
    report("warming up", Writer(1).mixed(2_000), peers=False)
    sizes = [int(part) * 1_000 for part in options.sizes.split(",")]
    found = [(size, *report("mixed", Writer(1).mixed(size), peers=options.peers)) for size in sizes]
    big = [entry for entry in found if entry[0] >= 10_000]
    if len(big) > 1:
        (small, *low), (large, *high) = big[0], big[-1]
        for label, one, two in zip(("burst", "paced"), low, high, strict=True):
            print(f"exponent, {label}: {math.log(two / one) / math.log(large / small):.2f}")
    if options.hard:
        for name, text in hard().items():
            report(name, text, peers=False)
        writer = Writer(2)
        code = writer.fill(lambda: writer.code("python"), 1_000_000)
        report("1 MB of code", f"```python\n{code}\n```\n", peers=False)


if __name__ == "__main__":
    main()
