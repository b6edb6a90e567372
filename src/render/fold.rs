//! Folds equal changes into one row, inside one organization and with the same target.
//!
//! A folded row names only one of its changes, so a reader must know from that one what the others
//! do, and where they send images or logins.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::{change::role, style::Color, words};
use crate::{
    address::{Address, printed},
    diff::FieldChange,
    plan::{Action, Change, Run},
};

/// Changes with equal groups look the same to a reader.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Group {
    signature: String,
    organization: Vec<Arc<str>>,
    target: Vec<Arc<str>>,
    /// The host that receives a login, if one is sent.
    host: Option<String>,
}

impl Group {
    pub(super) fn of(change: &Change) -> Group {
        Group::with(change, true)
    }

    /// The same, but new resources may differ in their descriptions, which have no effect.
    fn without_remarks(change: &Change) -> Group {
        let is_new = matches!(change.action, Action::Create { .. });
        Group::with(change, !is_new)
    }

    fn with(change: &Change, with_remarks: bool) -> Group {
        Group {
            signature: signature(change, with_remarks),
            organization: change.address.organization().to_vec(),
            target: change.address.target().to_vec(),
            host: login_host(change),
        }
    }
}

/// Decides for each change whether it gets a row, and counts the others.
pub(super) struct Folding<'c> {
    most: usize,
    groups: IndexMap<(Group, String), Folded<'c>>,
}

/// A group of equal changes.
pub(super) struct Folded<'c> {
    first: &'c Change,
    /// How many there are. In [`Folding::rest`], how many have no row.
    count: usize,
    /// Whether their descriptions differ.
    is_mixed: bool,
}

impl<'c> Folding<'c> {
    /// `most`: how many equal changes are shown.
    pub(super) fn new(most: usize) -> Folding<'c> {
        Folding {
            most,
            groups: IndexMap::new(),
        }
    }

    /// Whether the change gets a row of its own. Only changes with the same `context` fold.
    pub(super) fn shows(&mut self, change: &'c Change, context: &str) -> bool {
        // Such changes need no group, and a plan can have thousands of them.
        if !may_fold(change) {
            return true;
        }
        let new = Folded {
            first: change,
            count: 0,
            is_mixed: false,
        };
        let folded = self
            .groups
            .entry((Group::without_remarks(change), context.to_owned()))
            .or_insert(new);
        folded.count += 1;
        // Compared with the first only: a reader sees that one, and the row says "like" it.
        folded.is_mixed |= !remarks(change).eq(remarks(folded.first));
        folded.count <= self.most
    }

    /// The groups with more changes than rows.
    pub(super) fn rest(self) -> impl Iterator<Item = Folded<'c>> {
        let most = self.most;
        let rest = self
            .groups
            .into_values()
            .filter(move |folded| folded.count > most);
        rest.map(move |folded| Folded {
            count: folded.count - most,
            ..folded
        })
    }
}

impl Folded<'_> {
    /// The line for the changes without a row.
    pub(super) fn line(&self, remark: &str, color: Color) -> String {
        let Folded {
            first,
            count,
            is_mixed,
        } = self;
        let own = if *is_mixed {
            ", descriptions differ"
        } else {
            ""
        };
        let line = format!(
            "{:>3} {count} more like {}{own}",
            first.action.symbol(),
            first.address
        );
        let gap = if remark.is_empty() { "" } else { "  " };
        format!("{}{gap}{remark}\n", color.paint(role(&first.action), line))
    }
}

/// The descriptions that a change writes.
fn remarks(change: &Change) -> impl Iterator<Item = Option<&Value>> {
    change
        .fields
        .iter()
        .filter(|field| is_remark(change, field))
        .map(|field| field.after.as_ref())
}

fn is_remark(change: &Change, field: &FieldChange) -> bool {
    change
        .address
        .kind()
        .attribute(field.name)
        .is_some_and(|attribute| attribute.is_remark)
}

