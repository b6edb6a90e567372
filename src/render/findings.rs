//! Diagnostics for machines: one JSON document, SARIF, and workflow commands of GitHub.
//!
//! The text for people is in `diagnostics`, which needs the source lines; these need places only.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::{
    diagnostics::{Severity, View, codes, visible},
    plan::document::{FORMAT_VERSION, pretty},
    render,
};

/// What `validate --format json` prints.
#[derive(Debug, Serialize)]
struct Document<'v> {
    format_version: &'static str,
    /// The name of its schema.
    document: &'static str,
    valid: bool,
    errors: usize,
    warnings: usize,
    diagnostics: &'v [View],
}

fn count(views: &[View], severity: Severity) -> usize {
    views.iter().filter(|view| view.severity == severity).map(|view| view.count.unwrap_or(1)).sum()
}

pub fn json(views: &[View]) -> String {
    let errors = count(views, Severity::Error);
    let warnings = count(views, Severity::Warning);
    let (format_version, document) = (FORMAT_VERSION, "validate");
    pretty(&Document { format_version, document, valid: errors == 0, errors, warnings, diagnostics: views })
}

fn level(view: &View) -> &'static str {
    match view.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The message with its hint and the other places, on one line.
fn message(view: &View) -> String {
    let mut said: Vec<String> = view.hint.iter().cloned().collect();
    said.extend(
        view.related
            .iter()
            .map(|related| format!("{}: {}:{}:{}", related.message, related.file, related.line, related.column)),
    );
    if said.is_empty() { view.message.clone() } else { format!("{} ({})", view.message, said.join("; ")) }
}

/// SARIF 2.1.0: what code scanning services read.
pub fn sarif(views: &[View]) -> String {
    sarif_with(views, &[])
}

/// The same with findings that somebody accepted, each with the reason; services keep them closed.
pub fn sarif_with(views: &[View], accepted: &[(View, String)]) -> String {
    let all = views.iter().chain(accepted.iter().map(|(view, _)| view));
    let mut codes: Vec<&str> = all.map(|view| view.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.into_iter().map(rule).collect();
    pretty(&Sarif {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Scan {
            tool: json!({ "driver": { "name": "portolan", "version": env!("CARGO_PKG_VERSION"), "rules": rules } }),
            column_kind: "unicodeCodePoints",
            results: Results { views, accepted },
        }],
    })
}

#[derive(Serialize)]
struct Sarif<'v> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Scan<'v>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Scan<'v> {
    tool: Value,
    column_kind: &'static str,
    results: Results<'v>,
}

/// Findings, of which only one at a time becomes a value: there may be as many as a plan has changes.
struct Results<'v> {
    views: &'v [View],
    accepted: &'v [(View, String)],
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let closed = self.accepted.iter().map(|(view, reason)| {
            let mut result = result(view);
            result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": reason }]);
            result
        });
        serializer.collect_seq(self.views.iter().map(result).chain(closed))
    }
}

/// What a scanning service shows of a code.
fn rule(code: &str) -> Value {
    let mut rule = json!({ "id": code });
    if let Some(code) = codes::find(code) {
        rule["shortDescription"] = json!({ "text": code.summary });
        rule["fullDescription"] = json!({ "text": code.explanation });
        rule["help"] = json!({ "text": render::codes::text(code) });
    } else {
        // The codes of plans say what they mean.
        rule["shortDescription"] = json!({ "text": code.replace('-', " ") });
    }
    rule
}

fn result(view: &View) -> Value {
    let mut result = json!({
        "ruleId": view.code,
        "level": level(view),
        "message": { "text": message(view) },
    });
    if let Some(file) = &view.file {
        result["locations"] = json!([place(file, view.line.zip(view.column))]);
    }
    if let Some(count) = view.count {
        result["occurrenceCount"] = json!(count);
    }
    if !view.related.is_empty() {
        let places = view.related.iter().map(|related| {
            let mut place = place(&related.file, Some((related.line, related.column)));
            place["message"] = json!({ "text": related.message });
            place
        });
        result["relatedLocations"] = places.collect();
    }
    result
}

fn place(file: &str, start: Option<(u32, u32)>) -> Value {
    let mut place = json!({ "artifactLocation": { "uri": file } });
    if let Some((line, column)) = start {
        place["region"] = json!({ "startLine": line, "startColumn": column });
    }
    json!({ "physicalLocation": place })
}

/// One workflow command a finding, which GitHub shows at its line.
pub fn github(views: &[View]) -> String {
    views.iter().map(|view| format!("{}\n", command(view))).collect()
}

fn command(view: &View) -> String {
    let mut properties = Vec::new();
    if let Some(file) = &view.file {
        properties.push(format!("file={}", property(file)));
    }
    for (name, number) in [("line", view.line), ("col", view.column)] {
        properties.extend(number.map(|number| format!("{name}={number}")));
    }
    properties.push(format!("title={}", property(&view.code)));
    format!("::{} {}::{}", level(view), properties.join(","), data(&message(view)))
}

/// The escapes that the runner undoes; without them a text could end the command and begin another.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.replace('\r', "").split('\n').map(visible).collect();
    lines.join("\n").replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn view() -> View {
        View {
            file: Some(Arc::from("a,b.yaml")),
            line: Some(3),
            column: Some(5),
            ..View::error("unknown-key", "unknown key `x\n::error::`".to_owned(), Some("did you mean `y`?".to_owned()))
        }
    }

    #[test]
    fn a_workflow_command_cannot_be_broken_out_of() {
        assert_eq!(
            github(&[view()]),
            "::error file=a%2Cb.yaml,line=3,col=5,title=unknown-key::unknown key `x%0A::error::` (did you mean `y`?)\n"
        );
    }

    #[test]
    fn sarif_names_the_rule_and_the_place() {
        let document: Value = serde_json::from_str(&sarif(&[view()])).unwrap();
        let result = &document["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "unknown-key");
        assert_eq!(result["locations"][0]["physicalLocation"]["region"], json!({ "startLine": 3, "startColumn": 5 }));
        let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!((rules.len(), &rules[0]["id"]), (1, &json!("unknown-key")));
        assert!(rules[0]["help"]["text"].as_str().unwrap().contains("descripton"), "{rules:?}");
    }

    #[test]
    fn the_document_counts() {
        let document: Value = serde_json::from_str(&json(&[view()])).unwrap();
        assert_eq!(document["valid"], false);
        assert_eq!((&document["errors"], &document["warnings"]), (&json!(1), &json!(0)));
    }
}
