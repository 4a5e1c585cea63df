# Runs the tests of execnet on a real Windows, and writes what they have shown: the tests of this project run under wine.
#
#   powershell -ExecutionPolicy Bypass -File scripts\windows-report.ps1
#
# It needs a Rust toolchain with a C compiler (for the feature `tls`), and a Python 3 that `python` starts, or whose path is in
# EXECNET_WINDOWS_PYTHON. It writes windows-report.txt: please send that, as an issue of the project.
$ErrorActionPreference = 'Continue'
Set-Location (Join-Path $PSScriptRoot '..')
$report = Join-Path (Get-Location) 'windows-report.txt'
Set-Content $report 'execnet on Windows'

function Show($name, $command) {
    Add-Content $report "`n=== $name"
    # Errors of programs are lines here, and no exceptions.
    $output = & $command 2>&1 | ForEach-Object { "$_" }
    $status = $LASTEXITCODE
    Add-Content $report $output
    Add-Content $report "status: $status"
    Write-Host "${name}: status $status"
}

$python = if ($env:EXECNET_WINDOWS_PYTHON) { $env:EXECNET_WINDOWS_PYTHON } else { 'python' }
Show 'system' { [System.Environment]::OSVersion.VersionString; cmd /c ver }
Show 'rust' { cargo --version --verbose }
Show 'python' { & $python -VV }
Show 'codec' { cargo test --locked -p execnet-serializer --all-features --lib --test golden --test malformed --test serde }
Show 'core' { cargo test --locked -p execnet-core-sync --all-features --test frames --test session --test channel --test gateway --test worker }
Show 'library' { cargo test --locked -p execnet --all-features --lib --test windows --test windows_sync -- --skip many:: }
$env:EXECNET_WINDOWS_ROUNDS = '25'
Show '200 gateways' { cargo test --locked -p execnet --all-features --test windows -- many:: }
Show 'command' { cargo test --locked -p execnet-cli --test windows }
Show 'exec' { cargo run --quiet --locked -p execnet-cli -- exec "popen//python='$python'" 'import sys; channel.send(sys.version)' }
Write-Host "The report is in $report"
