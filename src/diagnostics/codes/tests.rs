//! The registry is complete, and each example shows its code.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::*;
use crate::{
    config::{self, Decoded, context::Context, lint},
    coverage::Seen,
    diagnostics::SourceMap,
    drift,
    kind::REGISTRY,
    plan::{Plan, finding},
    scope::Selection,
    state::Live,
};

/// The findings of `drift` for the chart, with an empty live state and in the year 2026.
fn found(text: &str) -> Vec<(&'static str, Severity)> {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", text);
    let context = Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    };
    let Decoded {
        chart,
        found,
        rules,
        waivers,
        ..
    } = config::decode(context);
    let live = Live::default();
    let late = lint::targets(&live, &rules)
        .into_iter()
        .chain(waivers.unused(&lint::OF_A_PLAN));
    let late = late.chain(Seen::new(&chart, &chart, &live).judge(&Selection::default(), "", &[]));
    let drift = drift::judge(
        Plan::default(),
        &chart.accept,
        drift::Ignores::default(),
        &[],
        "2026-01-01".parse().unwrap(),
    );
    let late = late.chain(drift.errors());
    found
        .into_iter()
        .chain(late)
        .map(|found| (found.code, found.severity))
        .collect()
}

#[test]
fn each_example_shows_its_code_and_no_other() {
    for code in all() {
        let Example::Charts { wrong, right } = code.example else {
            continue;
        };
        let shown: BTreeSet<_> = found(wrong).into_iter().collect();
        assert_eq!(
            shown,
            BTreeSet::from([(code.name, code.severity)]),
            "the wrong chart of {}",
            code.name
        );
        assert_eq!(found(right), [], "the right chart of {}", code.name);
    }
}

#[test]
fn every_list_is_sorted_and_no_code_appears_twice() {
    for list in LISTS {
        assert!(
            list.is_sorted_by(|a, b| a.name < b.name),
            "{:?}",
            list.iter().map(|code| code.name).collect::<Vec<_>>()
        );
    }
    assert!(all().is_sorted_by(|a, b| a.name < b.name));
    assert_eq!(
        find("self-copy").map(|code| code.severity),
        Some(Severity::Warning)
    );
    assert_eq!(find("nothing"), None);
}

#[test]
fn every_change_and_state_of_a_plan_has_a_code() {
    let codes: Vec<&str> = of_plans().map(|code| code.name).collect();
    assert!(codes.is_sorted());
    for name in ["create", "update", "delete", "run", "partial"].map(|verb| format!("plan-{verb}"))
    {
        assert!(
            codes.contains(&name.as_str()) && find(&name).is_some(),
            "{name}"
        );
    }
    assert!(
        all().iter().all(|code| !codes.contains(&code.name)),
        "they are not diagnostics"
    );
}

#[test]
fn every_stop_of_a_plan_can_be_explained() {
    let registered: BTreeSet<_> = of_stops()
        .map(|code| (code.name.to_owned(), code.severity))
        .collect();
    let lacks = REGISTRY.iter().filter_map(|kind| kind.lookup());
    let lacks = lacks.flat_map(|lookup| [lookup.missing.code, lookup.incomplete.code]);
    let named = REGISTRY.iter().filter_map(|kind| kind.naming());
    let of_persons = named.flat_map(|naming| {
        [
            &naming.missing,
            &naming.disagrees,
            &naming.renamed,
            &naming.of_creator,
        ]
        .map(|stop| stop.code)
    });
    let items = REGISTRY.iter().filter_map(|kind| kind.place.item_errors);
    let abroad = items.filter_map(|items| items.abroad);
    let of_accounts = abroad.flat_map(|abroad| [abroad.public.code, abroad.own.code]);
    let is_no_diagnostic = |code: &&str| !all().iter().any(|known| known.name == *code);
    let mut used: BTreeSet<_> = lacks
        .chain(of_persons)
        // The chart alone may show these, too.
        .chain(of_accounts.filter(is_no_diagnostic))
        .map(|code| (code.to_owned(), Severity::Error))
        .collect();
    scan(&root(), &[("Stop::new(", Severity::Error)], &mut used);
    assert_eq!(used, registered, "left: in the sources, right: registered");
    assert!(of_stops().is_sorted_by(|a, b| a.name < b.name));
    assert!(
        explained()
            .map(|code| code.name)
            .collect::<BTreeSet<_>>()
            .len()
            == explained().count()
    );
}

