# Completion of portolan for fish, 3.1 or newer.
# The words come from `portolan __complete`; fish quotes those that need it.
function __portolan_words
    set --local before (commandline --current-process --tokenize --cut-at-cursor)
    set --local current (commandline --current-token --cut-at-cursor)
    set --local lines (command portolan __complete fish $before "$current" 2>/dev/null </dev/null)
    if test (count $lines) -gt 1
        printf '%s\n' $lines[2..-1]
    end
end

complete --command portolan --no-files --arguments '(__portolan_words)'
