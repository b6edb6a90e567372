//! How fast the client is: close to the service's limit, and as fast as it can be without one.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use super::service::{Judge, Simulated, fixed_window, get, read_all, token_bucket};
use crate::transport::{
    client::{Client, Purpose, Retries},
    trace::Trace,
};

const LATENCY: Duration = Duration::from_millis(50);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Sends more than a limit allows in `seconds`, and counts successes and refusals after the time in
/// which the client learns.
async fn meets(what: &str, limit: f64, judge: Judge, learned: f64, seconds: f64) {
    let service = Simulated::new(judge, |_| LATENCY);
    let client = Arc::new(Client::adaptive(service.clone()));
    let requests = (limit * seconds * 1.1) as usize;
    let all = read_all(&client, (0..requests).map(|number| get("r", number)));
    let failures = timeout(Duration::from_secs_f64(seconds), all)
        .await
        .unwrap_or_default();
    assert_eq!(failures, [], "{what}");
    let allowed = limit * (seconds - learned);
    let succeeded = service.count(200, learned, seconds) as f64 / allowed;
    let refused = service.count(429, learned, seconds) as f64;
    assert!(succeeded >= 0.85, "{what}: {succeeded} of what is allowed");
    // While a minute is used up, single requests ask whether the next has begun.
    let asking = (seconds - learned) / 60.0 * 20.0;
    let most = 0.2 * allowed + asking;
    assert!(refused <= most, "{what}: {refused} refused of {allowed}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_by_the_second_is_met() {
    for limit in [5, 20, 100] {
        for retry_after in [false, true] {
            let judge = fixed_window(limit, SECOND, 0.3, retry_after);
            let what = format!("{limit} a second, Retry-After: {retry_after}");
            meets(&what, limit.into(), judge, 35.0, 135.0).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_by_the_minute_is_met() {
    for (limit, began, retry_after) in [
        (60, 0.3, false),
        (600, 0.0, false),
        (600, 0.7, false),
        (600, 0.3, true),
    ] {
        let judge = fixed_window(limit, MINUTE, began, retry_after);
        let what =
            format!("{limit} a minute, Retry-After: {retry_after}, {began} of the first is over");
        // From the start of a window to the end of another.
        let learned = 180.0 - 60.0 * began;
        meets(
            &what,
            f64::from(limit) / 60.0,
            judge,
            learned,
            learned + 480.0,
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_bucket_is_met() {
    for (rate, kept) in [
        (5.0, 5.0),
        (20.0, 20.0),
        (20.0, 1.0),
        (100.0, 100.0),
        (100.0, 5.0),
    ] {
        let what = format!("{rate} a second, {kept} kept");
        meets(&what, rate, token_bucket(rate, kept, false), 35.0, 135.0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn random_refusals_are_not_a_limit() {
    for (share, most) in [(100, 10), (20, 20)] {
        let mut number = 0_u32;
        let judge: Judge = Box::new(move |_, _| {
            number += 1;
            // Evenly spread, and not periodic.
            (
                if number.wrapping_mul(2_654_435_761) / (u32::MAX / share) == 0 {
                    429
                } else {
                    200
                },
                None,
            )
        });
        let service = Simulated::new(judge, |_| Duration::from_millis(5));
        let client = Arc::new(Client::adaptive(service.clone()));
        let start = Instant::now();
        let failures = read_all(&client, (0..8000).map(|number| get("r", number))).await;
        assert_eq!(failures, []);
        assert!(
            start.elapsed() < most * SECOND,
            "one of {share} refused: {:?}",
            start.elapsed()
        );
    }
}

/// How long 500 reads take.
async fn five_hundred(client: Client) -> Duration {
    let start = Instant::now();
    assert_eq!(
        read_all(&Arc::new(client), (0..500).map(|number| get("r", number))).await,
        []
    );
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_the_client_is_soon_as_fast_as_possible() {
    let service = || Simulated::new(Box::new(|_, _| (200, None)), |_| LATENCY);
    let fixed = five_hundred(Client::new(service(), 64)).await;
    let adaptive = service();
    let found = five_hundred(Client::adaptive(adaptive.clone())).await;
    assert!(
        found.as_secs_f64() <= 1.3 * fixed.as_secs_f64(),
        "{found:?} against {fixed:?}"
    );
    assert_eq!(adaptive.peak(), 64);
}

#[tokio::test(start_paused = true)]
async fn more_requests_that_only_slow_answers_are_not_sent() {
    let knee = 20;
    let service = Simulated::new(Box::new(|_, _| (200, None)), move |in_flight| {
        LATENCY.mul_f64((in_flight as f64 / f64::from(knee)).max(1.0))
    });
    let client = Arc::new(Client::adaptive(service.clone()));
    assert_eq!(
        read_all(&client, (0..4000).map(|number| get("r", number))).await,
        []
    );
    let log = service.log();
    let later = log[1000..3900].iter().map(|arrival| arrival.in_flight);
    assert!(later.clone().max() <= Some(32), "{:?}", later.max());
    assert!(later.clone().min() >= Some(10), "{:?}", later.min());
}

#[tokio::test(start_paused = true)]
async fn a_fixed_limit_holds_in_total() {
    let service = Simulated::new(Box::new(|_, _| (200, None)), |_| LATENCY);
    let client = Arc::new(Client::new(service.clone(), 7));
    let requests = (0..300).map(|number| get(["a", "b", "c"][number % 3], number));
    assert_eq!(read_all(&client, requests).await, []);
    assert_eq!(service.peak(), 7);
}

#[tokio::test(start_paused = true)]
async fn two_requests_come_first_then_ten() {
    let service = Simulated::new(Box::new(|_, _| (200, None)), |_| LATENCY);
    let client = Arc::new(Client::adaptive(service.clone()));
    let requests = (0..300).map(|number| get(["a", "b", "c"][number % 3], number));
    assert_eq!(read_all(&client, requests).await, []);
    let begun = |round: u32| {
        let time = LATENCY * round;
        service
            .log()
            .iter()
            .filter(|arrival| (time..time + LATENCY / 2).contains(&arrival.at))
            .count()
    };
    assert_eq!(begun(0), 2);
    assert!((10..=12).contains(&begun(1)), "{}", begun(1));
    assert!(begun(3) > begun(2) && begun(2) > begun(1));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_throttles_does_not_slow_others() {
    let mut limited = fixed_window(5, SECOND, 0.0, false);
    let judge: Judge = Box::new(move |at, request| {
        if &*request.region == "slow" {
            limited(at, request)
        } else {
            (200, None)
        }
    });
    let service = Simulated::new(judge, |_| LATENCY);
    let client = Arc::new(Client::adaptive(service.clone()));
    let slow = tokio::spawn({
        let client = client.clone();
        async move { read_all(&client, (0..100).map(|number| get("slow", number))).await }
    });
    let fast = unlimited_beside(&client).await;
    assert!(fast < Duration::from_secs(2), "{fast:?}");
    assert_eq!(slow.await.unwrap(), []);
}

async fn unlimited_beside(client: &Arc<Client>) -> Duration {
    let start = Instant::now();
    assert_eq!(
        read_all(client, (0..500).map(|number| get("fast", number))).await,
        []
    );
    start.elapsed()
}

/// The 502 reads of a plan: two lists, then everything that they name. Returns the time in seconds,
/// and the share of refused requests.
async fn run(what: &str, judge: Judge) -> (f64, f64) {
    let service = Simulated::new(judge, |_| LATENCY);
    let client = Arc::new(Client::adaptive(service.clone()));
    let start = Instant::now();
    for reads in [0..2, 2..502] {
        let failures = read_all(&client, reads.map(|number| get("r", number))).await;
        assert_eq!(failures, [], "{what}");
    }
    let refused = service.count(429, 0.0, f64::MAX) as f64 / service.log().len() as f64;
    (start.elapsed().as_secs_f64(), refused)
}

/// The share of its limit that a run uses, and the share of its requests that is refused.
async fn used(what: &str, limit: u32, judge: Judge) -> (f64, f64) {
    let (seconds, refused) = run(what, judge).await;
    (502.0 / seconds / f64::from(limit), refused)
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    values.clone().sum::<f64>() / values.count() as f64
}

/// A plan is over before much is learned. Where a second of the service's clock ends in its first
/// burst, twice the limit is let through, and refused the next time.
#[tokio::test(start_paused = true)]
async fn a_run_of_five_hundred_reads_uses_most_of_a_limit() {
    for limit in [20, 50, 100] {
        for retry_after in [false, true] {
            let mut all = Vec::new();
            for began in 0..20 {
                let began = f64::from(began) / 20.0;
                let what = format!(
                    "{limit} a second, Retry-After: {retry_after}, {began} of the first is over"
                );
                let judge = fixed_window(limit, SECOND, began, retry_after);
                let (used, refused) = used(&what, limit, judge).await;
                assert!(used >= 0.7, "{what}: {used} of what is allowed");
                assert!(refused <= 0.25, "{what}: {refused} refused");
                all.push((used, refused));
            }
            let what = format!("{limit} a second, Retry-After: {retry_after}");
            let used = mean(all.iter().map(|(used, _)| *used));
            assert!(used >= 0.85, "{what}: {used} of what is allowed");
            let refused = mean(all.iter().map(|(_, refused)| *refused));
            assert!(refused <= 0.2, "{what}: {refused} refused");
        }
    }
}

/// With `Retry-After` each refusal costs a second, in which a bucket with a smaller capacity
/// overflows.
#[tokio::test(start_paused = true)]
async fn a_run_of_five_hundred_reads_uses_most_of_a_bucket() {
    for limit in [20, 50, 100] {
        for (kept, retry_after, least) in [
            (1.0, true, 0.85),
            (1.0, false, 0.85),
            (0.5, false, 0.85),
            (0.1, false, 0.6),
        ] {
            let what = format!("{limit} a second, {kept} of it kept, Retry-After: {retry_after}");
            let rate = f64::from(limit);
            let judge = token_bucket(rate, rate * kept, retry_after);
            let (used, refused) = used(&what, limit, judge).await;
            assert!(used >= least, "{what}: {used} of what is allowed");
            assert!(refused <= 0.25, "{what}: {refused} refused");
        }
    }
}

/// The maximum time with one accident, for the time in seconds without it.
fn with_one_accident(seconds: f64) -> f64 {
    1.25 * seconds + 1.5
}

/// Refuses the requests with these numbers, in the order of their arrival.
fn refusing(numbers: &'static [u32], retry_after: Option<Duration>) -> Judge {
    let mut arrived = 0;
    Box::new(move |_, _| {
        arrived += 1;
        if numbers.contains(&arrived) {
            (429, retry_after)
        } else {
            (200, None)
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_stray_refusal_costs_its_wait_and_no_more() {
    let most = with_one_accident(run("no refusal", refusing(&[], None)).await.0);
    const STRAYS: [&[u32]; 8] = [
        &[1],
        &[3],
        &[7],
        &[30],
        &[250],
        &[400],
        &[3, 4, 5, 6],
        &[100, 101, 102, 103, 104],
    ];
    for numbers in STRAYS {
        for retry_after in [None, Some(SECOND)] {
            let what = format!("{numbers:?} are refused, Retry-After: {retry_after:?}");
            let (seconds, _) = run(&what, refusing(numbers, retry_after)).await;
            assert!(seconds <= most, "{what}: {seconds} s, and not {most}");
        }
    }
}

/// How long 200 changes take, each a check and a write.
async fn changes(judge: Judge) -> f64 {
    let service = Simulated::new(judge, |_| LATENCY);
    let client = Arc::new(Client::adaptive(service));
    let start = Instant::now();
    let mut changes = JoinSet::new();
    for number in 0..200 {
        let client = client.clone();
        changes.spawn(async move {
            let (check, write) = (get("r", number), get("r", number));
            let (mut retries, trace) = (Retries::default(), Trace::default());
            loop {
                let mut admission = client.admit(&check, &[&write]).await.unwrap();
                let sent = match admission.send(&check, &[], Purpose::Check, &trace).await {
                    Ok(_) => admission.send(&write, &[], Purpose::Work, &trace).await,
                    failed => failed,
                };
                drop(admission);
                match sent {
                    Ok(_) => return,
                    Err(failed) => assert!(retries.wait(&client, &write, &failed).await),
                }
            }
        });
    }
    let _: Vec<()> = changes.join_all().await;
    start.elapsed().as_secs_f64()
}

#[tokio::test(start_paused = true)]
async fn a_stray_refusal_costs_changes_its_wait_and_no_more() {
    let most = with_one_accident(changes(refusing(&[], None)).await);
    for numbers in [&[1][..], &[4], &[30], &[200]] {
        let seconds = changes(refusing(numbers, Some(SECOND))).await;
        assert!(seconds <= most, "{numbers:?}: {seconds} s, and not {most}");
    }
}

/// A limit of which another client uses up a whole second, some time after the run began.
fn shared_window(limit: u32, began: f64, used_up_at: Duration, retry_after: bool) -> Judge {
    let mut judge = fixed_window(limit, SECOND, began, retry_after);
    let mut others = limit + 5;
    Box::new(move |at, request| {
        if at >= used_up_at {
            for _ in 0..std::mem::take(&mut others) {
                judge(at, request);
            }
        }
        judge(at, request)
    })
}

#[tokio::test(start_paused = true)]
async fn another_clients_burst_costs_its_second_and_little_more() {
    for (limit, retry_after) in [(20, true), (50, true), (50, false), (100, true)] {
        for used_up_at in [Duration::ZERO, SECOND / 10, 2 * SECOND] {
            let mut all = Vec::new();
            for began in 0..5 {
                let began = f64::from(began) / 5.0;
                let what = format!(
                    "{limit} a second, Retry-After: {retry_after}, {began} of the first is over, \
                    used up at {used_up_at:?}"
                );
                let alone = fixed_window(limit, SECOND, began, retry_after);
                let shared = shared_window(limit, began, used_up_at, retry_after);
                all.push((run(&what, alone).await.0, run(&what, shared).await.0));
            }
            let most = with_one_accident(mean(all.iter().map(|(alone, _)| *alone)));
            let worst = all.iter().map(|(_, shared)| *shared).fold(0.0, f64::max);
            assert!(
                worst <= most,
                "{limit} a second, Retry-After: {retry_after}, used up at {used_up_at:?}: \
                {worst} s, and not {most}"
            );
        }
    }
}
