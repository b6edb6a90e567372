//! Formats findings as a Code Quality report, which GitLab shows in a merge request.

use serde_json::{Value, json};

use super::{checkout::Checkout, findings};
use crate::{
    diagnostics::{Severity, View, visible},
    plan::document::pretty,
};

/// The report. GitLab compares its fingerprints with those of the target branch.
pub fn gitlab(views: &[View], checkout: &Checkout) -> String {
    let prints = findings::fingerprints(views, checkout);
    let issues = views
        .iter()
        .zip(&prints)
        .map(|(view, print)| issue(view, print, checkout));
    pretty(&issues.collect::<Vec<_>>())
}

fn issue(view: &View, print: &str, checkout: &Checkout) -> Value {
    let file = view.file.as_deref().unwrap_or(&checkout.chart);
    // Lines count from one, and a saved plan may contain any number.
    let line = view.line.unwrap_or(1).max(1);
    json!({
        "description": visible(&findings::message(view)),
        "check_name": view.code,
        "fingerprint": print,
        "severity": severity(view),
        "location": { "path": checkout.path(file), "lines": { "begin": line } },
    })
}

/// A change is not a defect of the chart, unless it destroys or exposes something.
fn severity(view: &View) -> &'static str {
    match view.severity {
        Severity::Error => "major",
        Severity::Warning if findings::is_change(view) => "info",
        Severity::Warning => "minor",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn checkout() -> Checkout {
        Checkout {
            root: "/r".into(),
            directory: "/r".into(),
            chart: "portolan.yaml".to_owned(),
        }
    }

    fn report(views: &[View]) -> Vec<Value> {
        serde_json::from_str(&gitlab(views, &checkout())).unwrap()
    }

    fn view(code: &str, message: &str, line: u32) -> View {
        let file = Some(Arc::from("./my chart.yaml"));
        View {
            file,
            line: Some(line),
            column: Some(5),
            ..View::error(code, message.to_owned(), None)
        }
    }

    #[test]
    fn an_issue_has_what_gitlab_reads() {
        let found = report(&[
            view("unknown-key", "unknown key `x\n`", 3),
            View::error("not-ready", "no".into(), None),
        ]);
        assert_eq!(found[0]["description"], "unknown key `x\\n`");
        assert_eq!(
            (&found[0]["check_name"], &found[0]["severity"]),
            (&json!("unknown-key"), &json!("major"))
        );
        assert_eq!(
            found[0]["location"],
            json!({ "path": "my chart.yaml", "lines": { "begin": 3 } })
        );
        assert_eq!(
            found[1]["location"],
            json!({ "path": "portolan.yaml", "lines": { "begin": 1 } })
        );
        assert_eq!(gitlab(&[], &checkout()), "[]\n");
    }

    #[test]
    fn a_fingerprint_survives_a_move_and_is_unique() {
        let prints = |views: &[View]| {
            let found = report(views);
            found
                .iter()
                .map(|issue| issue["fingerprint"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let before = prints(&[
            view("a", "x", 3),
            view("a", "x", 9),
            view("a", "y", 10),
            view("b", "x", 3),
        ]);
        let after = prints(&[
            view("a", "x", 13),
            view("a", "x", 19),
            view("a", "y", 20),
            view("b", "x", 1),
        ]);
        assert_eq!(before, after);
        let mut unique = before.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), 4, "{before:?}");
        assert!(before.iter().all(|print| print.len() == 64), "{before:?}");
    }

    #[test]
    fn a_change_is_the_same_whatever_it_would_destroy() {
        let change = |message: &str| View {
            address: Some("repository r/o/a".into()),
            ..view("plan-delete", message, 3)
        };
        assert_eq!(
            report(&[change("delete repository r/o/a: 3 images")])[0]["fingerprint"],
            report(&[change("delete repository r/o/a: 4 images")])[0]["fingerprint"]
        );
    }
}
