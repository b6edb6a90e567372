//! The gateway in front of all services: routing, authentication and rate limits.
//!
//! The refusals of the services themselves are in the services.

pub(super) mod rate;
pub(super) mod routes;
mod throttle;

use jiff::Timestamp;

use super::{
    codearts,
    iam::{self, Identities},
    message::{Request, Response, refusal::Refusal, signature},
    settings::{Keys, Settings},
    state::{State, draft::Change, regions},
    swr,
};
use rate::Windows;
use throttle::Throttle;

/// The gateway's counters and tokens.
#[derive(Debug, Default)]
pub(super) struct Gateway {
    throttle: Throttle,
    identities: Identities,
    windows: Windows,
}

impl Gateway {
    /// The refusal of a request that is not authenticated, or whose operation was called too often.
    pub(super) fn refusal(
        &mut self,
        request: &Request,
        state: &State,
        settings: &Settings,
        now: Timestamp,
        request_id: &str,
    ) -> Option<Response> {
        let refused = |refusal: Refusal| refusal.response(settings.error_shape, request_id);
        match (&settings.verify, request.header("X-Auth-Token")) {
            (Some(_), _) if iam::is_login(request) => {}
            // A request with a token has no signature to check.
            (Some(_), Some(token)) if self.identities.tokens.admit(token, &request.region, now) => {
            }
            (Some(_), Some(_)) if codearts::owns(&request.path) => {
                return Some(codearts::expired(request));
            }
            // From the gateway, before SWR gets the request (`swr-api.md`, section 2.2).
            (Some(_), Some(_)) => return Some(refused(Refusal::unauthorized("token expires"))),
            // Clients sign with the real time, which `advance` does not move.
            (Some(keys), None) => {
                let signed = self.signed(request, state, keys, now, (settings.clock)());
                if let Err(refusal) = signed {
                    return Some(refused(refusal));
                }
            }
            // Without `verify` a client needs no credentials at all.
            (None, _) => {}
        }
        self.throttled(request, settings, now).map(refused)
    }

    /// Refuses a request that is signed with none of the keys that are valid now. `clock` is the
    /// real time.
    fn signed(
        &self,
        request: &Request,
        state: &State,
        keys: &Keys,
        now: Timestamp,
        clock: Timestamp,
    ) -> Result<(), Refusal> {
        let access = signature::access(request);
        let session = access.and_then(|access| self.identities.sessions.get(access));
        let Some(session) = session else {
            signature::verify(request, keys, clock)?;
            let is_other = state.account_of_keys() != state.account();
            return match is_other && !iam::is_for_strangers(request) {
                true => Err(Refusal::gateway(
                    403,
                    "0303",
                    "no permission in this account",
                )),
                false => Ok(()),
            };
        };
        let flaw = session.flaw(request.header("X-Security-Token"), now);
        if let Some(flaw) = flaw {
            return Err(Refusal::unauthorized(flaw));
        }
        let keys = Keys {
            access: access.unwrap_or_default().to_owned(),
            secret: session.secret.clone(),
        };
        signature::verify(request, &keys, clock)
    }

    /// The refusal of a call of CodeArts Repo above its limit (`codearts-repo-api.md`, section 6).
    fn throttled(
        &mut self,
        request: &Request,
        settings: &Settings,
        now: Timestamp,
    ) -> Option<Refusal> {
        let limit = settings.calls_per_minute?;
        // A path without an operation is not counted: the limit is one of each API.
        let owned = codearts::owns(&request.path).then(|| codearts::operation(request));
        let admitted = self
            .throttle
            .admits(&request.region, owned.flatten()?.name, limit, now);
        let message = format!(
            "The throttling threshold has been reached: policy api over \
            ratelimit,limit:{limit},time:1 minute"
        );
        // No `Retry-After`: none is documented.
        (!admitted).then(|| Refusal::gateway(429, "0308", message))
    }

    /// Answers what changes no state: the refusal of a request above the region's rate, and IAM.
    pub(super) fn answer_without_change(
        &mut self,
        state: &State,
        settings: &Settings,
        request: &Request,
        now: Timestamp,
        request_id: &str,
    ) -> Option<Response> {
        let (windows, shape) = (&mut self.windows, settings.error_shape);
        // Before IAM, which is behind the same gateway.
        if let Some(refusal) = settings
            .rate
            .and_then(|rate| windows.count(rate, &request.region, now, shape, request_id))
        {
            return Some(refusal);
        }
        let identities = &mut self.identities;
        iam::owns(&request.path)
            .then(|| iam::answer(identities, state, settings, request, now, request_id))
    }
}

/// Passes a request to its service. Returns the previous content of the places that it changed.
pub(super) fn answer(
    state: &mut State,
    settings: &Settings,
    request: &Request,
    now: Timestamp,
    request_id: &str,
) -> (Response, Change) {
    // SWR answers all other paths, also those of no service and no region, with its 404.
    let service = match regions::exists(&request.region) && codearts::owns(&request.path) {
        true => codearts::answer,
        false => swr::answer,
    };
    service(state, settings, request, now, request_id)
}
