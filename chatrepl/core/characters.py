"""Which code points nobody sees, and which of them may join emoji or letters.

They never reach a terminal as they are, and are left out of what is attached.

The tables are frozen so that starting up costs nothing and every Python sees the same ones; the
tests hold them against `unicodedata`. A new class of characters is added to `UNSAFE`, a script
whose letters are joined by invisible characters to `JOINING`.
"""

import re
from functools import cache, lru_cache

# Controls (C0 but TAB and LF, DEL, C1), formats, bidirectional controls, default ignorables, tags,
# variation selectors, surrogates and noncharacters. Not here: formats that have a shape of their
# own (Arabic number signs, hieroglyph joiners), and U+2028/2029, which become line feeds.
UNSAFE = """
    0-8 B-1F 7F-9F AD 34F 61C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F
    3164 D800-DFFF FDD0-FDEF FE00-FE0F FEFF FFA0 FFF0-FFFB FFFE-FFFF 1BCA0-1BCA3 1D173-1D17A
    1FFFE-1FFFF 2FFFE-2FFFF 3FFFE-3FFFF 4FFFE-4FFFF 5FFFE-5FFFF 6FFFE-6FFFF 7FFFE-7FFFF
    8FFFE-8FFFF 9FFFE-9FFFF AFFFE-AFFFF BFFFE-BFFFF CFFFE-CFFFF DFFFE-E0FFF EFFFE-EFFFF
    FFFFE-FFFFF 10FFFE-10FFFF
"""

# Everything of category Mn and Me that is not in UNSAFE, up to Unicode 16.
MARKS = """
    300-34E 350-36F 483-489 591-5BD 5BF 5C1-5C2 5C4-5C5 5C7 610-61A 64B-65F 670 6D6-6DC
    6DF-6E4 6E7-6E8 6EA-6ED 711 730-74A 7A6-7B0 7EB-7F3 7FD 816-819 81B-823 825-827 829-82D
    859-85B 897-89F 8CA-8E1 8E3-902 93A 93C 941-948 94D 951-957 962-963 981 9BC 9C1-9C4 9CD
    9E2-9E3 9FE A01-A02 A3C A41-A42 A47-A48 A4B-A4D A51 A70-A71 A75 A81-A82 ABC AC1-AC5
    AC7-AC8 ACD AE2-AE3 AFA-AFF B01 B3C B3F B41-B44 B4D B55-B56 B62-B63 B82 BC0 BCD C00 C04
    C3C C3E-C40 C46-C48 C4A-C4D C55-C56 C62-C63 C81 CBC CBF CC6 CCC-CCD CE2-CE3 D00-D01
    D3B-D3C D41-D44 D4D D62-D63 D81 DCA DD2-DD4 DD6 E31 E34-E3A E47-E4E EB1 EB4-EBC EC8-ECE
    F18-F19 F35 F37 F39 F71-F7E F80-F84 F86-F87 F8D-F97 F99-FBC FC6 102D-1030 1032-1037
    1039-103A 103D-103E 1058-1059 105E-1060 1071-1074 1082 1085-1086 108D 109D 135D-135F
    1712-1714 1732-1733 1752-1753 1772-1773 17B7-17BD 17C6 17C9-17D3 17DD 1885-1886 18A9
    1920-1922 1927-1928 1932 1939-193B 1A17-1A18 1A1B 1A56 1A58-1A5E 1A60 1A62 1A65-1A6C
    1A73-1A7C 1A7F 1AB0-1ACE 1B00-1B03 1B34 1B36-1B3A 1B3C 1B42 1B6B-1B73 1B80-1B81
    1BA2-1BA5 1BA8-1BA9 1BAB-1BAD 1BE6 1BE8-1BE9 1BED 1BEF-1BF1 1C2C-1C33 1C36-1C37
    1CD0-1CD2 1CD4-1CE0 1CE2-1CE8 1CED 1CF4 1CF8-1CF9 1DC0-1DFF 20D0-20F0 2CEF-2CF1 2D7F
    2DE0-2DFF 302A-302D 3099-309A A66F-A672 A674-A67D A69E-A69F A6F0-A6F1 A802 A806 A80B
    A825-A826 A82C A8C4-A8C5 A8E0-A8F1 A8FF A926-A92D A947-A951 A980-A982 A9B3 A9B6-A9B9
    A9BC-A9BD A9E5 AA29-AA2E AA31-AA32 AA35-AA36 AA43 AA4C AA7C AAB0 AAB2-AAB4 AAB7-AAB8
    AABE-AABF AAC1 AAEC-AAED AAF6 ABE5 ABE8 ABED FB1E FE20-FE2F 101FD 102E0 10376-1037A
    10A01-10A03 10A05-10A06 10A0C-10A0F 10A38-10A3A 10A3F 10AE5-10AE6 10D24-10D27
    10D69-10D6D 10EAB-10EAC 10EFC-10EFF 10F46-10F50 10F82-10F85 11001 11038-11046 11070
    11073-11074 1107F-11081 110B3-110B6 110B9-110BA 110C2 11100-11102 11127-1112B
    1112D-11134 11173 11180-11181 111B6-111BE 111C9-111CC 111CF 1122F-11231 11234
    11236-11237 1123E 11241 112DF 112E3-112EA 11300-11301 1133B-1133C 11340 11366-1136C
    11370-11374 113BB-113C0 113CE 113D0 113D2 113E1-113E2 11438-1143F 11442-11444 11446
    1145E 114B3-114B8 114BA 114BF-114C0 114C2-114C3 115B2-115B5 115BC-115BD 115BF-115C0
    115DC-115DD 11633-1163A 1163D 1163F-11640 116AB 116AD 116B0-116B5 116B7 1171D-1171F
    11722-11725 11727-1172B 1182F-11837 11839-1183A 1193B-1193C 1193E 11943 119D4-119D7
    119DA-119DB 119E0 11A01-11A0A 11A33-11A38 11A3B-11A3E 11A47 11A51-11A56 11A59-11A5B
    11A8A-11A96 11A98-11A99 11C30-11C36 11C38-11C3D 11C3F 11C92-11CA7 11CAA-11CB0
    11CB2-11CB3 11CB5-11CB6 11D31-11D36 11D3A 11D3C-11D3D 11D3F-11D45 11D47 11D90-11D91
    11D95 11D97 11EF3-11EF4 11F00-11F01 11F36-11F3A 11F40 11F42 11F5A 13440 13447-13455
    1611E-16129 1612D-1612F 16AF0-16AF4 16B30-16B36 16F4F 16F8F-16F92 16FE4 1BC9D-1BC9E
    1CF00-1CF2D 1CF30-1CF46 1D167-1D169 1D17B-1D182 1D185-1D18B 1D1AA-1D1AD 1D242-1D244
    1DA00-1DA36 1DA3B-1DA6C 1DA75 1DA84 1DA9B-1DA9F 1DAA1-1DAAF 1E000-1E006 1E008-1E018
    1E01B-1E021 1E023-1E024 1E026-1E02A 1E08F 1E130-1E136 1E2AE 1E2EC-1E2EF 1E4EC-1E4EF
    1E5EE-1E5EF 1E8D0-1E8D6 1E944-1E94A
"""

