//! A day of the calendar, as a chart writes it: `YYYY-MM-DD`.

use std::{fmt, str::FromStr};

use jiff::civil;

/// A day, in the order of time. Which day it is now is the caller's to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(civil::Date);

/// The text is not a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoDate {
    #[error("expected a date such as `2026-12-31`")]
    Form,
    #[error("there is no such day in the calendar")]
    Calendar,
}

impl FromStr for Date {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Date, NoDate> {
        let is_form = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_form {
            return Err(NoDate::Form);
        }
        let (year, month, day) = (text[..4].parse(), text[5..7].parse(), text[8..].parse());
        let (Ok(year), Ok(month), Ok(day)) = (year, month, day) else {
            return Err(NoDate::Form);
        };
        civil::Date::new(year, month, day)
            .map(Date)
            .map_err(|_| NoDate::Calendar)
    }
}

impl Date {
    /// Days since the first of 1970, in the calendar that is used today.
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
            assert_eq!(text.parse::<Date>(), Err(NoDate::Calendar), "{text}");
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
            assert_eq!(text.parse::<Date>(), Err(NoDate::Form), "{text}");
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
    fn days_stand_in_the_order_of_time() {
        let days = ["2025-12-31", "2026-01-01", "2026-01-02", "2026-02-01"]
            .map(|text| text.parse::<Date>().unwrap());
        assert!(days.is_sorted());
    }
}
