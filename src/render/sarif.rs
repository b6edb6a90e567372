//! Formats findings as SARIF 2.1.0, for code scanning services.
//!
//! GitHub refuses the whole file if one result has no place, if a file name is not a URI reference,
//! or above its published limits: 25,000 results in a run, 10 MB as a gzip archive, 1,000 locations
//! for a result, 1,024 characters in a description.

use serde::Serialize;
use serde_json::{Value, json};

use super::{checkout::Checkout, codes, findings};
use crate::{
    diagnostics::{Severity, View, codes as registry},
    plan::document::pretty,
};

/// The most results in a run.
const MOST_RESULTS: usize = 25_000;

/// The most bytes of messages and file names in a run. The rest of the document is repetitive and
/// compresses well, so the archive stays below 10 MB even if the texts do not compress.
const MOST_TEXT: usize = 9 << 20;

/// The most characters of a message.
const LONGEST_MESSAGE: usize = 2_000;

/// The most related places of a result. GitHub shows no more.
const MOST_RELATED: usize = 100;

/// The version is part of the name: if the way of hashing changes, services do not mix up old and
/// new fingerprints.
const FINGERPRINT: &str = "portolan/v1";

/// The page of the service: portolan has no public page of its own, and the format requires one.
const INFORMATION: &str = "https://support.huaweicloud.com/intl/en-us/swr/index.html";

/// The code of the finding that counts the results that do not fit.
const LEFT_OUT: &str = "findings-left-out";

/// A finding before it becomes a JSON value. There can be one for each change of a plan, and only
/// those that fit are converted.
#[derive(Clone, Copy)]
struct Entry<'v> {
    view: &'v View,
    /// Why it was accepted, if it was.
    reason: Option<&'v str>,
    print: &'v str,
    /// The length of its texts in bytes.
    text: usize,
}

/// The report of the findings and of the accepted ones with their reasons. Services show accepted
/// findings as closed.
pub fn sarif(views: &[View], accepted: &[(View, String)], checkout: &Checkout) -> String {
    let prints = findings::fingerprints(
        views.iter().chain(accepted.iter().map(|(view, _)| view)),
        checkout,
    );
    let open = views.iter().map(|view| (view, None));
    let closed = accepted
        .iter()
        .map(|(view, reason)| (view, Some(reason.as_str())));
    let entries = open
        .chain(closed)
        .zip(&prints)
        .map(|((view, reason), print)| entry(view, reason, print, checkout));
    let entries: Vec<Entry<'_>> = entries.collect();
    let kept = fitting(&entries);
    let counted = (kept.len() < entries.len()).then(|| counted(&entries, &kept));
    let print = findings::fingerprints(&counted, checkout).concat();
    let last = counted
        .as_ref()
        .map(|view| entry(view, None, &print, checkout));
    let shown: Vec<Entry<'_>> = kept.into_iter().map(|at| entries[at]).chain(last).collect();
    document(&shown, checkout)
}

#[derive(Serialize)]
struct Document {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Value,
    column_kind: &'static str,
    results: Vec<Value>,
}

fn document(entries: &[Entry<'_>], checkout: &Checkout) -> String {
    let mut codes: Vec<&str> = entries
        .iter()
        .map(|entry| entry.view.code.as_str())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.into_iter().map(rule).collect();
    pretty(&Document {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: json!({ "driver": {
                "name": "portolan",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": INFORMATION,
                "rules": rules,
            } }),
            // The default of SARIF is UTF-16 units, but our columns count characters.
            column_kind: "unicodeCodePoints",
            results: entries
                .iter()
                .map(|entry| result(entry, checkout))
                .collect(),
        }],
    })
}

/// The indexes of the findings that fit: all, or the most severe ones, with room for one that
/// counts the others.
fn fitting(entries: &[Entry<'_>]) -> Vec<usize> {
    let text: usize = entries.iter().map(|entry| entry.text).sum();
    let mut order: Vec<usize> = (0..entries.len()).collect();
    if entries.len() <= MOST_RESULTS && text <= MOST_TEXT {
        return order;
    }
    // Accepted findings are left out first, then warnings.
    order.sort_by_key(|at| (entries[*at].reason.is_some(), entries[*at].view.severity));
    let mut left = MOST_TEXT;
    let fits = |at: &usize| {
        let rest = left.checked_sub(entries[*at].text);
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    // One place is for the finding that counts the rest.
    let mut kept: Vec<usize> = order
        .into_iter()
        .take(MOST_RESULTS - 1)
        .take_while(fits)
        .collect();
    // The order of the findings stays that of the chart.
    kept.sort_unstable();
    kept
}

/// The finding that counts those that do not fit.
fn counted(entries: &[Entry<'_>], kept: &[usize]) -> View {
    let count = entries.len() - kept.len();
    let message = format!(
        "{count} more findings are left out: code scanning services accept no more in one file"
    );
    let mut view = View {
        count: Some(count),
        ..View::error(LEFT_OUT, message, None)
    };
    let counts =
        |entry: &Entry<'_>| entry.view.severity == Severity::Error && entry.reason.is_none();
    let is_error =
        (0..entries.len()).any(|at| kept.binary_search(&at).is_err() && counts(&entries[at]));
    if !is_error {
        view.severity = Severity::Warning;
    }
    view
}

/// The rule for a code, with the texts that a code scanning service shows.
fn rule(name: &str) -> Value {
    // A plan that another version saved may contain a code that this one does not have.
    let Some(code) = registry::find(name) else {
        return json!({ "id": name });
    };
    json!({
        "id": name,
        "shortDescription": { "text": code.summary },
        "fullDescription": { "text": code.explanation },
        "help": { "text": codes::text(code), "markdown": codes::help(code) },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn entry<'v>(
    view: &'v View,
    reason: Option<&'v str>,
    print: &'v str,
    checkout: &Checkout,
) -> Entry<'v> {
    let related = view
        .related
        .iter()
        .take(MOST_RELATED)
        .map(|related| related.file.len() + related.message.len());
    let file = view.file.as_deref().unwrap_or(&checkout.chart);
    let message = cut(findings::message(view));
    let text = message.len() + file.len() + reason.map_or(0, str::len) + related.sum::<usize>();
    Entry {
        view,
        reason,
        print,
        text,
    }
}

fn result(
    Entry {
        view,
        reason,
        print,
        ..
    }: &Entry<'_>,
    checkout: &Checkout,
) -> Value {
    let file = view.file.as_deref().unwrap_or(&checkout.chart);
    let mut value = json!({
        "ruleId": view.code,
        "level": level(view.severity),
        "message": { "text": cut(findings::message(view)) },
        "locations": [place(&checkout.uri(file), view.line.unwrap_or(1), view.column)],
        "partialFingerprints": { FINGERPRINT: print },
    });
    if let Some(count) = view.count {
        value["occurrenceCount"] = json!(count);
    }
    if let Some(reason) = reason {
        value["suppressions"] =
            json!([{ "kind": "external", "status": "accepted", "justification": reason }]);
    }
    if !view.related.is_empty() {
        let places = view.related.iter().take(MOST_RELATED).map(|related| {
            let mut place = place(
                &checkout.uri(&related.file),
                related.line,
                Some(related.column),
            );
            place["message"] = json!({ "text": related.message });
            place
        });
        value["relatedLocations"] = places.collect();
    }
    value
}

fn place(uri: &str, line: u32, column: Option<u32>) -> Value {
    // SARIF requires numbers from one on, and a saved plan may contain any number.
    let mut region = json!({ "startLine": line.max(1) });
    if let Some(column) = column {
        region["startColumn"] = json!(column.max(1));
    }
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri }, "region": region } })
}

