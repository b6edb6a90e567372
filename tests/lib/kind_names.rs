//! The wall around the table of kinds: no other module knows a kind, an attribute of one or a text
//! about one.
//!
//! Reads the source text as `architecture` does, and the strings too.

use std::collections::{BTreeMap, BTreeSet};

use portolan::kind::{Identity, Kind, REGISTRY};

use crate::architecture::{File, none, program, sources, written_out};

/// Who may know a kind by name: the kinds themselves, and the emulator, which has its own.
const KIND_USERS: &str = "kind/ emulator/";

/// Words that name a kind or an attribute elsewhere, and something else in this file.
const HOMONYMS: &str = "
    cli/mod.rs: auto
    cli/values.rs: auto
    cli/foreign.rs: force
    commands/completion/values.rs: auto
    render/gitlab.rs: description
    render/sarif.rs: level
    schema/chart.rs: description
    schema/change.rs: endpoint force
    schema/documents.rs: account description
    schema/live.rs: account
    schema/words.rs: account description
    apply/copy/mod.rs: share
    apply/step.rs: share
    apply/write.rs: share
    config/decode.rs: account
    doctor/mod.rs: account endpoint project
    schema/doctor.rs: account
    config/grammar.rs: account share until
    config/patterns.rs: until
    plan/limits.rs: share
    plan/scope_file.rs: account
    render/chart.rs: account until
    render/metrics.rs: account
    risk.rs: share
    schema/plan.rs: account until
    schema/run.rs: account
    transport/endpoint/error.rs: share
    transport/endpoint/mod.rs: share
    transport/wallet/issuers.rs: access policy
";

/// The files that name a kind, with the names in each. Everything about a kind belongs in its
/// table, so this list may only shrink. Lints between kinds are about kinds, the grammar of the top
/// level has examples, and the codes of findings are fixed, and a schema explains runs.
const KNOW_KINDS: &str = "
    config/lint.rs: organization override repository retention sync_rule target_organization target_region
    config/grammar.rs: retention sync_rule
    plan/finding/mod.rs: mirror
    schema/documents.rs: mirror
";

/// Pairs of a file and the names after it, from the lines of a list.
fn listed(list: &'static str) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let line = |line: &'static str| {
        let (path, words) = line.trim().split_once(": ")?;
        Some((path, words.split(' ').collect()))
    };
    list.lines().filter_map(line).collect()
}

/// `SyncRule`, as types are called, for `sync_rule`.
fn type_name(kind: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    kind.split('_').map(capital).collect()
}

/// Whether the names of kinds are compared. `==` between two kinds does not count: it names
/// neither.
fn compares_names(code: &str) -> bool {
    let words: Vec<&str> = code.split_whitespace().collect();
    let is_name = |at: Option<&&str>| {
        at.is_some_and(|word| word.contains("kind.name") || word.contains("kind().name"))
    };
    let is_compared = |at: usize| is_name(words[..at].last()) || is_name(words.get(at + 1));
    words
        .iter()
        .enumerate()
        .any(|(at, word)| matches!(*word, "==" | "!=") && is_compared(at))
}

/// Names of kinds that any text may contain. They count only as a whole string.
const EVERYDAY: &str = "organization repository share access";

/// The texts of the diagnostics, which explain kinds to people.
const EXPLAINED: &str = "diagnostics/codes/";

/// The key of the id that the service assigns.
fn id_field(kind: &Kind) -> Option<&'static str> {
    match kind.identity {
        Identity::LookedUp(lookup) => Some(lookup.id.name),
        _ => None,
    }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|next: char| !next.is_alphanumeric() && next != '_')
}

