//! Sync rules: three operations on one path, with the target in the body (`swr-api.md`, section 7).
//!
//! As in the service, the target organization is not checked.

use serde_json::{Value, json};

use super::{Call, OperationResult, Refusal, Reply, copies, input::Fields};
use crate::emulator::{
    settings::{
        Settings,
        assumptions::{DeleteMissingRule, DuplicateRule, HiddenRules, RuleAnswer, RuleJob},
    },
    state::{SyncRule, jobs::Job, regions},
};

/// The service's code is unknown: this one is made up, and a client must not depend on it.
const MADE_UP_DUPLICATE: u32 = 4_099_999;

/// Made up as well, for the 404 that the page of the deletion lists without a code.
const MADE_UP_MISSING: u32 = 4_049_999;

pub(super) fn regions() -> Reply {
    let items = regions::REGIONS.iter().map(|region| {
        // Only the newest pages have `registryURL` (section 7.1).
        json!({ "regionID": region, "registryURL": format!("swr.{region}.myhuaweicloud.com") })
    });
    Reply::new(200, items.collect::<Value>())
}

pub(super) fn create(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    call.editable_one(organization, name)?;
    let fields = call.fields()?;
    let (region, remote) = target(&fields)?;
    let rule = SyncRule {
        // The API's default is false: such a rule copies nothing and is not listed.
        auto: fields.flag("syncAuto")?.unwrap_or(false),
        overrides: fields.flag("override")?.unwrap_or(false),
        created: call.now.clone(),
        updated: call.now.clone(),
        // The counter moves when the rule is added: a refused request must not change the state.
        id: call.state.counters.id + 1,
        ..SyncRule::to(region, remote)
    };
    exists(region)?;
    let has_target = |other: &SyncRule| other.is_to(region, remote);
    let is_duplicate = call
        .repository(organization, name)?
        .sync_rules
        .iter()
        .any(has_target);
    match call.settings.assumptions.duplicate_rule {
        DuplicateRule::Error if is_duplicate => {
            let refusal = Refusal::service(
                MADE_UP_DUPLICATE,
                "duplicate sync repo (this code is made up)",
            );
            return Err(refusal.assuming(DuplicateRule::NAME));
        }
        DuplicateRule::Ignore if is_duplicate => {}
        DuplicateRule::Replace if is_duplicate => {
            let rules = &mut call.editable_repository(organization, name)?.sync_rules;
            if let Some(other) = rules.iter_mut().find(|other| has_target(other)) {
                // The flags are replaced, not the rule: its id and creation time stay.
                let (id, created) = (other.id, other.created.clone());
                *other = SyncRule {
                    id,
                    created,
                    ..rule
                };
            }
        }
        _ => {
            let at = call.region().to_owned();
            let auto = rule.auto;
            call.state.push_sync_rule(&at, organization, name, rule);
            call.state.next_id();
            if auto && call.settings.assumptions.rule_job == RuleJob::One {
                leave_job(call, organization, name, region, remote)?;
            }
        }
    }
    Ok(success(call.settings)
        .assuming_if(is_duplicate, DuplicateRule::NAME)
        .assuming(RuleAnswer::NAME))
}

/// Leaves a job that copies nothing, with the tag that was pushed last.
fn leave_job(
    call: &mut Call<'_>,
    organization: &str,
    name: &str,
    region: &str,
    remote: &str,
) -> Result<(), Refusal> {
    let tags = call.repository(organization, name)?.all_tags();
    let tag = tags.last().map_or("latest", |tag| &tag.name);
    let job = Job::to(tag, region, remote);
    let place = [call.region(), organization, name].map(str::to_owned);
    copies::add(&mut call.state, call.time, &place, job);
    Ok(())
}

pub(super) fn list(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    // Observed: the list has only rules with `syncAuto` (section 7.1).
    let hide = call.settings.assumptions.hidden_rules == HiddenRules::Hide;
    let account = json!({ "domainID": call.domain_id(), "domainName": call.state.account() });
    let rules = &call.repository(organization, name)?.sync_rules;
    let has_hidden = rules.iter().any(|rule| !rule.auto);
    let shown = rules.iter().filter(|rule| rule.auto || !hide);
    let items = shown
        .map(|rule| item(rule, &account, organization, name))
        .collect::<Value>();
    Ok(Reply::new(200, items).assuming_if(has_hidden, HiddenRules::NAME))
}

pub(super) fn delete(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    let choice = call.settings.assumptions.delete_missing_rule;
    let fields = call.fields()?;
    let rules = &mut call.editable_repository(organization, name)?.sync_rules;
    let (region, remote) = target(&fields)?;
    let before = rules.len();
    // All rules of that target: with `duplicate-rule=second-row` there can be several.
    rules.retain(|rule| !rule.is_to(region, remote));
    if rules.len() < before {
        return Ok(success(call.settings).assuming(RuleAnswer::NAME));
    }
    // The page lists a 404, but Terraform's tests see a 400 with this code (section 4.3).
    let refusal = match choice {
        DeleteMissingRule::BadRequest => {
            Refusal::service(4_001_158, "The sync task does not exist")
        }
        DeleteMissingRule::NotFound => Refusal::service(
            MADE_UP_MISSING,
            "The sync task does not exist (this code is made up)",
        ),
    };
    Err(refusal.assuming(DeleteMissingRule::NAME))
}

/// The answer to a creation or deletion. The pages have no example of it and no table of fields.
fn success(settings: &Settings) -> Reply {
    match settings.assumptions.rule_answer {
        RuleAnswer::Empty => Reply::without_body(200),
        RuleAnswer::Object => Reply::empty_object(200),
    }
}

/// Refuses an unknown region. Observed: it is an internal error and not a 400 (section 7.1).
pub(super) fn exists(region: &str) -> Result<(), Refusal> {
    match regions::exists(region) {
        true => Ok(()),
        false => Err(Refusal::service(5_001_101, "Internal error")),
    }
}

pub(super) fn target(fields: &Fields) -> Result<(&str, &str), Refusal> {
    Ok((
        fields.required("remoteRegionId")?,
        fields.required("remoteNamespace")?,
    ))
}

fn item(rule: &SyncRule, account: &Value, organization: &str, name: &str) -> Value {
    json!({
        "id": rule.id,
        "createdAt": rule.created,
        "updatedAt": rule.updated,
        "domainID": account["domainID"],
        "domainName": account["domainName"],
        "namespace": organization,
        "repoName": name,
        "remoteRegionId": rule.remote_region,
        "remoteNamespace": rule.remote_organization,
        "syncAuto": rule.auto,
        "override": rule.overrides,
    })
}
