"""Texts with code in several languages."""

PYTHON = """\
Here is a small function that groups words by their first letter:

```python
from collections import defaultdict
from collections.abc import Iterable


def by_initial(words: Iterable[str]) -> dict[str, list[str]]:
    \"\"\"Group words by their first letter, each group sorted.\"\"\"
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        groups[word[0].upper()].append(word)
    return {letter: sorted(group) for letter, group in sorted(groups.items())}


print(by_initial(["pear", "plum", "apple", "fig"]))
# {'A': ['apple'], 'F': ['fig'], 'P': ['pear', 'plum']}
```

How it works:

- `defaultdict(list)` makes an empty group when a letter is new.
- The comprehension sorts the letters **and** each group.

`/copy code` puts the block on the clipboard, exactly as it is.
"""
SIEVE = """\
The sieve of Eratosthenes crosses out the multiples of each prime:

```python
def primes(limit: int) -> list[int]:
    \"\"\"List the primes below `limit`.\"\"\"
    prime = [False, False, *[True] * (limit - 2)]
    for n in range(2, int(limit**0.5) + 1):
        if prime[n]:
            for multiple in range(n * n, limit, n):
                prime[multiple] = False
    return [n for n in range(limit) if prime[n]]


print(primes(30))
```

It begins at `n * n`: what is smaller was crossed out by a smaller prime.
"""
RUST = """\
The same idea in Rust, without a copy of the words:

```rust
use std::collections::BTreeMap;

fn by_initial<'a>(words: &[&'a str]) -> BTreeMap<char, Vec<&'a str>> {
    let mut groups: BTreeMap<char, Vec<&'a str>> = BTreeMap::new();
    for word in words {
        if let Some(first) = word.chars().next() {
            groups.entry(first.to_ascii_uppercase()).or_default().push(word);
        }
    }
    groups
}
```

The lifetime `'a` says that the groups borrow from the words; nothing is cloned.
"""
JAVASCRIPT = """\
A debounce in TypeScript:

```typescript
export function debounce<A extends unknown[]>(
  action: (...args: A) => void,
  wait = 250,
): (...args: A) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), wait);
  };
}
```

Call it as `const save = debounce(write, 500)`: only the last call in half a second is made.
"""
SQL = """\
The three best customers of each month:

```sql
WITH ranked AS (
    SELECT customer, month, total,
           rank() OVER (PARTITION BY month ORDER BY total DESC) AS place
    FROM monthly_sales
)
SELECT month, place, customer, total
FROM ranked
WHERE place <= 3
ORDER BY month, place;
```

| month | place | customer | total |
|:--|--:|:--|--:|
| 2026-10 | 1 | Ada | 1,204.00 |
| 2026-10 | 2 | Grace | 990.50 |
| 2026-10 | 3 | Edsger | 871.25 |
"""
BASH = """\
chatrepl in a pipe gives the answer and nothing else:

```bash
# a commit message from the staged changes
git diff --staged | chatrepl "Write a commit message" | git commit -F -

# only the code, ready to run
chatrepl -x python "Print the first ten primes" > primes.py

# one field of a structured reply
chatrepl --schema person.json "Who wrote the first program?" | jq -r .name
```

The exit code tells what happened: `0` answered, `3` no key, `4` the service is out of reach.
"""
DIFF = """\
I would change one thing:

```diff
 def total(items):
-    sum = 0
-    for i in range(len(items)):
-        sum = sum + items[i].price
-    return sum
+    return sum(item.price for item in items)
```

- The name `sum` no longer hides the builtin.
- There is no index to get wrong.
"""
JSON_TEXT = """\
A reply can be held to a JSON Schema with `/schema`, or to a few words with `/choose`:

```json
{
  "type": "object",
  "properties": {
    "name": { "type": "string" },
    "born": { "type": "integer" }
  },
  "required": ["name", "born"],
  "additionalProperties": false
}
```

With it the same question gives:

```json
{ "name": "Ada Lovelace", "born": 1815 }
```
"""
