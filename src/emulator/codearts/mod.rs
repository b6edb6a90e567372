//! CodeArts Repo, pure like the other service: the git repositories of a user, and the mirrors among them.
//!
//! It is written from the API reference, which leaves most of what a mirror does open: half of this folder
//! is choices between answers, and each answer names the choices that it depends on. What the API lacks is
//! lacking here: a job cannot be asked for, a mirror cannot be deleted, and `sync_branch_type` is not shown.

mod branches;
mod errors;
mod input;
mod mirrors;
mod refs;
mod repositories;
mod route;
mod runs;
mod store;
mod stranger;
mod throttle;
mod words;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    api,
    assumptions::{self, IdOutOfRange},
    draft::{Change, Draft},
    message::{Request, Response},
    settings::Settings,
    store::State,
};
use errors::Refusal;
use input::Input;
use route::Route;
pub(super) use route::owns;
pub(super) use runs::later;
use store::LAST_ID;
pub use store::{Access, Branches, GitRepository, Mirror, Project, Refs, Run, RunOutcome, Source};
pub use stranger::Rejected;
pub(super) use throttle::Throttle;

/// Answers a request to one of the paths that this service owns, and says what stood before where it changed the
/// state.
pub(super) fn answer(
    state: &mut State,
    settings: &Settings,
    request: &Request,
    now: Timestamp,
    request_id: &str,
) -> (Response, Change) {
    let mut call = Call { state: Draft::of(state), settings, request, now };
    let response = match Route::find(&request.method, &request.path).map(|route| call.answer(&route)) {
        None => api::Refusal::no_route().response(settings.error_shape, request_id),
        Some(Ok(reply)) => reply.response(),
        Some(Err(refusal)) => refusal.response(),
    };
    (response, call.state.before())
}

/// The answer to a token that is not valid, or not any more.
pub(super) fn expired(request: &Request) -> Response {
    let refusal = Refusal::expired();
    let refusal = if request.path.starts_with("/v2/") { refusal.enveloped() } else { refusal };
    refusal.response()
}

/// The gateway's refusal of a call too many; none if it is let through, or nobody counts.
pub(super) fn throttled(
    throttle: &mut Throttle,
    request: &Request,
    settings: &Settings,
    now: Timestamp,
) -> Option<api::Refusal> {
    let limit = settings.calls_per_minute?;
    let route = owns(&request.path).then(|| Route::find(&request.method, &request.path)).flatten()?;
    let admitted = throttle.admits(&request.region, route.operation(), limit, now);
    let message =
        format!("The throttling threshold has been reached: policy api over ratelimit,limit:{limit},time:1 minute");
    (!admitted).then(|| api::Refusal::gateway(429, "0308", message))
}

/// Lets everything happen in all mirrors that is due by now.
pub(super) fn settle(state: &mut State, settings: &Settings, now: Timestamp) {
    state.git_repositories_mut().for_each(|repository| repository.settle(now, settings));
}

/// One request being answered.
struct Call<'a> {
    state: Draft<'a>,
    settings: &'a Settings,
    request: &'a Request,
    now: Timestamp,
}

type Outcome = Result<Reply, Refusal>;

/// What an operation answers when it does not refuse.
#[derive(Debug)]
struct Reply {
    status: u16,
    body: Value,
    headers: Vec<(&'static str, String)>,
    assumptions: Vec<&'static str>,
}

impl Reply {
    fn new(status: u16, body: Value) -> Self {
        Self { status, body, headers: Vec::new(), assumptions: Vec::new() }
    }

    /// Marks an answer that no document promises.
    fn assuming(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.assumptions.extend(names);
        self
    }

    /// Marks it only if the answer depends on it.
    fn assuming_if(self, depends: bool, name: &'static str) -> Self {
        self.assuming(depends.then_some(name))
    }

    fn response(self) -> Response {
        let response = Response::json(self.status, &self.body);
        let headers = self.headers.into_iter();
        let response = headers.fold(response, |response, (name, value)| response.with_header(name, value));
        let names = self.assumptions.into_iter();
        names.fold(response, |response, name| response.with_header(assumptions::HEADER, name))
    }
}

impl Call<'_> {
    fn answer(&mut self, route: &Route) -> Outcome {
        match route {
            Route::ShowMirror(id) => mirrors::show(self, id),
            Route::UpdateMirror(id) => mirrors::update(self, id),
            Route::StartRun(id) => mirrors::start(self, id),
            Route::Associate(id) => mirrors::associate(self, id),
            Route::ShowRepository(id) => repositories::show(self, id),
            Route::ListBranches(id) => branches::list(self, id),
            Route::ListOfUser => repositories::of_user(self),
            Route::ListOfProject(project) => repositories::of_project(self, project),
            Route::ListOfUserV2 => repositories::of_user_v2(self).map_err(Refusal::enveloped),
        }
    }

    fn input(&self) -> Result<Input, Refusal> {
        Input::read(&self.request.query, &self.request.body, self.settings.assumptions.invalid_value)
    }

    /// The repository of that id as it is now, if the user may do so much with it.
    fn repository(&mut self, id: &str, needed: Access) -> Result<&mut GitRepository, Refusal> {
        let (id, region) = (self.id(id)?, &self.request.region);
        let (project, path) = self.state.find_git_repository(region, id).ok_or_else(Refusal::repository_not_found)?;
        let found = self.state.git_repository_mut(region, &project, &path);
        let found = found.ok_or_else(Refusal::repository_not_found)?;
        if found.access < needed {
            return Err(Refusal::forbidden());
        }
        found.settle(self.now, self.settings);
        Ok(found)
    }

    fn id(&self, text: &str) -> Result<u32, Refusal> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let id = text.parse().ok().filter(|id| digits && (1..=LAST_ID).contains(id));
        id.ok_or_else(|| {
            let refusal = match self.settings.assumptions.id_out_of_range {
                IdOutOfRange::BadRequest => Refusal::invalid("repository_id must be between 1 and 2147483647"),
                IdOutOfRange::NotFound => Refusal::repository_not_found(),
            };
            refusal.assuming(IdOutOfRange::NAME)
        })
    }
}
