//! Formats the codes of diagnostics for a terminal and for `docs/diagnostics.md`.

use super::fit::wrap;
use crate::diagnostics::{
    Severity,
    codes::{Code, Example, explained, of_findings, of_plans, of_stops},
};

/// The default width of terminals, in columns.
const WIDTH: usize = 80;

const INTRODUCTION: &str = "\
# Diagnostics

<!-- Generated: cargo run -- explain --markdown > docs/diagnostics.md -->

Every finding has a code whose meaning never changes; `portolan explain CODE` prints its section \
of this page.
A chart with an error is not used. A warning is shown, and only `validate --deny warnings` fails \
because of it.
All warnings except `unused-waiver` can be waived, and so can the errors whose section says so: \
with the comment
`# portolan: allow CODE` on the line or above it, or with `lints: { allow: [CODE] }` for a whole \
document.
";

const OF_PLANS: &str = "
## Changes and states of a plan

SARIF and Code Quality reports of `plan` and `drift` also contain these codes; `portolan explain \
CODE` explains each.
They are not errors in a chart and cannot be waived. In these reports, a change that destroys or \
exposes something is an
error.

| code | severity | meaning |
| --- | --- | --- |
";

const OF_FINDINGS: &str = "
## Findings of a plan

What a command saw that no change would mend. Every format lists findings beside the changes, and \
JSON documents under `findings`.
They do not change the outcome of a plan. `drift` exits with 2 for those that count. `accept` and \
`--ignore` cover them by
address; a comment `# portolan: allow CODE` at the line of a finding, or `lints: { allow: [CODE] \
}`, silences them.

| code | meaning |
| --- | --- |
";

const OF_STOPS: &str = "
## Why a plan stops

The JSON documents of `plan`, `drift` and `apply` contain these codes under `stopped`. A stopped \
plan applies nothing.

| code | meaning |
| --- | --- |
";

/// One code in full.
pub fn text(code: &Code) -> String {
    let mut out = wrap(
        &format!("{}[{}]: {}", severity(code), code.name, code.summary),
        WIDTH,
        0,
    )
    .join("\n");
    for paragraph in [Some(code.explanation), advice(code)].into_iter().flatten() {
        out.push_str(&format!("\n\n{}", wrap(paragraph, WIDTH, 0).join("\n")));
    }
    if let Example::Charts { wrong, right } = code.example {
        for (title, chart) in [("Wrong:", wrong), ("Right:", right)] {
            out.push_str(&format!("\n\n{title}\n"));
            for line in chart.lines() {
                out.push_str(&format!("\n    {line}"));
            }
        }
    }
    out + "\n"
}

/// All codes with their summaries, errors first.
pub fn list(codes: &[&Code]) -> String {
    let column = explained().map(|code| code.name.len()).max().unwrap_or(0) + 4;
    let mut out = String::new();
    let of = |severity| {
        codes
            .iter()
            .copied()
            .filter(move |code| code.severity == severity)
            .collect()
    };
    let groups: [(&str, Vec<&Code>); 5] = [
        ("Errors:", of(Severity::Error)),
        ("Warnings:", of(Severity::Warning)),
        ("Changes and states of a plan:", of_plans().collect()),
        ("Findings of a plan:", of_findings().collect()),
        ("Why a plan stops:", of_stops().collect()),
    ];
    for (title, codes) in groups {
        out.push_str(&format!("{title}\n"));
        for code in codes {
            let lines =
                wrap(code.summary, WIDTH - column, 0).join(&format!("\n{}", " ".repeat(column)));
            out.push_str(&format!("  {:1$}{lines}\n", code.name, column - 2));
        }
        out.push('\n');
    }
    out + "`portolan explain CODE` explains one of them.\n"
}

/// The page, as Markdown.
pub fn markdown(codes: &[&Code]) -> String {
    let mut out = INTRODUCTION.to_owned();
    out.push_str("\n| code | severity | meaning |\n| --- | --- | --- |\n");
    for code in codes {
        out.push_str(&format!(
            "| [`{0}`](#{0}) | {1} | {2} |\n",
            code.name,
            severity(code),
            code.summary
        ));
    }
    for code in codes {
        out.push_str(&format!(
            "\n## {}\n\n{}: {}\n\n{}",
            code.name,
            title(code),
            code.summary,
            help(code)
        ));
    }
    out.push_str(OF_PLANS);
    for code in of_plans() {
        out.push_str(&format!(
            "| `{}` | {} | {} |\n",
            code.name,
            severity(code),
            code.summary
        ));
    }
    out.push_str(OF_FINDINGS);
    for code in of_findings() {
        out.push_str(&format!("| `{}` | {} |\n", code.name, code.summary));
    }
    out.push_str(OF_STOPS);
    for code in of_stops() {
        out.push_str(&format!("| `{}` | {} |\n", code.name, code.summary));
    }
    out
}

/// The explanation of a code and what to do, as Markdown without a heading.
pub fn help(code: &Code) -> String {
    let rest = match code.example {
        Example::Charts { wrong, right } => {
            format!("Wrong:\n\n```yaml\n{wrong}```\n\nRight:\n\n```yaml\n{right}```\n")
        }
        Example::Advice(advice) => format!("{advice}\n"),
    };
    format!("{}\n\n{rest}", code.explanation)
}

fn severity(code: &Code) -> &'static str {
    match code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn title(code: &Code) -> &'static str {
    match code.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
    }
}

fn advice(code: &Code) -> Option<&'static str> {
    match code.example {
        Example::Advice(text) => Some(text),
        Example::Charts { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;

    #[test]
    fn one_code_on_a_terminal() {
        insta::assert_snapshot!(text(codes::find("missing-region").unwrap()), @r#"
        error[missing-region]: A document has no `region`.

        Each document has its own `region`, which applies to everything in it.
        `--region` fills it in for documents without one. It does not override a
        `region` in a document.

        Wrong:

            version: 1
            organizations:
              team-a:

        Right:

            version: 1
            region: cn-north-4
            organizations:
              team-a:
        "#);
        insta::assert_snapshot!(text(codes::find("too-deep").unwrap()), @r#"
        error[too-deep]: Lists and mappings are nested too deep.

        A file may have 64 levels of lists and mappings, including those that aliases
        add. A chart needs fewer than ten.

        Look for a bracket that is not closed where it should be.
        "#);
    }

    #[test]
    fn nothing_is_wider_than_a_terminal() {
        let codes = codes::all();
        let texts = codes.iter().map(|code| text(code)).chain([list(&codes)]);
        let wide: Vec<String> = texts
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| line.len() > WIDTH)
            .collect();
        assert_eq!(wide, [""; 0]);
    }

    #[test]
    fn the_list_has_every_code_once() {
        let codes = codes::all();
        let list = list(&codes);
        for code in codes {
            assert_eq!(
                list.matches(&format!("\n  {} ", code.name)).count(),
                1,
                "{}",
                code.name
            );
        }
    }

    #[test]
    fn the_page_is_current() {
        let page = include_str!("../../docs/diagnostics.md");
        let current = markdown(&codes::all());
        assert!(
            page == current,
            "regenerate it: cargo run -- explain --markdown > docs/diagnostics.md"
        );
    }
}
