//! The bounds of the waits, and which tries count.

use super::*;

const THROTTLED: Failure = Failure::Answered(Class::Throttled);

fn endpoint(successes: u64) -> EndpointState {
    EndpointState {
        successes,
        given_up: false,
    }
}

fn wait(next: &Next) -> (u64, u64) {
    let Next::Again { wait } = next else {
        panic!("it stops")
    };
    (
        wait.start().as_millis() as u64,
        wait.end().as_millis() as u64,
    )
}

#[test]
fn the_bound_of_a_wait_doubles_after_failures() {
    let mut tries = Tries::default();
    let mut bounds = Vec::new();
    for _ in 0..5 {
        bounds.push(wait(&tries.failed(
            Failure::Answered(Class::Unavailable),
            None,
            endpoint(0),
        )));
    }
    assert_eq!(bounds, [(0, 100), (0, 200), (0, 400), (0, 800), (0, 1600)]);
    assert_eq!(
        tries.failed(Failure::Answered(Class::Unavailable), None, endpoint(0)),
        Next::Stop
    );
}

#[test]
fn the_waits_after_throttling_are_longer_than_a_minute() {
    let mut tries = Tries::default();
    let mut least = 0;
    for _ in 0..5 {
        least += wait(&tries.failed(THROTTLED, None, endpoint(0))).0;
    }
    assert!(least > 60_000, "{least}");
    assert_eq!(tries.failed(THROTTLED, None, endpoint(0)), Next::Stop);
}

#[test]
fn a_success_of_another_request_resets_the_count() {
    let mut tries = Tries::default();
    for successes in 0..100 {
        let next = tries.failed(THROTTLED, None, endpoint(successes));
        assert_eq!(wait(&next), (250, 500));
    }
    let given_up = EndpointState {
        successes: 100,
        given_up: true,
    };
    assert_eq!(tries.failed(THROTTLED, None, given_up), Next::Stop);
}

#[test]
fn retry_after_is_trusted_once() {
    let mut tries = Tries::default();
    let mut waited = |seconds| {
        let waited = Some(Duration::from_secs(seconds));
        wait(&tries.failed(THROTTLED, waited, endpoint(0)))
    };
    assert_eq!(waited(1), (1000, 1100));
    assert_eq!(waited(1), (1000, 2000));
    assert_eq!(waited(0), (0, 0));
    assert_eq!(waited(3600), (60_000, 66_000));
}
