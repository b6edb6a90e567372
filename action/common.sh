# shellcheck shell=bash
# For the scripts beside it, which run with the bash 3.2 of macOS too.

# Ends the step with one sentence, which GitHub shows on the page of the run.
fail() {
    local text=$*
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    echo "::error::${text//$'\n'/%0A}"
    exit 1
}

# Puts the lines of a text that are not blank into the array `lines`.
read_lines() {
    local line
    lines=()
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line#"${line%%[![:space:]]*}"}
        line=${line%"${line##*[![:space:]]}"}
        [ -z "$line" ] || lines+=("$line")
    done <<< "$1"
}

# Puts the options of portolan for the inputs into the array `options`.
read_options() {
    local file
    options=()
    read_lines "${INPUT_FILE:-}"
    for file in ${lines[@]+"${lines[@]}"}; do
        options+=("--file=$file")
    done
    read_lines "${INPUT_ARGUMENTS:-}"
    options+=(${lines[@]+"${lines[@]}"})
}

# Prints the name of the artifact that holds the plan of a commit.
artifact() {
    echo "portolan-plan-${INPUT_NAME:+$INPUT_NAME-}$1"
}

# Prints the Git ids of the charts in the commit that is checked out, in the order of the input.
chart_ids() {
    local file
    read_lines "$INPUT_FILE"
    for file in "${lines[@]}"; do
        file=${file#./}
        git rev-parse --verify --quiet "HEAD:./${file%/}" ||
            fail "$file is not in the commit, so a plan cannot be compared with it." \
                "Commit the chart, and name it as a path in the repository." >&2
    done
}
