//! `benches/scale.sh`, which prints the figures of `docs/scale.md`: it works, and the numbers of
//! requests on the page are those of today. Times and memory are not tested.

use std::process::Command;

use crate::installed::root;

const PAGE: &str = include_str!("../../docs/scale.md");

/// GNU's time measures; other systems may lack it.
fn has_the_tools() -> bool {
    let works = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        output.is_ok_and(|output| output.status.success())
    };
    works("/usr/bin/time", "--version") && works("awk", "BEGIN {}") && works("bash", "--version")
}

/// The columns of a row of the page, by its command.
fn row(command: &str) -> Vec<&'static str> {
    let begin = format!("| `{command}` |");
    let row = PAGE.lines().find(|line| line.starts_with(&begin));
    let row = row.unwrap_or_else(|| panic!("no row of `{command}`"));
    row.split('|').map(str::trim).collect()
}

#[test]
fn the_page_has_the_requests_of_today() {
    if !has_the_tools() {
        return;
    }
    for arguments in [
        "drift 1000 0",
        "drift 1000 1",
        "drift 10000 0",
        "apply 1000 0",
    ] {
        let mut bench = Command::new("bash");
        bench
            .arg("benches/scale.sh")
            .args(arguments.split(' '))
            .current_dir(root());
        bench
            .env("PORTOLAN", env!("CARGO_BIN_EXE_portolan"))
            .env("RUNS", "1");
        let output = bench.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {printed}{errors}");
        let requests = printed
            .lines()
            .find_map(|line| line.strip_prefix("requests: "))
            .unwrap();
        let row = row(&format!("benches/scale.sh {arguments} --latency 50ms"));
        assert_eq!(row[4].replace(',', ""), requests, "{arguments}");
    }
}
