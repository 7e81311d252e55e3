"""Runs of styled text into rows of a given width, by terminal cells.

Foreign text as a part of a row: inert on every terminal, without tabs and line ends.

It is applied to what Markdown has decoded: an entity can spell a control character, too.
"""

import re
from collections.abc import Iterator

from rich.cells import cell_len, split_graphemes
from rich.segment import Segment
from rich.style import Style

from chatrepl.terminal.sanitize.text import display


def clean(text: str) -> str:
    """Make a text safe to stand within one row."""
    if text.isascii() and text.isprintable():
        return text
    if "\t" in text:
        text = text.expandtabs(4)
    return display(text).replace("\n", " ")


Row = list[Segment]
Run = tuple[str, Style]

_WIDE = (
    "\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff"
    "\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6"
)
_OPENING = "（〔［｛〈《「『【〖“‘"
_CLOSING = "）〕］｝〉》」』】〗、。，．・：；？！ー〜…’”ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
# where a line may break inside a word: around wide characters, but not before a closing mark
_UNIT = re.compile(
    rf"[{_OPENING}]*[{_WIDE}][\u0300-\u036f\u200d\ufe0f\u3099\u309a]*[{_CLOSING}]*"
    rf"|[^{_WIDE}]+[{_CLOSING}]*"
)
_WORD = re.compile(r"\S+")


