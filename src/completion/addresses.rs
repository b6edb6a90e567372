//! The addresses of a chart that begin with what was typed, one segment after the other, as a shell
//! completes paths. A list of all would be too long in a big chart.

use std::collections::BTreeMap;

use super::Candidate;
use crate::{
    address::Address,
    pattern::{Names, Written},
    region,
    state::Chart,
};

/// What may follow in a pattern of the command line. An organization is offered as itself, which
/// covers its repositories, and with a slash behind it.
pub fn beginning_with(chart: &Chart, typed: &str) -> Vec<Candidate> {
    let names = chart.names();
    let mut found: BTreeMap<String, &str> = BTreeMap::new();
    for address in chart.resources.keys() {
        let (place, tail) = written(address);
        let without_region = place.split_once('/').filter(|(_, rest)| {
            // The first segment of such a pattern would be read as a region.
            let first = rest.split('/').next().unwrap_or_default();
            !region::is_known(first) && !chart.regions.contains(first)
        });
        let forms = [Some(place.as_str()), without_region.map(|(_, rest)| rest)];
        for form in forms.into_iter().flatten() {
            if let Some((word, is_whole)) = next(form, &tail, typed) {
                let about = if is_whole { address.kind().name } else { "" };
                found.entry(word).or_insert(about);
            }
        }
    }
    found
        .into_iter()
        .filter(|(word, _)| is_pattern(word, &names))
        .map(|(value, about)| Candidate {
            value,
            about: about.to_owned(),
        })
        .collect()
}

/// The address as it is printed, without its kind, and the part from the mark on.
fn written(address: &Address) -> (String, String) {
    let text = address.to_string();
    let text = text.split_once(' ').map_or("", |(_, rest)| rest);
    let mark = address.kind().tail.map(|tail| tail.mark);
    match mark.and_then(|mark| text.rfind(mark)) {
        Some(at) => (text[..at].to_owned(), text[at..].to_owned()),
        None => (text.to_owned(), String::new()),
    }
}

/// The address up to the end of the next segment, and whether that is all of it. What has a tail
/// follows only what its place is typed for: each repository would be listed again otherwise.
fn next(place: &str, tail: &str, typed: &str) -> Option<(String, bool)> {
    if !tail.is_empty() {
        let whole = format!("{place}{tail}");
        let is_typed = typed.starts_with(place) && whole.starts_with(typed);
        return is_typed.then_some((whole, true));
    }
    let rest = place.strip_prefix(typed)?;
    match rest.find('/') {
        Some(end) => Some((place[..=typed.len() + end].to_owned(), false)),
        None => Some((place.to_owned(), true)),
    }
}

/// Whether the command line would accept it.
fn is_pattern(word: &str, names: &Names<'_>) -> bool {
    let word = word.strip_suffix('/').unwrap_or(word);
    word.parse::<Written>()
        .is_ok_and(|written| written.on_command_line(names).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{self, context::Context},
        diagnostics::SourceMap,
    };

    const CHART: &str = "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web/frontend: { sync: [ { target_region: cn-east-3, target_organization: dr } ] }
      web/backend: {}
      api: {}
  cn-east-3: { repositories: { odd: {} } }
mirrors:
  my project/tools/app: { url: 'https://example.com/a.git' }
";

    fn offered(typed: &str) -> Vec<String> {
        let mut sources = SourceMap::default();
        sources.add("portolan.yaml", CHART);
        let chart = config::decode(Context {
            sources: &sources,
            environment: &|_| None,
            region: None,
        })
        .chart;
        let found = beginning_with(&chart, typed);
        found.into_iter().map(|found| found.value).collect()
    }

    #[test]
    fn they_are_offered_segment_by_segment() {
        assert_eq!(
            offered("tea"),
            ["team-a", "team-a/"],
            "an organization, and what is in it"
        );
        assert_eq!(offered("team-a/"), ["team-a/api", "team-a/web/"]);
        assert_eq!(offered("team-a/web/f"), ["team-a/web/frontend"]);
        assert_eq!(
            offered("team-a/web/frontend"),
            ["team-a/web/frontend", "team-a/web/frontend -> cn-east-3/dr"]
        );
        assert_eq!(offered("cn-n"), ["cn-north-4/"]);
        assert_eq!(offered("cn-north-4/team-a/w"), ["cn-north-4/team-a/web/"]);
        assert_eq!(offered("nothing"), [""; 0]);
    }

    #[test]
    fn what_the_command_line_would_refuse_is_not_offered() {
        let all = offered("");
        assert!(
            !all.iter().any(|word| word.starts_with("cn-east-3")),
            "{all:?}"
        );
        assert!(all.contains(&"my project/".to_owned()), "{all:?}");
    }
}
