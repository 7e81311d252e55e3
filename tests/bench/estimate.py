"""How far estimates are off: python -m tests.bench.estimate [chats]."""

import sys
import time
from collections.abc import Callable

from chatrepl.api.tokens import Counter
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, State, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.tokens.counts import Ledger
from chatrepl.core.tokens.estimate import features
from chatrepl.core.tokens.learned import ScalePart
from tests.core.replay import NEW, OLD, TRUTH, quantile, samples, simulate


def main() -> None:
    chats = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    started = time.perf_counter()
    counter = Counter()
    counter.load()
    print(f"encoder loaded in {time.perf_counter() - started:.2f} s")
    for model in (OLD, NEW):
        errors = sorted(
            abs(
                features(str(s["text"]), counter.count(str(s["text"]))).tokens(model.tokenizer)
                / int(str(s[TRUTH[model.tokenizer]]))
                - 1
            )
            for s in samples()
        )
        print(f"{model.tokenizer}: texts p50 {errors[14]:.1%} max {errors[-1]:.1%}")
    speed(counter)
    for model, other in ((OLD, NEW), (NEW, OLD)):
        for themed in (True, False):
            found = simulate(model, other, chats=chats, themed=themed, seed=2)
            lines = {f"{k} turns": found.turns[k] for k in (0, 1, 3, 10)}
            lines |= {"half dropped": found.dropped, f"switch to {other.tokenizer}": found.switched}
            print(f"{model.tokenizer} {'themed' if themed else 'mixed'}")
            for name, values in lines.items():
                shown = " ".join(
                    f"{label} {quantile(values, share):.2%}"
                    for label, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
                )
                print(f"  {name:16} {shown}")


def speed(counter: Counter) -> None:
    """Time the meter in a chat of 2,000 messages, and the encoder."""
    ledger, talk, chars = Ledger(counter.count), Conversation(), 0
    turns: dict[TurnId, Turn] = {}
    for k in range(1000):
        texts = f"question {k} " * 30, f"answer {k} " * 80
        chars += sum(map(len, texts))
        messages = (Message.user(texts[0]), Message("assistant", (TextBlock(texts[1]),)))
        turns[TurnId(str(k))] = Turn(TurnId(str(k)), TurnId(str(k - 1)) if k else None, messages)
    talk = Conversation(turns, State(TurnId("999")))
    before = counter.encoded_chars
    print(f"first count of 2,000 messages: {timed(lambda: ledger.next_total(talk, NEW)):.0f} ms")
    print(f"each text encoded once: {counter.encoded_chars - before == chars}")
    updates = []
    for k in range(50):
        reply = Message("assistant", (TextBlock(f"and {k} too"),))
        messages = (Message.user(f"new {k}"), reply)
        talk = talk.add(Turn(TurnId(f"n{k}"), talk.head, messages))
        ledger.tally = ledger.tally.replied(ScalePart(reply.digest, 5), 7, NEW)
        after = talk
        updates.append(timed(lambda: ledger.next_total(after, NEW)))  # noqa: B023
    print(f"update after a turn: p50 {quantile(updates, 0.5):.2f} ms, most {max(updates):.2f} ms")
    print(f"asked again: {timed(lambda: ledger.next_total(talk, NEW)):.4f} ms")
    text = "\n".join(str(s["text"]) for s in samples()) * 100
    took = timed(lambda: counter.count(text))
    print(f"encoder: {len(text.encode()) / took / 1000:.1f} MB/s")
    text = text[:1_000_000]
    print(f"features of 1 MB: {timed(lambda: features(text, 1)):.0f} ms")


def timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
