//! Retention policies (`swr-next.md`, A1): which tags of a repository stay.
//!
//! A policy runs when it is created. A selector is an exception: its tags neither go nor count.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde_json::{Map, Value, json};

use super::{
    Call, OperationResult, Refusal, Reply,
    input::{Parameters, wrong_body},
};
use crate::emulator::{
    settings::assumptions::{
        EmptySelectors, RetentionBadRegexp, RetentionNumber, RetentionRegexp, RetentionRules,
        RetentionTemplate, RetentionUpdate, RetentionZero, SecondRetention,
    },
    state::{Collected, Repository, Retention, Tag},
};

/// The service's code is unknown: this one is made up, and a client must not depend on it.
const MADE_UP_SECOND: u32 = 4_099_998;

/// The templates: the parameter and its largest value.
const TEMPLATES: [(&str, &str, u64); 2] = [("tag_rule", "num", 1000), ("date_rule", "days", 365)];

pub(super) fn list(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    let policies = &call.repository(organization, name)?.retentions;
    Ok(Reply::new(
        200,
        policies.iter().map(item).collect::<Value>(),
    ))
}

pub(super) fn show(
    call: &mut Call<'_>,
    organization: &str,
    name: &str,
    id: &str,
) -> OperationResult {
    // The histories have the path of a policy with this id.
    if id == "histories" {
        return histories(call, organization, name);
    }
    let policies = &call.repository(organization, name)?.retentions;
    let position = position(policies, id)?;
    Ok(Reply::new(200, item(&policies[position])))
}

fn item(policy: &Retention) -> Value {
    json!({ "id": policy.id, "algorithm": "or", "scope": "", "rules": policy.rules })
}

pub(super) fn create(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    let is_second = !call.editable_one(organization, name)?.retentions.is_empty();
    let body = Body::read(call)?;
    if is_second && call.settings.assumptions.second_retention == SecondRetention::Refuse {
        let message = "The repository has a retention policy (this code is made up)";
        let refusal = Refusal::service(MADE_UP_SECOND, message);
        return Err(refusal.assuming(SecondRetention::NAME));
    }
    let policy = Retention {
        id: call.state.next_id(),
        rules: body.rules.clone(),
    };
    let id = policy.id;
    let repository = call.editable_repository(organization, name)?;
    repository.retentions.push(policy.clone());
    run(call, organization, name, &policy)?;
    let reply = Reply::new(201, json!({ "id": id }));
    Ok(body
        .mark(reply)
        .assuming_if(is_second, SecondRetention::NAME))
}

pub(super) fn update(
    call: &mut Call<'_>,
    organization: &str,
    name: &str,
    id: &str,
) -> OperationResult {
    let policies = &call.editable_one(organization, name)?.retentions;
    let position = position(policies, id)?;
    let old = policies[position].clone();
    let body = Body::read(call)?;
    let templates = |rules: &[Value]| {
        rules
            .iter()
            .map(|it| it["template"].clone())
            .collect::<Vec<_>>()
    };
    let is_other = templates(&old.rules) != templates(&body.rules);
    let choice = call.settings.assumptions.retention_template;
    if is_other && choice == RetentionTemplate::Refuse {
        let refusal = wrong_body("The template of a retention policy cannot be changed");
        return Err(refusal.assuming(RetentionTemplate::NAME));
    }
    let policy = Retention {
        rules: if is_other && choice == RetentionTemplate::Ignore {
            old.rules
        } else {
            body.rules.clone()
        },
        ..old
    };
    let repository = call.editable_repository(organization, name)?;
    repository.retentions[position] = policy.clone();
    if call.settings.assumptions.retention_update == RetentionUpdate::Runs {
        run(call, organization, name, &policy)?;
    }
    let reply = Reply::empty_object(201).assuming(RetentionUpdate::NAME);
    Ok(body
        .mark(reply)
        .assuming_if(is_other, RetentionTemplate::NAME))
}

