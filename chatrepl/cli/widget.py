"""`--widget SHELL`: a function for a shell that turns words on its line into a command.

The command takes the place of the words, to be read and changed: nothing but Enter runs it.
"""

from typing import Final

_KEY: Final = "Ctrl-X Ctrl-A"
_ASKED: Final = (
    "You write commands for {shell} on $(uname -s). Answer with one fenced code block that holds "
    "the command for what is asked, in one line where that can be, and with nothing else."
)
_HEAD: Final = """\
# Write in words what a command is to do, and press {key}: the command takes their place.
# It is never run by itself. {hint}
"""
_HINTS: Final = {
    "bash": 'In ~/.bashrc: eval "$(chatrepl --widget bash)"',
    "zsh": 'In ~/.zshrc: eval "$(chatrepl --widget zsh)"',
    "fish": "In ~/.config/fish/config.fish: chatrepl --widget fish | source",
}
_BODIES: Final = {
    "bash": """\
_chatrepl_widget() {
  [[ $READLINE_LINE == *[![:space:]]* ]] || return 0
  local asked=$READLINE_LINE command
  command=$(chatrepl --no-save -q -x -s "{asked}" -- "$asked" </dev/null) || return 0
  history -s "# ${asked//$'\\n'/ }"
  READLINE_LINE=$command
  READLINE_POINT=${#READLINE_LINE}
}
bind -x '"\\C-x\\C-a": _chatrepl_widget'
""",
    "zsh": """\
_chatrepl_widget() {
  [[ $BUFFER == *[^[:space:]]* ]] || return 0
  local asked=$BUFFER command
  zle -I
  command=$(chatrepl --no-save -q -x -s "{asked}" -- "$asked" </dev/null) || return 0
  print -rs -- "# ${asked//$'\\n'/ }"
  BUFFER=$command
  CURSOR=$#BUFFER
}
zle -N _chatrepl_widget
bindkey '^X^A' _chatrepl_widget
""",
    "fish": """\
function _chatrepl_widget
  set -l asked (commandline | string collect)
  string match -qr '\\S' -- $asked; or return 0
  echo
  set -l command (chatrepl --no-save -q -x -s "{asked}" -- $asked </dev/null)
  and commandline -r -- (string join \\n -- $command | string collect)
  commandline -f repaint
end
bind \\cx\\ca _chatrepl_widget
""",
}


def widget(shell: str) -> str:
    """Give the function for one of the shells, with the key that calls it."""
    asked = _ASKED.format(shell=shell)
    if shell == "fish":  # which has no $( ) within quotes before its version 3.4
        asked = asked.replace("$(uname -s)", '"(uname -s)"')
    head = _HEAD.format(key=_KEY, hint=_HINTS[shell])
    return head + _BODIES[shell].replace("{asked}", asked)