/// Whether a change may fold behind an equal one. What is destroyed, exposed or withheld never
/// folds.
pub(super) fn may_fold(change: &Change) -> bool {
    !change.is_grave() && !is_created_public(change)
}

/// Whether a change copies images to a target or sends a login.
pub(super) fn reaches_out(change: &Change) -> bool {
    !change.address.target().is_empty() || login_host(change).is_some()
}

/// The organization of an address, or the project, with its region.
pub(super) fn organization(address: &Address) -> String {
    let parts: Vec<_> = address
        .organization()
        .iter()
        .map(|part| printed(part))
        .collect();
    parts.join("/")
}

/// A text that is equal for changes that do the same to different resources.
fn signature(change: &Change, with_remarks: bool) -> String {
    let mut signature = format!("{} {}", change.action.symbol(), change.address.kind().name);
    for field in change
        .fields
        .iter()
        .filter(|field| with_remarks || !is_remark(change, field))
    {
        for value in [&field.before, &field.after].into_iter().flatten() {
            signature.push_str(&format!(" {}={value}", field.name));
        }
    }
    if let Some(run) = change.action.run() {
        signature.push_str(&format!(
            " > {} {}",
            words::run(run, usize::MAX),
            change.notes.join(" ")
        ));
    }
    signature
}

fn is_created_public(change: &Change) -> bool {
    match &change.action {
        Action::Create { after, .. } => {
            let exposing = change.address.kind().exposing();
            exposing.is_some_and(|attribute| after.get(attribute.name) == Some(&Value::Bool(true)))
        }
        _ => false,
    }
}

/// The scheme and the host of the `url` that receives a login.
fn login_host(change: &Change) -> Option<String> {
    change
        .action
        .run()
        .and_then(Run::fetch)
        .filter(|run| run.credentials.is_some() || !run.endpoint.is_empty())?;
    let from = change.address.kind().runs?.url;
    let url = change
        .action
        .after()
        .and_then(|after| after.get(from))
        .and_then(Value::as_str);
    // A URL that cannot be parsed counts as a host of its own, and so does an unknown one.
    let url = url.map_or_else(|| change.address.to_string(), str::to_owned);
    let host = url
        .find("://")
        .and_then(|at| url[at + 3..].find(['/', '?', '#']).map(|end| at + 3 + end));
    Some(url[..host.unwrap_or(url.len())].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        given,
        plan::{Plan, tests::plan},
    };

    /// A plan with the runs of mirrors that never succeeded, one for each `url`, with the same
    /// login.
    fn runs(urls: &[&str], login: &str) -> Plan {
        let name = |number: usize| format!("p/m{number}");
        let live = given::live(urls.iter().enumerate().map(|(number, url)| {
            given::mirror(&format!("r-1/{}", name(number)), number as u64 + 1).with("url", *url)
        }));
        let entry = |number| format!("  {}: {{ max_age: 1h{login} }}\n", name(number));
        let entries: String = (0..urls.len()).map(entry).collect();
        plan(&format!("mirrors:\n{entries}"), &live, &[])
    }

    #[test]
    fn a_login_for_another_host_is_another_change() {
        let urls = [
            "https://git.example/a",
            "https://git.example/b",
            "https://git.example@evil.example/a",
        ];
        let login = ", credentials: { username: { env: GIT_USER }, password: { env: GIT_TOKEN } }";
        for (login, same) in [(login, [true, false]), ("", [true, true])] {
            let plan = runs(&urls, login);
            let groups: Vec<Group> = plan.changes.iter().map(Group::of).collect();
            assert_eq!(groups.len(), 3, "{plan:#?}");
            assert_eq!(
                [groups[0] == groups[1], groups[0] == groups[2]],
                same,
                "{login}"
            );
            assert_eq!(
                plan.changes
                    .iter()
                    .filter(|change| reaches_out(change))
                    .count(),
                3 * usize::from(!same[1])
            );
        }
    }
}
