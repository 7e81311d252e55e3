"""Texts to render: seeded replies of any size, fragments for a fuzzer, and what is hard."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

CORPUS = Path(__file__).parents[2] / "data" / "markdown.txt"

_WORDS = (
    "river stone market window garden letter engine signal harbour winter paper mirror silver "
    "the of and to in that it with for as on by at from this which while because where a an is "
    "are was can will often never quickly between under over number thread buffer packet socket "
    "value table column index cache queue worker parser token stream latency memory request"
).split()
_WIDE = (
    "河の水は静かに流れる。",
    "窓の外に庭が見えます、",
    "市场上有很多新鲜的水果。",
    "편지는 어제 도착했다.",
)
_EMOJI = ("🚀", "✅", "⚠️", "👩‍💻", "🎉", "❌")
_CODE: dict[str, str] = {
    "python": """@dataclass
class {n}:
    '''A {w}.

    More on it.
    '''
    size: int = {k}

    async def run(self) -> None:
        # {w}
        for i in range({k}):
            print(f"{{i:>3}} {w}", end="")
""",
    "js": """/**
 * {w}
 */
export async function {n}(a, {{ b = {k} }} = {{}}) {{
  const s = `x ${{a}}
  y`;
  return a?.b ?? s; // {w}
}}
""",
    "rust": """/* {w}
   more */
fn {n}<'a>(x: &'a str) -> Option<u32> {{
    println!("{w}");
    Some({k})
}}
""",
    "bash": """set -e
for f in *.txt; do
  echo "$f" | grep -c {n}  # {w}
done
cat <<EOF
{w}
EOF
""",
    "go": """// {n} {w}
func {n}(x int) string {{
\tif x > {k} {{
\t\treturn `raw
{w}`
\t}}
\treturn ""
}}
""",
    "json": """{{
  "name": "{n}",
  "list": [1, {k}, null, true],
  "text": "{w}"
}}
""",
    "sql": """SELECT a.id, COUNT(*) -- {w}
FROM {n} AS a
WHERE a.x > {k} AND b IN ('y', 'z');
""",
    "html": """<div class="{n}">
  <!-- {w}
  -->
  <script>
    let a = {k};
  </script>
