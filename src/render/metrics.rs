//! Formats the result of `drift` in Prometheus' text format, for the textfile collector of the node
//! exporter.
//!
//! If not everything could be read, there are no counts: a zero would look like "no changes". Every
//! series has the chart as a label, and the account if it is known, so that the files of two charts
//! do not clash.

use crate::{
    drift::Drift,
    kind::{Kind, REGISTRY, Verb},
    plan::{Outcome, finding::CODES, risk::RiskClass},
};

/// The labels of every series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    pub chart: String,
    pub account: Option<String>,
}

impl Labels {
    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [("chart", self.chart.as_str())]
            .into_iter()
            .chain(self.account.iter().map(|name| ("account", name.as_str())))
    }
}

/// The last complete read, from an existing metrics file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRead {
    /// `None` in files from versions without labels.
    pub labels: Option<Labels>,
    /// Seconds since 1970.
    pub seconds: i64,
}

/// The values to write.
#[derive(Debug, Clone, Copy)]
pub struct Metrics<'m> {
    pub labels: &'m Labels,
    /// `None` if the command failed before the comparison.
    pub drift: Option<&'m Drift>,
    pub requests: usize,
    /// Seconds since 1970; `None` if there was no complete read yet.
    pub last_complete_read: Option<i64>,
}

const LAST_COMPLETE_READ: &str = "portolan_last_complete_read_timestamp_seconds";

/// The actions that are possible for a kind.
fn verbs(kind: &Kind) -> impl Iterator<Item = Verb> {
    kind.lifecycle
        .verbs()
        .iter()
        .copied()
        .chain((kind.runs.is_some() || kind.copying.is_some()).then_some(Verb::Run))
}

/// The whole file. Series with the value zero are included, so that none disappears between two
/// invocations.
pub fn text(metrics: &Metrics<'_>) -> String {
    let mut out = String::new();
    let known = metrics
        .drift
        // Partial counts would be wrong, and a rule on them would resolve an alert.
        .filter(|drift| drift.outcome() != Outcome::Unknown);
    let common: Vec<String> = metrics
        .labels
        .pairs()
        .map(|(name, value)| label(name, value))
        .collect();
    let common = common.join(",");
    let mut gauge = |name: &str, help: &str, samples: Vec<Sample>| {
        family(&mut out, &common, name, help, samples);
    };
    let one = |number: Option<String>| {
        number
            .map(|number| (Vec::new(), number))
            .into_iter()
            .collect::<Vec<_>>()
    };
    let count = |of: fn(&Drift) -> usize| one(known.map(|drift| of(drift).to_string()));
    gauge(
        "portolan_changes",
        "Differences that count, including withheld ones.",
        known.map(changes).unwrap_or_default(),
    );
    gauge(
        "portolan_risks",
        "Differences that count, by the risk class of the change that would remove them.",
        known.map(risks).unwrap_or_default(),
    );
    gauge(
        "portolan_unchanged",
        "Resources that match the chart.",
        count(|drift| drift.plan.unchanged),
    );
    gauge(
        "portolan_unlisted",
        "Live repositories that the chart does not list.",
        count(|drift| drift.plan.unlisted.len()),
    );
    gauge(
        "portolan_findings",
        "Findings that are neither accepted nor ignored, by their code.",
        known.map(findings).unwrap_or_default(),
    );
    gauge(
        "portolan_counted_findings",
        "Findings because of which the drift command exits with 2.",
        count(Drift::counted_findings),
    );
    gauge(
        "portolan_withheld",
        "Differences whose change is withheld.",
        count(|drift| drift.plan.summary().withheld),
    );
    gauge(
        "portolan_accepted",
        "Differences that the chart accepts until a date.",
        count(|drift| drift.accepted.len()),
    );
    gauge(
        "portolan_ignored",
        "Differences that --ignore leaves out.",
        count(|drift| drift.ignored),
    );
    gauge(
        "portolan_expired_acceptances",
        "Expired acceptances of the chart.",
        // Known even after an incomplete read: acceptances expire by the date alone.
        one(metrics.drift.map(|drift| drift.expired.len().to_string())),
    );
    gauge(
        "portolan_outcome",
        "The outcome of the last drift command: 1 for one of the outcomes, 0 for the others.",
        outcome(metrics.drift),
    );
    gauge(
        "portolan_partial",
        "Whether the last drift command compared only a part of the chart.",
        one(metrics
            .drift
            .map(|drift| u8::from(drift.plan.scope.selection.is_partial()).to_string())),
    );
    gauge(
        LAST_COMPLETE_READ,
        "The time of the last complete read, in seconds since 1970.",
        one(metrics
            .last_complete_read
            .map(|seconds| seconds.to_string())),
    );
    gauge(
        "portolan_requests",
        "Requests of the last drift command, including retries.",
        one(Some(metrics.requests.to_string())),
    );
    out
}

/// Reads the last complete read from an existing file.
pub fn last_complete_read(text: &str) -> Option<LastRead> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(LAST_COMPLETE_READ)?;
        let (labels, number) = match rest.strip_prefix('{') {
            Some(rest) => read_labels(rest).map(|(labels, rest)| (Some(labels), rest))?,
            None => (None, rest),
        };
        number
            .trim()
            .parse()
            .ok()
            .map(|seconds| LastRead { labels, seconds })
    })
}

