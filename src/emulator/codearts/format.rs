//! How the service writes times, states and empty texts.

use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};
use serde_json::Value;

use crate::emulator::settings::assumptions::{
    Assumptions, EmptyField, GitTimes, LastUpdateAt, UpdateStatus, UrlCredentials,
};
use crate::emulator::state::git::Mirror;

const BEIJING: Offset = Offset::constant(8);

/// A time of version 4.
pub(super) fn time(time: Timestamp, assumptions: &Assumptions) -> String {
    // No document that could be read shows a time of version 4.
    let (offset, format) = match assumptions.git_times {
        GitTimes::Offset => (BEIJING, "%Y-%m-%dT%H:%M:%S.%3f%:z"),
        GitTimes::Utc => (Offset::UTC, "%Y-%m-%dT%H:%M:%S.%3fZ"),
        GitTimes::Plain => (BEIJING, "%Y-%m-%d %H:%M:%S"),
        GitTimes::PlainUtc => (Offset::UTC, "%Y-%m-%d %H:%M:%S"),
    };
    formatted(time, offset, format)
}

/// A time of version 2. Its examples have no zone; Beijing time is assumed.
pub(super) fn old_time(time: Timestamp) -> String {
    formatted(time, BEIJING, "%Y-%m-%d %H:%M:%S")
}

fn formatted(time: Timestamp, offset: Offset, format: &str) -> String {
    time.to_zoned(TimeZone::fixed(offset))
        .strftime(format)
        .to_string()
}

/// A time, or null.
pub(super) fn optional_time(time: Option<Timestamp>, assumptions: &Assumptions) -> Value {
    time.map(|time| self::time(time, assumptions)).into()
}

/// The `update_status` of a mirror.
pub(super) fn status(mirror: &Mirror, now: Timestamp, assumptions: &Assumptions) -> &'static str {
    let [none, scheduled, started, finished, failed] = match assumptions.update_status {
        UpdateStatus::GitLab => ["none", "scheduled", "started", "finished", "failed"],
        UpdateStatus::Oracle => ["NONE", "QUEUED", "RUNNING", "PASSED", "FAILED"],
        UpdateStatus::Numbers => ["0", "1", "2", "3", "4"],
    };
    // A run in flight hides how the previous one ended.
    if mirror.runs.iter().any(|run| run.starts <= now) {
        started
    } else if !mirror.runs.is_empty() {
        scheduled
    } else if mirror.failures_in_a_row > 0 {
        failed
    } else if mirror.last_successful_update_at.is_some() {
        finished
    } else {
        none
    }
}

/// The time for `last_update_at`.
pub(super) fn last_update(mirror: &Mirror, assumptions: &Assumptions) -> Option<Timestamp> {
    match assumptions.last_update_at {
        LastUpdateAt::End => mirror.last_ended_at,
        LastUpdateAt::Start => mirror.last_started_at,
        LastUpdateAt::Record => mirror
            .last_changed_at
            .max(mirror.last_started_at)
            .max(mirror.last_ended_at),
    }
}

/// A text, or what an empty text is assumed to be.
pub(super) fn text(text: &str, assumptions: &Assumptions) -> Value {
    match assumptions.empty_field {
        EmptyField::Null if text.is_empty() => Value::Null,
        EmptyField::Null | EmptyField::Text => text.into(),
    }
}

/// The URL of a source.
pub(super) fn url(url: &str, assumptions: &Assumptions) -> Value {
    match (assumptions.url_credentials, userinfo(url)) {
        (UrlCredentials::Scrubbed, Some((scheme, rest))) => format!("{scheme}://{rest}").into(),
        _ => text(url, assumptions),
    }
}

/// The parts before and after the user and password of a URL; none if it has no user.
pub(super) fn userinfo(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    // An `@` in a path or a query does not end a login; a password can contain one.
    let authority = rest.split(['/', '?', '#']).next()?;
    let (userinfo, _) = authority.rsplit_once('@')?;
    Some((scheme, &rest[userinfo.len() + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assuming(switch: &str) -> Assumptions {
        let mut assumptions = Assumptions::default();
        assumptions.set(switch).unwrap();
        assumptions
    }

    #[test]
    fn the_switch_sets_the_format_of_times() {
        let at = "2026-11-20T23:10:00.25Z".parse().unwrap();
        for (switch, expected) in [
            ("git-times=rfc3339-offset", "2026-11-21T07:10:00.250+08:00"),
            ("git-times=rfc3339-utc", "2026-11-20T23:10:00.250Z"),
            ("git-times=plain-beijing", "2026-11-21 07:10:00"),
            ("git-times=plain-utc", "2026-11-20 23:10:00"),
        ] {
            assert_eq!(time(at, &assuming(switch)), expected, "{switch}");
        }
        assert_eq!(old_time(at), "2026-11-21 07:10:00");
        assert_eq!(
            time(Timestamp::MAX, &Assumptions::default()),
            "9999-12-31T06:00:00.999+08:00"
        );
    }

    #[test]
    fn credentials_in_a_url_are_found() {
        for (url, expected) in [
            (
                "https://u:p@git.example.com/a.git",
                Some(("https", "git.example.com/a.git")),
            ),
            (
                "https://u:p@ss@git.example.com",
                Some(("https", "git.example.com")),
            ),
            ("https://git.example.com/a@b.git", None),
            ("git.example.com", None),
        ] {
            assert_eq!(userinfo(url), expected, "{url}");
        }
    }
}
