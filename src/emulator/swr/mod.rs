//! SWR, without IO: it takes a state, a request and a time, and returns a response and the changed
//! state.
//!
//! It is written from the API reference, independently of the planner. Signatures, faults and files
//! are handled before and after it.

mod access;
mod allowances;
pub(super) mod copies;
mod form;
mod input;
mod lists;
mod names;
mod operations;
mod organizations;
mod overview;
mod pushes;
mod repositories;
mod retentions;
mod shares;
mod sync_jobs;
mod sync_rules;
mod tags;

#[cfg(test)]
mod tests;

use jiff::{Timestamp, Unit};
use serde::Serialize;
use serde_json::json;

use crate::emulator::{
    message::{Request, Response, refusal::Refusal},
    settings::{
        Settings,
        assumptions::{self, ForeignOrganization},
    },
    state::{
        Organization, Repository, State, derived_id,
        draft::{Change, Draft},
        level_in, regions,
    },
};
use input::Fields;
pub(super) use operations::operations;

/// The permission to manage an organization or a repository.
const MANAGE: u8 = 7;

/// The permission to push to it.
const EDIT: u8 = 3;

/// The permission to pull from it.
const READ: u8 = 1;

/// The gateway's limit of signed bodies (section 2.2).
const BODY_LIMIT: usize = 12 * 1024 * 1024;

/// Answers a request. Returns the previous content of the places that it changed.
pub(super) fn answer(
    state: &mut State,
    settings: &Settings,
    request: &Request,
    now: Timestamp,
    request_id: &str,
) -> (Response, Change) {
    let mut call = Call {
        state: Draft::of(state),
        settings,
        request,
        time: now,
        now: timestamp(now),
    };
    let response = match call.answer() {
        Ok(reply) => reply.response(),
        Err(refusal) => refusal.response(settings.error_shape, request_id),
    };
    (response, call.state.before())
}

/// UTC with at most six fraction digits and without trailing zeros, as the service writes it
/// (section 7.1).
fn timestamp(now: Timestamp) -> String {
    now.round(Unit::Microsecond).unwrap_or(now).to_string()
}

/// A request with what is needed to answer it.
struct Call<'a> {
    state: Draft<'a>,
    settings: &'a Settings,
    request: &'a Request,
    time: Timestamp,
    /// The same as text.
    now: String,
}

type OperationResult = Result<Reply, Refusal>;

/// The answer of a successful operation.
#[derive(Debug)]
struct Reply {
    status: u16,
    /// Serialized JSON: building a tree of values for a long list would be slow.
    body: Option<Vec<u8>>,
    content_range: Option<String>,
    assumptions: Vec<&'static str>,
}

impl Reply {
    fn new(status: u16, body: impl Serialize) -> Self {
        // This cannot fail: all keys are strings.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        Self {
            status,
            body: Some(body),
            content_range: None,
            assumptions: Vec::new(),
        }
    }

    /// The answer of creations and updates.
    fn empty_object(status: u16) -> Self {
        Self::new(status, json!({}))
    }

    /// The answer of most deletions.
    fn no_content() -> Self {
        Self::without_body(204)
    }

    fn without_body(status: u16) -> Self {
        Self {
            status,
            body: None,
            content_range: None,
            assumptions: Vec::new(),
        }
    }

    /// Marks an answer that is an assumption, not documented.
    fn assuming(mut self, name: &'static str) -> Self {
        self.assumptions.push(name);
        self
    }

    /// Marks it if the answer depends on the assumption.
    fn assuming_if(self, depends: bool, name: &'static str) -> Self {
        if depends { self.assuming(name) } else { self }
    }

    fn response(self) -> Response {
        let mut response = match self.body {
            Some(body) => Response::raw_json(self.status, body),
            None => Response {
                status: self.status,
                ..Response::default()
            },
        };
        if let Some(range) = self.content_range {
            response = response.with_header("Content-Range", range);
        }
        let names = self.assumptions.into_iter();
        names.fold(response, |response, name| {
            response.with_header(assumptions::HEADER, name)
        })
    }
}

