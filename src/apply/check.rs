//! The read before a write: it is sent from the place in flight that the write will be sent from.

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

/// A look at an object, and the right to send what stands on it.
struct Check<'c, 't> {
    client: &'c Client,
    trace: &'t Trace,
    /// What is to be sent right behind it.
    behind: &'t [&'t Request],
    admission: Option<Admission<'c>>,
    /// When the first complete answer came: what it shows is that old.
    since: Option<Instant>,
    last: Option<Result<Response, CallError>>,
}

/// What a check brought.
pub(super) struct Checked<'c> {
    pub(super) seen: Result<Observation, ReadFailure>,
    pub(super) since: Instant,
    /// Where the write goes out from; not there if the look brought no answer.
    pub(super) admission: Option<Admission<'c>>,
    /// The answer, if it was one, and may show siblings as well.
    pub(super) answer: Option<Result<Response, CallError>>,
}

/// Looks at an object with the turns of everything that will be sent right behind it.
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
    let seen = observe::look(&mut check, subject, view).await;
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
    /// Sends one read, again where that may help. Further pages are sent from the same place.
    async fn read(&mut self, request: &Request) -> Result<Response, CallError> {
        let answer = self.answered(request).await;
        self.since.get_or_insert_with(Instant::now);
        self.last = Some(answer.clone());
        answer
    }
}

impl Check<'_, '_> {
    async fn answered(&mut self, request: &Request) -> Result<Response, CallError> {
        let mut retries = Retries::default();
        loop {
            let mut admission = match self.admission.take() {
                Some(admission) => admission,
                None => self.client.admit(request, self.behind).await?,
            };
            let failed = match admission
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
                // An answer all the same: what is to be created is not there, and the write goes
                // out from here.
                self.admission = Some(admission);
                return Err(failed.error);
            }
            drop(admission);
            if !retries.wait(self.client, request, &failed).await {
                return Err(failed.error);
            }
        }
    }
}
