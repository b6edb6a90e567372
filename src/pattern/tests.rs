//! What patterns cover, and how a text is read on the command line and in a chart.

use super::*;
use crate::{
    kind::{access, mirror, organization, probes::member, repository, share, sync_rule},
    plan::tests::chart,
    state::Chart,
};

/// A region, an organization and a project of the same chart.
const CHART: &str =
    "organizations: { o: { repositories: { a: , b/c: } }, x-1: { repositories: { a: } } }
mirrors: { p/app: , 'we [b]!/app': , 'Bob''s (2)/g/app': }";

/// The addresses that the tests match against.
fn world() -> Vec<Address> {
    let [a, nested, twin] = [("r-1", "o", "a"), ("r-1", "o", "b/c"), ("r-2", "o", "a")]
        .map(|(r, o, n)| repository::address(r, o, n));
    vec![
        organization::address("r-1", "o"),
        a.clone(),
        sync_rule::address(&a, "cn-east-3", "dr"),
        sync_rule::address(&a, "cn-east-3", "dr-2"),
        nested.clone(),
        sync_rule::address(&nested, "cn-east-3", "dr"),
        organization::address("r-2", "o"),
        twin,
        mirror::address("r-1", "p", "app"),
        mirror::address("r-1", "p", "g/app"),
        member::address(&organization::address("r-1", "o"), "Ada"),
        member::address(&a, "Ada"),
        access::address(&organization::address("r-1", "o"), "Ada"),
        access::address(&a, "Ada"),
    ]
}

/// The indexes of the addresses that a pattern covers.
fn covered(pattern: &Pattern) -> Vec<usize> {
    world()
        .iter()
        .enumerate()
        .filter(|(_, address)| pattern.covers(address))
        .map(|(number, _)| number)
        .collect()
}