pub(super) fn delete(
    call: &mut Call<'_>,
    organization: &str,
    name: &str,
    id: &str,
) -> OperationResult {
    let repository = call.editable_repository(organization, name)?;
    let position = position(&repository.retentions, id)?;
    repository.retentions.remove(position);
    Ok(Reply::empty_object(200))
}

fn histories(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    let parameters = Parameters::read(&call.request.query, &["limit", "offset"])?;
    let log = &call.repository(organization, name)?.retention_log;
    let limit = parameters.number("limit")?.unwrap_or(100);
    let offset = parameters.number("offset")?.unwrap_or(0);
    let newest = log.iter().rev().skip(offset).take(limit);
    let items = newest.map(|entry| {
        json!({
            "id": entry.id,
            "namespace": organization,
            "repo": name,
            "retention_id": entry.retention,
            "tag": entry.tag,
            "rule_type": entry.rule.to_string(),
            "created_at": entry.created,
        })
    });
    let items = items.collect::<Value>();
    Ok(Reply::new(
        200,
        json!({ "total": log.len(), "retention_log": items }),
    ))
}

fn position(policies: &[Retention], id: &str) -> Result<usize, Refusal> {
    let found = policies
        .iter()
        .position(|policy| policy.id.to_string() == id);
    found.ok_or_else(|| Refusal::service(4_000_306, "The retention policy does not exist"))
}

/// The body of a creation or an update, checked.
struct Body {
    rules: Vec<Value>,
    assumptions: Vec<&'static str>,
}

impl Body {
    fn read(call: &Call<'_>) -> Result<Body, Refusal> {
        let fields: Map<String, Value> = serde_json::from_slice(&call.request.body)
            .map_err(|error| wrong_body(format!("The request body is not JSON: {error}")))?;
        if fields.get("algorithm").and_then(Value::as_str) != Some("or") {
            return Err(wrong_body("algorithm must be or"));
        }
        let rules = fields.get("rules").and_then(Value::as_array);
        let rules = rules.ok_or_else(|| wrong_body("rules must be a list"))?;
        let mut body = Body {
            rules: rules.clone(),
            assumptions: Vec::new(),
        };
        match (rules.len(), call.settings.assumptions.retention_rules) {
            (1, _) => {}
            (0, _) => return Err(wrong_body("rules must have one rule")),
            (_, RetentionRules::One) => {
                let refusal = wrong_body("rules must have one rule");
                return Err(refusal.assuming(RetentionRules::NAME));
            }
            (_, RetentionRules::Several) => body.assumptions.push(RetentionRules::NAME),
        }
        for rule in rules {
            body.check(call, rule)?;
        }
        Ok(body)
    }

    fn check(&mut self, call: &Call<'_>, rule: &Value) -> Result<(), Refusal> {
        let template = rule["template"].as_str().unwrap_or_default();
        let known = TEMPLATES.iter().find(|(name, ..)| *name == template);
        let (_, parameter, most) =
            known.ok_or_else(|| wrong_body(format!("There is no template {template}")))?;
        let number = &rule["params"][*parameter];
        if number.is_number() {
            self.assumptions.push(RetentionNumber::NAME);
            if call.settings.assumptions.retention_number == RetentionNumber::Refuse {
                let refusal = wrong_body(format!("{parameter} must be a string"));
                return Err(refusal.assuming(RetentionNumber::NAME));
            }
        }
        let least = match (number_of(number), call.settings.assumptions.retention_zero) {
            (Some(0), choice) => {
                self.assumptions.push(RetentionZero::NAME);
                u64::from(choice == RetentionZero::Refuse)
            }
            _ => 1,
        };
        if !number_of(number).is_some_and(|number| (least..=*most).contains(&number)) {
            let message = format!("{parameter} must be a number from 1 to {most}");
            return Err(self.marked(wrong_body(message)));
        }
        let selectors = rule.get("tag_selectors").and_then(Value::as_array);
        let selectors = selectors.ok_or_else(|| wrong_body("tag_selectors must be a list"))?;
        if selectors.is_empty() {
            self.assumptions.push(EmptySelectors::NAME);
            if call.settings.assumptions.empty_selectors == EmptySelectors::Refuse {
                let refusal = wrong_body("tag_selectors must not be empty");
                return Err(refusal.assuming(EmptySelectors::NAME));
            }
        }
        for selector in selectors {
            let kind = selector["kind"].as_str().unwrap_or_default();
            if !["label", "regexp"].contains(&kind) || !selector["pattern"].is_string() {
                return Err(wrong_body(
                    "A selector has a kind, label or regexp, and a pattern",
                ));
            }
            let pattern = selector["pattern"].as_str().unwrap_or_default();
            if kind == "regexp" && Regex::new(pattern).is_err() {
                self.assumptions.push(RetentionBadRegexp::NAME);
                if call.settings.assumptions.retention_bad_regexp == RetentionBadRegexp::Refuse {
                    let message = format!("{pattern} is not a regular expression");
                    return Err(wrong_body(message).assuming(RetentionBadRegexp::NAME));
                }
            }
        }
        Ok(())
    }

