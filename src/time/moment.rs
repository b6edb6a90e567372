//! A point in time, and the forms in which services write it.
//!
//! Pure: the caller passes in the current time. The text of a service is kept beside its meaning,
//! because output repeats times as the API wrote them.

use std::fmt;

use jiff::{Timestamp, fmt::rfc2822};

use super::{Age, Date};

/// Seconds since the beginning of 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(pub i64);

impl Moment {
    /// Whether more time than the age has passed since then. A time in the future is not old:
    /// clocks differ.
    pub(crate) fn is_older_than(self, age: Age, now: Moment) -> bool {
        now.0.saturating_sub(self.0) > i64::try_from(age.seconds()).unwrap_or(i64::MAX)
    }

    /// Whether it is further in the future than two clocks differ. A past event cannot have such a
    /// time, so it proves nothing.
    pub(crate) fn is_ahead_of(self, now: Moment) -> bool {
        self.0 > now.0.saturating_add(TOLERANCE)
    }

    /// Whether something that was done then is fresh: no older than the age, and not ahead of
    /// `now`.
    pub(crate) fn is_fresh(self, age: Age, now: Moment) -> bool {
        !self.is_ahead_of(now) && !self.is_older_than(age, now)
    }

    /// The form of HTTP headers: `Fri, 20 Nov 2026 23:10:00 GMT`. The day of the week adds nothing,
    /// so a wrong one does no harm.
    pub(crate) fn of_http(text: &str) -> Option<Moment> {
        let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
        let at = parser.parse_timestamp(text.trim()).ok()?;
        Some(Moment(at.as_second()))
    }

    /// RFC 3339 with any offset, also with a blank instead of the `T` and with more blanks, and the
    /// same without an offset, which is read as UTC.
    ///
    /// By hand: the parser of `jiff` refuses the blanks, and accepts what no service writes
    /// (no seconds, a zone in brackets, a comma), so guards around it would be as long.
    pub fn parse(text: &str) -> Option<Moment> {
        let (local, offset) = Moment::local(text)?;
        Some(Moment(local.0 - offset.unwrap_or(0)))
    }

    /// The local time, and how many seconds it is ahead of UTC, if the text has an offset.
    fn local(text: &str) -> Option<(Moment, Option<i64>)> {
        let text = text.trim();
        // `get`, because a text of the service can contain characters of several bytes.
        let (date, rest) = (text.get(..10)?, text.get(10..)?);
        let date: Date = date.parse().ok()?;
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let (clock, rest) = (rest.get(..8)?, rest.get(8..)?);
        let seconds = clock_seconds(clock)?;
        // Fractions are dropped: ages and the order of runs are compared in seconds.
        let rest = rest.strip_prefix('.').map_or(Some(rest), |fraction| {
            let end = fraction
                .find(|character: char| !character.is_ascii_digit())
                .unwrap_or(fraction.len());
            (end > 0).then(|| &fraction[end..])
        })?;
        let rest = rest.trim_start();
        let offset = if rest.is_empty() {
            None
        } else {
            Some(offset_seconds(rest)?)
        };
        Some((Moment(date.days() * 86_400 + seconds), offset))
    }
}

impl fmt::Display for Moment {
    /// `2026-11-20T23:10:00Z`; outside the years that have such a form, the seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(at) => at.fmt(f),
            Err(_) => write!(f, "{} s", self.0),
        }
    }
}

/// `HH:MM:SS`; a leap second, `:60`, is accepted.
fn clock_seconds(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let colons = bytes.len() == 8 && bytes[2] == b':' && bytes[5] == b':';
    let (hours, minutes, seconds) = (
        two_digits(text.get(..2)?)?,
        two_digits(text.get(3..5)?)?,
        two_digits(text.get(6..)?)?,
    );
    (colons && hours < 24 && minutes < 60 && seconds <= 60)
        .then_some(hours * 3_600 + minutes * 60 + seconds)
}

/// `Z`, `+08:00` or `+0800`.
fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.chars().next()? {
        'Z' | 'z' => return (text.len() == 1).then_some(0),
        '+' => (1, &text[1..]),
        '-' => (-1, &text[1..]),
        _ => return None,
    };
    let minutes = digits.get(2..)?;
    // `get` above has shown that 2 is a character boundary: the slice cannot panic.
    let (hours, minutes) = (
        two_digits(&digits[..2])?,
        two_digits(minutes.strip_prefix(':').unwrap_or(minutes))?,
    );
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn two_digits(text: &str) -> Option<i64> {
    // `parse` alone would accept a sign.
    let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// A point in time as a service wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    pub text: String,
    pub moment: Moment,
}

/// How far the time in China, where the service is developed, is ahead of UTC.
const CHINA: i64 = 8 * 3_600;

/// How far in the future the time of a past event may be: clocks differ.
const TOLERANCE: i64 = 15 * 60;