impl Call<'_> {
    fn answer(&mut self) -> OperationResult {
        if !regions::exists(&self.request.region) {
            return Err(Refusal::no_route());
        }
        // By the gateway, before an operation reads the body.
        if self.request.body.len() > BODY_LIMIT {
            return Err(Refusal::gateway(
                413,
                "0201",
                "The request body exceeds 12 MB",
            ));
        }
        operations::answer(self).unwrap_or_else(|| Err(Refusal::no_route()))
    }

    fn fields(&self) -> Result<Fields, Refusal> {
        Fields::read(&self.request.body)
    }

    fn region(&self) -> &str {
        &self.request.region
    }

    /// The account's own organizations in this region, in order of creation.
    fn own_organizations(&self) -> Vec<(&String, &Organization)> {
        let region = self.state.regions.get(self.region());
        let all = region.into_iter().flat_map(|region| &region.organizations);
        let mut own: Vec<_> = all
            .filter(|(_, organization)| organization.owner.is_none())
            .collect();
        own.sort_by_key(|(_, organization)| organization.id);
        own
    }

    fn organization(&self, name: &str) -> Result<&Organization, Refusal> {
        match self.state.organization(self.region(), name) {
            None => Err(Refusal::service(
                4_040_058,
                format!("The organization {name} does not exist"),
            )),
            // It exists, since names are unique across accounts, but the caller may not see it.
            Some(organization) if organization.owner.is_some() => Err(self.foreign_organization()),
            Some(organization) => Ok(organization),
        }
    }

    fn foreign_organization(&self) -> Refusal {
        let refusal = match self.settings.assumptions.foreign_organization {
            ForeignOrganization::Forbidden => {
                Refusal::service(4_037_017, "No permission on this organization")
            }
            ForeignOrganization::NotFound => {
                Refusal::service(4_040_058, "The organization does not exist")
            }
        };
        refusal.assuming(ForeignOrganization::NAME)
    }

    /// An organization whose content the caller may change.
    fn editable(&self, name: &str) -> Result<&Organization, Refusal> {
        let organization = self.organization(name)?;
        // 3 may edit the content, 1 may only read it (section 5).
        if self.right(organization) < EDIT {
            return Err(no_right());
        }
        Ok(organization)
    }

    /// A repository that the caller may change. A permission on it adds to one on the organization
    /// (`swr-next.md`, A3).
    fn editable_one(&self, organization: &str, name: &str) -> Result<&Repository, Refusal> {
        let owner = self.organization(organization)?;
        match found(owner, name) {
            Ok(repository) if self.right_in(owner, repository) >= EDIT => Ok(repository),
            Ok(_) => Err(no_right()),
            Err(missing) => self.editable(organization).and(Err(missing)),
        }
    }

    /// What the caller may do in a repository.
    fn right_in(&self, organization: &Organization, repository: &Repository) -> u8 {
        let own = level_in(&repository.access, self.state.caller());
        self.right(organization).max(own)
    }

    /// What the caller may do in an organization.
    fn right(&self, organization: &Organization) -> u8 {
        let caller = self.state.caller();
        // A state that names its caller has the permissions of users, and one that does not has
        // only `auth`.
        let is_creator = !self.state.caller.is_empty() && organization.creator == caller;
        let own = match is_creator && !organization.creator_left {
            true => MANAGE,
            false => level_in(&organization.access, caller),
        };
        organization.auth.max(own)
    }

    fn repository(&self, organization: &str, name: &str) -> Result<&Repository, Refusal> {
        found(self.organization(organization)?, name)
    }

    fn editable_repository(
        &mut self,
        organization: &str,
        name: &str,
    ) -> Result<&mut Repository, Refusal> {
        self.editable_one(organization, name)?;
        let repository = self
            .state
            .repository_mut(&self.request.region, organization, name);
        repository.ok_or_else(|| missing_repository(name))
    }

    /// The account's id.
    fn domain_id(&self) -> String {
        derived_id(self.state.account())
    }
}

fn found<'a>(organization: &'a Organization, name: &str) -> Result<&'a Repository, Refusal> {
    organization
        .repositories
        .get(name)
        .ok_or_else(|| missing_repository(name))
}

fn no_right() -> Refusal {
    Refusal::service(
        4_037_018,
        "No permission on the images of this organization",
    )
}

fn missing_repository(name: &str) -> Refusal {
    Refusal::service(4_040_113, format!("The repository {name} does not exist"))
}
