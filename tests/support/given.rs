//! Live states for tests, in one line for each resource.
//!
//! The unit tests of the library and `tests/lib` both include this file. `portolan` is the library
//! in both.

#![allow(dead_code, reason = "each of its users needs another part of it")]

use portolan::{
    address::Address,
    kind::{mirror, organization, repository, share, sync_rule},
    state::{Live, LiveResource, RemoteId, RunState},
    time::Stamp,
};
use serde_json::Value;

/// A live resource and what else its presence implies.
pub(crate) struct Given {
    address: Address,
    /// Nothing for a git repository that is not a mirror.
    found: Option<LiveResource>,
    id: Option<u64>,
    beside: Vec<(Address, LiveResource)>,
}

/// The live state that holds these resources.
pub(crate) fn live(given: impl IntoIterator<Item = Given>) -> Live {
    let mut live = Live::default();
    for resource in given {
        if let Some(id) = resource.id {
            let id = RemoteId::try_from(id).unwrap();
            live.ids.insert(resource.address.clone(), id);
        }
        let found = resource.found.map(|found| (resource.address, found));
        live.resources
            .extend(resource.beside.into_iter().chain(found));
    }
    live
}

/// The parts of `region/organization/name`. The name may hold a slash.
fn parts(path: &str) -> [&str; 3] {
    let mut parts = path.splitn(3, '/');
    [(); 3].map(|()| parts.next().expect("`region/organization/name`"))
}

/// A private repository without images, `region/organization/name`, in its organization.
pub(crate) fn repository(path: &str) -> Given {
    let [region, organization, name] = parts(path);
    let found = LiveResource {
        facts: repository::IMAGES.count(0),
        ..LiveResource::default()
    };
    let parent = organization::address(region, organization);
    let given = Given {
        address: repository::address(region, organization, name),
        found: Some(found),
        id: None,
        beside: vec![(parent, LiveResource::default())],
    };
    given
        .with("is_public", false)
        .with("category", "other")
        .with("description", "")
}

/// A scheduled mirror without a login that never ran, `region/project/name`.
pub(crate) fn mirror(path: &str, id: u64) -> Given {
    let found = LiveResource {
        runs: Some(Box::default()),
        ..LiveResource::default()
    };
    let given = Given {
        found: Some(found),
        ..git_repository(path, id)
    };
    given
        .with("url", "https://git.example.com/a.git")
        .with("scheduled", true)
        .with("endpoint", "")
}

/// A git repository that is not a mirror, `region/project/name`.
pub(crate) fn git_repository(path: &str, id: u64) -> Given {
    let [region, project, name] = parts(path);
    Given {
        address: mirror::address(region, project, name),
        found: None,
        id: Some(id),
        beside: Vec::new(),
    }
}

impl Given {
    /// Sets an attribute.
    pub(crate) fn with(mut self, attribute: &'static str, value: impl Into<Value>) -> Given {
        if let Some(found) = &mut self.found {
            found.attributes.insert(attribute, value.into());
        }
        self
    }

    /// Sets how many images a repository holds.
    pub(crate) fn images(mut self, count: u64) -> Given {
        if let Some(found) = &mut self.found {
            found.facts = repository::IMAGES.count(count);
        }
        self
    }

    /// Adds a rule that copies by itself.
    pub(crate) fn rule(mut self, region: &str, organization: &str, overrides: bool) -> Given {
        let mut found = LiveResource::default();
        found.attributes.insert("auto", true.into());
        found.attributes.insert("override", overrides.into());
        let address = sync_rule::address(&self.address, region, organization);
        self.beside.push((address, found));
        self
    }

    /// Lets another account pull.
    pub(crate) fn share(mut self, account: &str, until: &str, description: &str) -> Given {
        let mut found = LiveResource::default();
        found.attributes.insert("until", until.into());
        found.attributes.insert("description", description.into());
        let address = share::address(&self.address, account);
        self.beside.push((address, found));
        self
    }

    /// Sets when a mirror last ran with success. Any other text than a time is never.
    pub(crate) fn last_success(self, time: &str) -> Given {
        self.runs(RunState {
            last_success: Stamp::parse(time, None),
            ..RunState::default()
        })
    }

    pub(crate) fn runs(mut self, runs: RunState) -> Given {
        if let Some(found) = &mut self.found {
            found.runs = Some(Box::new(runs));
        }
        self
    }
}
