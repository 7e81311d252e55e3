"""What options are called elsewhere: who comes from another program types its options first."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from chatrepl.cli.options import FLAGS
from chatrepl.core.settings import OPTIONS

_MOST: Final = 3  # names that are offered
_LIKENESS: Final = 0.75  # of a name that is offered for one that is none
_ROWS: Final = """
-a FILE attaches it: -f --file --files --attachment --fragment
-s TEXT is the system prompt: --role --prompt --system-prompt --append-system-prompt --persona
-r NAME goes on with a saved conversation: --session --conversation --cid --chat-id --thread
--save NAME keeps it: --log --name --save-session
--no-save keeps nothing: --no-log --nolog --no-session --ephemeral
--sessions lists them: --list-sessions --list-chats --logs --history
--models lists them: --list-models
-x prints only the code: --code --extract-code
-o json or -o jsonl writes objects: --format --output-format
--raw shows Markdown as it is: --plain --no-markdown --no-render --no-md
--tool NAME lets the model call one: --tools --functions --allowedtools --allowed-tools
--mcp NAME lets the model call its tools: --mcp-config
--set thinking=on or off sets it: --think --reasoning --no-think
--set theme=dark or light sets it: --dark --light
NO_COLOR=1 or --set color=never leaves colours out: --no-color --no-colour
The answer comes as it is made; a pipe can wait for its end: --stream --no-stream -S
ANTHROPIC_API_KEY in the environment holds it: --key --api-key --apikey --token
The question alone is answered, without an option: --print --query --ask --question
chatrepl alone begins a chat: --chat --repl --tui
--dry-run shows what would be sent: --info --tokens --estimate
--rows SPEC makes a table: --schema-multi --csv --table
--set KEY=VALUE reaches every setting: --option --param
--version prints it: -V
"""
ELSEWHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: ours
        for ours, _, names in (row.rpartition(": ") for row in _ROWS.strip().splitlines())
        for name in names.split()
    }
)

_CHATS: Final = {"--chat", "--repl", "--interactive", "--start"}
_PAGES: Final = {
    f"--{name}" for name in "models sessions usage doctor changes version help batches".split()
}


def hint_for(option: str) -> str:
    """Say what to type in place of an option that is none of ours."""
    typed = option.partition("=")[0]
    names = [name for flag in FLAGS.values() for name in flag.names if name.startswith("--")]
    if (dashed := typed.casefold().replace("_", "-")) in names:
        return f"Did you mean {dashed}?"
    if ours := ELSEWHERE.get(typed) or ELSEWHERE.get(typed.casefold()):
        return f"{ours}."
    if (key := typed.lstrip("-").casefold().replace("-", "_")) in OPTIONS:
        return f"--set {key}=VALUE sets it."
    if begun := [name for name in names if len(typed) > len("--") and name.startswith(typed)]:
        return f"Did you mean {' or '.join(begun[:_MOST])}?"
    import difflib

    near = difflib.get_close_matches(typed.casefold(), names, n=1, cutoff=_LIKENESS)
    return f"Did you mean {near[0]}?" if near else "chatrepl --help lists what there is."


def hint_for_words(words: Sequence[str]) -> str:
    """Say what else a prompt might be for; empty where it is a question like any other."""
    word, *more = " ".join(words).split() or [""]
    option = f"--{word.casefold()}"
    if word.startswith("/"):
        from chatrepl.commands.menu import MENU

        is_ours = word[1:].removesuffix("!") in MENU
        instead = "commands are typed in a chat" if is_ours else ""
    elif option in _PAGES and not more:
        instead = f"chatrepl {option} is the page"
    else:
        instead = "chatrepl alone begins a chat" if option in _CHATS and not more else ""
    return f"{word} is sent as a question; {instead}." if instead else ""
