//! Charts that are too large, or too unusual, to be kept as files.

use std::fs;

use super::{output_of, portolan};

/// The diagnostics of a file with that content, without the source line, which may be anything.
fn check(content: impl AsRef<[u8]>) -> String {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("c.yaml"), content).unwrap();
    let mut command = portolan();
    command
        .current_dir(directory.path())
        .args(["validate", "-f", "c.yaml"]);
    // If anything explodes, this does not come back.
    let printed = output_of(command);
    let kept =
        |line: &&str| line.starts_with("error") || line.contains("-->") || line.contains(" = help");
    printed
        .lines()
        .filter(kept)
        .map(|line| format!("{}\n", line.trim()))
        .collect()
}

#[test]
fn ten_thousand_levels() {
    let flow = check(format!(
        "version: {}{}\n",
        "[".repeat(10_000),
        "]".repeat(10_000)
    ));
    insta::assert_snapshot!(flow, @r#"
    error[too-deep]: lists and mappings are nested more than 64 levels deep
    --> c.yaml:1:74
    = help: is this bracket closed?
    "#);
    let block = check(format!(
        "version: 1\norganizations:\n{}\n",
        "- ".repeat(10_000)
    ));
    insta::assert_snapshot!(block, @r#"
    error[too-deep]: lists and mappings are nested more than 64 levels deep
    --> c.yaml:3:127
    "#);
    let indented: String = (0..10_000)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    insta::assert_snapshot!(check(indented), @r#"
    error[too-deep]: lists and mappings are nested more than 64 levels deep
    --> c.yaml:65:65
    "#);
}

#[test]
fn a_text_beyond_the_limit() {
    let head = "version: 1\nregion: cn-north-4\norganizations: { team-a: { repositories: { \
        busybox: { description: ";
    insta::assert_snapshot!(check(format!("{head}{} }}}}}}}}\n", "x".repeat(30_001))), @r#"
    error[too-long]: this text has 30001 characters; the service allows at most 30000
    --> c.yaml:3:68
    "#);
    assert_eq!(
        check(format!("{head}{} }}}}}}}}\n", "é".repeat(30_000))),
        "",
        "characters count, not bytes"
    );
}

#[test]
fn a_file_of_errors() {
    let content: String = (0..5_000).map(|_| "--- *a\n").collect();
    let printed = check(content);
    assert_eq!(printed.matches("error[unknown-anchor]").count(), 21);
    assert_eq!(
        printed.matches("error[unknown-anchor]: 980 more").count(),
        1
    );
    assert_eq!(printed.matches("error[too-many-errors]").count(), 1);
}

#[test]
fn a_file_beyond_the_limit() {
    insta::assert_snapshot!(check(vec![b'#'; (64 << 20) + 1]), @r#"
    error[file-too-large]: the file is larger than 64 MiB
    --> c.yaml:1:1
    = help: split it into several files
    "#);
}

#[test]
fn bytes_that_are_not_a_chart() {
    let mut bytes: Vec<u8> = (0..=255).cycle().take(4096).collect();
    insta::assert_snapshot!(check(&bytes), @r#"
    error[not-utf8]: the file is not UTF-8: this byte is invalid
    --> c.yaml:3:115
    = help: save the file as UTF-8
    "#);
    bytes.retain(u8::is_ascii);
    let printed = check(&bytes);
    assert_eq!(printed.matches("error[control-character]").count(), 10);
}

#[test]
fn utf_16() {
    let chart = "version: 1\nregion: cn-north-4\n";
    let little: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(chart.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    insta::assert_snapshot!(check(little), @r#"
    error[not-utf8]: the file is UTF-16
    --> c.yaml:1:1
    = help: save the file as UTF-8
    "#);
}

#[test]
fn more_accounts_than_the_service_allows() {
    let shared = |number: usize| {
        let items: String = (0..number)
            .map(|account| format!("{{ account: a{account}, until: forever }}, "))
            .collect();
        check(format!(
            "version: 1\nregion: cn-north-4\norganizations: {{ o: {{ repositories: {{ r: {{ share: [ \
            {items} ] }} }} }} }}\n"
        ))
    };
    insta::assert_snapshot!(shared(500), @"");
    insta::assert_snapshot!(shared(501), @"
    error[too-many-shares]: a repository can be shared with 500 accounts at most
    --> c.yaml:3:17443
    = help: remove the items after the first 500
    ");
}