/// The names of kinds in a file: their modules, statics and types, and as strings their names,
/// their attributes, the facts of their reads, and the parts of their keys that not all of them
/// have; within any text their names and the keys of their ids; `==` for a comparison of names.
fn kinds_known(file: &File) -> BTreeSet<&'static str> {
    let mut known = BTreeSet::new();
    let identifiers = file
        .code
        .split(|next: char| !next.is_alphanumeric() && next != '_');
    let types: Vec<&str> = identifiers
        .filter(|word| word.starts_with(char::is_uppercase))
        .collect();
    for kind in REGISTRY {
        let (module, constant, name) = (
            format!("kind::{}", kind.name),
            kind.name.to_uppercase(),
            type_name(kind.name),
        );
        let is_named = file.names(&module)
            || types
                .iter()
                .any(|word| *word == constant || word.contains(&name));
        known.extend(is_named.then_some(kind.name));
        let words = kind
            .attributes
            .iter()
            .map(|attribute| attribute.name)
            .chain(kind.key[1..].iter().copied());
        let facts = kind
            .holds
            .map(|holds| holds.fact)
            .into_iter()
            .chain(kind.blocks_parent.map(|block| block.fact));
        let words = words.chain(facts.map(|fact| fact.name));
        known.extend(
            words
                .chain([kind.name])
                .filter(|word| file.literals.iter().any(|literal| literal == word)),
        );
        if file.is_in(EXPLAINED) {
            continue;
        }
        let within = (!EVERYDAY.split(' ').any(|word| word == kind.name)).then_some(kind.name);
        known.extend(within.into_iter().chain(id_field(kind)).filter(|word| {
            let mut literals = file.literals.iter();
            literals.any(|literal| words_of(literal).any(|other| other == *word))
        }));
    }
    known.extend(compares_names(&file.code).then_some("=="));
    known
}

#[test]
fn the_test_of_kind_names_finds_every_form() {
    for (text, expected) in [
        ("use crate::{kind::{Kind, mirror}, plan};", "mirror"),
        (
            "let new = kind::repository::address(a, b, c);",
            "repository",
        ),
        ("matches(address, &SYNC_RULE)", "sync_rule"),
        ("pub struct MirrorTerms;", "mirror"),
        (
            "if kind.name == \"repository\" { return; }",
            "== repository",
        ),
        ("if other.name != address.kind().name { return; }", "=="),
        ("attributes.get(\"is_public\")", "is_public"),
        ("address.part(\"target_region\")", "target_region"),
        ("document.get(\"num_images\")", "num_images"),
        ("Diagnostic::error(\"duplicate-mirror\", text)", "mirror"),
        ("format!(\"set `repository_id` of {it}\")", "repository_id"),
        ("let text = \"the repository of git mirrors\";", ""),
        (
            "if kind == other { format!(\"a {} of the repository\", kind.name) }",
            "",
        ),
        ("let mirrors = 1; // kind::mirror", ""),
        (
            "#[cfg(test)]\nmod tests {\n    use crate::kind::mirror;\n}",
            "",
        ),
    ] {
        let (code, literals) = program(text);
        let code = written_out(&code);
        let file = File {
            path: String::new(),
            text: text.to_owned(),
            code,
            literals,
        };
        let known: Vec<&str> = kinds_known(&file).into_iter().collect();
        assert_eq!(known.join(" "), expected, "{text}");
    }
}

#[test]
fn only_the_tables_name_the_kinds() {
    let (expected, homonyms) = (listed(KNOW_KINDS), listed(HOMONYMS));
    let mut found = BTreeMap::new();
    let mut broken = Vec::new();
    for file in &sources("src") {
        if file.is_in(KIND_USERS) || file.is_test() {
            continue;
        }
        let (mut known, path) = (kinds_known(file), file.path.as_str());
        for word in homonyms
            .get(path)
            .into_iter()
            .flatten()
            .filter(|word| !known.remove(*word))
        {
            broken.push(format!(
                "src/{path} does not have the homonym `{word}` any more: take it off the list"
            ));
        }
        if !known.is_empty() {
            found.insert(path.to_owned(), known);
        }
    }
    let nothing = BTreeSet::new();
    let paths: BTreeSet<&str> = found
        .keys()
        .map(String::as_str)
        .chain(expected.keys().copied())
        .collect();
    for path in paths {
        let (now, then) = (
            found.get(path).unwrap_or(&nothing),
            expected.get(path).unwrap_or(&nothing),
        );
        broken.extend(
            now.difference(then).map(|word| {
                format!("src/{path} names `{word}`: that belongs in the table of a kind")
            }),
        );
        broken.extend(then.difference(now).map(|word| {
            format!("src/{path} does not name `{word}` any more: take it off the list")
        }));
    }
    none(broken, "what is known of a kind stands in its file");
}
