//! Finds the name of the caller's account.
//!
//! A source that fails is not an error: there are others, and not every invocation needs the name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use tokio::task::JoinSet;

use crate::{
    transport::client::{Client, Purpose},
    wire::{Method, Request, Response, Service},
};

#[derive(Deserialize)]
struct Overview {
    domain_name: Option<String>,
}

#[derive(Deserialize)]
struct Domains {
    domains: Vec<Domain>,
}

#[derive(Deserialize)]
struct Domain {
    name: Option<String>,
}

/// How long to wait for a name that is only displayed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The account by region, from `GET /v2/manage/overview`. A name that is only displayed is not
/// retried.
pub(crate) async fn overviews(
    client: &Arc<Client>,
    regions: BTreeSet<Arc<str>>,
    decides: bool,
) -> BTreeMap<Arc<str>, String> {
    let mut asked = JoinSet::new();
    for region in regions {
        let client = client.clone();
        asked.spawn(async move { (overview(&client, &region, decides).await, region) });
    }
    let answers = asked.join_all().await.into_iter();
    answers
        .filter_map(|(name, region)| Some((region, name?)))
        .collect()
}

async fn overview(client: &Client, region: &Arc<str>, decides: bool) -> Option<String> {
    let request = overview_request(region);
    // If the chart names an account, a missing name stops the plan, so this read gets its retries.
    let response = if decides {
        client.read(&request).await.ok()?
    } else {
        let once = client.read_once(&request, Purpose::Work);
        tokio::time::timeout(PATIENCE, once).await.ok()?.ok()?
    };
    overview_name(&response).ok()?
}

pub(crate) fn overview_request(region: &Arc<str>) -> Request {
    let path = "/v2/manage/overview".to_owned();
    Request::new(Service::Swr, region, Method::Get, path)
}

/// The name in an overview. An error if the answer is something else.
pub(crate) fn overview_name(response: &Response) -> Result<Option<String>, NotAnOverview> {
    let overview = decoded::<Overview>(response).ok_or(NotAnOverview)?;
    Ok(name(overview.domain_name))
}

/// An answer that is something else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotAnOverview;

/// The account, from IAM. The error is a clause.
pub async fn domain(client: &Client, region: &Arc<str>) -> Result<String, String> {
    domain_name(client.read(&domain_request(region)).await)
}

pub(crate) fn domain_request(region: &Arc<str>) -> Request {
    let path = "/v3/auth/domains".to_owned();
    Request::new(Service::Iam, region, Method::Get, path)
}

/// The name in the answer to [`domain_request`]. The error is a clause.
pub(crate) fn domain_name<E: fmt::Display>(answer: Result<Response, E>) -> Result<String, String> {
    let response = answer.map_err(|error| format!("IAM: {error}"))?;
    // A credential belongs to one account, so the first entry is the only one that counts.
    let first = decoded::<Domains>(&response).and_then(|answer| answer.domains.into_iter().next());
    first
        .and_then(|domain| name(domain.name))
        .ok_or_else(|| "IAM returned no account".to_owned())
}

fn decoded<T: DeserializeOwned>(response: &Response) -> Option<T> {
    serde_json::from_slice(&response.body).ok()
}

// Every field of a response is optional, and some are empty (swr-api: section 20).
fn name(found: Option<String>) -> Option<String> {
    found.filter(|name| !name.is_empty())
}
