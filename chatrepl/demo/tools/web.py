"""Search and fetch: what they find, and how an answer cites it."""

import re
from urllib.parse import urlsplit

from chatrepl.demo.sealed import seal
from chatrepl.demo.tools.reply import says
from chatrepl.demo.wire import JSON

URL = re.compile(r"https?://[^\s\"'<>)]+")
_FOUND = (
    ("Prompt caching, explained", "https://example.com/prompt-caching",
     "A cached prefix is billed at a tenth of the input price or less."),
    ("Notes on terminal chats", "https://example.com/terminal-chats",
     "A good terminal program keeps the scrollback intact."),
)  # fmt: skip
_PAGE = "An example page. It says that the demo engine fetches nothing from the network."
_LONGEST_URL = 250


def code_for(name: str, given: JSON) -> str:
    """Return the program that calls a web tool and keeps what bears on the question."""
    (argument, value), *_ = given.items()
    return (
        f'pages = await {name}({{"{argument}": {value!r}}})\nfor page in pages:\n    print(page)\n'
    )


def _allowed(url: str, tool: JSON) -> bool:
    host = urlsplit(url).hostname or ""

    def among(domains: list[str]) -> bool:
        names = [domain.partition("/")[0] for domain in domains]
        return any(host == name or host.endswith(f".{name}") for name in names)

    if tool.get("allowed_domains"):
        return among(tool["allowed_domains"])
    return not among(tool.get("blocked_domains") or [])


def _pages(tool: JSON) -> list[tuple[str, str, str]]:
    return [page for page in _FOUND if _allowed(page[1], tool)]


def search_results(tool: JSON) -> list[JSON]:
    """Return what a search finds within the domains of the tool."""
    return [
        {
            "type": "web_search_result",
            "title": title,
            "url": url,
            "encrypted_content": seal(url, title),
            "page_age": "November 2, 2026",
        }
        for title, url, _ in _pages(tool)
    ]


def fetch_error(url: str, tool: JSON, said: str) -> str:
    """Return why a page cannot be fetched, or nothing; only what the chat names may be."""
    if len(url) > _LONGEST_URL:
        return "url_too_long"
    if not _allowed(url, tool):
        return "url_not_allowed"
    return "" if url in said else "url_not_in_prior_context"


def page(url: str, tool: JSON) -> JSON:
    """Return a fetched page."""
    source = {"type": "text", "media_type": "text/plain", "data": _PAGE}
    document: JSON = {"type": "document", "source": source, "title": "Example page"}
    if tool.get("citations"):
        document["citations"] = tool["citations"]
    return {
        "type": "web_fetch_result",
        "url": url,
        "content": document,
        "retrieved_at": "2026-11-25T12:00:00Z",
    }


def cited_page() -> tuple[JSON, ...]:
    return (says(f"The page says: “{_PAGE}”"),)


def cited_results(tool: JSON) -> tuple[JSON, ...]:
    """Return an answer that cites what was found."""
    pages = _pages(tool)
    if not pages:
        return (says("Nothing was found."),)
    parts: list[JSON] = []
    for (title, url, quote), words in zip(
        pages, ("One page says: ", "\n\nAnother: "), strict=False
    ):
        location = {
            "type": "web_search_result_location",
            "cited_text": quote,
            "url": url,
            "title": title,
            "encrypted_index": seal(url),
        }
        parts += [says(words), says(quote, citations=[location])]
    return (*parts, says("\n\n(The demo engine invents these; it has no network.)"))