</div>
""",
    "": "{n} {w}\n    {k}\n",
}
FRAGMENTS = [
    "- a", "- b c", "* x", "+ y", "1. one", "2. two", "3) three", "10. ten", "9. nine", "-", "1.",
    "  - nested", "   - three", "     - five", "- - deep", "1. - mix", "- > q", "- ```", "- # head",
    "- [ ] task", "- [x] done", "   text", "    indented", "      six", "  more", "\tcode",
    "> quote", "> - item", "> 1. a", "> ```", ">", "> > two", "", "", "", "a paragraph", "# head",
    "### third", "---", "===", "***", "* * *", "```", "```py", "~~~", "   ```", "  ```js", "x = 1",
    "| a | b |", "|---|---|", "| 1 | 2 |", "a | b", "--- | ---", "| :-: | --: |", "[d]: /u",
    "[d]: /u 'T'", "[d]", "[x][d]", "[^1]", "[^1]: note", "    of it", "<div>", "</div>",
    "<b>in</b>", "<!-- c", "-->", "**bold", "end**", "`tick", "*it* and ~~no~~", "&amp; &#27;",
    "a\\", "b  ", "word " * 40, "河の水は静かに流れる。" * 12, "🚀 x", "⚠️ 👩‍💻 y", "x" * 130,
    "$a_1$ and \\(b\\)", "![alt](i.png)", "[t](http://x.y)", "<http://x.y>", "</kbd>",
    "e\u0301 \x1b[2J",
    "> [!NOTE]", "> [!tip] a", "$$", "$$ x_1 =", "\\[", "\\]", "\\begin{x}", "\\end{x} y", "```md",
    "https://a.example/" + "b" * 150, "- see (http://x.y/" + "河" * 60 + ") z", "a <br>", "`" * 4,
    "long " * 250, "    wide " + "code " * 300, "    wide " + "河" * 90,
    "a\tb\tc", "\u202eabc", "<kbd>K</kbd>", "H<sub>2</sub>O",
]  # fmt: skip


class Writer:
    """Writes replies from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def words(self, count: int) -> str:
        return " ".join(self.random.choices(_WORDS, k=count))

    def sentence(self) -> str:
        words = self.random.choices(_WORDS, k=self.random.randint(5, 18))
        for index in range(len(words)):
            chance = self.random.random()
            if chance < 0.04:
                words[index] = f"**{words[index]} {self.words(1)}**"
            elif chance < 0.07:
                words[index] = f"`{words[index]}`"
            elif chance < 0.09:
                words[index] = f"*{words[index]}*"
            elif chance < 0.1:
                words[index] = f"[{words[index]}](https://example.com/{words[index]})"
        return " ".join(words).capitalize() + "."

    def paragraph(self) -> str:
        return " ".join(self.sentence() for _ in range(self.random.randint(1, 5))) + "\n\n"

    def wide(self) -> str:
        return "".join(self.random.choices([*_WIDE, *_EMOJI, "word "], k=8)) + "\n\n"

    def heading(self) -> str:
        return "#" * self.random.randint(1, 4) + f" {self.words(3).capitalize()}\n\n"

    def code(self, language: str | None = None) -> str:
        name = self.random.choice(list(_CODE)) if language is None else language
        count = self.random.randint(2, 99)
        return _CODE[name].format(n=self.words(1), w=self.words(6), k=count)

    def fence(self, indent: str = "") -> str:
        name = self.random.choice(list(_CODE))
        lines = f"```{name}\n{self.code(name)}```".split("\n")
        return "".join(f"{indent}{line}\n" if line else "\n" for line in lines) + "\n"

    def bullets(self) -> str:
        out = []
        for _ in range(self.random.randint(2, 7)):
            out.append(f"- {self.sentence()}\n")
            if self.random.random() < 0.3:
                out.append(f"  - {self.words(4)}\n    - {self.words(2)}\n")
        return "".join(out) + "\n"

    def numbers(self) -> str:
        out = []
        for number in range(1, self.random.randint(3, 13)):
            out += [f"{number}. **{self.words(2)}**: {self.sentence()}\n"]
            if self.random.random() < 0.2:
                out.append("\n" + self.fence("   "))
        return "".join(out) + "\n"

    def table(self, rows: int = 0) -> str:
        columns = self.random.randint(2, 5)

        def row(cells: list[str]) -> str:
            return "| " + " | ".join(cells) + " |\n"

        out = [row([self.words(1) for _ in range(columns)])]
        out.append(row(self.random.choices(["---", ":--", "--:", ":-:"], k=columns)))
        for _ in range(rows or self.random.randint(2, 9)):
            out += [row([self.words(self.random.randint(1, 5)) for _ in range(columns)])]
        return "".join(out) + "\n"

    def quote(self) -> str:
        return "".join(f"> {self.sentence()}\n" for _ in range(self.random.randint(1, 3))) + "\n"

    def mixed(self, size: int) -> str:
        """A reply with all of it, cut anywhere."""
        kinds: list[Callable[[], str]] = [
            self.paragraph, self.heading, self.fence, self.bullets, self.numbers, self.table,
            self.quote, self.wide, lambda: "---\n\n", lambda: "<details>\n<b>x</b>\n</details>\n\n",
        ]  # fmt: skip
        weights = [34, 14, 14, 12, 8, 5, 4, 5, 3, 1]

        def write() -> str:
            return self.random.choices(kinds, weights)[0]()

        return self.fill(write, size)

    def fill(self, write: Callable[[], str], size: int) -> str:
        """Write until the text has that many characters."""
        out: list[str] = []
        length = 0
        while length < size:
            out.append(write())
            length += len(out[-1])
        return "".join(out)[:size]

    def broken(self, lines: int) -> str:
        """Lines that fit together badly."""
        if self.random.random() < 0.6:
            count = self.random.randint(1, lines)
            return "\n".join(self.random.choices(FRAGMENTS, k=count))
        out = self.mixed(self.random.randint(50, lines * 50)).split("\n")
        for _ in range(self.random.randint(0, 6)):
            place = self.random.randrange(len(out) + 1)
            if self.random.random() < 0.5:
                out.insert(place, self.random.choice(FRAGMENTS))
            elif place < len(out):
                out[place] = " " * self.random.randint(1, 4) + out[place]
        return "\n".join(out)

    def pieces(self, text: str) -> list[str]:
        """The text cut at random places, small or large."""
        most = self.random.choice([1, 2, 4, 8, 30, 200])
        out, start = [], 0
        while start < len(text):
            end = start + self.random.randint(1, 2 * most)
            out.append(text[start:end])
            start = end
        return out


def corpus() -> list[str]:
    """The documents of the corpus: one a line, with ⏎ for a line end and → for a tab."""
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    documents = [line for line in lines if line and not line.startswith("%")]
    return [line.replace("⏎", "\n").replace("→", "\t").replace("␍", "\r") for line in documents]


def hard(size: int = 100_000) -> dict[str, str]:
    """Texts that are expensive for renderers."""
    writer = Writer(5)
    fences: dict[str, str] = {}
    for name in ("python", "js", "rust"):
        code = writer.fill(partial(writer.code, name), size)
        fences[f"code-{name}"] = f"```{name}\n{code}\n```\n"
    return {
        "one-line": writer.fill(lambda: writer.sentence() + " ", size) + "\n\nEnd.\n",
        "one-paragraph": writer.fill(lambda: writer.sentence() + "\n", size) + "\n\nEnd.\n",
        **fences,
        "bullets": writer.fill(lambda: f"- {writer.sentence()}\n", size),
        "numbers": "".join(f"{n}. {writer.sentence()}\n" for n in range(1, size // 80)),
        "nested": "1. a\n\n" + writer.fill(lambda: f"   - {writer.sentence()}\n", size),
        "table": writer.table(max(10, size // 200)),
        "quote": writer.fill(lambda: f"> {writer.sentence()}\n>\n", size),
        "no-blank": "x" * size,
        "stars": "*a **b " * (size // 35),
        "brackets": "[a](" * (size // 20),
        "indented": "a\n\n" + writer.fill(lambda: f"    {writer.words(6)}\n", size),
        "html": "<div>\n" + "<p>x y z</p>\n" * (size // 13) + "</div>\n",
        "short": "Yes.\n\n" * (size // 20),
    }
