_chatrepl_completion() {
    local typed=${COMP_LINE:0:COMP_POINT} value about
    local word=${typed##*[[:space:]]}
    local before=${word%"${word##*[=:]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r value about; do
        [[ -n $value ]] || continue
        [[ $word == --*=* ]] && value=${word%%=*}=$value
        COMPREPLY+=("${value#"$before"}")
    done < <(_CHATREPL_COMPLETE=complete_tab _CHATREPL_LINE=$typed "$1" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -o default -F _chatrepl_completion chatrepl