fn cut(message: String) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{} ...", &message[..end]),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> Checkout {
        Checkout {
            root: "/".into(),
            directory: "/".into(),
            chart: "portolan.yaml".to_owned(),
        }
    }

    fn results(views: &[View], accepted: &[(View, String)]) -> Vec<Value> {
        let document: Value = serde_json::from_str(&sarif(views, accepted, &checkout())).unwrap();
        document["runs"][0]["results"].as_array().unwrap().clone()
    }

    fn many(count: usize, severity: Severity, length: usize) -> Vec<View> {
        let view = |at: usize| View {
            severity,
            ..View::error(
                "unknown-key",
                format!("unknown key `k{at}` {}", "x".repeat(length)),
                None,
            )
        };
        (0..count).map(view).collect()
    }

    #[test]
    fn a_finding_without_a_place_is_at_the_beginning_of_the_chart() {
        let found = results(&[View::error("not-ready", "no".to_owned(), None)], &[]);
        let place = &found[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "portolan.yaml");
        assert_eq!(place["region"], json!({ "startLine": 1 }));
    }

    #[test]
    fn up_to_the_limit_everything_stays_in_order() {
        let mut views = many(MOST_RESULTS - 1, Severity::Warning, 0);
        views.extend(many(1, Severity::Error, 0));
        let found = results(&views, &[]);
        assert_eq!(found.len(), MOST_RESULTS);
        assert_eq!(found[MOST_RESULTS - 1]["level"], "error");
        assert!(found.iter().all(|result| result["ruleId"] != LEFT_OUT));
    }

    #[test]
    fn above_the_limit_the_most_severe_stay_and_the_rest_is_counted() {
        let mut views = many(MOST_RESULTS, Severity::Warning, 0);
        views.extend(many(2, Severity::Error, 0));
        let accepted: Vec<(View, String)> = many(5, Severity::Error, 0)
            .into_iter()
            .map(|view| (view, "known".to_owned()))
            .collect();
        let found = results(&views, &accepted);
        assert_eq!(found.len(), MOST_RESULTS);
        assert_eq!(
            found
                .iter()
                .filter(|result| result["level"] == "error")
                .count(),
            2
        );
        assert!(
            found
                .iter()
                .all(|result| result.get("suppressions").is_none())
        );
        let last = found.last().unwrap();
        assert_eq!(
            (&last["ruleId"], &last["occurrenceCount"]),
            (&json!(LEFT_OUT), &json!(8))
        );
        assert_eq!(
            last["level"], "warning",
            "of the errors, only accepted ones are left out"
        );
    }

    #[test]
    fn long_texts_are_cut_and_their_sum_is_limited() {
        let found = results(&many(1, Severity::Error, 100_000), &[]);
        assert_eq!(
            found[0]["message"]["text"].as_str().unwrap().len(),
            LONGEST_MESSAGE + 4
        );
        let found = results(&many(6_000, Severity::Error, 10_000), &[]);
        let text: usize = found
            .iter()
            .map(|result| result["message"]["text"].as_str().unwrap().len())
            .sum();
        assert!(
            found.len() > 4_000 && text < MOST_TEXT + LONGEST_MESSAGE,
            "{} {text}",
            found.len()
        );
        assert_eq!(found.last().unwrap()["ruleId"], LEFT_OUT);
    }

    #[test]
    fn no_description_is_longer_than_services_accept() {
        for code in registry::explained() {
            let longest = code
                .summary
                .chars()
                .count()
                .max(code.explanation.chars().count());
            assert!(longest <= 1_024, "{}: {longest}", code.name);
            let rule = rule(code.name);
            assert!(
                rule["help"]["markdown"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{rule}"
            );
        }
    }
}
