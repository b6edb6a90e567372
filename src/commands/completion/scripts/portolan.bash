# Completion of portolan for bash, 3.2 or newer.
# The words come from `portolan __complete`, which writes them with their quotes.
_portolan() {
    local kind word first=1
    COMPREPLY=()
    while IFS= read -r word; do
        if [[ -n $first ]]; then
            kind=$word
            first=
        else
            COMPREPLY+=("$word")
        fi
    done < <(command portolan __complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
    if [[ $kind == files ]]; then
        compopt -o default 2>/dev/null
    elif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}

if [[ ${BASH_VERSINFO[0]} -ge 4 ]]; then
    complete -F _portolan portolan
else
    # Without `compopt`, bash completes a file wherever there is no word.
    complete -o default -F _portolan portolan
fi
