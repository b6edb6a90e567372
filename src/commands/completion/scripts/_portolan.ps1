# Completion of portolan for PowerShell, 5.1 or newer.
# The words come from `portolan __complete`, which writes them with their quotes. Where it names
# none, PowerShell completes a file.
Register-ArgumentCompleter -Native -CommandName portolan, portolan.exe -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($_.GetType().Name -like 'StringConstant*') { $_.Value } else { "$_" } })
    # PowerShell drops empty arguments, so the word that is typed has a sign before it.
    $words += "=$wordToComplete"
    # Only a program, never a function or an alias of that name.
    $program = Get-Command -Name portolan -CommandType Application -ErrorAction SilentlyContinue |
        Select-Object -First 1
    if ($null -eq $program) { return }
    $answer = $null | & $program __complete powershell @words 2>$null
    $answer | Select-Object -Skip 1 | ForEach-Object {
        $word, $about = $_ -split "`t", 2
        if (-not $about) { $about = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
    }
}
