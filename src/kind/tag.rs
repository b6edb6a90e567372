//! The tags of a repository: what a retention deletes and a rule copies.
//!
//! Not a kind: a chart declares no tags. This is the one list that says when each was pushed.

use serde::Deserialize;

use super::{
    Page, Undecodable, Window, json as parse,
    listing::{Item, ItemList},
    repository,
};
use crate::{
    address::Address,
    time::Moment,
    wire::{Method, Request, Response, Service},
};

/// The largest page of tags (swr-api: section 11).
const PAGE: usize = 1000;

/// The tags of a repository, those pushed first in front.
pub static TAGS: ItemList = ItemList {
    page_size: PAGE,
    request: tags,
    decode: decode_tags,
    words: ("tag", "tags"),
};

/// Ordered by time, so that a push during the read appends to the last page.
fn tags(repository: &Address, Window { offset, limit }: Window) -> Request {
    let path = format!("{}/tags", repository::path(repository));
    let mut request = Request::new(Service::Swr, repository.region(), Method::Get, path)
        .needs("swr:repository:list");
    request.query = vec![
        ("limit", limit.to_string()),
        ("offset", offset.to_string()),
        ("order_column", "updated_at".to_owned()),
        ("order_type", "asc".to_owned()),
    ];
    request
}

#[derive(Deserialize)]
struct Tag {
    // The list writes it with a capital letter, the single tag in one of two sources without.
    #[serde(rename = "Tag", alias = "tag")]
    name: String,
    updated: Option<String>,
    created: Option<String>,
    digest: Option<String>,
}

fn decode_tags(response: &Response) -> Result<Page<Item>, Undecodable> {
    let tags: Option<Vec<Tag>> = parse(response, "a list of tags")?;
    let tags = tags.unwrap_or_default();
    let total = response.content_range.as_deref();
    let item = |tag: Tag| Item {
        // `date_rule` counts from the last push or update (swr-next: A1).
        since: tag
            .updated
            .or(tag.created)
            .as_deref()
            .and_then(Moment::parse),
        name: tag.name,
        digest: tag.digest.filter(|digest| !digest.is_empty()),
    };
    Ok(Page {
        length: tags.len(),
        total: total.and_then(repository::total_of),
        items: tags.into_iter().map(item).collect(),
        ..Page::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(body: &Value) -> Response {
        Response {
            status: 200,
            body: body.to_string().into_bytes(),
            content_range: Some("0-1/3".to_owned()),
            ..Response::default()
        }
    }

    #[test]
    fn tags_are_asked_for_by_time() {
        let web = repository::address("cn-north-4", "team-a", "web/front");
        let request = tags(&web, Window::first(1000));
        assert_eq!(
            request.path,
            "/v2/manage/namespaces/team-a/repos/web$front/tags"
        );
        let query: Vec<String> = request
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            query.join("&"),
            "limit=1000&offset=0&order_column=updated_at&order_type=asc"
        );
    }

    #[test]
    fn tags_are_read_with_both_names_of_the_field() {
        let body = json!([
            { "Tag": "v1", "updated": "2024-01-02T00:00:00Z", "created": "2024-01-01T00:00:00Z" },
            { "tag": "v2", "created": "2024-01-01T00:00:00.5Z", "digest": "sha256:aa" },
            { "Tag": "v3", "updated": "yesterday", "digest": "" },
        ]);
        let page = decode_tags(&answer(&body)).unwrap();
        let item = |name: &str, day: Option<i64>, digest: Option<&str>| Item {
            name: name.to_owned(),
            since: day.map(|day| Moment(1_704_067_200 + day * 86_400)),
            digest: digest.map(str::to_owned),
        };
        let expected = vec![
            item("v1", Some(1), None),
            item("v2", Some(0), Some("sha256:aa")),
            item("v3", None, None),
        ];
        assert_eq!(
            (page.items, page.total, page.length),
            (expected, Some(3), 3)
        );
        assert_eq!(decode_tags(&answer(&Value::Null)).unwrap().items, []);
        for wrong in [json!({}), json!([{ "digest": "x" }])] {
            assert!(decode_tags(&answer(&wrong)).is_err(), "{wrong}");
        }
    }
}
