//! The read before a write. Both are sent from the same place in flight.

use tokio::time::Instant;

use crate::{
    kind::Subject,
    refresh::{
        observe::{self, Observation, View},
        pages::Reader,
    },
    state::ReadFailure,
    transport::{
        client::{Admission, CallError, Client, Purpose, Retries},
        trace::Trace,
    },
    wire::{Request, Response},
};

/// The read of an object, with an admission that also covers the write that depends on it.
struct Check<'c, 't> {
    client: &'c Client,
    trace: &'t Trace,
    /// The requests that follow directly.
    behind: &'t [&'t Request],
    admission: Option<Admission<'c>>,
    /// The time of the first complete response. What it shows may be outdated since then.
    since: Option<Instant>,
    last: Option<Result<Response, CallError>>,
}

/// The result of a check.
pub(super) struct Checked<'c> {
    pub(super) seen: Result<Observation, ReadFailure>,
    pub(super) since: Instant,
    /// The admission for the write. `None` if the read got no response.
    pub(super) admission: Option<Admission<'c>>,
    /// The response, if there was exactly one. It may show siblings too.
    pub(super) answer: Option<Result<Response, CallError>>,
}

/// Reads an object, with places in the rate limit for the requests that follow directly.
pub(super) async fn check<'c>(
    client: &'c Client,
    subject: Subject<'_>,
    view: View,
    behind: &[&Request],
    trace: &Trace,
) -> Checked<'c> {
    let (admission, since, last) = (None, None, None);
    let mut check = Check {
        client,
        trace,
        behind,
        admission,
        since,
        last,
    };
    let seen = observe::observe_with(&mut check, subject, view).await;
    // With several pages, the last response alone does not show what the check saw.
    let answer = check.last.filter(|_| observe::is_one_answer(subject, view));
    let since = check.since.unwrap_or_else(Instant::now);
    Checked {
        seen,
        since,
        admission: check.admission,
        answer,
    }
}

impl Reader for Check<'_, '_> {
    /// Sends one read, with retries. Further pages use the same place in flight.
    async fn read(&mut self, request: &Request) -> Result<Response, CallError> {
        let answer = self.answered(request).await;
        // Of several pages the first is the oldest, so it decides the age of the check.
        self.since.get_or_insert_with(Instant::now);
        self.last = Some(answer.clone());
        answer
    }
}

impl Check<'_, '_> {
    async fn answered(&mut self, request: &Request) -> Result<Response, CallError> {
        let mut retries = Retries::default();
        loop {
            // Further pages use the place in flight of the first. Asking for a second while holding
            // one could wait forever: others may do the same.
            let mut admission = match self.admission.take() {
                Some(admission) => admission,
                None => self.client.admit(request, self.behind).await?,
            };
            let failed = match admission
                // A check that succeeds is not progress: a service that throttles every write must
                // still be given up, however many reads it answers.
                .send(request, &[], Purpose::Check, self.trace)
                .await
            {
                Ok(response) => {
                    self.admission = Some(admission);
                    return Ok(response);
                }
                Err(failed) => failed,
            };
            if !failed.error.is_transient() {
                // A response such as "not found" is a result too: the write that creates the object
                // follows from here.
                self.admission = Some(admission);
                return Err(failed.error);
            }
            // The wait before a retry must not hold a place in flight.
            drop(admission);
            if !retries.wait(self.client, request, &failed).await {
                return Err(failed.error);
            }
        }
    }
}
