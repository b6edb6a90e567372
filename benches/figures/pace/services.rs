//! Services that are nothing but their limits.

use std::time::Duration;

/// What becomes of a request that arrives at a time: success, or a refusal with its `Retry-After`.
pub(super) type Service = Box<dyn FnMut(Duration) -> Option<Option<Duration>>>;

const SECOND: Duration = Duration::from_secs(1);

/// A limit of the service's clock.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) requests: u32,
    pub(super) length: Duration,
    /// How much of the first was over when the run began.
    pub(super) began: f64,
    pub(super) retry_after: bool,
    /// Requests that another client sends at a time.
    pub(super) others: Option<(Duration, u32)>,
}

impl Window {
    pub(super) fn service(self) -> Service {
        let (mut current, mut count, mut others) = (0, 0, self.others);
        let offset = self.length.mul_f64(self.began);
        Box::new(move |at| {
            let clock = at + offset;
            let number = clock.as_nanos() / self.length.as_nanos();
            if number != current {
                (current, count) = (number, 0);
            }
            if let Some((_, requests)) = others.take_if(|(from, _)| *from <= at) {
                count += requests;
            }
            count += 1;
            let over = Duration::from_nanos((clock.as_nanos() % self.length.as_nanos()) as u64);
            let wait = Duration::from_secs((self.length - over).as_secs_f64().ceil() as u64);
            (count > self.requests).then(|| self.retry_after.then_some(wait))
        })
    }
}

/// Refuses the requests with these numbers, in the order of their arrival.
pub(super) fn refusing(numbers: &'static [u32], retry_after: bool) -> Service {
    let mut arrived = 0;
    Box::new(move |_| {
        arrived += 1;
        let is_refused = numbers.contains(&arrived);
        is_refused.then(|| retry_after.then_some(SECOND))
    })
}

/// Refuses one of `share`, in no step with anything.
pub(super) fn at_random(share: u32, retry_after: bool) -> Service {
    let mut arrived = 0_u32;
    Box::new(move |_| {
        arrived += 1;
        let is_refused = arrived.wrapping_mul(2_654_435_761) / (u32::MAX / share) == 0;
        is_refused.then(|| retry_after.then_some(SECOND))
    })
}