# Emoji, and the symbols that a variation selector turns into one.
EMOJI = """
    A9 AE 203C 2049 2122 2139 2190-21FF 2300-23FF 24C2 25A0-25FF 2600-27BF 2934-2935 2B00-2BFF 3030
    303D 3297 3299 1F000-1FAFF
"""

# Scripts whose spelling uses ZWJ and ZWNJ.
JOINING = """
    600-8FF 900-DFF F00-109F 1780-18AF FB50-FDCF FE70-FEFC
"""

# Scripts from right to left, which direction marks belong to, and those that are written without
# blanks, where a break of no width stands between words.
_RIGHT_TO_LEFT = "590-8FF FB1D-FDFF FE70-FEFC 10800-10FFF 1E800-1EFFF"
_UNSPACED = "E00-EFF 1000-109F 1780-17FF 1A20-1AAF"

IDEOGRAPHS = """
    3400-4DBF 4E00-9FFF F900-FAFF 20000-2FA1F 30000-323AF
"""

_PAIRED = "D800-DFFF"  # halves that may be joined to something that is seen
_BLANK = r"\s\u2800"  # Braille without a dot has a width, and no ink

_LONGEST_NEEDED = 2
_DIRECTIONS = frozenset("\u200e\u200f\u061c")
# Colours, titles and links as programs write them: only what is such beyond doubt.
_SEQUENCES = (
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"
    r"|\x1b[]PX^_][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)"
    r"|\x1b[()][0AB]"
)

