//! Lists whose pages are arbitrary bytes: reading ends, with an error or a list without duplicates.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use portolan::{
    kind::{Listing, REGISTRY, repository},
    refresh,
    transport::{Exchange, Transport, client::Client},
    wire::{Request, Response},
};

/// The separators of pages, and of a page and its `Content-Range`.
const BETWEEN_PAGES: u8 = 0;
const BETWEEN_PARTS: u8 = 1;

/// Far more than the pages need, retries included.
const MAX_REQUESTS: usize = 2_000;

/// Answers with the pages in order, then always with the last one.
struct Pages {
    pages: Vec<Response>,
    requests: Mutex<usize>,
}

impl Transport for Pages {
    fn send<'a>(&'a self, _request: &'a Request) -> Exchange<'a> {
        let mut requests = self.requests.lock().unwrap();
        let page = self.pages[(*requests).min(self.pages.len() - 1)].clone();
        *requests += 1;
        assert!(*requests < MAX_REQUESTS, "reading does not end");
        Box::pin(async move { Ok(page) })
    }
}

fn page(bytes: &[u8]) -> Response {
    let (body, range) = match bytes.iter().position(|byte| *byte == BETWEEN_PARTS) {
        Some(at) => (
            &bytes[..at],
            Some(String::from_utf8_lossy(&bytes[at + 1..]).into_owned()),
        ),
        None => (bytes, None),
    };
    Response {
        status: 200,
        content_range: range,
        body: body.to_vec(),
        ..Response::default()
    }
}

pub(crate) fn check(bytes: &[u8]) {
    let pages: Vec<Response> = bytes
        .split(|byte| *byte == BETWEEN_PAGES)
        .take(20)
        .map(page)
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let client = || {
        let transport = Pages {
            pages: pages.clone(),
            requests: Mutex::new(0),
        };
        Arc::new(Client::new(Arc::new(transport), 2))
    };
    let region = Arc::from("r-1");
    for kind in REGISTRY
        .iter()
        .filter(|kind| matches!(kind.listing, Listing::PerRegion { .. }))
    {
        if let Ok(listed) = runtime.block_on(refresh::list_region(&client(), kind, &region)) {
            let unique: BTreeSet<_> = listed.items.iter().map(|(address, _)| address).collect();
            assert_eq!(unique.len(), listed.items.len());
        }
    }
    let parent = repository::address("r-1", "o", "a");
    for kind in parent.kind().read_per_parent() {
        let _ = runtime.block_on(refresh::list_children(&client(), &parent, kind));
    }
}
