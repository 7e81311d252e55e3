"""How sizes and foreign names are put into words."""

_NAME_LIMIT = 60


def shown(name: str) -> str:
    """Make a foreign name fit for one line: nothing invisible, at most 60 characters."""
    visible = "".join(char if char.isprintable() else _escape(char) for char in name)
    if len(visible) <= _NAME_LIMIT:
        return visible
    head, tail = _NAME_LIMIT // 2, _NAME_LIMIT - _NAME_LIMIT // 2 - 1
    return f"{visible[:head]}…{visible[-tail:]}"


def size(count: int) -> str:
    """Put a number of bytes into words, decimal units."""
    if count < 1_000:
        return f"{count} bytes" if count != 1 else "1 byte"
    if count < 1_000_000:
        return f"{count / 1_000:.0f} kB"
    if count < 10_000_000:
        return f"{count / 1_000_000:.1f} MB"
    if count < 1_000_000_000:
        return f"{count // 1_000_000} MB"
    return f"{count / 1_000_000_000:.1f} GB"


def tokens(count: int) -> str:
    """Put an estimated number of tokens into words: `~840`, `~1.2k`, `~35k`."""
    if count < 1_000:
        return f"~{count}"
    return f"~{count / 1_000:.1f}k" if count < 9_950 else f"~{count / 1_000:.0f}k"


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"
