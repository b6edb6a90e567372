//! Requests the pages of a list: one after the other, or concurrently once the total is known.
//!
//! The total may be wrong, so it only decides what is requested early. The pages themselves show
//! which is the last.

use std::{collections::VecDeque, sync::Arc};

use tokio::task::JoinHandle;

use super::{super::result, MAX_PAGES, Reader, following};
use crate::{
    kind::Window,
    transport::client::{CallError, Client},
    wire::{Request, Response},
};

type Answer = Result<Response, CallError>;

/// The pages of one read, in order.
pub(super) struct Pages<'l> {
    limit: usize,
    request: &'l (dyn Fn(Window) -> Request + Sync),
    /// The last requested page.
    last: Option<Window>,
    /// The number of requested pages.
    asked: usize,
    /// The requested pages that were not taken yet, in order.
    open: VecDeque<(Window, JoinHandle<Answer>)>,
}

impl<'l> Pages<'l> {
    pub(super) fn new(limit: usize, request: &'l (dyn Fn(Window) -> Request + Sync)) -> Pages<'l> {
        Pages {
            limit,
            request,
            last: None,
            asked: 0,
            open: VecDeque::new(),
        }
    }

    /// The next page, with its window.
    pub(super) async fn next(
        &mut self,
        reader: &mut impl Reader,
        total: Option<usize>,
    ) -> (Window, Answer) {
        // A check has no client: its pages share the one place in flight of its admission.
        if let (Some(total), Some(client)) = (total, reader.client()) {
            self.ask_ahead(client, total);
        }
        let Some((window, answer)) = self.open.front_mut() else {
            let window = self.advance();
            return (window, reader.read(&(self.request)(window)).await);
        };
        let taken = (*window, result(answer.await));
        self.open.pop_front();
        taken
    }

    /// Requests at most as many pages as may be in flight. That bounds the cost of a total that is
    /// far too high.
    fn ask_ahead(&mut self, client: &Arc<Client>, total: usize) {
        let most = client.parallelism();
        while self.open.len() < most
            && self.asked < MAX_PAGES
            // Equality too: a last page that is full does not end a list, so one more is needed.
            && self.last.is_some_and(|last| last.end() <= total)
        {
            let window = self.advance();
            let (client, request) = (client.clone(), (self.request)(window));
            self.open.push_back((
                window,
                tokio::spawn(async move { client.read(&request).await }),
            ));
        }
    }

    fn advance(&mut self) -> Window {
        let window = self.last.map_or(Window::first(self.limit), |last| {
            following(last.end(), self.limit)
        });
        self.last = Some(window);
        self.asked += 1;
        window
    }
}

/// Cancels the requests that are still in progress if the read ends early.
impl Drop for Pages<'_> {
    fn drop(&mut self) {
        self.open.iter().for_each(|(_, answer)| answer.abort());
    }
}
