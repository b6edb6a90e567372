//! A chart exists for every registered diagnostic code.

use std::{collections::BTreeSet, env};

use portolan::diagnostics::codes;

use crate::cases::cases;

/// Codes that no chart alone can have, each with the reason.
const ELSEWHERE: [(&str, &str); 8] = [
    ("copies-not-compared", "needs the live state"),
    (
        "expired-acceptance",
        "needs the day, which `drift` looks at",
    ),
    ("jobs-not-read", "needs the live state"),
    ("kept-by-exclude", "needs the live state"),
    ("pattern-covers-nothing", "needs the live state"),
    ("selection-covers-nothing", "is of the command line"),
    ("target-not-looked-at", "needs the live state"),
    ("unreadable", "is the service's"),
];

/// Codes of charts that are too large to keep: see `generated`.
const GENERATED: [&str; 5] = [
    "chart-too-large",
    "file-too-large",
    "too-long",
    "too-many-errors",
    "too-many-shares",
];

#[test]
fn every_code_has_a_chart() {
    if env::var_os("UPDATE_GOLDEN").is_some() {
        return;
    }
    let mut met = BTreeSet::new();
    for case in cases("invalid").iter().chain(&cases("valid")) {
        for line in case.expected.lines() {
            let code = line
                .strip_prefix("error[")
                .or_else(|| line.strip_prefix("warning["));
            met.extend(code.and_then(|rest| Some(rest.split_once(']')?.0.to_owned())));
        }
    }
    met.extend(GENERATED.map(str::to_owned));
    // Printed without a code, which only its JSON form has.
    met.insert("not-ready".to_owned());
    met.extend(ELSEWHERE.map(|(code, _)| code.to_owned()));
    let registered: BTreeSet<String> = codes::all()
        .iter()
        .map(|code| code.name.to_owned())
        .collect();
    assert_eq!(met, registered, "left: met, right: registered");
}