#[test]
fn a_pattern_covers_the_children_of_what_it_names() {
    for (text, expected) in [
        ("r-1/o", &[0, 1, 2, 3, 4, 5, 10, 11, 12, 13][..]),
        ("r-1/o/a", &[1, 2, 3, 11, 13]),
        ("r-1/o/*", &[1, 2, 3, 10, 11, 12, 13]),
        ("r-1/o/**", &[1, 2, 3, 4, 5, 10, 11, 12, 13]),
        ("*/o", &[0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13]),
        ("**/a", &[1, 2, 3, 7, 11, 13]),
        ("r-1", &[0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13]),
        ("*-2", &[6, 7]),
        ("**", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
        ("**app", &[8, 9]),
        ("r-1/p", &[]),
        ("r-1/p/*", &[8]),
        // The parts of a rule are segments too.
        ("r-1/o/a/cn-east-3/dr", &[2]),
        ("**/dr", &[2, 5]),
        // As printed.
        ("organization r-1/o", &[0, 1, 2, 3, 4, 5, 10, 11, 12, 13]),
        ("repository r-1/o/a", &[1, 2, 3, 11, 13]),
        ("repository r-1/o", &[1, 2, 3, 4, 5, 11, 13]),
        ("repository r-1", &[1, 2, 3, 4, 5, 11, 13]),
        ("sync_rule r-1/o/a", &[2, 3]),
        ("sync_rule r-1/o/a -> cn-east-3/dr", &[2]),
        ("r-1/o/a -> cn-east-3/dr", &[2]),
        ("r-1/o/a -> cn-east-3/*", &[2, 3]),
        ("r-1/o -> **", &[2, 3, 5]),
        ("r-1/o/b/c -> cn-*/dr", &[5]),
        ("member r-1/o: Ada", &[10]),
        ("member r-1/o: A*", &[10]),
        // Without a kind, the mark is that of the first kind.
        ("r-1/o: A*", &[12, 13]),
        // Kinds of one name are one.
        ("access r-1/o: Ada", &[12, 13]),
        ("access r-1/o/a", &[13]),
        ("access r-1/**: B*", &[]),
        ("member r-1/o: Bob", &[]),
        ("repository_member r-1/o/a: Ada", &[11]),
        ("repository_member r-1/**: *", &[11]),
        ("mirror r-1", &[8, 9]),
        ("mirror r-1/p/g/app", &[9]),
        // A mirror has no mark, so this is a name.
        ("mirror r-1/p: Ada", &[]),
        ("organization r-1/p/app", &[]),
        ("repository r-1/p/*", &[]),
    ] {
        let pattern: Pattern = text.parse().unwrap();
        assert_eq!(covered(&pattern), expected, "{text}");
        assert_eq!(pattern.full().parse(), Ok(pattern), "{text}");
    }
}

#[test]
fn a_printed_address_covers_what_it_was_printed_of() {
    let chart = chart(CHART);
    let (names, mut printed) = (chart.names(), 0);
    for address in chart.resources.keys() {
        let text = address.to_string();
        let written = || text.parse::<Written>().unwrap();
        for pattern in [
            written().on_command_line(&names),
            written().in_document("r-1", &names),
        ] {
            let pattern = pattern.unwrap_or_else(|problem| panic!("{text}: {problem}"));
            assert!(pattern.covers(address), "{text}");
            printed += 1;
        }
    }
    assert_eq!(printed, 16);
    for address in world() {
        assert!(
            address
                .to_string()
                .parse::<Pattern>()
                .unwrap()
                .covers(&address),
            "{address}"
        );
    }
}

#[test]
fn an_account_is_matched_in_any_case() {
    let share = share::address(&repository::address("r-1", "o", "a"), "Partner-CO");
    for (text, expected) in [
        ("share r-1/o/a => partner-co", true),
        ("share r-1/o/a => PARTNER-CO", true),
        ("r-1/o/a => Partner-*", true),
        ("r-1/o => *", true),
        ("r-1/o/a", true),
        ("share r-1/o/a => partner", false),
        ("share r-1/o/b => partner-co", false),
        ("sync_rule r-1/o/a", false),
    ] {
        let pattern: Pattern = text.parse().unwrap();
        assert_eq!(pattern.covers(&share), expected, "{text}");
        assert_eq!(
            Index::new([&pattern]).first(&share).is_some(),
            expected,
            "{text}"
        );
    }
    let refused = "r-1/o/a => a/b".parse::<Pattern>().unwrap_err().to_string();
    assert!(
        refused.contains("expected `ACCOUNT` after `=>`"),
        "{refused}"
    );
}

/// The full form of a pattern, or its error.
fn full_form(
    text: &str,
    read: impl Fn(Written, &Names<'_>) -> Result<Pattern, Problem>,
    chart: &Chart,
) -> String {
    let pattern = text
        .parse::<Written>()
        .and_then(|written| read(written, &chart.names()));
    match pattern {
        Ok(pattern) => pattern.full(),
        Err(problem) => problem.to_string(),
    }
}

#[test]
fn the_command_line_starts_at_the_region_or_at_an_organization_of_all() {
    let chart = chart(CHART);
    for (text, expected) in [
        ("o/a", "*/o/a"),
        ("o", "*/o"),
        ("r-1/o/a", "r-1/o/a"),
        ("cn-north-208/o", "cn-north-208/o"),
        ("region1/o", "region1/o"),
        ("r-1", "r-1/**"),
        ("*", "*/**"),
        ("*/group", "*/group"),
        ("o*/a", "o*/a"),
        ("**/c", "**/c"),
        ("repository o/a", "repository */o/a"),
        ("o/a -> x-1/dr", "sync_rule */o/a -> x-1/dr"),
        ("o: Ada", "access */o: Ada"),
        // Only the last mark counts.
        ("o: a -> x-1/dr", "no name of a sync_rule can contain `:`"),
        ("mars-1/o", "*/mars-1/o"),
        ("o/PROD-*", "*/o/PROD-*"),
    ] {
        let form = full_form(text, Written::on_command_line, &chart);
        let is_refused = expected.starts_with("no name") && form.contains(expected);
        assert!(form == expected || is_refused, "{text}: {form}");
    }
}

#[test]
fn a_chart_starts_at_the_organization_or_at_its_own_region() {
    let chart = chart(CHART);
    let read = |written: Written, names: &Names<'_>| written.in_document("r-1", names);
    for (text, expected) in [
        ("o/a", "r-1/o/a"),
        ("*", "r-1/*"),
        ("*/a", "r-1/*/a"),
        ("r-1/o/a", "r-1/o/a"),
        ("r-1", "r-1/**"),
        (
            "r-1/o/a -> cn-east-3/dr",
            "sync_rule r-1/o/a -> cn-east-3/dr",
        ),
        ("organization r-1/o", "organization r-1/o"),
        // Not a region anywhere.
        ("r-2/o/a", "r-1/r-2/o/a"),
        ("x-1/a", "r-1/x-1/a"),
        // A resource in a project of this chart.
        ("we [*]!/app", "r-1/we [*]!/app"),
        (
            "cn-east-3/o/a",
            "`cn-east-3/o/a` is in another region: this document is for r-1; move it to the \
            document for cn-east-3, or write `o/a` for r-1",
        ),
        (
            "mirror cn-east-3/p/app",
            "`mirror cn-east-3/p/app` is in another region: this document is for r-1; move \
            it to the document for cn-east-3, or write `mirror p/app` for r-1",
        ),
    ] {
        assert_eq!(full_form(text, read, &chart), expected, "{text}");
    }
}

#[test]
fn a_region_that_is_also_an_organization_is_written_out() {
    let chart = chart(
        "organizations: { r-1: { repositories: { ledger: } }, region1: , ledger: }\nmirrors: { \
        eu-west-0/x: }",
    );
    let read = |written: Written, names: &Names<'_>| written.in_document("r-1", names);
    for (text, one, other) in [
        (
            "r-1/ledger",
            "repository r-1/r-1/ledger",
            "organization r-1/ledger",
        ),
        (
            "r-1/ledger/x",
            "repository r-1/r-1/ledger/x",
            "repository r-1/ledger/x",
        ),
        ("r-1", "organization r-1/r-1", "organization r-1/*"),
        (
            "region1/x",
            "repository r-1/region1/x",
            "organization region1/x",
        ),
        (
            "eu-west-0/x",
            "mirror r-1/eu-west-0/x",
            "organization eu-west-0/x",
        ),
        (
            "r-1/ledger -> r-2/dr",
            "sync_rule r-1/r-1/ledger -> r-2/dr",
            "sync_rule r-1/ledger -> r-2/dr",
        ),
    ] {
        let message = full_form(text, read, &chart);
        assert!(message.contains("is ambiguous"), "{message}");
        assert!(
            message.contains(&format!("`{one}`")) && message.contains(&format!("`{other}`")),
            "{message}"
        );
        assert_eq!(full_form(one, read, &chart), one);
    }
    assert_eq!(
        full_form("organization r-1/ledger", read, &chart),
        "organization r-1/ledger"
    );
}

#[test]
fn a_pattern_that_can_match_nothing_is_refused_with_a_hint() {
    let chart = chart("organizations: { o: }");
    let in_document = |written: Written, names: &Names<'_>| written.in_document("r-1", names);
    for (text, expected) in [
        ("", "`\"\"` is not a valid pattern: it is empty"),
        ("/a", "did you mean `a`?"),
        ("a//b", "did you mean `a/b`?"),
        ("o/", "did you mean `o`?"),
        ("/", "`?`, `[ab]` and `!` are not supported"),
        (" o/x", "did you mean `o/x`?"),
        ("o/x ", "did you mean `o/x`?"),
        ("repository  o/x", "did you mean `repository o/x`?"),
        ("o/ x", "no name can contain ` `"),
        ("o/a\tb", "it contains a control character"),
        ("!o/web", "no name can contain `!`"),
        ("o/prod-[ab]*", "no name can contain `[`"),
        ("o/a?", "no name can contain `?`"),
        ("o/{a,b}", "no name can contain `{`"),
        ("**/x]", "no name can contain `]`"),
        ("o/a->x-1/dr", "no name can contain `>`"),
        ("o/a -> x-1", "expected `REGION/ORGANIZATION` after `->`"),
        ("o: a/b", "expected `USER` after `:`"),
        ("o: a~b", "no name of an access can contain `~`"),
        (
            "o/a -> x-1/Dr",
            "no name of a sync_rule can contain `D`; did you mean `o/a -> x-1/dr`?",
        ),
        (
            "repository o/PROD-*",
            "no name of a repository can contain `P`; did you mean `repository o/prod-*`?",
        ),
        (
            "repository o/a -> x-1/dr",
            "no name of a repository can contain ` `",
        ),
        ("repositry r-1/o/a", "no name can contain ` `"),
    ] {
        for message in [
            full_form(text, Written::on_command_line, &chart),
            full_form(text, in_document, &chart),
        ] {
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}

#[test]
fn children_are_named_by_their_parent_and_their_own_parts() {
    let [_, a, _, _, nested, ..] = &world()[..] else {
        panic!("a world")
    };
    for (text, of_a, of_nested) in [
        // A kind with one object in each parent is named by the parent.
        ("r-1/o/a", true, false),
        ("r-1/o/*/cn-east-3/dr", true, false),
        ("r-1/o/b/c/cn-east-3/dr", false, true),
        ("sync_rule r-1/o", true, true),
        ("sync_rule r-1/o/a/x-1/y", true, false),
        ("r-1/o/** -> x-1/y", true, true),
        ("r-2/o/** -> x-1/y", false, false),
        ("repository r-1/o/*/x-1/y", false, false),
        ("**/dr", false, false),
    ] {
        let pattern: Pattern = text.parse().unwrap();
        assert_eq!(
            (
                pattern.names_children_of(a),
                pattern.names_children_of(nested)
            ),
            (of_a, of_nested),
            "{text}"
        );
    }
}

/// The result of [`Below`] for one pattern.
pub(super) fn may_match_below(pattern: &Pattern, address: &Address, parts: usize) -> bool {
    if pattern.kind.is_some()
        && pattern.place_covers(address.kind(), &Parts::of(address, Cow::Borrowed))
    {
        return true;
    }
    if pattern.target.is_some() {
        return pattern.place.contains('\\');
    }
    let inside = format!("{}/", address.parts().join("/"));
    let begin = pattern.place.split(['*', '\\']).next().unwrap_or_default();
    let slashes = |text: &str| text.bytes().filter(|byte| *byte == b'/').count();
    (inside.starts_with(begin) || begin.starts_with(&inside))
        && (pattern.place.contains("**") || slashes(&pattern.place) == slashes(&inside) + parts - 1)
}

#[test]
fn a_possible_match_below_is_never_missed() {
    let repository = repository::address("r", "o", "a/b");
    let rule = sync_rule::address(&repository, "x", "y");
    for (pattern, expected) in [
        ("r/o/a/b/x/y", true),
        ("r/o/a/b/*/*", true),
        ("r/o/a/b", false),
        ("r/o/a/b/x", false),
        ("r/o/a/c/*/*", false),
        ("r/o/a/b*/*/*", true),
        ("*/*/*/*/*/*", true),
        ("r/**/y", true),
        ("**", true),
        ("r/p/**", false),
        ("sync_rule r/o/a/b", true),
        ("sync_rule r/o/a/b -> x/y", true),
        ("sync_rule r/o/a/* -> z/y", true),
        ("sync_rule r/o/c -> x/y", false),
        ("organization r/p", false),
    ] {
        let pattern: Pattern = pattern.parse().unwrap();
        let may = Below::new([&pattern]).may_match(&repository, 2);
        assert_eq!(may_match_below(&pattern, &repository, 2), may, "{pattern}");
        let is_missed = pattern.covers(&rule) && !pattern.covers(&repository) && !may;
        assert!(!is_missed, "{pattern}");
        assert_eq!(may, expected, "{pattern}");
    }
}
