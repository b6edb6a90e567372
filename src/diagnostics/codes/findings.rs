//! The findings of a plan: what no change would mend.

use super::{Code, Example, warning};

pub(super) static CODES: &[Code] = &[warning(
    "failing-mirror",
    "The last run of a mirror failed.",
    "The message repeats the service's own words. No run is planned while the last success is \
        newer than `max_age` allows. Fix the cause before it gets older.",
    Example::Advice(
        "Read the service's message. A wrong URL or invalid credentials need a correction: \
            another run fails too.",
    ),
)];
