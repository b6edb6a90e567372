//! Lists that change while their pages are read.

mod side_by_side;

use super::*;
use crate::wire::{Method, Service};

/// A concurrent change before a request, whose position is the first argument.
type Deed = Box<dyn FnMut(usize, &mut Vec<u32>) + Send>;

/// A service with a sorted list of numbers.
struct Numbers {
    there: Vec<u32>,
    /// The service's own page limit.
    most: usize,
    tells_total: bool,
    change: Deed,
    asked: Vec<Window>,
}

fn service(last: u32, change: impl FnMut(usize, &mut Vec<u32>) + Send + 'static) -> Numbers {
    Numbers {
        there: (1..=last).collect(),
        most: usize::MAX,
        tells_total: true,
        change: Box::new(change),
        asked: vec![],
    }
}

fn window(request: &Request) -> Window {
    let value = |at: usize| request.query[at].1.parse().unwrap();
    Window {
        offset: value(0),
        limit: value(1),
    }
}

impl Numbers {
    fn answer(&mut self, window: Window) -> Response {
        (self.change)(self.asked.len(), &mut self.there);
        self.there.sort_unstable();
        self.asked.push(window);
        let page = self
            .there
            .iter()
            .skip(window.offset)
            .take(window.limit.min(self.most));
        let page: Vec<_> = page.collect();
        let range = format!("{}-{}/{}", window.offset, page.len(), self.there.len());
        let content_range = self.tells_total.then_some(range);
        Response {
            status: 200,
            content_range,
            body: serde_json::to_vec(&page).unwrap(),
            ..Response::default()
        }
    }
}

impl Reader for Numbers {
    async fn read(&mut self, request: &Request) -> Result<Response, CallError> {
        Ok(self.answer(window(request)))
    }
}

fn request(window: Window) -> Request {
    let mut request = Request::new(Service::Swr, &"r".into(), Method::Get, "/list".to_owned());
    request.query = vec![
        ("offset", window.offset.to_string()),
        ("limit", window.limit.to_string()),
    ];
    request
}

fn decode(response: &Response) -> Result<Page<Candidate>, Undecodable> {
    let numbers: Vec<u64> = serde_json::from_slice(&response.body).unwrap();
    let candidate = |number| Candidate {
        id: RemoteId::try_from(number).unwrap(),
        key: Vec::new(),
    };
    let total = response
        .content_range
        .as_ref()
        .map(|range| range.split_once('/').unwrap().1.parse().unwrap());
    let items: Vec<_> = numbers.into_iter().map(candidate).collect();
    Ok(Page {
        length: items.len(),
        items,
        total,
        ..Page::default()
    })
}

/// The listed numbers and the number of pages, or the error.
async fn read_by(service: &mut Numbers, page_size: usize) -> Result<(Vec<u64>, usize), String> {
    let list = List {
        subject: "list".to_owned(),
        page_size: Some(page_size),
        request: &request,
        decode: &decode,
    };
    let listed = read(service, &list)
        .await
        .map_err(|failure| failure.message)?;
    Ok((
        listed.items.iter().map(|item| item.id.into()).collect(),
        listed.pages,
    ))
}

fn all_but(last: u64, gone: &[u64]) -> Vec<u64> {
    (1..=last).filter(|number| !gone.contains(number)).collect()
}

#[tokio::test]
async fn a_list_costs_a_request_for_each_page() {
    for (last, pages) in [
        (0, 1),
        (1, 1),
        (999, 1),
        (1000, 2),
        (1001, 2),
        (1979, 2),
        (2500, 3),
        (9_800, 11),
    ] {
        for tells_total in [true, false] {
            let mut service = Numbers {
                tells_total,
                ..service(last, |_, _| {})
            };
            let expected = Ok((all_but(last.into(), &[]), pages));
            assert_eq!(read_by(&mut service, 1000).await, expected, "{last}");
            assert_eq!(service.asked.len(), pages, "{last}");
        }
    }
}

#[test]
fn offsets_are_multiples_and_pages_overlap_and_get_on() {
    for most in [1, 2, 3, 7, 10, 100, 999, 1000] {
        let (mut end, mut pages) = (most, 1);
        while end < 300 * most {
            let window = following(end, most);
            assert_eq!(window.offset % window.limit, 0, "{window:?}");
            assert!(
                window.limit <= most && window.offset <= end && window.end() > end,
                "{window:?} after {end}"
            );
            assert!(
                window.offset < end || most <= 10,
                "{window:?} after {end} of {most}"
            );
            (end, pages) = (window.end(), pages + 1);
        }
        assert!(most < 100 || pages < 350, "{pages} pages of {most}");
    }
}

/// Before the second request another client deletes an item of the first page: the next item would
/// be skipped.
#[tokio::test]
async fn a_deletion_does_not_hide_an_item() {
    for tells_total in [true, false] {
        let change = |at, there: &mut Vec<u32>| {
            if at == 1 {
                there.retain(|number| *number != 500);
            }
        };
        let mut service = Numbers {
            tells_total,
            ..service(1500, change)
        };
        let pages = read_by(&mut service, 1000).await;
        // A total shows the difference. Without one, the overlap shows that items moved, so the
        // list is read again.
        assert_eq!(pages, Ok((all_but(1500, &[500]), 2)));
        assert_eq!(service.asked.len(), 4);
    }
}

