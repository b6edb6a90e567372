//! Runs laws: tries each on random cases, and shows the smallest case that breaks it.

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRunner},
};

use crate::times::times;

/// How many cases a law is tried on.
const CASES: u32 = 500;

pub(crate) type Verdict = Result<(), TestCaseError>;

/// Tries a law on as many random cases as usual.
#[track_caller]
pub(crate) fn law<S: Strategy>(cases: S, holds: impl Fn(S::Value) -> Verdict) {
    try_on(CASES, cases, holds);
}

/// Tries a law on a number of random cases, times `PORTOLAN_LAWS`.
#[track_caller]
pub(crate) fn try_on<S: Strategy>(count: u32, cases: S, holds: impl Fn(S::Value) -> Verdict) {
    let config = Config {
        cases: count * times(),
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::XorShift,
        ..Config::default()
    };
    if let Err(broken) = TestRunner::new(config).run(&cases, holds) {
        panic!("{broken}");
    }
}
