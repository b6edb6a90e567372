//! The requests that copy tags which exist already, and the jobs that do it (swr-next: A5, A6).
//!
//! Decides nothing: what is missing, and what proves a copy, is not a matter of the wire.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::{
    super::{
        Attribute, Page, Preset, Role, Shape, Undecodable, Window,
        copying::{Backfill, Copying, Job, JobStatus},
        json as parse, repository, tag,
    },
    address, target,
};
use crate::{
    address::Address,
    mask::Foreign,
    time::Moment,
    wire::{Method, Request, Response, Service},
};

/// No limit is published. The console copies as many images at once (swr-next: B2).
const BATCH: usize = 50;

/// The largest page of jobs that the documents show.
const PAGE: usize = 100;

/// The longest word of a status that is shown whole.
const LONGEST_WORD: usize = 40;

pub(super) static COPYING: Copying = Copying {
    policy: Attribute {
        name: "backfill",
        role: Role::Policy,
        shape: Shape::OneOf(&Backfill::WORDS),
        service_default: Preset::Text("never"),
        required: false,
        is_remark: false,
        hazard: None,
        aliases: &["back_fill", "copy_existing", "replicate_existing"],
        example: "on-create",
        doc: "Whether tags that exist already are copied: `on-create` when the rule is created or \
            replaced, `missing` whenever the target lacks some. Nothing is overwritten.",
    },
    overwrites: "override",
    collected: "left out, because a retention of the target would delete it",
    gate: "enable_image_sync",
    items: "tags",
    list: &tag::TAGS,
    start,
    batch: BATCH,
    jobs,
    jobs_page: PAGE,
    decode_jobs,
};

fn start(rule: &Address, tags: &[String]) -> Request {
    let path = format!("{}/sync_images", repository::path(rule));
    let mut request = Request::new(Service::Swr, rule.region(), Method::Post, path)
        .needs("swr:repo:createManualSyncRepoJob");
    let mut body = target(rule);
    body["imageTag"] = tags.into();
    body["override"] = Value::Bool(false);
    request.body = Some(body);
    request
}

/// `limit` and `offset` are mandatory, and all three go in one parameter.
fn jobs(repository: &Address, Window { offset, limit }: Window) -> Request {
    let path = format!("{}/sync_job", repository::path(repository));
    let mut request = Request::new(Service::Swr, repository.region(), Method::Get, path)
        .needs("swr:repo:getSyncRepoJobInfo");
    let filter = format!("limit::{limit}|offset::{offset}|order::desc");
    request.query = vec![("filter", filter)];
    request
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: u64,
    namespace: Option<String>,
    repo_name: Option<String>,
    tag: String,
    remote_region_id: Arc<str>,
    remote_namespace: Arc<str>,
    status: String,
    created_at: Option<String>,
    updated_at: Option<String>,
}

/// Both `[]` and `null` mean an empty list. A response with a job of another repository is refused
/// as a whole, as with rules.
fn decode_jobs(repository: &Address, response: &Response) -> Result<Page<Job>, Undecodable> {
    let items: Option<Vec<Item>> = parse(response, "a list of sync jobs")?;
    let items = items.unwrap_or_default();
    let is_ours = |item: &Item| {
        repository::is_same(
            repository,
            item.namespace.as_deref(),
            item.repo_name.as_deref(),
        )
    };
    if !items.iter().all(is_ours) {
        return Err(Undecodable::new(
            "sync jobs of this repository only",
            response,
        ));
    }
    let time = |text: Option<String>| text.as_deref().and_then(Moment::parse);
    let job = |item: Item| Job {
        id: item.id,
        rule: address(repository, item.remote_region_id, item.remote_namespace),
        item: item.tag,
        status: status(&item.status, response),
        created: time(item.created_at),
        updated: time(item.updated_at),
    };
    let total = response.content_range.as_deref();
    Ok(Page {
        length: items.len(),
        total: total.and_then(repository::total_of),
        items: items.into_iter().map(job).collect(),
        ..Page::default()
    })
}

fn status(word: &str, response: &Response) -> JobStatus {
    JobStatus::of_word(word)
        .unwrap_or_else(|| JobStatus::Other(Foreign::new(&response.mask, word, LONGEST_WORD)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn web() -> Address {
        repository::address("cn-north-4", "team-a", "web/front")
    }

    fn answer(body: &Value) -> Response {
        Response {
            status: 200,
            body: body.to_string().into_bytes(),
            content_range: Some("0-1/7".to_owned()),
            ..Response::default()
        }
    }

    fn job(status: &str) -> Value {
        json!({
            "id": 172_928, "namespace": "team-a", "repoName": "web$front", "tag": "v1.0.0",
            "remoteRegionId": "cn-east-3", "remoteNamespace": "team-a-dr", "override": false,
            "status": status, "syncOperatorId": "1", "syncOperatorName": "alice", "domainID": "2",
            "domainName": "acme", "createdAt": "2026-01-02T03:04:05.6Z",
            "updatedAt": "2026-01-02T03:04:10.9Z"
        })
    }

    #[test]
    fn a_copy_never_overwrites() {
        let rule = address(&web(), "cn-east-3", "team-a-dr");
        let request = start(&rule, &["v1".to_owned(), "v2".to_owned()]);
        assert_eq!(
            request.path,
            "/v2/manage/namespaces/team-a/repos/web$front/sync_images"
        );
        assert_eq!(
            request.body,
            Some(json!({
                "remoteRegionId": "cn-east-3", "remoteNamespace": "team-a-dr",
                "imageTag": ["v1", "v2"], "override": false
            }))
        );
    }

    #[test]
    fn jobs_are_asked_for_the_newest_first() {
        let request = jobs(&web(), Window::first(100));
        assert_eq!(
            request.query,
            [("filter", "limit::100|offset::0|order::desc".to_owned())]
        );
        let body = json!([job("success"), job("timeout"), job("quiet\u{202e}")]);
        let page = decode_jobs(&web(), &answer(&body)).unwrap();
        assert_eq!((page.length, page.total), (3, Some(7)));
        let first = &page.items[0];
        assert_eq!(first.rule, address(&web(), "cn-east-3", "team-a-dr"));
        assert_eq!((first.id, first.item.as_str()), (172_928, "v1.0.0"));
        assert!(first.created < first.updated);
        let words: Vec<&str> = page.items.iter().map(|job| job.status.word()).collect();
        assert_eq!(words, ["success", "timeout", "quiet\\u{202e}"]);
        let open: Vec<bool> = page.items.iter().map(|job| job.status.is_open()).collect();
        assert_eq!(open, [false, false, true]);
    }

    #[test]
    fn jobs_of_another_repository_and_other_answers_are_refused() {
        let mut other = job("success");
        other["repoName"] = json!("api");
        for wrong in [json!([other]), json!({}), json!([{ "id": "1" }])] {
            assert!(decode_jobs(&web(), &answer(&wrong)).is_err(), "{wrong}");
        }
        let none = decode_jobs(&web(), &answer(&Value::Null)).unwrap();
        assert_eq!((none.items.len(), none.length), (0, 0));
    }
}
