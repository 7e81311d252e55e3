"""Recall of planted facts, and the time it takes: python -m tests.bench.recall [chats]."""

import random
import statistics
import sys
import time

from chatrepl.api.tokens import Counter
from chatrepl.core.context.relevance import Index
from chatrepl.core.context.trim import Weighed, plan_relevant
from chatrepl.core.talk.conversation import TurnId
from tests.core.recall import english_pool, make_chat, recall


def main() -> None:
    chats = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    count = Counter().count
    for chinese in (False, True):
        for share in (0.1, 0.2, 0.3):
            found = [
                recall(chats, share, chinese=chinese, seed=seed, tokens=count) for seed in (3, 4)
            ]
            by = " ".join(f"{mine:.2f} (oldest dropped {other:.2f})" for mine, other in found)
            print(f"{'CJK' if chinese else 'English'} {share:.0%} kept: {by}")
    speed()


def speed() -> None:
    chat = make_chat(random.Random(1), english_pool(), chinese=False, turns=2000)
    index = Index()
    started = time.perf_counter()
    for i, text in enumerate(chat.texts):
        index.add(TurnId(str(i)), text)
    print(f"2,000 turns indexed in {time.perf_counter() - started:.2f} s")
    turns = [Weighed(TurnId(str(i)), len(text) / 4) for i, text in enumerate(chat.texts)]
    scored, planned = [], []
    for _, question, _ in chat.questions * 10:
        started = time.perf_counter()
        scores = index.scores(question)
        scored.append((time.perf_counter() - started) * 1000)
        plan_relevant(turns, scores, target=100_000)
        planned.append((time.perf_counter() - started) * 1000)
    for name, values in (("query", scored), ("query and plan", planned)):
        p95 = statistics.quantiles(values, n=20)[-1]
        print(f"{name}: p50 {statistics.median(values):.2f} ms, p95 {p95:.2f} ms")


if __name__ == "__main__":
    main()
