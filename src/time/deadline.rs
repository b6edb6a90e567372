//! When something ends: a day, an instant, or never.

use std::{fmt, str::FromStr};

use jiff::Timestamp;

use super::{Date, Moment};

/// The word of charts and services for "never".
const FOREVER: &str = "forever";

const DAY: i64 = 86_400;

/// The end of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    Never,
    /// The last day, in UTC.
    Day(Date),
    At(Moment),
}

/// Why a text is not a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeadlineError {
    #[error(
        "expected a day such as `2026-12-31`, an instant such as `2026-12-31T12:00:00Z`, or \
        `forever`"
    )]
    NoTime,
    #[error("it is later than the last instant that can be sent")]
    TooLate,
}

impl FromStr for Deadline {
    type Err = DeadlineError;

    fn from_str(text: &str) -> Result<Deadline, DeadlineError> {
        if text == FOREVER {
            return Ok(Deadline::Never);
        }
        let (_, clock) = text.split_once('T').unwrap_or_default();
        // An instant without an offset would be another one in another zone.
        let has_offset = clock.contains(['Z', '+', '-']);
        let deadline = match text.parse() {
            Ok(day) => Some(Deadline::Day(day)),
            Err(_) if has_offset => Moment::parse(text).map(Deadline::At),
            Err(_) => None,
        };
        let deadline = deadline.ok_or(DeadlineError::NoTime)?;
        // What the calendar cannot express cannot be sent either.
        match deadline.to_wire() {
            Some(_) => Ok(deadline),
            None => Err(DeadlineError::TooLate),
        }
    }
}

impl Deadline {
    /// The moment of the end. A day ends where the next one begins.
    pub fn end(self) -> Option<Moment> {
        match self {
            Deadline::Never => None,
            Deadline::Day(day) => Some(Moment((day.days() + 1) * DAY)),
            Deadline::At(moment) => Some(moment),
        }
    }

    pub fn has_passed(self, now: Moment) -> bool {
        self.end().is_some_and(|end| end <= now)
    }

    /// Whether it ends later than another.
    pub fn is_after(self, other: Deadline) -> bool {
        match (self.end(), other.end()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(one), Some(other)) => one > other,
        }
    }

    /// Whether both mean the same: a day and every instant that ends on it do.
    pub fn is_same(self, other: Deadline) -> bool {
        match (self, other) {
            (Deadline::Day(day), Deadline::At(moment))
            | (Deadline::At(moment), Deadline::Day(day)) => {
                let begin = day.days() * DAY;
                // What ends at midnight still lasted for the whole day before.
                (begin + 1..=begin + DAY).contains(&moment.0)
            }
            _ => self == other,
        }
    }

    /// As a person writes it: a day, if it ends with one.
    pub(crate) fn in_short(self) -> Deadline {
        match self {
            Deadline::At(moment) if moment.0.rem_euclid(DAY) == 0 => {
                let day = Date::of_days(moment.0.div_euclid(DAY) - 1).map(Deadline::Day);
                // An early one may be outside of the calendar.
                day.filter(|day| day.is_same(self)).unwrap_or(self)
            }
            _ => self,
        }
    }

    /// As the service wants it: an instant in UTC with milliseconds, or `forever`. `None` for a
    /// moment that no calendar has.
    pub fn to_wire(self) -> Option<String> {
        match self.end() {
            None => Some(FOREVER.to_owned()),
            Some(end) => {
                let end = Timestamp::from_second(end.0).ok()?;
                Some(end.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string())
            }
        }
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deadline::Never => f.write_str(FOREVER),
            Deadline::Day(day) => day.fmt(f),
            Deadline::At(moment) => moment.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Deadline {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_equals_every_instant_that_ends_on_it() {
        for (day, other, expected) in [
            ("2027-12-31", "2027-12-31", true),
            ("2027-12-31", "2028-01-01T00:00:00Z", true),
            ("2027-12-31", "2027-12-31T00:00:01Z", true),
            // The end of that day in China, as the documents' own examples have it.
            ("2027-12-31", "2027-12-31T16:00:00Z", true),
            ("2027-12-31", "2028-01-01T00:00:00+08:00", true),
            ("2027-12-31", "2027-12-31T16:00:00.000Z", true),
            ("2027-12-31", "2028-01-01T00:00:01Z", false),
            // The midnight before is the end of the day before.
            ("2027-12-31", "2027-12-31T00:00:00Z", false),
            ("2027-12-30", "2027-12-31T00:00:00Z", true),
            ("2027-12-31", "forever", false),
            ("2027-12-31", "2027-12-30", false),
            ("2027-12-31T16:00:00Z", "2027-12-31T16:00:00.000Z", true),
            ("2027-12-31T16:00:00Z", "2027-12-31T17:00:00Z", false),
            ("forever", "forever", true),
        ] {
            assert_eq!(read(day).is_same(read(other)), expected, "{day} {other}");
            assert_eq!(read(other).is_same(read(day)), expected, "{other} {day}");
        }
    }

    #[test]
    fn what_is_sent_for_a_day_is_its_end_in_utc() {
        for (text, sent) in [
            ("2027-12-31", "2028-01-01T00:00:00.000Z"),
            ("2028-02-28", "2028-02-29T00:00:00.000Z"),
            ("2027-12-31T16:00:00Z", "2027-12-31T16:00:00.000Z"),
            ("2027-12-31T16:00:00+08:00", "2027-12-31T08:00:00.000Z"),
            ("forever", "forever"),
        ] {
            let sent_text = read(text).to_wire().unwrap();
            assert_eq!(sent_text, sent, "{text}");
            assert!(read(text).is_same(read(&sent_text)), "{text}");
        }
    }

    #[test]
    fn what_ends_later() {
        let rising = [
            "2027-12-30",
            "2027-12-31T16:00:00Z",
            "2027-12-31",
            "forever",
        ];
        for (at, one) in rising.iter().enumerate() {
            for (other_at, other) in rising.iter().enumerate() {
                let is_after = read(one).is_after(read(other));
                assert_eq!(is_after, at > other_at, "{one} {other}");
            }
        }
        let now = Moment::parse("2028-01-01T00:00:00Z").unwrap();
        let passed = rising.map(|text| read(text).has_passed(now));
        assert_eq!(passed, [true, true, true, false]);
        assert!(!read("2027-12-31").has_passed(Moment(now.0 - 1)));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "never",
            "Forever",
            "2027-13-01",
            "2027-12-31T16:00:00",
            "2027-12-31 16:00:00Z",
            "2027-12-31T16:00Z",
            "31.12.2027",
            "90d",
            "T",
        ] {
            assert_eq!(
                text.parse::<Deadline>(),
                Err(DeadlineError::NoTime),
                "{text}"
            );
        }
        let late = "9999-12-31".parse::<Deadline>();
        assert_eq!(late, Err(DeadlineError::TooLate));
    }

    #[test]
    fn the_end_of_a_day_is_written_as_that_day() {
        for (text, short) in [
            ("2028-01-01T00:00:00.000Z", "2027-12-31"),
            ("2028-01-01T08:00:00+08:00", "2027-12-31"),
            ("2027-12-31T23:59:59Z", "2027-12-31T23:59:59Z"),
            ("2027-12-31", "2027-12-31"),
            ("forever", "forever"),
        ] {
            let deadline = read(text).in_short();
            assert_eq!(deadline.to_string(), short);
            assert!(deadline.is_same(read(text)) && read(short) == deadline);
        }
    }
}
