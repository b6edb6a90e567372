//! Sync rules, which have no address of their own: three calls on one path, and a target in the
//! body.
//!
//! The target organization is not looked at; whether it exists is the business of another region.

use serde_json::{Value, json};

use super::{Call, Outcome, Refusal, Reply, input::Fields};
use crate::emulator::{
    settings::{
        Settings,
        assumptions::{DeleteMissingRule, DuplicateRule, HiddenRules, RuleAnswer},
    },
    state::{SyncRule, regions},
};

/// The service's code is not known: this one is made up, and no client may depend on it.
const MADE_UP_DUPLICATE: u32 = 4_099_999;

/// As above, for the 404 that the page of the deletion promises without a code.
const MADE_UP_MISSING: u32 = 4_049_999;

pub(super) fn regions() -> Reply {
    let item = |region: &&str| json!({ "regionID": region, "registryURL": format!("swr.{region}.myhuaweicloud.com") });
    Reply::new(200, regions::REGIONS.iter().map(item).collect::<Value>())
}

pub(super) fn create(call: &mut Call<'_>, organization: &str, name: &str) -> Outcome {
    call.editable(organization)?;
    call.repository(organization, name)?;
    let fields = call.fields()?;
    let (region, remote) = target(&fields)?;
    let rule = SyncRule {
        // The default is a rule that does nothing.
        auto: fields.flag("syncAuto")?.unwrap_or(false),
        overrides: fields.flag("override")?.unwrap_or(false),
        created: call.now.clone(),
        updated: call.now.clone(),
        id: call.state.counters.id + 1,
        ..SyncRule::to(region, remote)
    };
    if !regions::exists(region) {
        return Err(Refusal::service(5_001_101, "Internal error"));
    }
    let is_same = |other: &SyncRule| other.is_to(region, remote);
    let assumed = call
        .repository(organization, name)?
        .sync_rules
        .iter()
        .any(is_same);
    match call.settings.assumptions.duplicate_rule {
        DuplicateRule::Error if assumed => {
            let refusal = Refusal::service(
                MADE_UP_DUPLICATE,
                "duplicate sync repo (this code is made up)",
            );
            return Err(refusal.assuming(DuplicateRule::NAME));
        }
        DuplicateRule::Ignore if assumed => {}
        DuplicateRule::Replace if assumed => {
            let rules = &mut call.editable_repository(organization, name)?.sync_rules;
            if let Some(other) = rules.iter_mut().find(|other| is_same(other)) {
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
            call.state.push_sync_rule(&at, organization, name, rule);
            call.state.next_id();
        }
    }
    Ok(done(call.settings)
        .assuming_if(assumed, DuplicateRule::NAME)
        .assuming(RuleAnswer::NAME))
}

pub(super) fn list(call: &mut Call<'_>, organization: &str, name: &str) -> Outcome {
    let hide = call.settings.assumptions.hidden_rules == HiddenRules::Hide;
    let account = json!({ "domainID": call.domain_id(), "domainName": call.state.account() });
    let rules = &call.repository(organization, name)?.sync_rules;
    let assumed = rules.iter().any(|rule| !rule.auto);
    let shown = rules.iter().filter(|rule| rule.auto || !hide);
    let items = shown
        .map(|rule| item(rule, &account, organization, name))
        .collect::<Value>();
    Ok(Reply::new(200, items).assuming_if(assumed, HiddenRules::NAME))
}

pub(super) fn delete(call: &mut Call<'_>, organization: &str, name: &str) -> Outcome {
    let choice = call.settings.assumptions.delete_missing_rule;
    let fields = call.fields()?;
    let rules = &mut call.editable_repository(organization, name)?.sync_rules;
    let (region, remote) = target(&fields)?;
    let before = rules.len();
    rules.retain(|rule| !rule.is_to(region, remote));
    if rules.len() < before {
        return Ok(done(call.settings).assuming(RuleAnswer::NAME));
    }
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

/// The pages of both operations have no example of an answer and no table of its fields.
fn done(settings: &Settings) -> Reply {
    match settings.assumptions.rule_answer {
        RuleAnswer::Empty => Reply::without_body(200),
        RuleAnswer::Object => Reply::empty_object(200),
    }
}

fn target(fields: &Fields) -> Result<(&str, &str), Refusal> {
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
