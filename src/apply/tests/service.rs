//! A small fake service with organizations, repositories and the probes in them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    transport::{Exchange, Transport, client::Client},
    wire::{Method, Request, Response},
};

/// Levels by user.
pub(crate) type Members = BTreeMap<String, String>;

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Repository {
    pub(crate) images: u64,
    /// The policy with its id.
    pub(crate) policy: Option<(u64, Value)>,
    pub(crate) members: Members,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Organization {
    pub(crate) members: Members,
    pub(crate) repositories: BTreeMap<String, Repository>,
}

/// One region.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) organizations: BTreeMap<String, Organization>,
    /// The id of the last created policy.
    pub(crate) last: u64,
    /// Whether a missing policy is an error instead of an empty list.
    pub(crate) refuses_what_is_missing: bool,
    /// Requests that contain this text get 403.
    pub(crate) forbidden: Option<&'static str>,
}

/// The service behind a transport.
#[derive(Default)]
pub(crate) struct Fake {
    state: Mutex<State>,
    log: Mutex<Vec<String>>,
    /// The reads in flight, and the most of them since the last write.
    reads: Mutex<(usize, usize)>,
}

impl Fake {
    /// One organization `o` with these repositories, of three images each.
    pub(crate) fn new(repositories: &[&str]) -> Arc<Fake> {
        let fake = Fake::default();
        let repository = |name: &&str| {
            (
                (*name).to_owned(),
                Repository {
                    images: 3,
                    ..Repository::default()
                },
            )
        };
        let repositories = repositories.iter().map(repository).collect();
        let organization = Organization {
            repositories,
            ..Organization::default()
        };
        fake.state()
            .organizations
            .insert("o".to_owned(), organization);
        Arc::new(fake)
    }

    pub(crate) fn client(self: &Arc<Fake>) -> Arc<Client> {
        Arc::new(Client::new(self.clone(), 4))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Changes the repository of that name.
    pub(crate) fn edit(&self, name: &str, edit: impl FnOnce(&mut Repository)) {
        edit(
            self.state()
                .organizations
                .get_mut("o")
                .unwrap()
                .repositories
                .get_mut(name)
                .unwrap(),
        );
    }

    /// The largest number of reads at the same time, since the last write.
    pub(crate) fn reads_side_by_side(&self) -> usize {
        self.reads.lock().unwrap().1
    }

    /// The requests since the last call, sorted.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.log.lock().unwrap());
        asked.sort();
        asked
    }

    /// The writes among them.
    pub(crate) fn written(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.log.lock().unwrap());
        asked.retain(|request| !request.starts_with("GET "));
        asked
    }
}

impl Transport for Fake {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        let path = request.path.strip_prefix("/v2/manage").unwrap();
        self.log
            .lock()
            .unwrap()
            .push(format!("{} {path}", request.method));
        let answer = self.state().answer(request, path);
        let (status, body) = answer.unwrap_or_else(|(status, code)| {
            (
                status,
                json!({ "errors": [{ "errorCode": code, "errorMessage": "no" }] }),
            )
        });
        let response = Response {
            status,
            body: body.to_string().into_bytes(),
            ..Response::default()
        };
        let is_read = request.method == Method::Get;
        Box::pin(async move {
            if is_read {
                let mut reads = self.reads.lock().unwrap();
                reads.0 += 1;
                reads.1 = reads.1.max(reads.0);
            } else {
                self.reads.lock().unwrap().1 = 0;
            }
            tokio::time::sleep(LATENCY).await;
            if is_read {
                self.reads.lock().unwrap().0 -= 1;
            }
            Ok(response)
        })
    }
}

/// How long each answer takes. Simulated: the tests pause the clock.
const LATENCY: Duration = Duration::from_millis(10);

