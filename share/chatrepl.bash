_chatrepl_completion() {
    local typed=${COMP_LINE:0:COMP_POINT} value about before=
    local word=${typed##*[[:space:]]} breaks=${COMP_WORDBREAKS//[^=:@]/}
    [[ -n $breaks ]] && before=${word%"${word##*[$breaks]}"}
    before=${before%@}
    COMPREPLY=()
    while IFS=$'\t' read -r value about; do
        [[ -n $value ]] || continue
        [[ $word == --*=* ]] && value=${word%%=*}=$value
        if [[ $value == *@ && $word == "$value"* ]]; then
            while IFS= read -r about; do
                [[ -d ${about/#\~/$HOME} ]] && about+=/
                printf -v about '%s%q' "$value" "$about"
                COMPREPLY+=("${about#"$before"}")
            done < <(compgen -f -- "${word#"$value"}")
            break
        fi
        COMPREPLY+=("${value#"$before"}")
    done < <(_CHATREPL_COMPLETE=complete_tab _CHATREPL_LINE=$typed "$1" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=@/] ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -o default -F _chatrepl_completion chatrepl
