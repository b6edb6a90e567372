//! The factor on the number of cases of the random tests.

/// The value of `PORTOLAN_LAWS`: `PORTOLAN_LAWS=20` tries twenty times as many cases.
pub(crate) fn times() -> u32 {
    std::env::var("PORTOLAN_LAWS")
        .map_or(1, |times| times.parse().expect("PORTOLAN_LAWS is a number"))
}