/// A status with a body, or one with a code.
type Answer = Result<(u16, Value), (u16, &'static str)>;

const FORBIDDEN: (u16, &str) = (403, "SVCSTG.SWR.4030000");
const NO_SUCH_ORGANIZATION: (u16, &str) = (404, "SVCSTG.SWR.4040111");
const NO_SUCH_REPOSITORY: (u16, &str) = (404, "SVCSTG.SWR.4040113");
const NO_SUCH_USER: (u16, &str) = (404, "SVCSTG.SWR.4040078");
const NO_SUCH_POLICY: (u16, &str) = (400, "CLEANUP.404");
const TAKEN: (u16, &str) = (409, "SVCSTG.SWR.4090000");

impl State {
    fn answer(&mut self, request: &Request, path: &str) -> Answer {
        if self.forbidden.is_some_and(|word| path.contains(word)) {
            return Err(FORBIDDEN);
        }
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (request.method, &parts[..]) {
            (Method::Get, ["namespaces"]) => {
                let names: Vec<_> = self
                    .organizations
                    .keys()
                    .map(|name| json!({ "name": name }))
                    .collect();
                Ok((200, json!({ "namespaces": names })))
            }
            (Method::Post, ["namespaces"]) => {
                let name = request
                    .body
                    .as_ref()
                    .and_then(|body| body["namespace"].as_str())
                    .unwrap();
                self.organizations
                    .insert(name.to_owned(), Organization::default());
                Ok((201, json!({})))
            }
            (Method::Get, ["repos"]) => Ok((200, self.repositories())),
            (method, ["namespaces", organization, rest @ ..]) => {
                let (last, refuses) = (&mut self.last, self.refuses_what_is_missing);
                let organization = self
                    .organizations
                    .get_mut(*organization)
                    .ok_or(NO_SUCH_ORGANIZATION)?;
                match rest {
                    [] => Ok((200, json!({ "name": parts[1] }))),
                    ["repos"] => {
                        let name = request
                            .body
                            .as_ref()
                            .and_then(|body| body["repository"].as_str())
                            .unwrap();
                        organization
                            .repositories
                            .insert(name.to_owned(), Repository::default());
                        Ok((201, json!({})))
                    }
                    ["repos", name] => {
                        let found = organization
                            .repositories
                            .get(*name)
                            .ok_or(NO_SUCH_REPOSITORY)?;
                        Ok((200, repository(parts[1], name, found)))
                    }
                    ["members", user @ ..] => {
                        members(&mut organization.members, method, user, request)
                    }
                    ["repos", name, what, rest @ ..] => {
                        let repository = organization
                            .repositories
                            .get_mut(*name)
                            .ok_or(NO_SUCH_REPOSITORY)?;
                        match *what {
                            "members" => members(&mut repository.members, method, rest, request),
                            "cleanups" => policy(
                                &mut repository.policy,
                                method,
                                rest,
                                request,
                                (last, refuses),
                            ),
                            "sync_repo" => Ok((200, json!([]))),
                            _ => panic!("{request}"),
                        }
                    }
                    _ => panic!("{request}"),
                }
            }
            _ => panic!("{request}"),
        }
    }

    fn repositories(&self) -> Value {
        let mut items = Vec::new();
        for (namespace, organization) in &self.organizations {
            let all = organization.repositories.iter();
            items.extend(all.map(|(name, found)| repository(namespace, name, found)));
        }
        json!(items)
    }
}

fn repository(namespace: &str, name: &str, found: &Repository) -> Value {
    json!({ "name": name, "namespace": namespace, "is_public": false, "num_images": found.images })
}

fn members(members: &mut Members, method: Method, user: &[&str], request: &Request) -> Answer {
    let body = request.body.clone().unwrap_or_default();
    let text = |key: &str| body[key].as_str().unwrap().to_owned();
    match (method, user) {
        (Method::Get, []) => {
            let items: Vec<_> = members
                .iter()
                .map(|(user, level)| json!({ "user": user, "level": level }))
                .collect();
            return Ok((200, json!(items)));
        }
        (Method::Post, []) if members.contains_key(&text("user")) => return Err(TAKEN),
        (Method::Post, []) => drop(members.insert(text("user"), text("level"))),
        (Method::Patch, [user]) => *members.get_mut(*user).ok_or(NO_SUCH_USER)? = text("level"),
        (Method::Delete, [user]) => drop(members.remove(*user).ok_or(NO_SUCH_USER)?),
        _ => panic!("{request}"),
    }
    Ok((201, json!({})))
}

/// A policy gets a new id each time it is created, and its exceptions are unordered.
fn policy(
    policy: &mut Option<(u64, Value)>,
    method: Method,
    number: &[&str],
    request: &Request,
    (last, refuses_what_is_missing): (&mut u64, bool),
) -> Answer {
    let is_its = |policy: &(u64, Value)| number == [policy.0.to_string()];
    match method {
        Method::Get if policy.is_none() && refuses_what_is_missing => return Err(NO_SUCH_POLICY),
        Method::Get => {
            let shown = policy.iter().map(|(id, policy)| {
                let mut keep = policy["keep"].as_array().unwrap().clone();
                keep.reverse();
                json!({ "id": id, "days": policy["days"], "keep": keep })
            });
            return Ok((200, shown.collect()));
        }
        Method::Post if policy.is_some() => return Err(TAKEN),
        Method::Post => {
            *last += 1;
            *policy = Some((*last, request.body.clone().unwrap()));
        }
        Method::Patch => {
            policy
                .as_mut()
                .filter(|policy| is_its(policy))
                .ok_or(NO_SUCH_POLICY)?
                .1 = request.body.clone().unwrap();
        }
        Method::Delete => drop(
            policy
                .take_if(|policy| is_its(policy))
                .ok_or(NO_SUCH_POLICY)?,
        ),
        _ => panic!("{request}"),
    }
    Ok((201, json!({})))
}
