//! CodeArts Repo, without IO: the git repositories of a user and their mirrors.
//!
//! It is written from the API reference, which does not specify most of a mirror's behaviour. Half
//! of this folder is switches between possible answers, and each answer names the assumptions on
//! which it depends. What the API lacks is missing here too: there is no operation for a job, none
//! that deletes a mirror, and no answer with `sync_branch_type` but that of an update.

mod branches;
mod errors;
mod format;
mod input;
mod mirrors;
mod operations;
mod refs;
mod repositories;
mod runs;
mod stranger;

use jiff::Timestamp;
use serde_json::Value;

use crate::emulator::{
    message::{self, Request, Response},
    settings::{
        Settings,
        assumptions::{self, IdOutOfRange},
    },
    state::{
        State,
        draft::{Change, Draft},
        git::{Access, GitRepository, LAST_ID},
    },
};
use errors::Refusal;
use input::Input;
pub(super) use operations::{operation, operations, owns};
pub use stranger::Rejected;

/// Answers a request to one of the paths of this service. Returns the previous content of the
/// places that it changed.
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
        now,
    };
    let response = match operations::answer(&mut call) {
        // The gateway refuses an unknown path, in its own shape.
        None => message::refusal::Refusal::no_route().response(settings.error_shape, request_id),
        Some(Ok(reply)) => reply.response(),
        Some(Err(refusal)) => refusal.response(),
    };
    (response, call.state.before())
}

/// The answer to an expired or invalid token.
pub(super) fn expired(request: &Request) -> Response {
    let refusal = Refusal::expired();
    // Version 2 has its own shape of errors.
    let refusal = if request.path.starts_with("/v2/") {
        refusal.enveloped()
    } else {
        refusal
    };
    refusal.response()
}

/// Finishes the runs that are due, of all mirrors.
pub(super) fn finish_due_runs(state: &mut State, settings: &Settings, now: Timestamp) {
    state
        .git_repositories_mut()
        .for_each(|repository| repository.finish_due_runs(now, settings));
}

/// A request with what is needed to answer it.
struct Call<'a> {
    state: Draft<'a>,
    settings: &'a Settings,
    request: &'a Request,
    now: Timestamp,
}

type OperationResult = Result<Reply, Refusal>;

/// The answer of a successful operation.
#[derive(Debug)]
struct Reply {
    status: u16,
    body: Value,
    headers: Vec<(&'static str, String)>,
    assumptions: Vec<&'static str>,
}

impl Reply {
    fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            headers: Vec::new(),
            assumptions: Vec::new(),
        }
    }

    /// Marks an answer that is an assumption, not documented.
    fn assuming(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.assumptions.extend(names);
        self
    }

    /// Marks it if the answer depends on the assumption.
    fn assuming_if(self, depends: bool, name: &'static str) -> Self {
        self.assuming(depends.then_some(name))
    }

    fn response(self) -> Response {
        let response = Response::json(self.status, &self.body);
        let headers = self.headers.into_iter();
        let response = headers.fold(response, |response, (name, value)| {
            response.with_header(name, value)
        });
        let names = self.assumptions.into_iter();
        names.fold(response, |response, name| {
            response.with_header(assumptions::HEADER, name)
        })
    }
}

impl Call<'_> {
    fn input(&self) -> Result<Input, Refusal> {
        Input::read(
            &self.request.query,
            &self.request.body,
            self.settings.assumptions.invalid_value,
        )
    }

    /// The repository of that id, after its due runs, if the caller has the access.
    fn repository(&mut self, id: &str, needed: Access) -> Result<&mut GitRepository, Refusal> {
        let (id, region) = (self.id(id)?, &self.request.region);
        let (project, path) = self
            .state
            .find_git_repository(region, id)
            .ok_or_else(Refusal::repository_not_found)?;
        let found = self.state.git_repository_mut(region, &project, &path);
        let found = found.ok_or_else(Refusal::repository_not_found)?;
        if found.access < needed {
            return Err(Refusal::forbidden());
        }
        found.finish_due_runs(self.now, self.settings);
        Ok(found)
    }

    fn id(&self, text: &str) -> Result<u32, Refusal> {
        // `parse` alone would accept a sign.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let id = text
            .parse()
            .ok()
            .filter(|id| digits && (1..=LAST_ID).contains(id));
        id.ok_or_else(|| {
            let refusal = match self.settings.assumptions.id_out_of_range {
                IdOutOfRange::BadRequest => {
                    Refusal::invalid("repository_id must be between 1 and 2147483647")
                }
                IdOutOfRange::NotFound => Refusal::repository_not_found(),
            };
            refusal.assuming(IdOutOfRange::NAME)
        })
    }
}
