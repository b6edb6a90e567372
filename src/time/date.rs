//! A day of the calendar, as a chart writes it: `YYYY-MM-DD`.

use std::{fmt, str::FromStr};

use jiff::civil;

/// A day. Days compare in the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(civil::Date);

/// Why a text is not a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    #[error("expected a date such as `2026-12-31`")]
    Form,
    #[error("there is no such day in the calendar")]
    Calendar,
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Date, DateError> {
        // The parser of `jiff` also accepts other forms, such as a time after the day.
        let is_form = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_form {
            return Err(DateError::Form);
        }
        let (year, month, day) = (text[..4].parse(), text[5..7].parse(), text[8..].parse());
        // Cannot fail: these are digits, and few enough for the types.
        let (Ok(year), Ok(month), Ok(day)) = (year, month, day) else {
            return Err(DateError::Form);
        };
        civil::Date::new(year, month, day)
            .map(Date)
            .map_err(|_| DateError::Calendar)
    }
}

impl Date {
    /// The day with this number, counted from 1970-01-01. `None` outside of the calendar.
    pub(super) fn of_days(days: i64) -> Option<Date> {
        let span = jiff::Span::new().try_days(days).ok()?;
        civil::date(1970, 1, 1).checked_add(span).ok().map(Date)
    }

    /// Days since 1970-01-01 in the Gregorian calendar.
    pub fn days(self) -> i64 {
        self.0.duration_since(civil::date(1970, 1, 1)).as_hours() / 24
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl serde::Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for text in [
            "2026-12-31",
            "2024-02-29",
            "2000-02-29",
            "0000-02-29",
            "0001-01-01",
            "9999-12-31",
        ] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        for text in [
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
        ] {
            assert_eq!(text.parse::<Date>(), Err(DateError::Calendar), "{text}");
        }
        for text in [
            "",
            "2026-1-1",
            "26-01-01",
            "2026/01/01",
            "+026-01-01",
            "2026-01-01T00",
            "20260-1-01",
            "２026-1-1",
        ] {
            assert_eq!(text.parse::<Date>(), Err(DateError::Form), "{text}");
        }
    }

    #[test]
    fn days_are_counted_from_1970() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2026-11-20", 20_777),
        ] {
            assert_eq!(text.parse::<Date>().unwrap().days(), days, "{text}");
        }
    }

    #[test]
    fn days_are_in_the_order_of_time() {
        let days = ["2025-12-31", "2026-01-01", "2026-01-02", "2026-02-01"]
            .map(|text| text.parse::<Date>().unwrap());
        assert!(days.is_sorted());
    }
}