#[test]
fn every_finding_of_a_plan_can_be_explained() {
    let registered = of_findings().map(|code| code.name);
    assert!(registered.eq(finding::CODES), "both lists are sorted");
    assert!(finding::CODES.is_sorted());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn texts_are_sentences_of_one_paragraph() {
    for code in explained() {
        let mut texts = vec![code.summary, code.explanation];
        texts.extend(match code.example {
            Example::Advice(text) => Some(text),
            Example::Charts { .. } => None,
        });
        for text in texts {
            assert!(
                text.ends_with('.') && !text.contains('\n') && !text.contains("  "),
                "{}: {text}",
                code.name
            );
        }
    }
}

#[test]
fn every_code_in_the_sources_is_registered_and_every_registered_code_is_used() {
    let mut used = BTreeSet::new();
    let makers = [
        ("Diagnostic::error(", Severity::Error),
        ("Diagnostic::warning(", Severity::Warning),
        ("View::error(", Severity::Error),
    ];
    scan(&root(), &makers, &mut used);
    // The test-only kinds use codes that `explain` does not know.
    let items = REGISTRY
        .iter()
        .filter(|kind| !kind.name.ends_with("member"))
        .filter_map(|kind| kind.place.item_errors);
    let wrong = items.flat_map(|items| {
        let abroad = items.abroad;
        [
            Some(items.duplicate),
            items.incomplete,
            items.fixed.map(|(wrong, _)| wrong),
            abroad.map(|abroad| abroad.public),
            abroad.map(|abroad| abroad.own),
            abroad.map(|abroad| abroad.most.1),
        ]
        .into_iter()
        .flatten()
    });
    let named = REGISTRY.iter().filter_map(|kind| kind.naming());
    let wrong = wrong.chain(named.map(|naming| naming.operator));
    used.extend(wrong.map(|wrong| (wrong.code.to_owned(), Severity::Error)));
    let numbered = REGISTRY.iter().filter_map(|kind| kind.lookup());
    used.extend(numbered.map(|lookup| (lookup.duplicate.to_owned(), Severity::Error)));
    used.retain(|(code, _)| !of_plans().any(|known| known.name == code));
    let registered: BTreeSet<_> = all()
        .iter()
        .map(|code| (code.name.to_owned(), code.severity))
        .collect();
    assert_eq!(used, registered, "left: in the sources, right: registered");
}

/// Collects the codes that these functions are called with. A code is a literal or a constant of
/// the same file.
fn scan(path: &Path, makers: &[(&str, Severity)], used: &mut BTreeSet<(String, Severity)>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            scan(&entry.unwrap().path(), makers, used);
        }
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    let is_test = path
        .iter()
        .any(|part| part == "tests" || part == "tests.rs");
    let text = if is_test {
        ""
    } else {
        text.split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default()
    };
    for &(maker, severity) in makers {
        for (at, _) in text.match_indices(maker) {
            let argument = text[at + maker.len()..]
                .trim_start()
                .split([',', ')'])
                .next()
                .unwrap_or_default();
            // Not literals: the codes of plan changes, which another test checks, and those in the
            // table of a kind, which the caller adds.
            if argument.starts_with("&format!(\"plan-")
                || [
                    "reason.code",
                    "error.code",
                    "self.code",
                    "&self.code",
                    "lookup.duplicate",
                ]
                .contains(&argument)
            {
                continue;
            }
            let code = match argument
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
            {
                Some(code) => code,
                None => constant(text, argument)
                    .unwrap_or_else(|| panic!("`{argument}` in {}", path.display())),
            };
            used.insert((code.to_owned(), severity));
        }
    }
}

fn constant<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("const {name}: &str = \""))?;
    rest.split('"').next()
}