# The fast path: common characters that are in none of UNSAFE, MARKS and the line separators.
_PLAIN = (
    "[\t\n -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0590\u2010-\u2027\u202f-\u205f"
    "\u2070-\u20cf\u2100-\u2cee\u3000-\u3029\u3030-\u3098\u309b-\u3163\u3165-\ua66e\uac00-\ud7ff"
    "\U0001f000-\U0001faff]*"
)


@cache
def plain() -> re.Pattern[str]:
    """Make a pattern for text that surely needs no second look."""
    return re.compile(_PLAIN)


@cache
def char_class(ranges: str) -> str:
    """Write the inside of a pattern's [...] for a list of hexadecimal code points and ranges."""
    return "".join(map(_escaped, ranges.split()))


@cache
def one_of(ranges: str) -> re.Pattern[str]:
    """Make a pattern for one character out of the ranges."""
    return re.compile(f"[{char_class(ranges)}]")


def end_without(ranges: str, text: str, end: int | None = None) -> int:
    """Find the place where the characters of these ranges begin that stand last before `end`."""
    last = len(text) if end is None else end
    while last and one_of(ranges).match(text, last - 1):
        last -= 1
    return last


@cache
def unseen() -> re.Pattern[str]:
    """Make a pattern for runs of what nobody sees, for flags made of it, and for ends of lines."""
    no_cr = char_class(UNSAFE.replace(" B-1F", " B-C E-1F"))
    flag = "\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{3,6}\U000e007f"
    return re.compile(f"(?P<flag>{flag})|(?P<line>\r\n|[\u2028\u2029])|(?:[{no_cr}]|\r(?!\n))+")


def is_unseen(text: str) -> bool:
    """Tell whether nothing of a text can be seen: it is blank, or made of hidden characters."""
    if "!" <= text.lstrip()[:1] <= "~":
        return False
    hidden = char_class(UNSAFE.replace(_PAIRED, ""))
    return re.fullmatch(f"[{_BLANK}{hidden}]*", text) is not None


def belongs(run: str, before: str, after: str) -> bool:
    """Tell whether an invisible run is part of how its neighbours are spelt."""
    if run in {"\u200c", "\u200d"} and _is(JOINING, before) and _is(JOINING, after):
        return not (_is(MARKS, before) and _is(MARKS, after))
    if run in {"\u200d", "\ufe0f\u200d"}:
        return _is(EMOJI, before) and _is(EMOJI, after)
    if run in {"\ufe0e", "\ufe0f"}:
        return _is(EMOJI, before) or (before in tuple("0123456789#*") and after == "\u20e3")
    if len(run) == 1 and "\U000e0100" <= run <= "\U000e01ef":
        return _is(IDEOGRAPHS, before)
    return len(run) == 1 and "\u180b" <= run <= "\u180f" and "\u1800" <= before <= "\u18aa"


def _is(ranges: str, char: str) -> bool:
    return one_of(ranges).match(char) is not None


def without_hidden(text: str) -> tuple[str, int]:
    """Leave out what nobody sees, and say how many characters that were.

    What spelling needs stays, and so do the ends of lines and pages. An escape sequence goes as a
    whole, and counts as one.
    """
    if plain().fullmatch(text):
        return text, 0
    text, sequences = re.subn(_SEQUENCES, "", text)
    clean = unseen().sub(_needed, text)
    return clean, sequences + len(text) - len(clean)


def _needed(match: re.Match[str]) -> str:
    """Keep of an invisible run what its neighbours need; of a mere run, its ends of lines.

    NUL stays as well: what is sent has a mark in its place.
    """
    run, text = match[0], match.string
    if match.lastgroup:
        return run
    if len(run) > _LONGEST_NEEDED:
        return _ends(run)
    before = text[match.start() - 1 : match.start()]
    after = text[match.end() : match.end() + 1]
    return _kept_of(run, before, after)


@lru_cache(4096)
def _kept_of(run: str, before: str, after: str) -> str:
    if belongs(run, before, after):
        return run
    if run in _DIRECTIONS and (_is(_RIGHT_TO_LEFT, before) or _is(_RIGHT_TO_LEFT, after)):
        return run
    if run == "\u200b" and _is(_UNSPACED, before) and _is(_UNSPACED, after):
        return run
    return _ends(run)


def _ends(run: str) -> str:
    return "".join(char for char in run if char in "\r\f\0")


def _escaped(part: str) -> str:
    return "-".join(f"\\U{end:0>8}" for end in part.split("-"))
