//! Reads what an export is asked for, and refuses where the answer would be useless.

use std::collections::BTreeMap;

use anyhow::bail;

use super::Ask;
use crate::{
    address::Address,
    cli::Global,
    commands::{door::Door, output, runtime},
    export::{self, Exported, Unmanaged},
    kind::Kind,
    refresh::everything::{self, Everything},
    state::{Live, ReadFailure, RemoteId, Unread},
};

/// What is live, with what a chart of it cannot say; `None` if part of it could not be read.
pub(super) fn read(global: &Global, ask: &Ask) -> anyhow::Result<Option<Exported>> {
    let words: Vec<&str> = ask.include.iter().map(String::as_str).collect();
    let kinds = export::kinds_with(&words);
    let listener = output::listener(global);
    let read = runtime::block_on(async {
        let door = Door::for_places(global, &ask.of.places()).await?;
        let reading = everything::read(&door.client, &ask.of, &kinds, &*listener);
        anyhow::Ok(door.deadline.within(reading).await)
    })??;
    let read = read.unwrap_or_else(|broken_off| Everything {
        live: broken_off.live(),
        ..Everything::default()
    });
    let Everything {
        live,
        ambiguous,
        unread,
        malformed,
        ..
    } = read;
    let mut failures = live.failures.clone();
    if failures.is_empty() {
        failures = general(&live, &kinds, &unread, &malformed);
    }
    if !failures.is_empty() {
        output::failures(&failures);
        return Ok(None);
    }
    for name in &ask.of.organizations {
        let tops = ask.of.named(name);
        if !tops.iter().any(|top| live.resources.contains_key(top)) {
            let tops: Vec<String> = tops.iter().map(ToString::to_string).collect();
            bail!(
                "{} does not exist, or these credentials do not see it",
                tops.join(", nor ")
            );
        }
    }
    if live.resources.is_empty() && ambiguous.is_empty() && malformed.is_empty() {
        bail!(
            "there is nothing to export in {}",
            ask.of.regions.join(", ")
        );
    }
    for region in ask.of.regions.iter().filter(|_| !global.quiet) {
        let is_here = |address: &Address| **address.region() == **region;
        if !live.resources.keys().any(is_here) {
            output::print_line(&format!("note: there is nothing to export in {region}"));
        }
    }
    let mut exported = export::chart(&live, &kinds, &unread, &malformed);
    exported
        .unmanaged
        .extend(ambiguous.into_iter().map(unclear));
    Ok(Some(exported))
}

/// An object whose name others have too.
fn unclear((address, ids): (Address, Vec<RemoteId>)) -> Unmanaged {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Unmanaged {
        what: address.to_string(),
        because: format!(
            "several objects have this name, with the ids {}",
            ids.join(", ")
        ),
        address,
    }
}

/// The failures that have a general cause. If every single read of a kind fails, such as for a
/// missing permission, a chart in which all of it is unmanaged would be useless.
fn general(
    live: &Live,
    kinds: &[&'static Kind],
    unread: &[Unread],
    malformed: &BTreeMap<Address, ReadFailure>,
) -> Vec<ReadFailure> {
    let count = |is_meant: &dyn Fn(&Address) -> bool| {
        let all = live.resources.keys();
        all.filter(|address| is_meant(address)).count()
    };
    for kind in kinds {
        let failures = unread.iter().filter(|unread| unread.kind == *kind);
        let failures: Vec<ReadFailure> = failures.map(|it| it.failure.clone()).collect();
        let parents = count(&|address| kind.parent == Some(address.kind()));
        // Only parents that have some are asked, if a list names them.
        let is_all = failures.len() == parents
            || (kind.parents().is_some() && count(&|address| address.kind() == *kind) == 0);
        if failures.len() > 1 && is_all {
            return failures;
        }
    }
    let is_lacking = |kind: &Kind| count(&|address| address.kind() == kind) == 0;
    match malformed.len() > 1 && malformed.keys().all(|address| is_lacking(address.kind())) {
        true => malformed.values().cloned().collect(),
        false => Vec::new(),
    }
}
