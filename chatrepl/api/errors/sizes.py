"""The words by which a service says that a request is too large for it; each has its own."""

import re
from typing import Final

# A text, which `re` compiles when an error comes: most runs never see one. A colon or an underscore
# between what and too much is the name of a parameter, which is something else.
_SIGN: Final = (
    r"\b(prompt|context|conversation|input|request|body|image|pdf|document|file|attachment)s?\b"
    r"[^:_]{0,60}(\bexceed|\btoo (long|large|big|many\b(?! (tool|param|field|block|request|stop)))"
    r"|\b(larg|long)er than\b)"
    r"|\bexceed.{0,40}(\bcontext|\bprompt|\bwindow|\bmax allowed size|\bmaximum size)"
    r"|\btoo (many|much) (input tokens|media|images|documents|pdfs|pages|files|attachments)\b"
    r"|\bpdf pages\b|\bcontext ?window|\bmaximum context\b|\bblocks must be shorter than\b"
    r"|\bcontext_(length|window)_exceeded\b|\bexceed_context_size|\brequest_too_large\b"
    r"|\bimage_dimensions_too_large\b"
)


def is_too_large(*words: str) -> bool:
    """Tell whether an error's type, code or words say that the input does not fit."""
    return re.search(_SIGN, " ".join(words).casefold()) is not None
