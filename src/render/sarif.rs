//! Findings as SARIF 2.1.0, for code scanning services.
//!
//! GitHub refuses a whole file for one result that it cannot place, for a file name that is no URI reference, and above
//! its published limits: 25,000 results in a run, 10 MB as a gzip archive, 1,000 locations of a result, 1,024 characters
//! in a description.

use serde_json::{Value, json};

use super::{checkout::Checkout, codes, findings};
use crate::{
    diagnostics::{Severity, View, codes as registry},
    plan::document::pretty,
};

/// The most results in a run.
const MOST_RESULTS: usize = 25_000;

/// The most bytes of messages and file names in a run. Whatever they say, the rest of the document repeats itself, so
/// its archive stays below 10 MB.
const MOST_TEXT: usize = 9 << 20;

/// The most characters of a message.
const LONGEST_MESSAGE: usize = 2_000;

/// The most other places of a result: GitHub shows no more.
const MOST_RELATED: usize = 100;

/// The version belongs to what is hashed, so that a change here can be told from a change of the finding.
const FINGERPRINT: &str = "portolan/v1";

/// portolan has no public page of its own. This one describes the service whose state the findings are about.
const INFORMATION: &str = "https://support.huaweicloud.com/intl/en-us/swr/index.html";

/// What stands for the results that do not fit.
const LEFT_OUT: &str = "findings-left-out";

/// A result, and what decides whether it fits.
struct Entry {
    code: String,
    severity: Severity,
    is_accepted: bool,
    text: usize,
    value: Value,
}

/// The findings, and those that somebody accepted, each with the reason; services keep them closed.
pub fn sarif(views: &[View], accepted: &[(View, String)], checkout: &Checkout) -> String {
    let prints = findings::fingerprints(views.iter().chain(accepted.iter().map(|(view, _)| view)), checkout);
    let open = views.iter().map(|view| (view, None));
    let closed = accepted.iter().map(|(view, reason)| (view, Some(reason.as_str())));
    let entries = open.chain(closed).zip(&prints);
    let entries = entries.map(|((view, reason), print)| entry(view, reason, print, checkout)).collect();
    document(&fitting(entries, checkout))
}