    fn marked(&self, refusal: Refusal) -> Refusal {
        let names = self.assumptions.iter();
        names.fold(refusal, |refusal, name| refusal.assuming(name))
    }

    fn mark(&self, reply: Reply) -> Reply {
        let names = self.assumptions.iter();
        names.fold(reply, |reply, name| reply.assuming(name))
    }
}

/// A number, or the text of one.
fn number_of(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Deletes what does not stay, and records it.
fn run(
    call: &mut Call<'_>,
    organization: &str,
    name: &str,
    policy: &Retention,
) -> Result<(), Refusal> {
    let (now, reading) = (call.now.clone(), call.settings.assumptions.retention_regexp);
    for rule in &policy.rules {
        let going = going(call.repository(organization, name)?, rule, &now, reading);
        if going.is_empty() {
            continue;
        }
        let repository = call.editable_repository(organization, name)?;
        let mut tags = repository.all_tags();
        let names: BTreeSet<&String> = going.iter().collect();
        tags.retain(|tag| !names.contains(&tag.name));
        repository.set_tags(tags);
        for tag in going {
            let id = repository
                .retention_log
                .last()
                .map_or(1, |last| last.id + 1);
            repository.retention_log.push(Collected {
                id,
                retention: policy.id,
                tag,
                rule: rule.clone(),
                created: now.clone(),
            });
        }
    }
    Ok(())
}

/// The names of the tags that a rule deletes, the oldest first.
fn going(
    repository: &Repository,
    rule: &Value,
    now: &str,
    reading: RetentionRegexp,
) -> Vec<String> {
    let mut tags = repository.all_tags();
    tags.retain(|tag| !is_excepted(tag, rule, reading));
    tags.sort_by_key(|tag| instant(&tag.pushed));
    if rule["template"] == "tag_rule" {
        let kept = number_of(&rule["params"]["num"]).unwrap_or(u64::MAX);
        let kept = usize::try_from(kept).unwrap_or(usize::MAX);
        tags.truncate(tags.len().saturating_sub(kept));
    } else {
        let days = number_of(&rule["params"]["days"]).and_then(|days| i64::try_from(days).ok());
        let age = SignedDuration::from_hours(days.unwrap_or(365).saturating_mul(24));
        let end = instant(now).checked_sub(age).unwrap_or(Timestamp::MIN);
        tags.retain(|tag| instant(&tag.pushed) < end);
    }
    tags.into_iter().map(|tag| tag.name).collect()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or_default()
}

fn is_excepted(tag: &Tag, rule: &Value, reading: RetentionRegexp) -> bool {
    let selectors = rule["tag_selectors"].as_array().into_iter().flatten();
    selectors.into_iter().any(|selector| {
        let pattern = selector["pattern"].as_str().unwrap_or_default();
        if selector["kind"] == "label" {
            return pattern == tag.name;
        }
        let pattern = match reading {
            RetentionRegexp::Search => pattern.to_owned(),
            RetentionRegexp::Full => format!("^(?:{pattern})$"),
        };
        Regex::new(&pattern).is_ok_and(|pattern| pattern.is_match(&tag.name))
    })
}
