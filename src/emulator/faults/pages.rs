//! Faults of lists: omitted items, a repeated page, a wrong total. They change requests and
//! responses of any service, without knowing its types.

use serde_json::Value;

use crate::emulator::message::{Request, Response, escape};

/// Query parameters with the number of a page, which starts at 1.
const PAGE_PARAMETERS: [&str; 3] = ["page", "page_index", "page_no"];

/// Fields with the total of a list.
const TOTAL_FIELDS: [&str; 3] = ["total_range", "total", "total_count"];

/// Omits items at the end. Headers and totals stay, so only the length of the list shows it.
pub(in super::super) fn drop_items(response: Response, items: usize) -> Response {
    edited(response, |body| {
        let list = list_in(body)?;
        list.truncate(list.len().saturating_sub(items));
        Some(())
    })
}

/// Omits items at the beginning.
pub(in super::super) fn drop_first(response: Response, items: usize) -> Response {
    edited(response, |body| {
        let list = list_in(body)?;
        list.drain(..items.min(list.len()));
        Some(())
    })
}

/// Adds `by` to each total of the list, in the body and in `Content-Range`.
pub(in super::super) fn wrong_total(response: Response, by: i64) -> Response {
    let mut response = edited(response, |body| {
        let changed = change_totals(body, by);
        let items = list_in(body).into_iter().flatten();
        items
            .fold(changed, |changed, item| change_totals(item, by) || changed)
            .then_some(())
    });
    // The header and the items have the same total in SWR (`swr-api.md`, section 6.3).
    for (name, value) in &mut response.headers {
        if name.eq_ignore_ascii_case("content-range")
            && let Some((range, total)) = value.rsplit_once('/')
            && let Ok(total) = total.parse::<u64>()
        {
            *value = format!("{range}/{}", total.saturating_add_signed(by));
        }
    }
    response
}

/// The request for the previous page; none if the request is for the first page or not for a page.
pub(in super::super) fn previous_page(request: &Request) -> Option<Request> {
    let parameter = |name: &str| {
        escape::pairs(&request.query)
            .find(|(key, _)| *key == name)?
            .1
            .parse::<u64>()
            .ok()
    };
    let (name, previous) = match (parameter("offset"), parameter("limit")) {
        (Some(offset), Some(limit)) if offset > 0 => ("offset", offset.saturating_sub(limit)),
        _ => PAGE_PARAMETERS
            .into_iter()
            .find_map(|name| Some((name, parameter(name).filter(|page| *page > 1)? - 1)))?,
    };
    let pairs = escape::pairs(&request.query).map(|(key, value)| match key == name {
        true => format!("{key}={previous}"),
        false => format!("{key}={value}"),
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    (request.method == "GET").then(|| Request {
        query,
        ..request.clone()
    })
}

fn edited(response: Response, edit: impl FnOnce(&mut Value) -> Option<()>) -> Response {
    let mut body = response.value();
    match edit(&mut body) {
        Some(()) => Response {
            body: body.to_string().into_bytes(),
            ..response
        },
        None => response,
    }
}

/// The list of a response: the body itself, or the first array in it or in an object in it.
fn list_in(body: &mut Value) -> Option<&mut Vec<Value>> {
    match body {
        Value::Array(items) => Some(items),
        Value::Object(fields) => {
            // An object such as `result` counts only if there is no array beside it.
            let has_array = fields.values().any(Value::is_array);
            let mut inside = fields
                .values_mut()
                .filter(|field| field.is_array() || !has_array && field.is_object());
            inside.find_map(list_in)
        }
        _ => None,
    }
}

/// Changes the totals of an object and of the objects in it. Returns whether there were any.
fn change_totals(value: &mut Value, by: i64) -> bool {
    let Some(fields) = value.as_object_mut() else {
        return false;
    };
    let mut changed = false;
    for (name, field) in fields {
        match field.as_u64() {
            Some(total) if TOTAL_FIELDS.contains(&name.as_str()) => {
                *field = total.saturating_add_signed(by).into();
                changed = true;
            }
            _ => changed |= change_totals(field, by),
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn response(body: &Value) -> Response {
        Response::json(200, body).with_header("Content-Range", "0-3/3")
    }

    #[test]
    fn the_last_items_of_a_list_are_omitted() {
        let short = drop_items(response(&json!([1, 2, 3])), 2);
        assert_eq!(
            (short.value(), short.header("content-range")),
            (json!([1]), Some("0-3/3"))
        );
        let object = response(&json!({ "namespaces": [1] }));
        assert_eq!(drop_items(object, 5).value(), json!({ "namespaces": [] }));
        let nested = response(
            &json!({ "status": "success", "result": { "total": 2, "repositories": [1, 2] } }),
        );
        assert_eq!(
            drop_items(nested, 1).value()["result"],
            json!({ "total": 2, "repositories": [1] })
        );
        let other = response(&json!({ "id": 1 }));
        assert_eq!(drop_items(other.clone(), 1), other);
    }

    #[test]
    fn every_total_of_a_response_is_changed() {
        let wrong = wrong_total(response(&json!([{ "name": "a", "total_range": 3 }])), 2);
        assert_eq!(
            (
                wrong.value()[0]["total_range"].as_u64(),
                wrong.header("content-range")
            ),
            (Some(5), Some("0-3/5"))
        );
        let nested = response(&json!({ "result": { "total": 3, "repositories": [] } }));
        assert_eq!(wrong_total(nested, -4).value()["result"]["total"], json!(0));
        let bare = response(&json!([]));
        assert_eq!(wrong_total(bare, -1).header("content-range"), Some("0-3/2"));
        let other = Response::text(200, "text/plain", "x");
        assert_eq!(wrong_total(other.clone(), 1), other);
    }

    #[test]
    fn the_previous_page_is_found_in_each_notation() {
        for (query, expected) in [
            (
                "a=%20b&offset=1000&limit=1000",
                Some("a=%20b&offset=0&limit=1000"),
            ),
            ("limit=100&offset=250", Some("limit=100&offset=150")),
            ("limit=100&offset=50", Some("limit=100&offset=0")),
            (
                "page_index=3&page_size=20",
                Some("page_index=2&page_size=20"),
            ),
            ("page=2", Some("page=1")),
            ("offset=0&limit=100", None),
            ("page=1", None),
            ("offset=5", None),
            ("", None),
        ] {
            let request = Request {
                method: "GET".to_owned(),
                query: query.to_owned(),
                ..Request::default()
            };
            assert_eq!(
                previous_page(&request)
                    .map(|request| request.query)
                    .as_deref(),
                expected,
                "{query}"
            );
            assert!(
                previous_page(&Request {
                    method: "POST".to_owned(),
                    ..request
                })
                .is_none(),
                "{query}"
            );
        }
    }
}