fn document(entries: &[Entry]) -> String {
    let mut codes: Vec<&str> = entries.iter().map(|entry| entry.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.into_iter().map(rule).collect();
    let results: Vec<&Value> = entries.iter().map(|entry| &entry.value).collect();
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "portolan",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": INFORMATION,
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

/// All results if they fit. Otherwise the gravest ones, and one that counts the others.
fn fitting(entries: Vec<Entry>, checkout: &Checkout) -> Vec<Entry> {
    let text: usize = entries.iter().map(|entry| entry.text).sum();
    if entries.len() <= MOST_RESULTS && text <= MOST_TEXT {
        return entries;
    }
    let number = entries.len();
    let mut order: Vec<usize> = (0..number).collect();
    order.sort_by_key(|at| (entries[*at].is_accepted, entries[*at].severity));
    let mut left = MOST_TEXT;
    let fits = |at: &usize| {
        let rest = left.checked_sub(entries[*at].text);
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    let mut kept: Vec<usize> = order.into_iter().take(MOST_RESULTS - 1).take_while(fits).collect();
    kept.sort_unstable();
    let is_kept = |at: usize| kept.binary_search(&at).is_ok();
    let counts = |entry: &Entry| entry.severity == Severity::Error && !entry.is_accepted;
    let is_error = (0..number).any(|at| !is_kept(at) && counts(&entries[at]));
    let counted = counting(number - kept.len(), is_error, checkout);
    let placed = entries.into_iter().enumerate().filter(|(at, _)| is_kept(*at));
    placed.map(|(_, entry)| entry).chain([counted]).collect()
}

fn counting(number: usize, is_error: bool, checkout: &Checkout) -> Entry {
    let message = format!("{number} more findings are left out: a code scanning service takes no more in one file");
    let mut view = View { count: Some(number), ..View::error(LEFT_OUT, message, None) };
    if !is_error {
        view.severity = Severity::Warning;
    }
    let print = findings::fingerprints([&view], checkout).concat();
    entry(&view, None, &print, checkout)
}

/// What a scanning service shows of a code.
fn rule(name: &str) -> Value {
    let Some(code) = registry::find(name) else { return json!({ "id": name }) };
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

fn entry(view: &View, reason: Option<&str>, print: &str, checkout: &Checkout) -> Entry {
    let message = cut(findings::message(view));
    let file = view.file.as_deref().unwrap_or(&checkout.chart);
    let mut value = json!({
        "ruleId": view.code,
        "level": level(view.severity),
        "message": { "text": message },
        "locations": [place(&checkout.uri(file), view.line.unwrap_or(1), view.column)],
        "partialFingerprints": { FINGERPRINT: print },
    });
    if let Some(count) = view.count {
        value["occurrenceCount"] = json!(count);
    }
    if let Some(reason) = reason {
        value["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": reason }]);
    }
    if !view.related.is_empty() {
        let places = view.related.iter().take(MOST_RELATED).map(|related| {
            let mut place = place(&checkout.uri(&related.file), related.line, Some(related.column));
            place["message"] = json!({ "text": related.message });
            place
        });
        value["relatedLocations"] = places.collect();
    }
    let related = view.related.iter().take(MOST_RELATED).map(|related| related.file.len() + related.message.len());
    let text = message.len() + file.len() + reason.map_or(0, str::len) + related.sum::<usize>();
    Entry { code: view.code.clone(), severity: view.severity, is_accepted: reason.is_some(), text, value }
}

fn place(uri: &str, line: u32, column: Option<u32>) -> Value {
    // A saved plan may say anything; lines and columns count from one.
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
        Checkout { root: "/".into(), directory: "/".into(), chart: "portolan.yaml".to_owned() }
    }

    fn results(views: &[View], accepted: &[(View, String)]) -> Vec<Value> {
        let document: Value = serde_json::from_str(&sarif(views, accepted, &checkout())).unwrap();
        document["runs"][0]["results"].as_array().unwrap().clone()
    }

    fn many(number: usize, severity: Severity, length: usize) -> Vec<View> {
        let view = |at: usize| View {
            severity,
            ..View::error("unknown-key", format!("unknown key `k{at}` {}", "x".repeat(length)), None)
        };
        (0..number).map(view).collect()
    }

    #[test]
    fn what_has_no_place_is_at_the_beginning_of_the_chart() {
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
    fn above_it_the_gravest_stay_and_the_rest_is_counted() {
        let mut views = many(MOST_RESULTS, Severity::Warning, 0);
        views.extend(many(2, Severity::Error, 0));
        let accepted: Vec<(View, String)> =
            many(5, Severity::Error, 0).into_iter().map(|view| (view, "known".to_owned())).collect();
        let found = results(&views, &accepted);
        assert_eq!(found.len(), MOST_RESULTS);
        assert_eq!(found.iter().filter(|result| result["level"] == "error").count(), 2);
        assert!(found.iter().all(|result| result.get("suppressions").is_none()));
        let last = found.last().unwrap();
        assert_eq!((&last["ruleId"], &last["occurrenceCount"]), (&json!(LEFT_OUT), &json!(8)));
        assert_eq!(last["level"], "warning", "of the errors, only accepted ones are left out");
    }

    #[test]
    fn long_texts_are_cut_and_do_not_add_up_without_end() {
        let found = results(&many(1, Severity::Error, 100_000), &[]);
        assert_eq!(found[0]["message"]["text"].as_str().unwrap().len(), LONGEST_MESSAGE + 4);
        let found = results(&many(6_000, Severity::Error, 10_000), &[]);
        let text: usize = found.iter().map(|result| result["message"]["text"].as_str().unwrap().len()).sum();
        assert!(found.len() > 4_000 && text < MOST_TEXT + LONGEST_MESSAGE, "{} {text}", found.len());
        assert_eq!(found.last().unwrap()["ruleId"], LEFT_OUT);
    }

    #[test]
    fn no_description_is_longer_than_a_service_takes() {
        for code in registry::all().into_iter().chain(registry::of_plans()) {
            let longest = code.summary.chars().count().max(code.explanation.chars().count());
            assert!(longest <= 1_024, "{}: {longest}", code.name);
            let rule = rule(code.name);
            assert!(rule["help"]["markdown"].as_str().is_some_and(|text| !text.is_empty()), "{rule}");
        }
    }
}
