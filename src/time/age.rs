//! The largest allowed age of something, as a chart writes it: `90m`, `6h`, `2d`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The units, the largest first.
const UNITS: [(char, u64); 3] = [('d', 86_400), ('h', 3_600), ('m', 60)];

/// A year: no useful age is longer, and no sum with a point in time can overflow.
const LONGEST: u64 = 366 * 86_400;

/// An age of at least a minute, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Age(u64);

/// Why a text or a number is not an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AgeError {
    #[error("expected a whole number and a unit, such as `90m`, `6h` or `2d`")]
    Form,
    #[error("it must be a minute at least, and a year at most")]
    Range,
}

impl Age {
    pub fn seconds(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Age {
    type Error = AgeError;

    fn try_from(seconds: u64) -> Result<Age, AgeError> {
        if (60..=LONGEST).contains(&seconds) {
            Ok(Age(seconds))
        } else {
            Err(AgeError::Range)
        }
    }
}

impl From<Age> for u64 {
    fn from(age: Age) -> u64 {
        age.0
    }
}

impl FromStr for Age {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Age, AgeError> {
        let unit = UNITS
            .iter()
            .find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds)));
        let (number, seconds) = unit.ok_or(AgeError::Form)?;
        // `parse` alone would accept a sign.
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AgeError::Form);
        }
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(seconds))
            .ok_or(AgeError::Range)?
            .try_into()
    }
}

impl fmt::Display for Age {
    /// In the largest unit that divides it, else in seconds, which a chart cannot contain.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS
            .iter()
            .find(|(_, seconds)| self.0.is_multiple_of(*seconds))
        {
            Some((unit, seconds)) => write!(f, "{}{unit}", self.0 / seconds),
            None => write!(f, "{}s", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_with_a_unit_is_an_age() {
        for (text, seconds, shown) in [
            ("6h", 21_600, "6h"),
            ("90m", 5_400, "90m"),
            ("2d", 172_800, "2d"),
            ("120m", 7_200, "2h"),
            ("1m", 60, "1m"),
        ] {
            let age: Age = text.parse().unwrap();
            assert_eq!(
                (age.seconds(), age.to_string().as_str()),
                (seconds, shown),
                "{text}"
            );
        }
        for text in [
            "", "6", "h", "6 h", " 6h", "6H", "1h30m", "-1h", "+1h", "1.5h", "6s", "6w", "６h",
        ] {
            assert_eq!(text.parse::<Age>(), Err(AgeError::Form), "{text}");
        }
        for text in [
            "0m",
            "0h",
            "367d",
            "99999999999999999999d",
            "18446744073709551615d",
        ] {
            assert_eq!(text.parse::<Age>(), Err(AgeError::Range), "{text}");
        }
    }

    #[test]
    fn in_json_it_is_a_number_of_seconds() {
        let age: Age = "6h".parse().unwrap();
        assert_eq!(serde_json::to_string(&age).unwrap(), "21600");
        assert_eq!(serde_json::from_str::<Age>("21600").unwrap(), age);
        assert!(serde_json::from_str::<Age>("0").is_err());
    }
}
