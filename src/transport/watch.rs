//! Notes what each endpoint answered, and what its clock said. It sees refusals too, of which
//! callers get only the error.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{Exchange, NoAnswer, Transport, Turn};
use crate::{
    time::Moment,
    wire::{Request, Response, Service},
};

/// A [`Transport`] that remembers the last answer of each endpoint.
pub(crate) struct Watch {
    inner: Arc<dyn Transport>,
    heard: Mutex<Heard>,
}

/// By service and region.
pub(crate) type Heard = BTreeMap<(Service, Arc<str>), Echo>;

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Echo {
    pub(crate) status: u16,
    /// How far the service's clock is ahead of this machine's, in seconds. None without a readable
    /// `Date`.
    pub(crate) ahead: Option<i64>,
}

impl Watch {
    pub(crate) fn new(inner: Arc<dyn Transport>) -> Watch {
        Watch {
            inner,
            heard: Mutex::default(),
        }
    }

    /// What was heard so far.
    pub(crate) fn heard(&self) -> Heard {
        let heard = self.heard.lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for an answer, and notes it.
    pub(crate) async fn hear(
        &self,
        request: &Request,
        answer: impl Future<Output = Result<Response, NoAnswer>>,
    ) -> Result<Response, NoAnswer> {
        let sent = Timestamp::now();
        let answer = answer.await;
        if let Ok(response) = &answer {
            let echo = Echo {
                status: response.status,
                ahead: ahead(response, sent, Timestamp::now()),
            };
            let place = (request.service, request.region.clone());
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.insert(place, echo);
        }
        answer
    }
}

/// By the middle of the time that the answer took.
fn ahead(response: &Response, sent: Timestamp, received: Timestamp) -> Option<i64> {
    let there = Moment::of_http(response.date.as_deref()?)?;
    let (sent, received) = (sent.as_millisecond(), received.as_millisecond());
    // A `Date` has no fractions, so on average it is half a second old.
    let there = there.0.saturating_mul(1_000).saturating_add(500);
    let seconds = there.saturating_sub(sent + (received - sent) / 2) / 1_000;
    // Such a difference is within what the missing fractions can make.
    Some(if seconds.abs() <= 1 { 0 } else { seconds })
}

impl Transport for Watch {
    fn ready<'a>(&'a self, request: &'a Request) -> Turn<'a> {
        self.inner.ready(request)
    }

    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(self.hear(request, self.inner.send(request)))
    }

    fn spent(&self) -> Option<Arc<str>> {
        self.inner.spent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_compared_with_the_middle_of_the_exchange() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let response = |date: &str| Response {
            date: Some(date.to_owned()),
            ..Response::default()
        };
        let (sent, received) = (at("2026-11-20T10:00:00Z"), at("2026-11-20T10:00:04Z"));
        for (date, expected) in [
            ("Fri, 20 Nov 2026 10:00:02 GMT", Some(0)),
            ("Fri, 20 Nov 2026 10:00:01 GMT", Some(0)),
            ("Fri, 20 Nov 2026 11:00:02 GMT", Some(3_600)),
            ("Fri, 20 Nov 2026 09:00:02 GMT", Some(-3_599)),
            ("yesterday", None),
        ] {
            let seen = ahead(&response(date), sent, received);
            assert_eq!(seen, expected, "{date}");
        }
        assert_eq!(ahead(&Response::default(), sent, received), None);
    }
}
