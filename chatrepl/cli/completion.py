"""Tab in a shell: what it runs there, and how we answer: a value and its meaning a line.

Values of an option stand behind its `=`, too. Behind a value that ends with `@` the shell completes
the name of a file. Nothing that comes back is ever evaluated.
"""

import os
from typing import Final

from typer._click.shell_completion import (
    CompletionItem,
    ShellComplete,
    add_completion_class,
    split_arg_string,
)

from chatrepl.cli.offers import FILE
from chatrepl.terminal.sanitize.text import one_line

_ASKED: Final = "_CHATREPL_COMPLETE=complete_tab _CHATREPL_LINE="
# bash begins a word behind each `=` and `:`, and at each `@`, as it is set up, and wants only that.
_BASH: Final = """\
_chatrepl_completion() {
    local typed=${COMP_LINE:0:COMP_POINT} value about before=
    local word=${typed##*[[:space:]]} breaks=${COMP_WORDBREAKS//[^=:@]/}
    [[ -n $breaks ]] && before=${word%"${word##*[$breaks]}"}
    before=${before%@}
    COMPREPLY=()
    while IFS=$'\\t' read -r value about; do
        [[ -n $value ]] || continue
        [[ $word == --*=* ]] && value=${word%%=*}=$value
        if [[ $value == *@ && $word == "$value"* ]]; then
            while IFS= read -r about; do
                [[ -d ${about/#\\~/$HOME} ]] && about+=/
                printf -v about '%s%q' "$value" "$about"
                COMPREPLY+=("${about#"$before"}")
            done < <(compgen -f -- "${word#"$value"}")
            break
        fi
        COMPREPLY+=("${value#"$before"}")
    done < <({asked}$typed "$1" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=@/] ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -o default -F _chatrepl_completion chatrepl
"""
# zsh loads a function file at the first question, which is to be answered as well.
_ZSH: Final = """\
#compdef chatrepl
_chatrepl() {
    local value about
    local -a keys values
    while IFS=$'\\t' read -r value about; do
        [[ -n $value ]] || continue
        [[ $value == *@ && $PREFIX == *"$value"* ]] && { compset -P 1 '*@'; _files; return; }
        value="${value//:/\\:}${about:+:${about//\\\\/\\\\\\\\}}"
        if [[ $value == *[=@](|:*) ]]; then keys+=("$value"); else values+=("$value"); fi
    done < <({asked}"${(j: :)words[1,CURRENT-1]} $PREFIX" "${(Q)words[1]/#\\~/$HOME}" 2>/dev/null)
    compset -P 1 '--*='
    (( $#keys + $#values )) || { _files; return; }
    _describe -V value keys -S '' -- values
}
if [[ $funcstack[1] == _chatrepl ]]; then _chatrepl "$@"; else compdef _chatrepl chatrepl; fi
"""
_FISH: Final = """\
function __chatrepl_offers
    set -l program (string replace -r '^~' $HOME -- (commandline -opc)[1])
    set -l option (string match -r -- '^--[^=]+=' (commandline -ct))
    set -l word (string replace -- "$option" "" (commandline -ct))
    set -l offers (env {asked}(commandline -cp | string collect) $program 2>/dev/null)
    set -l file (string match -r -- '^[^@]*@$' (string split -f 1 \\t -- $offers[1]))
    if test -n "$file"; and string match -q -- "$file*" $word
        set option "$option$file"
        set offers
        set word (string replace -- "$file" "" $word)
    end
    test -n "$offers"; or set offers (__fish_complete_path $word)
    for offer in $offers
        echo -- "$option$offer"
    end
end
complete --command chatrepl --no-files --keep-order --arguments '(__chatrepl_offers)'
"""
SCRIPTS: Final = {
    shell: script.replace("{asked}", _ASKED)
    for shell, script in (("bash", _BASH), ("zsh", _ZSH), ("fish", _FISH))
}


class _Tab(ShellComplete):
    name = "tab"

    def source_vars(self) -> dict[str, str]:
        return {}  # the scripts are ours

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ.get("_CHATREPL_LINE", "")
        words = split_arg_string(line)[1:]
        return (words[:-1], words[-1]) if words and not line[-1].isspace() else (words, "")

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        begun, at, _ = incomplete.partition(FILE)
        offered = super().get_completions(args, incomplete)
        files = [] if offered or not at else super().get_completions(args, begun + at)
        return offered or [item for item in files if item.value.endswith(FILE)]

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.value}\t{one_line(item.help or '')}"


def answer_tabs() -> None:
    """Have typer answer what the scripts ask."""
    add_completion_class(_Tab, _Tab.name)
