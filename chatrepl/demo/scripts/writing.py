"""Texts with shape: tables, lists, verse, Unicode, all of Markdown; and text without end."""

MARKDOWN = """\
# Everything Markdown

Text can be *emphasised*, **strong**, ***both***, ~~struck~~ or `code`, and it can
[link](https://example.com/a-page) somewhere.

## Lists

1. First things first
   - with a point below
   - and another
2. Then the second
   ```python
   print("code inside a list")
   ```
3. And the third

- [x] done
- [ ] to do

## A quote

> Programs must be written for people to read,
> and only incidentally for machines to execute.
>
> > Quotes can be nested, too.

## A table

| left | middle | right |
|:-----|:------:|------:|
| a    | b      |     1 |
| long cell with `code` | **b** | 1,234 |

---

That was a rule; and this is the end.
"""
TABLE = """\
| | REPL | one shot | pipe |
|:--|:--|:--|:--|
| started with | `chatrepl` | `chatrepl "…"` | `… \\| chatrepl` |
| output | rendered | rendered | raw Markdown |
| history | saved | with `--save` | with `--save` |
| cache | 1 hour | 5 minutes | 5 minutes |
| leaves with | Ctrl-D | itself | itself |

In short: the **REPL** is for talking, the **pipe** for programs, the **one shot** for everything \
in between.
"""
LIST = """\
Here is a plan in five steps:

1. **Say what you want** in one sentence.
2. **Collect** what is needed:
   - the facts you have,
   - the facts you lack,
   - who could tell you.
3. **Make** the smallest thing that works.
4. **Show** it to somebody.
   1. Watch, do not explain.
   2. Write down where they hesitate.
5. **Mend** it, and go back to step 3.

> The plan is nothing; planning is everything.
"""
THINKING = """\
Let us reason it through.

**What is known.** Three boxes, one prize, and a host who always opens an empty box.

**What follows.** Your first choice is right one time in three. The host's move does not change \
that; it moves the other two thirds onto the box that is left.

| you | keep | switch |
|:--|--:|--:|
| chose the prize (⅓) | win | lose |
| chose an empty box (⅔) | lose | win |

So **switch**: it wins two times in three. With `/think show` you see the reasoning before the \
answer.
"""
MATHS = """\
The sum of the first *n* numbers is

    1 + 2 + … + n  =  n · (n + 1) / 2

because the numbers pair up: `1 + n`, `2 + (n − 1)`, and so on, each pair worth **n + 1**.

| n | sum |
|--:|--:|
| 10 | 55 |
| 100 | 5,050 |
| 1,000 | 500,500 |
"""
POEM = """\
*A prompt*

The cursor waits, a lantern on the sill;
the line is empty and the fan is still.
You type a word. Somewhere, or here, a thread
takes up what, half in thought, you left unsaid,

and letter after letter it comes back:
not wise, but patient; white upon the black.
"""
STORY = """\
## The Lighthouse Keeper's Log

The lamp had been dark for three nights when **Mara** found the note.

> *Do not relight it before the ninth ship has passed.*

She counted. Seven had gone by. The eighth came at dusk with all its flags down, and the keeper, \
who had never in her life disobeyed the sea, put the matches back into her pocket.

The ninth ship was very small. A child steered it, and sang.

*To be continued, by a model.*
"""
JOKE = """\
Why do programmers mistake Halloween for Christmas?

Because `oct 31 == dec 25`.
"""
UNICODE = """\
Words in many scripts, to see that each keeps its width:

| language | hello | width |
|:--|:--|:--|
| Deutsch | Grüß Gott | narrow |
| Français | Ça va bien | narrow |
| Русский | Привет | narrow |
| 中文 | 你好，世界 | wide |
| 日本語 | こんにちは | wide |
| 한국어 | 안녕하세요 | wide |
| العربية | مرحبا | right to left |
| हिन्दी | नमस्ते | combining |
| emoji | 👋🏽 👩‍👩‍👧 🇺🇳 | wide, joined |
"""
HOSTILE = (
    "This text tries to harm the terminal: \x1b[31mred\x1b[0m, \x1b]0;new title\x07 a title, "
    "\x1b[2J a cleared screen, \x9b1m a C1 control, \u202etxet desrever\u202c, a bell \x07, "
    "a \x08\x08 backspace, a tag \U000e0041\U000e0042, \x1b]52;c;aGVsbG8=\x07 the clipboard, "
    "and a link \x1b]8;;https://example.com/\x07elsewhere\x1b]8;;\x07.\n\n"
    "A chat that is careful shows all of it and obeys none.\n"
)
_PARAGRAPH = (
    "## Section {n}\n\nA paragraph with *some* **marks**, a bit of `code` and a "
    "[link](https://example.com/{n}). It goes on for a while so that it has to be wrapped on a "
    "screen of any common width, and then it ends.\n\n"
)
_SECTIONS = (
    _PARAGRAPH,
    "1. item one of list {n}\n2. item two\n   - with a child\n   - and another\n3. item three\n\n",
    "```python\ndef step_{n}(value: int) -> int:\n    return value * {n} + 1\n```\n\n",
    "| key | value |\n|:--|--:|\n| row {n} | {n} |\n| grüße | 你好 |\n\n",
    "> A quote, number {n},\n> over two lines.\n\n",
)


def long_text(length: int) -> str:
    """Return exactly `length` characters of mixed Markdown."""
    parts: list[str] = []
    size = n = 0
    while size < length:
        part = _SECTIONS[n % len(_SECTIONS)].format(n=n + 1)
        parts.append(part)
        size += len(part)
        n += 1
    return "".join(parts)[:length]


def counted(last: int) -> str:
    """Return the numbers from 1 to `last`, ten a line."""
    rows = range(1, last + 1, 10)
    return (
        "\n".join(" ".join(str(n) for n in range(row, min(row + 10, last + 1))) for row in rows)
        + "\n"
    )
