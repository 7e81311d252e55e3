"""The user's guide to what the engine shows on request; `/help demo` prints it."""

HELP = """\
# The demo engine

No model is running. The engine inside chatrepl answers by the rules of the Messages API.
Ask for *hello*, *help*, *code*, *rust*, *sql*, *a table*, *a list*, *a poem*, *markdown*,
*prefill*, *tokens*, *who are you*; tell it *my name is …*; attach an image.

A line that begins with `demo:` asks for more. Several wishes are parted by `;`.

## Replies

| line | shows |
|:--|:--|
| `demo: help` | this page |
| `demo: say TEXT` | exactly TEXT; a JSON string in quotes may hold `\\n` |
| `demo: count to 40` | the numbers |
| `demo: long 20000` | that many characters of mixed Markdown |
| `demo: think` | a reasoned answer |
| `demo: unicode` | many scripts and emoji |
| `demo: hostile` | escape sequences that must not reach the terminal |
| `demo: echo-request` | the request as it arrived |
| `demo: cite` | citations of an attached document that has them enabled |

## Tools

| line | shows |
|:--|:--|
| `demo: search WORDS`, `demo: fetch URL` | web search and fetch, with citations (`/web on`) |
| `demo: search WORDS; caller none` | the blocks of 2025; also `code`, `direct` |
| `demo: search WORDS; tool-error unavailable` | a search that fails; any code, any tool |
| `demo: code` | code that prints; also `python`, `bash`, `file`, `fail` |
| `demo: code create` | the editor; also `view`, `replace` |
| `demo: code tool` | code that calls the first tool in the request |
| `demo: tool` | a call of the first tool in the request |
| `demo: tools 7 3` | up to four calls at once, up to three rounds of them; 7 is the seed |
| `demo: tool-search WORDS`, `demo: mcp WORDS` | what those tools of a request find and say |

`demo: show KIND` with `fallback` (another model answered), `compaction` (a summary of the past),
`failed-compaction`, `upload`, `advisor`, `redacted`, `new-block` (one nobody knows yet) or
`only-new-block`.

## Pace

| line | does |
|:--|:--|
| `demo: speed 200` | tokens a second from now on; 0 for at once |
| `demo: pace 5` | tokens a second for this reply |
| `demo: slow 3` | three seconds before the first byte |

## Stop reasons

`demo: stop REASON` with `end_turn`, `max_tokens`, `stop_sequence`, `tool_use`, `pause_turn`,
`refusal` (with a category: `cyber`, `bio`, `frontier_llm`, `reasoning_extraction`,
`general_harms`) or `model_context_window_exceeded`.

## Errors

`demo: error CODE` with 400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504 or
529. Add `x2` and it comes twice, then the answer.

| line | shows |
|:--|:--|
| `demo: error 529 x2` | overloaded twice, then well |
| `demo: error 429 retry-after 3` | a rate limit with seconds to wait |
| `demo: error 429 retry-after ms 500` | the same in milliseconds |
| `demo: error 429 retry-after date 5` | the same as a date |
| `demo: error 429 retry-after nonsense` | words instead of a number; also `absurd`, `none` |
| `demo: error 429 spend` | a spend limit, which no waiting mends |
| `demo: error refused` | the connection closes without an answer |
| `demo: error silence` | no answer at all |
| `demo: error headers` | headers without end |
| `demo: error redirect` | an answer that sends you elsewhere |

## Broken streams

`demo: stream KIND`, with `after 12` for the number of deltas before it breaks and `x1` for once.

| kind | what happens |
|:--|:--|
| `torn`, `reset`, `stall`, `cut` | torn in a chunk, reset, silent, ended too early |
| `error`, `error-first` | an error event after some text, or at once |
| `html`, `json`, `empty` | a page, an object, nothing instead of a stream |
| `pings`, `pings-for-ever`, `pings-after` | only signs of life; after some text, too |
| `bad-json`, `bad-utf8`, `huge` | an event that is no JSON, no UTF-8, or 5 MB long |
| `no-stop`, `no-usage`, `no-message`, `no-delta`, `no-index`, `no-type` | something is missing |
| `unknown`, `double-start`, `double` | events nobody knows; a second start; everything twice |
| `start-text`, `start-message` | text in the start of a block, or of the message |
| `null-stop` | an end without a reason |

## Prefill and continuation

| line | does |
|:--|:--|
| `demo: prefill repeat` | the emulated prefill is said again; also `omit`, `split`, `whitespace` |
| `demo: overlap 3` | a continuation says the last three words again |
"""
