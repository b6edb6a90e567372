//! Asks for the pages of a list: one after the other, or side by side once the service has told how
//! many items there are.
//!
//! The total may be wrong, so it only decides what is asked for early. Which page is the last one
//! is seen in the pages.

use std::{collections::VecDeque, sync::Arc};

use tokio::task::JoinHandle;

use super::{super::result, MOST_PAGES, Reader, following};
use crate::{
    kind::Window,
    transport::client::{CallError, Client},
    wire::{Request, Response},
};

type Answer = Result<Response, CallError>;

/// The pages of one reading, in their order.
pub(super) struct Pages<'l> {
    limit: usize,
    request: &'l (dyn Fn(Window) -> Request + Sync),
    /// The page that was asked for last.
    last: Option<Window>,
    /// How many were asked for.
    asked: usize,
    /// Those that were asked for and not taken yet, in their order.
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

    /// The next page, with what was asked for.
    pub(super) async fn next(
        &mut self,
        reader: &mut impl Reader,
        total: Option<usize>,
    ) -> (Window, Answer) {
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

    /// Asks for as many pages as may be in flight: that is what a total costs that is far too high.
    fn ask_ahead(&mut self, client: &Arc<Client>, total: usize) {
        let most = client.parallelism();
        while self.open.len() < most
            && self.asked < MOST_PAGES
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

/// A reading that ends early has no use for what is still under way.
impl Drop for Pages<'_> {
    fn drop(&mut self) {
        self.open.iter().for_each(|(_, answer)| answer.abort());
    }
}