impl Stamp {
    /// None if the text is not a time in a known form. A time without an offset, as older
    /// interfaces write `2020-07-22 10:45:56`, is read as UTC; if that is ahead of the service's
    /// own clock, it can only be China's.
    pub fn parse(text: &str, clock: Option<Moment>) -> Option<Stamp> {
        let (local, offset) = Moment::local(text)?;
        let assumed = if clock.is_some_and(|clock| local.is_ahead_of(clock)) {
            CHINA
        } else {
            0
        };
        Some(Stamp {
            moment: Moment(local.0 - offset.unwrap_or(assumed)),
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_all_the_forms() {
        let expected = Some(Moment(1_795_216_200));
        for text in [
            "2026-11-20T23:10:00Z",
            "2026-11-20t23:10:00z",
            "2026-11-20 23:10:00",
            " 2026-11-20 23:10:00.000 ",
            "2026-11-21T07:10:00+08:00",
            "2026-11-21T07:10:00.123456789+0800",
            "2026-11-21 07:10:00 +08:00",
            "2026-11-20T18:40:00-04:30",
        ] {
            assert_eq!(Moment::parse(text), expected, "{text}");
        }
        assert_eq!(Moment(1_795_216_200).to_string(), "2026-11-20T23:10:00Z");
        assert_eq!(Moment(i64::MAX).to_string(), "9223372036854775807 s");
        assert_eq!(Moment::of_http("Fri, 20 Nov 2026 23:10:00 GMT"), expected);
        for text in [
            "",
            "Fri, 20 Nov 2026 23:10:00",
            "2026-11-20T23:10:00Z",
            "Fri, 31 Nov 2026 23:10:00 GMT",
        ] {
            assert_eq!(Moment::of_http(text), None, "{text}");
        }
        assert_eq!(Moment::parse("1970-01-01T00:00:00Z"), Some(Moment(0)));
        assert_eq!(
            Moment::parse("2000-02-29T23:59:60Z"),
            Moment::parse("2000-03-01T00:00:00Z")
        );
        assert_eq!(
            Moment::parse("0001-01-01T00:00:00Z"),
            Some(Moment(-62_135_596_800))
        );
    }

    #[test]
    fn other_text_is_not_a_time() {
        for text in [
            "",
            "yesterday",
            "2026-11-20",
            "2026-11-20T",
            "2026-11-20T23:10Z",
            "2026-02-30T23:10:00Z",
            "2026-11-20T24:10:00Z",
            "2026-11-20T23-10-00Z",
            "2026-11-20T23:10:00.Z",
            "2026-11-20T23:10:00+8",
            "2026-11-20T23:10:00+08:0",
            "2026-11-20T23:10:00+99:00",
            "2026-11-20T23:10:00ZZ",
            "2026-11-20T23:10:00 CST",
            "2026-11-20T\u{661}\u{661}:10:00Z",
            "1795216200",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_never_ahead() {
        let clock = Moment::parse("2026-11-20T23:20:00Z");
        for (text, clock, expected) in [
            ("2026-11-20 23:10:00", clock, "2026-11-20T23:10:00Z"),
            ("2026-11-21 07:10:00", clock, "2026-11-20T23:10:00Z"),
            ("2026-11-21 07:10:00", None, "2026-11-21T07:10:00Z"),
            ("2026-11-20 23:30:00", clock, "2026-11-20T23:30:00Z"),
            ("2026-11-21T07:10:00Z", clock, "2026-11-21T07:10:00Z"),
        ] {
            let stamp = Stamp::parse(text, clock).unwrap();
            assert_eq!(
                (Some(stamp.moment), stamp.text.as_str()),
                (Moment::parse(expected), text)
            );
        }
    }

    #[test]
    fn an_age_is_passed_the_second_after() {
        let (age, then) = ("1h".parse().unwrap(), Moment(1_000));
        for (now, older) in [
            (1_000, false),
            (4_600, false),
            (4_601, true),
            (0, false),
            (i64::MIN, false),
            (i64::MAX, true),
        ] {
            assert_eq!(then.is_older_than(age, Moment(now)), older, "{now}");
        }
    }

    #[test]
    fn a_future_time_is_fresh_only_within_the_clock_skew() {
        let (age, now) = ("1h".parse().unwrap(), Moment(100_000));
        for (then, ahead, fresh) in [
            (100_000, false, true),
            (100_000 - 3_600, false, true),
            (100_000 - 3_601, false, false),
            (100_000 + TOLERANCE, false, true),
            (100_000 + TOLERANCE + 1, true, false),
            (i64::MAX, true, false),
            (i64::MIN, false, false),
        ] {
            let moment = Moment(then);
            assert_eq!(
                (moment.is_ahead_of(now), moment.is_fresh(age, now)),
                (ahead, fresh),
                "{then}"
            );
        }
        assert!(!Moment(i64::MAX).is_ahead_of(Moment(i64::MAX)));
    }
}
