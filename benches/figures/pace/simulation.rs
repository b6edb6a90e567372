//! One client and one service in simulated time: what the gate, the parallelism and the retries of
//! the library do, around any limiter.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::Duration,
};

use portolan::transport::{concurrency::Limit, pace::Pace};

use super::{cubic, services::Service};

const LATENCY: Duration = Duration::from_millis(50);

/// In flight until the first success.
const UNPROVEN: usize = 2;

/// The most milliseconds before each further try.
const WAITS: [f64; 5] = [500.0, 2_000.0, 24_000.0, 40_000.0, 60_000.0];

/// What decides how fast requests are sent.
pub(super) trait Limiter {
    fn take(&mut self, now: Duration, idle: bool) -> Result<(), Duration>;
    fn succeeded(&mut self, sent: Duration, now: Duration);
    fn throttled(&mut self, sent: Duration, now: Duration, retry_after: Option<Duration>);
    fn is_shut(&self) -> bool;
}

impl Limiter for Pace {
    fn take(&mut self, now: Duration, idle: bool) -> Result<(), Duration> {
        Pace::take(self, now, idle, 1).map(|mut taken| taken.spend())
    }

    fn succeeded(&mut self, sent: Duration, now: Duration) {
        Pace::succeeded(self, sent, now);
    }

    fn throttled(&mut self, sent: Duration, now: Duration, retry_after: Option<Duration>) {
        Pace::throttled(self, sent, now, retry_after);
    }

    fn is_shut(&self) -> bool {
        Pace::is_shut(self)
    }
}

impl Limiter for cubic::Pace {
    fn take(&mut self, now: Duration, _idle: bool) -> Result<(), Duration> {
        cubic::Pace::take(self, now)
    }

    fn succeeded(&mut self, sent: Duration, now: Duration) {
        cubic::Pace::succeeded(self, sent, now);
    }

    fn throttled(&mut self, sent: Duration, now: Duration, retry_after: Option<Duration>) {
        cubic::Pace::throttled(self, sent, now, retry_after);
    }

    fn is_shut(&self) -> bool {
        cubic::Pace::is_shut(self)
    }
}

/// What became of a run.
pub(super) struct Outcome {
    pub(super) time: Duration,
    /// When each request was sent, and whether it succeeded.
    pub(super) log: Vec<(Duration, bool)>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Answer {
        request: usize,
        sent: Duration,
        refused: Option<Option<Duration>>,
    },
    Retry(usize),
    Wake,
}

struct Run<'a> {
    limiter: &'a mut dyn Limiter,
    service: Service,
    limit: Limit,
    now: Duration,
    queue: VecDeque<usize>,
    in_flight: usize,
    is_paced: bool,
    wakes_at: Option<Duration>,
    events: BinaryHeap<Reverse<(Duration, usize, Event)>>,
    scheduled: usize,
    /// The successes of all at its last refusal, and the refusals since.
    tries: Vec<(usize, usize)>,
    log: Vec<(Duration, bool)>,
    succeeded: usize,
    random: u64,
}

/// Two lists, then everything that they name, until all is read or the time is over.
pub(super) fn run(
    limiter: &mut dyn Limiter,
    service: Service,
    reads: usize,
    until: Duration,
) -> Outcome {
    let mut run = Run {
        limiter,
        service,
        limit: Limit::adaptive(),
        now: Duration::ZERO,
        queue: VecDeque::from([0, 1]),
        in_flight: 0,
        is_paced: false,
        wakes_at: None,
        events: BinaryHeap::new(),
        scheduled: 0,
        tries: vec![(0, 0); reads],
        log: Vec::new(),
        succeeded: 0,
        random: 1,
    };
    while run.succeeded < reads {
        run.send();
        let Some(Reverse((time, _, event))) = run.events.pop() else {
            panic!("nothing is under way")
        };
        run.now = time.min(until);
        if time > until {
            break;
        }
        run.happens(event);
    }
    Outcome {
        time: run.now,
        log: run.log,
    }
}

impl Run<'_> {
    fn schedule(&mut self, time: Duration, event: Event) {
        self.scheduled += 1;
        self.events.push(Reverse((time, self.scheduled, event)));
    }

    /// Sends as much from the queue as may be sent now.
    fn send(&mut self) {
        while let Some(&request) = self.queue.front() {
            let allowed = match (self.limiter.is_shut(), self.succeeded) {
                (true, _) => 1,
                (false, 0) => UNPROVEN,
                (false, _) => self.limit.allowed(),
            };
            self.is_paced = false;
            if self.in_flight >= allowed {
                return;
            }
            if let Err(later) = self.limiter.take(self.now, self.in_flight == 0) {
                self.is_paced = true;
                if self.wakes_at != Some(later) {
                    self.wakes_at = Some(later);
                    self.schedule(later, Event::Wake);
                }
                return;
            }
            self.queue.pop_front();
            self.in_flight += 1;
            let (sent, refused) = (self.now, (self.service)(self.now));
            self.log.push((sent, refused.is_none()));
            let answer = Event::Answer {
                request,
                sent,
                refused,
            };
            self.schedule(sent + LATENCY, answer);
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Wake => self.wakes_at = self.wakes_at.filter(|time| *time != self.now),
            Event::Retry(request) => self.queue.push_back(request),
            Event::Answer {
                request,
                sent,
                refused,
            } => {
                self.in_flight -= 1;
                match refused {
                    None => self.succeeds(sent),
                    Some(retry_after) => self.is_refused(request, sent, retry_after),
                }
            }
        }
    }

    fn succeeds(&mut self, sent: Duration) {
        self.succeeded += 1;
        let pressed = !self.queue.is_empty() && !self.is_paced;
        self.limit.succeeded(self.now - sent, pressed);
        self.limiter.succeeded(sent, self.now);
        if self.succeeded == 2 {
            self.queue.extend(2..self.tries.len());
        }
    }

    fn is_refused(&mut self, request: usize, sent: Duration, retry_after: Option<Duration>) {
        self.limiter.throttled(sent, self.now, retry_after);
        self.limit.throttled(sent, self.now);
        let tries = &mut self.tries[request];
        if tries.0 != self.succeeded {
            *tries = (self.succeeded, 0);
        }
        assert!(tries.1 < WAITS.len(), "the read is given up");
        let is_first = tries.1 == 0;
        let own = WAITS[tries.1] / 1000.0;
        tries.1 += 1;
        let own = own * (0.5 + 0.5 * self.random());
        let seconds = match retry_after.map(|asked| asked.as_secs_f64()) {
            Some(asked) if is_first => asked * (1.0 + 0.1 * self.random()),
            Some(asked) => asked.max(own),
            None => own,
        };
        let time = self.now + Duration::from_secs_f64(seconds);
        self.schedule(time, Event::Retry(request));
    }

    /// The same in each run.
    fn random(&mut self) -> f64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}
