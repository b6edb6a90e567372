//! The service itself, pure: a world, a request and a time in; a response and the changed world
//! out.
//!
//! It is written from the API reference, not from what a planner would like. There is no socket,
//! clock or file here, and signatures and faults are dealt with before and after it.

mod form;
mod input;
mod lists;
mod names;
mod operations;
mod organizations;
mod overview;
mod repositories;
mod sync_rules;

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
        Organization, Repository, State,
        draft::{Change, Draft},
        numbered, regions,
    },
};
use input::Fields;
pub(super) use operations::operations;

/// The gateway's limit for signed requests.
const BODY_LIMIT: usize = 12 * 1024 * 1024;

/// Answers a request, and says what stood before where it changed the state.
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
        now: timestamp(now),
    };
    let response = match call.answer() {
        Ok(reply) => reply.response(),
        Err(refusal) => refusal.response(settings.error_shape, request_id),
    };
    (response, call.state.before())
}

/// UTC with at most six fraction digits, trailing zeros trimmed, as the service writes it.
fn timestamp(now: Timestamp) -> String {
    now.round(Unit::Microsecond).unwrap_or(now).to_string()
}

/// One request being answered.
struct Call<'a> {
    state: Draft<'a>,
    settings: &'a Settings,
    request: &'a Request,
    now: String,
}

type Outcome = Result<Reply, Refusal>;

/// What an operation answers when it does not refuse.
#[derive(Debug)]
struct Reply {
    status: u16,
    /// As JSON. A list may be long, so no tree of values is built for it.
    body: Option<Vec<u8>>,
    content_range: Option<String>,
    assumptions: Vec<&'static str>,
}

impl Reply {
    fn new(status: u16, body: impl Serialize) -> Self {
        // Texts, numbers and switches under fixed names can always be written.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        Self {
            status,
            body: Some(body),
            content_range: None,
            assumptions: Vec::new(),
        }
    }

    /// What creations and updates answer.
    fn empty_object(status: u16) -> Self {
        Self::new(status, json!({}))
    }

    /// What most deletions answer.
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

    /// Marks an answer that no document promises.
    fn assuming(mut self, name: &'static str) -> Self {
        self.assumptions.push(name);
        self
    }

    /// Marks it only if the answer depends on it.
    fn assuming_if(self, depends: bool, name: &'static str) -> Self {
        if depends { self.assuming(name) } else { self }
    }

    fn response(self) -> Response {
        let mut response = match self.body {
            Some(body) => Response::written(self.status, body),
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
    fn answer(&mut self) -> Outcome {
        if !regions::exists(&self.request.region) {
            return Err(Refusal::no_route());
        }
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

    /// The organizations of this region that the account owns, oldest first.
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

    /// An organization whose content the user may change.
    fn editable(&self, name: &str) -> Result<&Organization, Refusal> {
        let organization = self.organization(name)?;
        if organization.auth < 3 {
            return Err(Refusal::service(
                4_037_018,
                "No permission on the images of this organization",
            ));
        }
        Ok(organization)
    }

    fn repository(&self, organization: &str, name: &str) -> Result<&Repository, Refusal> {
        found(self.organization(organization)?, name)
    }

    fn editable_repository(
        &mut self,
        organization: &str,
        name: &str,
    ) -> Result<&mut Repository, Refusal> {
        self.editable(organization)?;
        let repository = self
            .state
            .repository_mut(&self.request.region, organization, name);
        repository.ok_or_else(|| missing_repository(name))
    }

    /// The account's number, which the service never lets anyone choose.
    fn domain_id(&self) -> String {
        numbered(self.state.account())
    }
}

fn found<'a>(organization: &'a Organization, name: &str) -> Result<&'a Repository, Refusal> {
    organization
        .repositories
        .get(name)
        .ok_or_else(|| missing_repository(name))
}

fn missing_repository(name: &str) -> Refusal {
    Refusal::service(4_040_113, format!("The repository {name} does not exist"))
}
