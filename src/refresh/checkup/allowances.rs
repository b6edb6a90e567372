//! Reads what IAM and SWR say about the account: its project in a region, and the quotas and
//! feature gates of that project (swr-api: section 12; auth: section 2.7).

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

use super::{Problem, Why, ask};
use crate::{
    doctor::seen::{Looked, Quota},
    refresh::NOT_THE_SERVICE,
    transport::client::{Client, Purpose},
    wire::{Method, Request, Response, Service},
};

#[derive(Deserialize)]
struct Projects {
    projects: Vec<Project>,
}

#[derive(Deserialize)]
struct Project {
    id: String,
}

#[derive(Deserialize)]
struct Quotas {
    quotas: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    quota_key: String,
    quota_limit: i64,
    #[serde(default)]
    used: u64,
}

/// The project that is named like the region.
pub(super) async fn project(
    client: &Client,
    region: &Arc<str>,
    purpose: Purpose,
) -> Looked<String> {
    let path = "/v3/projects".to_owned();
    let mut request = Request::new(Service::Iam, region, Method::Get, path);
    request.query.push(("name", region.to_string()));
    let response = match ask(client, &request, purpose, &[]).await {
        Ok(response) => response,
        Err(failed) => return Looked::Failed(failed.problem),
    };
    let found: Projects = match serde_json::from_slice(&response.body) {
        Ok(found) => found,
        Err(_) => return Looked::Failed(strange("an object with `projects`")),
    };
    match &found.projects[..] {
        [only] => Looked::At(only.id.clone()),
        [] => Looked::NotAt("IAM has no project that is named like the region"),
        _ => Looked::NotAt("IAM has several projects with this name"),
    }
}

pub(super) async fn quotas(
    client: &Client,
    region: &Arc<str>,
    project: &str,
) -> Looked<Vec<Quota>> {
    let response = match of_project(client, region, project, "quotas").await {
        Ok(response) => response,
        Err(problem) => return Looked::Failed(problem),
    };
    let found: Quotas = match serde_json::from_slice(&response.body) {
        Ok(found) => found,
        Err(_) => return Looked::Failed(strange("an object with `quotas`")),
    };
    let quota = |row: Row| Quota {
        key: row.quota_key,
        // A negative limit is none.
        limit: u64::try_from(row.quota_limit).ok(),
        used: row.used,
    };
    Looked::At(found.quotas.into_iter().map(quota).collect())
}

pub(super) async fn gates(
    client: &Client,
    region: &Arc<str>,
    project: &str,
) -> Looked<BTreeMap<String, bool>> {
    let response = match of_project(client, region, project, "feature-gates").await {
        Ok(response) => response,
        Err(problem) => return Looked::Failed(problem),
    };
    let found: BTreeMap<String, serde_json::Value> = match serde_json::from_slice(&response.body) {
        Ok(found) => found,
        Err(_) => return Looked::Failed(strange("an object with switches")),
    };
    let gates = found.into_iter();
    Looked::At(
        gates
            .filter_map(|(name, is_open)| Some((name, is_open.as_bool()?)))
            .collect(),
    )
}

async fn of_project(
    client: &Client,
    region: &Arc<str>,
    project: &str,
    what: &str,
) -> Result<Response, Problem> {
    let id = percent_encoding::utf8_percent_encode(project, crate::wire::RESERVED);
    let path = format!("/v2/manage/projects/{id}/{what}");
    let request = Request::new(Service::Swr, region, Method::Get, path);
    let answer = ask(client, &request, Purpose::Aside, &[]).await;
    answer.map_err(|failed| failed.problem)
}

/// The answer is something else. Its text is not shown: nothing depends on it.
pub(super) fn strange(expected: &str) -> Problem {
    Problem {
        why: Why::Other,
        message: format!("expected {expected}"),
        hint: Some(NOT_THE_SERVICE.to_owned()),
    }
}
