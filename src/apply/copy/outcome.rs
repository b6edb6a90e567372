//! What became of the items of a run, and of the run. Pure.

use super::Copier;
use crate::{
    kind::copying::JobStatus,
    report::{Copied, Fate, NotCopied, RunEnd},
    text::{counted, listed},
};

/// How many names a message shows.
const MOST_NAMED: usize = 5;

/// What is known about one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// At the target.
    There,
    /// Not at the source any more.
    Gone,
    /// Sent, and neither there nor failed.
    Open(String),
    /// Not there, and nothing will bring it.
    Failed(String),
    NotSent,
}

impl State {
    /// The list of the target decides, and then the job.
    pub(super) fn of(is_there: bool, job: Option<&JobStatus>) -> State {
        match job {
            _ if is_there => State::There,
            None => State::Failed(NO_JOB.to_owned()),
            Some(job) if job.is_open() => State::Open(format!("job {}", job.word())),
            Some(job) if job.has_copied() => {
                State::Failed(format!("job {}, but the target lacks the tag", job.word()))
            }
            Some(job) => State::Failed(format!("job {}", job.word())),
        }
    }
}

/// The service accepts a copy to an organization that does not exist, and does nothing (swr-next:
/// A5).
const NO_JOB: &str = "accepted, but no job started";

/// Adds an item to its list.
pub(super) fn sort_in(copied: &mut Copied, item: &str, state: &State) {
    let item = item.to_owned();
    match state {
        State::There => copied.copied.push(item),
        State::Gone => copied.gone.push(item),
        State::Open(_) => copied.in_progress.push(item),
        State::NotSent => copied.not_sent.push(item),
        State::Failed(problem) => copied.failed.push(NotCopied {
            item,
            problem: problem.clone(),
        }),
    }
}

impl Copier<'_> {
    /// The outcome of a run alone.
    pub(super) fn fate(&self) -> Fate {
        let ran = |end| Fate::Ran { job: None, end };
        if let Some(fate) = self.failure() {
            return fate;
        }
        let is_left = self.states.values().any(|state| *state == State::NotSent);
        let open: Vec<String> = self.named(|state| matches!(state, State::Open(_)));
        match (&self.problem, self.env.options.wait) {
            (Some((message, hint)), _) if is_left && !self.sent => Fate::Failed {
                message: format!("not run: {message}"),
                hint: hint.clone(),
                restored: false,
                job: None,
            },
            (Some((message, _)), _) if is_left => ran(RunEnd::Unknown(message.clone())),
            (_, None) if is_left || !open.is_empty() => ran(RunEnd::NotAwaited),
            _ if !open.is_empty() => ran(RunEnd::Unknown(self.not_there_yet(&open))),
            // Stopped by the user: nothing failed, and the next apply copies the rest.
            _ if is_left && !self.sent => Fate::NotAttempted,
            _ if is_left => ran(RunEnd::Unknown(
                "stopped before all tags were sent".to_owned(),
            )),
            _ if self.sent => ran(RunEnd::Succeeded),
            _ => Fate::AsPlanned,
        }
    }

    /// The outcome if the apply ended before the change of the rule.
    pub(super) fn stopped(&self) -> Fate {
        if !self.sent {
            return Fate::NotAttempted;
        }
        let there = self.named(|state| *state == State::There).len();
        let all = counted(self.states.len(), self.copying.list.words);
        Fate::Failed {
            message: format!("stopped before the rule was changed; {there} of {all} there"),
            hint: Some("apply again: what was copied is not copied again".to_owned()),
            restored: false,
            job: None,
        }
    }

    /// The outcome if the change of the rule was made, or found made.
    pub(super) fn fate_after(&self, changed: bool) -> Fate {
        match self.fate() {
            Fate::AsPlanned if changed => Fate::Applied { verified: false },
            Fate::Failed {
                message,
                hint,
                restored,
                job,
            } if changed => Fate::Failed {
                message: format!("it was changed as planned, but {message}"),
                hint,
                restored,
                job,
            },
            fate => fate,
        }
    }

    /// The outcome if the change of the rule failed: what was copied stays.
    pub(super) fn not_changed(&self, fate: Fate) -> Fate {
        let there = self.named(|state| *state == State::There).len();
        match fate {
            Fate::Failed {
                message,
                hint,
                restored,
                job,
            } if self.sent => {
                let copied = counted(there, self.copying.list.words);
                Fate::Failed {
                    message: format!("{copied} copied, but {message}"),
                    hint,
                    restored,
                    job,
                }
            }
            fate => fate,
        }
    }

    fn named(&self, is: impl Fn(&State) -> bool) -> Vec<String> {
        let items = self.states.iter().filter(|(_, state)| is(state));
        items.map(|(item, _)| item.clone()).collect()
    }

    /// `2 of 40 tags were not copied: v1 (job failed), v2 (job timeout)`.
    fn failure(&self) -> Option<Fate> {
        let lost = |(item, state): (&String, &State)| match state {
            State::Failed(problem) => Some((item.clone(), problem.clone())),
            _ => None,
        };
        let lost: Vec<(String, String)> = self.states.iter().filter_map(lost).collect();
        let (_, first) = lost.first()?;
        let all = counted(self.states.len(), self.copying.list.words);
        // A reason that all items share, such as a refusal, is printed once.
        let is_same = lost.iter().all(|(_, problem)| problem == first);
        let names: Vec<String> = lost
            .iter()
            .map(|(item, problem)| match is_same {
                true => item.clone(),
                false => format!("{item} ({problem})"),
            })
            .collect();
        let names = listed(&names, MOST_NAMED);
        let why = if is_same {
            format!(": {first}")
        } else {
            String::new()
        };
        let verb = if lost.len() == 1 { "was" } else { "were" };
        let message = format!("{} of {all} {verb} not copied{why}: {names}", lost.len());
        let refused = self.problem.as_ref().and_then(|(_, hint)| hint.clone());
        let hint = refused.unwrap_or_else(|| self.advice(lost.iter().any(|it| it.1 == NO_JOB)));
        Some(Fate::Failed {
            message,
            hint: Some(hint),
            restored: false,
            job: None,
        })
    }

    fn advice(&self, nothing_began: bool) -> String {
        let pattern = self.source.parts().join("/");
        let again = format!("`portolan apply --backfill '{pattern}'` copies again");
        let organization = self.target.parent();
        match organization {
            Some(organization) if nothing_began => format!(
                "{organization} may be missing: the service accepts such copies and does nothing; \
                then {again}"
            ),
            _ => format!("the service gives no reason; {again}"),
        }
    }

    fn not_there_yet(&self, open: &[String]) -> String {
        let all = counted(self.states.len(), self.copying.list.words);
        let names = listed(open, MOST_NAMED);
        format!("{} of {all} not there yet: {names}", open.len())
    }
}
