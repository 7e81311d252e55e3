"""How far estimates are off: python -m tests.bench.estimate [chats]."""

import sys
import time

from chatrepl.api.tokens import Counter
from chatrepl.core.estimate import features
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


if __name__ == "__main__":
    main()