#[tokio::test]
async fn a_creation_that_balances_a_deletion_does_not_hide_an_item() {
    for gone in [1, 500, 989, 990, 999, 1000] {
        for deletions in [1, 9, 10, 11, 400] {
            let change = move |at, there: &mut Vec<u32>| {
                if at == 1 {
                    let first = (gone + 1_u32).saturating_sub(deletions).max(1);
                    there.retain(|number| !(first..=gone).contains(number));
                    there.extend((2001..).take(1500 - there.len()));
                }
            };
            let mut service = service(1500, change);
            let (numbers, _) = read_by(&mut service, 1000).await.unwrap();
            let there: Vec<u64> = service
                .there
                .iter()
                .map(|number| (*number).into())
                .collect();
            assert_eq!(numbers, there, "{deletions} up to {gone}");
        }
    }
}

#[tokio::test]
async fn a_list_whose_pages_never_match_fails() {
    // Another client deletes an item before each second page.
    let change = |at: usize, there: &mut Vec<u32>| {
        if at % 2 == 1 {
            let _ = there.remove(0);
        }
    };
    let mut service = service(1500, change);
    let message = "the total was 1498, then 1497; it was read 3 times";
    assert_eq!(read_by(&mut service, 1000).await, Err(message.to_owned()));
    assert_eq!(service.asked.len(), 6);
    // Deletes more items than the overlap holds, and creates as many.
    let change = |at: usize, there: &mut Vec<u32>| {
        if at % 2 == 1 {
            let last = *there.last().unwrap();
            there.drain(..20);
            there.extend(last + 1..=last + 20);
        }
    };
    let mut service = self::service(1500, change);
    let message = "the page at 990 does not continue the one before; it was read 3 times";
    assert_eq!(read_by(&mut service, 1000).await, Err(message.to_owned()));
}

#[tokio::test]
async fn a_list_that_changes_each_time_without_a_gap_is_accepted() {
    let change = |at: usize, there: &mut Vec<u32>| {
        if at % 2 == 1 {
            let last = *there.last().unwrap();
            there.remove(0);
            there.push(last + 1);
        }
    };
    let mut service = Numbers {
        tells_total: false,
        ..service(1500, change)
    };
    let (numbers, pages) = read_by(&mut service, 1000).await.unwrap();
    assert_eq!((service.asked.len(), pages), (6, 2));
    assert!(
        (4..=1500).all(|number| numbers.contains(&number)),
        "an item that existed all the time is missing"
    );
}

#[tokio::test]
async fn shorter_pages_of_the_service_become_the_limit() {
    for (last, most) in [(2500, 100), (37, 5), (9, 1), (100, 99)] {
        let mut service = Numbers {
            most,
            ..service(last, |_, _| {})
        };
        let (numbers, pages) = read_by(&mut service, 1000).await.unwrap();
        assert_eq!(
            numbers,
            all_but(last.into(), &[]),
            "{last} in pages of {most}"
        );
        assert_eq!(service.asked.len(), pages + 1, "{last} in pages of {most}");
        assert!(service.asked[1..].iter().all(|window| window.limit <= most));
    }
}

#[tokio::test]
async fn a_later_page_that_is_nearly_empty_does_not_make_all_pages_short() {
    let mut service = service(1500, |_, _| {});
    service.change = Box::new({
        let mut hidden = Vec::new();
        move |at, there: &mut Vec<u32>| match at {
            // The page claims a length that it does not have.
            1 => hidden = there.split_off(1000),
            2 => there.append(&mut hidden),
            _ => {}
        }
    });
    let decode = |response: &Response| {
        decode(response).map(|page| Page {
            total: Some(1500),
            ..page
        })
    };
    let list = List {
        subject: "list".to_owned(),
        page_size: Some(1000),
        request: &request,
        decode: &decode,
    };
    let listed = read(&mut service, &list).await.unwrap();
    assert_eq!(
        (listed.items.len(), listed.pages, service.asked.len()),
        (1500, 2, 4)
    );
}

#[tokio::test]
async fn a_list_without_an_end_fails() {
    // Before each page, a page of items is created.
    let grow = |_: usize, there: &mut Vec<u32>| {
        let last = there.last().copied().unwrap_or_default();
        there.extend(last + 1..=last + 100);
    };
    let mut endless = service(100, grow);
    let message = read_by(&mut endless, 100).await.unwrap_err();
    assert!(message.starts_with("the total was "), "{message}");
    assert_eq!(endless.asked.len(), 6);
    let mut silent = Numbers {
        tells_total: false,
        ..service(100, grow)
    };
    assert_eq!(
        read_by(&mut silent, 100).await,
        Err("it has more than 1000 pages of 100".to_owned())
    );
    assert_eq!(silent.asked.len(), MAX_PAGES);
    // A total that is too low ends the read too.
    let mut lies = service(100_000, |_, _| {});
    let decode = |response: &Response| {
        decode(response).map(|page| Page {
            total: Some(150),
            ..page
        })
    };
    let list = List {
        subject: "list".to_owned(),
        page_size: Some(100),
        request: &request,
        decode: &decode,
    };
    let failure = read(&mut lies, &list).await.unwrap_err();
    assert_eq!(
        failure.message,
        "the total is 150, but the service listed 198; it was read 3 times"
    );
    assert_eq!(lies.asked.len(), 6);
}

#[tokio::test]
async fn a_value_that_changes_where_pages_overlap_is_read_again() {
    let mut service = service(150, |_, _| {});
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let decode = |response: &Response| {
        let at = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let page = decode(response)?;
        let renamed = |item: Candidate| Candidate {
            key: vec![format!("name {}", at.min(1))],
            ..item
        };
        Ok(Page {
            items: page.items.into_iter().map(renamed).collect(),
            ..page
        })
    };
    let list = List {
        subject: "list".to_owned(),
        page_size: Some(100),
        request: &request,
        decode: &decode,
    };
    let listed = read(&mut service, &list).await.unwrap();
    assert_eq!((listed.items.len(), service.asked.len()), (150, 4));
    assert!(listed.items.iter().all(|item| item.key == ["name 1"]));
}