/// Parses [`Labels`] after the opening brace. Returns the rest of the text too.
fn read_labels(mut text: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::default();
    loop {
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = unescaped(rest)?;
        match name {
            "chart" => labels.chart = value,
            "account" => labels.account = Some(value),
            _ => return None,
        }
        match rest.strip_prefix(',') {
            Some(rest) => text = rest,
            None => return rest.strip_prefix('}').map(|rest| (labels, rest)),
        }
    }
}

/// Parses a value up to its closing quote. Returns the rest of the text too.
fn unescaped(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        value.push(match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => '\n',
                other => other,
            },
            other => other,
        });
    }
    None
}

/// A label in the syntax of the format.
fn label(name: &str, value: &str) -> String {
    let value = value
        // The text format escapes these three characters.
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n");
    format!("{name}=\"{value}\"")
}

/// A value with its own labels.
type Sample = (Vec<(&'static str, String)>, String);

/// Appends a metric with its samples. Each gets the common labels too.
fn family(out: &mut String, common: &str, name: &str, help: &str, samples: Vec<Sample>) {
    out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
    for (labels, value) in samples {
        let own: String = labels
            .iter()
            .map(|(name, value)| format!(",{}", label(name, value)))
            .collect();
        out.push_str(&format!("{name}{{{common}{own}}} {value}\n"));
    }
}

fn changes(drift: &Drift) -> Vec<Sample> {
    let mut samples = Vec::new();
    for (kind, verb) in REGISTRY
        .iter()
        // Kinds of one name are one sample.
        .filter(|kind| kind.family() == **kind)
        .flat_map(|kind| verbs(kind).map(|verb| (*kind, verb)))
    {
        let changes = drift.plan.changes.iter();
        let number = changes
            .filter(|change| change.address.kind().family() == kind && change.action.verb() == verb)
            .count();
        samples.push((
            vec![
                ("kind", kind.name.to_owned()),
                ("action", verb.name().to_owned()),
            ],
            number.to_string(),
        ));
    }
    samples
}

fn risks(drift: &Drift) -> Vec<Sample> {
    let count = |class: RiskClass| {
        let has = |risks: &[crate::plan::risk::Risk]| risks.iter().any(|risk| risk.class == class);
        drift
            .plan
            .changes
            .iter()
            .filter(|change| has(&change.risks))
            .count()
    };
    RiskClass::ALL
        .map(|class| (vec![("class", class.to_string())], count(class).to_string()))
        .into()
}

fn findings(drift: &Drift) -> Vec<Sample> {
    let count = |code: &str| {
        let findings = drift.plan.findings.iter();
        findings.filter(|finding| finding.code == code).count()
    };
    CODES
        .map(|code| (vec![("code", code.to_owned())], count(code).to_string()))
        .into()
}

fn outcome(drift: Option<&Drift>) -> Vec<Sample> {
    // Without a comparison nothing is known, which must not look like "no changes".
    let found = drift.map_or(Outcome::Unknown, Drift::outcome);
    let outcomes = [
        ("no_changes", Outcome::NoChanges),
        ("changes", Outcome::Changes),
        ("unknown", Outcome::Unknown),
    ];
    let sample = |(name, outcome): (&str, Outcome)| {
        (
            vec![("outcome", name.to_owned())],
            u8::from(outcome == found).to_string(),
        )
    };
    outcomes.map(sample).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(chart: &str, account: Option<&str>) -> Labels {
        Labels {
            chart: chart.to_owned(),
            account: account.map(str::to_owned),
        }
    }

    fn of(labels: &Labels, last_complete_read: Option<i64>) -> String {
        text(&Metrics {
            labels,
            drift: None,
            requests: 0,
            last_complete_read,
        })
    }

    #[test]
    fn an_unknown_outcome_has_no_counts() {
        let text = of(&labels("acme", None), None);
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "portolan_outcome{chart=\"acme\",outcome=\"no_changes\"} 0",
                "portolan_outcome{chart=\"acme\",outcome=\"changes\"} 0",
                "portolan_outcome{chart=\"acme\",outcome=\"unknown\"} 1",
                "portolan_requests{chart=\"acme\"} 0",
            ]
        );
        assert_eq!(last_complete_read(&text), None);
    }

    #[test]
    fn values_are_escaped() {
        let text = of(&labels("a\"b\\c\nd,}= é", Some("x")), None);
        let expected = r#"portolan_requests{chart="a\"b\\c\nd,}= é",account="x"} 0"#;
        assert_eq!(text.lines().last(), Some(expected));
    }

    #[test]
    fn the_last_complete_read_comes_back_with_its_labels() {
        for labels in [
            labels("acme", None),
            labels("a\"b\\c\\n\nd,}= é", Some("{x=\"1\"} 7")),
        ] {
            let read = last_complete_read(&of(&labels, Some(1_800_000_000)));
            assert_eq!(
                read,
                Some(LastRead {
                    labels: Some(labels),
                    seconds: 1_800_000_000
                })
            );
        }
        let before_labels = last_complete_read("portolan_last_complete_read_timestamp_seconds 5\n");
        assert_eq!(
            before_labels,
            Some(LastRead {
                labels: None,
                seconds: 5
            })
        );
        for broken in [
            "",
            " x\n",
            "{} 5",
            "{chart} 5",
            "{chart=\"a} 5",
            "{chart=\"a\" 5",
            "{chart=\"a\\",
            "{x=\"a\"} 5",
        ] {
            let line = format!("portolan_last_complete_read_timestamp_seconds{broken}");
            assert_eq!(last_complete_read(&line), None, "{broken}");
        }
    }
}