def width_of(text: str) -> int:
    """Cells that a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def wrap(runs: list[Run], width: int, *, cut: bool = True, in_address: bool = False) -> list[Row]:
    """Rows of at most `width` cells, broken between words; a word that is too long is cut.

    Without `cut` such a word has a row of its own, which is longer: the terminal wraps it, and
    gives it back whole to who selects it. Text that may break anywhere is broken all the same,
    but in an address: `in_address` says that the first word is the rest of one.
    A line feed in a run ends a row. No row ends in a blank. A wide character that does not fit a
    single column is shown as `?`.
    """
    text = "".join(run[0] for run in runs)
    if text.isascii() and len(text) <= width and "\n" not in text:
        return [_clip(runs, 0, len(text.rstrip()))]
    spans = list(_spans(text, width, cut=cut, in_address=in_address))
    return _cut(runs, spans, text) if width > 1 or text.isascii() else _narrow(runs, text)


def _spans(text: str, width: int, *, cut: bool, in_address: bool) -> Iterator[tuple[int, int]]:
    """Start and end of each row in the text."""
    start = 0
    for line in text.split("\n"):
        if line.isascii():
            spans = _ascii_spans(line, width, cut=cut)
        else:
            spans = _wide_spans(line, width, cut=cut, in_address=in_address and not start)
        for begin, end in spans:
            yield start + begin, start + end
        start += len(line) + 1


def _ascii_spans(line: str, width: int, *, cut: bool) -> Iterator[tuple[int, int]]:
    begin, length, is_first = 0, len(line), True
    while length - begin > width:
        gap = line.rfind(" ", begin, begin + width + 1)
        if gap > begin and line[begin:gap].isspace():
            begin = gap + 1
            continue
        if gap <= begin and not cut:
            gap = line.find(" ", begin + 1)
            if gap < 0:
                break
        if gap > begin:
            end = gap
            while line[end - 1] == " ":
                end -= 1
            following = gap + 1
            while following < length and line[following] == " ":
                following += 1
        else:
            end = following = begin + width
        yield begin, end
        begin, is_first = following, False
    end = len(line.rstrip(" "))
    if end > begin or is_first:
        yield begin, max(begin, end)


def _wide_spans(line: str, width: int, *, cut: bool, in_address: bool) -> Iterator[tuple[int, int]]:
    begin = end = used = 0
    for start, stop, cells in _units(line, width, cut=cut, in_address=in_address):
        gap = width_of(line[end:start])
        if used + gap + cells > width:
            if end > begin:
                yield begin, end
            begin, used, gap = start, 0, 0
        used += gap + cells
        end = stop
    if end > begin or begin == 0:
        yield begin, end


def _units(line: str, width: int, *, cut: bool, in_address: bool) -> Iterator[tuple[int, int, int]]:
    """Start, end and cells of the parts of a line that are not broken."""
    for word in _WORD.finditer(line):
        offset = word.start()
        if not cut and ("://" in word.group() or (in_address and not offset)):
            yield offset, word.end(), width_of(word.group())
            continue
        for unit in _UNIT.finditer(word.group()):
            text = unit.group()
            cells = width_of(text)
            start = offset + unit.start()
            if cells <= width or not cut:
                yield start, start + len(text), cells
            else:
                for begin, end, size in fold(text, width):
                    yield start + begin, start + end, size


def fold(text: str, width: int) -> Iterator[tuple[int, int, int]]:
    """Cut a text every `width` cells: start, end and cells of each part."""
    if text.isascii():
        for begin in range(0, len(text), width):
            end = min(len(text), begin + width)
            yield begin, end, end - begin
        return
    begin = end = used = 0
    for start, stop, size in split_graphemes(text)[0]:
        cells = size or cell_len(text[start:stop])  # joiners at a start hide what they join
        if used + cells > width and end > begin:
            yield begin, end, used
            begin, used = start, 0
        used += cells
        end = stop
    yield begin, end, used


def _cut(runs: list[Run], spans: list[tuple[int, int]], text: str) -> list[Row]:
    """The runs between each pair of offsets."""
    rows: list[Row] = []
    if len(runs) == 1:
        style = runs[0][1]
        return [[Segment(text[begin:end], style)] if end > begin else [] for begin, end in spans]
    index = offset = 0  # of the run where the row begins
    for begin, end in spans:
        while index < len(runs) and offset + len(runs[index][0]) <= begin:
            offset += len(runs[index][0])
            index += 1
        row: Row = []
        at, here = index, offset
        while at < len(runs) and here < end:
            part, style = runs[at]
            piece = part[max(0, begin - here) : end - here]
            if piece:
                row.append(Segment(piece, style))
            here += len(part)
            at += 1
        rows.append(row)
    return rows


def _clip(runs: list[Run], begin: int, end: int) -> Row:
    return _cut(runs, [(begin, end)], "".join(run[0] for run in runs))[0]


def _narrow(runs: list[Run], text: str) -> list[Row]:
    """One column: what is wider than it becomes a question mark."""
    styles = [style for run, style in runs for _ in run]
    rows: list[Row] = []
    line = text.replace("\n", " ")  # before it is cut: a mark may stand on the end of a line
    for begin, end, cells in fold(line, 1):
        part = line[begin:end]
        if not part.isspace():
            rows.append([Segment(part if cells < 2 else "?", styles[begin])])
    return rows or [[]]


def chop(runs: list[Run], width: int) -> list[Row]:
    """Rows of at most `width` cells, cut wherever a row is full; for code."""
    text = "".join(run[0] for run in runs)
    bare = text.rstrip()
    if bare.isascii() and len(bare) <= width:
        return [_clip(runs, 0, len(bare))]
    if width < 2 and not bare.isascii():
        return _narrow(runs, bare)
    spans = [(begin, end) for begin, end, _ in fold(bare, width)]
    return [rstrip(row) for row in _cut(runs, spans, text)]


def rstrip(row: Row) -> Row:
    """The row without blanks at its end."""
    while row:
        text = row[-1].text
        bare = text.rstrip()
        if bare:
            if len(bare) < len(text):
                row = [*row[:-1], Segment(bare, row[-1].style)]
            return row
        row = row[:-1]
    return row


def width_of_row(row: Row) -> int:
    text = "".join([segment.text for segment in row])
    return len(text) if text.isascii() else sum(width_of(segment.text) for segment in row)
