"""One line through a pygments lexer, from one state to the next."""

from functools import lru_cache
from typing import Any

from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.token import Error, Text, _TokenType

Kinds = tuple[tuple[_TokenType, str], ...]
Stack = tuple[str, ...]
_Found = list[tuple[_TokenType, str]]


def first_stack(lexer: Lexer) -> Stack:
    """The state in which a block of code begins."""
    return ("root", "php") if lexer.name == "PHP" else ("root",)


@lru_cache(maxsize=1024)  # a line is lexed for the preview first, and code repeats itself
def lex_line(lexer: Lexer, text: str, stack: Stack) -> tuple[Kinds, Stack]:
    """The tokens of a line that begins in the state `stack`, and the state after it.

    A lexer without such a state, or one that stumbles over a single line, begins each line anew.
    """
    source = text + "\n"
    try:
        if isinstance(lexer, ExtendedRegexLexer):
            found, after = _with_context(lexer, source, stack)
        elif isinstance(lexer, RegexLexer):
            found, after = _with_rules(lexer, source, stack)
        else:
            found = [(kind, part) for _, kind, part in lexer.get_tokens_unprocessed(source)]
            after = stack
    except (LookupError, ValueError, TypeError, AttributeError, AssertionError):
        return ((Text, text),), first_stack(lexer)
    return _without_end(found, text), after


def _without_end(found: _Found, text: str) -> Kinds:
    """Drop line feeds; a lexer that does not give back its text is not believed."""
    kinds = tuple((kind, part.replace("\n", "")) for kind, part in found)
    if "".join(part for _, part in kinds) != text:
        return ((Text, text),)
    return kinds


def _with_context(lexer: ExtendedRegexLexer, source: str, stack: Stack) -> tuple[_Found, Stack]:
    own = type(lexer).get_tokens_unprocessed is not ExtendedRegexLexer.get_tokens_unprocessed
    if own:
        found = lexer.get_tokens_unprocessed(source)
        return [(kind, part) for _, kind, part in found], stack
    context = LexerContext(source, 0, list(stack))
    found = lexer.get_tokens_unprocessed(context=context)
    kinds = [(kind, part) for _, kind, part in found]
    return kinds, tuple(context.stack)


def _with_rules(lexer: RegexLexer, source: str, stack: Stack) -> tuple[_Found, Stack]:
    """Apply the rules of a lexer, keeping the stack that its own method forgets at the end."""
    states: dict[str, list[tuple[Any, Any, Any]]] = vars(type(lexer))["_tokens"]
    kinds: _Found = []
    now = list(stack)
    position = 0
    while position < len(source):
        for match, action, move in states[now[-1]]:
            found = match(source, position)
            if not found:
                continue
            if type(action) is _TokenType:
                kinds.append((action, found.group()))
            elif action is not None:
                kinds.extend((kind, part) for _, kind, part in action(lexer, found))
            position = found.end()
            _move(now, move)
            break
        else:
            if source[position] == "\n":
                now = ["root"]
            kinds.append((Error, source[position]))
            position += 1
    return kinds, tuple(now)


def _move(now: list[str], move: tuple[str, ...] | int | str | None) -> None:
    """Change the stack as a rule says."""
    match move:
        case None:
            return
        case int():
            del now[max(1, len(now) - abs(move)) :]
        case "#push":
            now.append(now[-1])
        case _:
            for step in move:
                if step == "#pop":
                    del now[max(1, len(now) - 1) :]
                else:
                    now.append(now[-1] if step == "#push" else step)
