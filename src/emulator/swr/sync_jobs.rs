//! Manual copies and the list of jobs (`swr-next.md`, A5 and A6).
//!
//! A manual copy is accepted, whatever becomes of it: only its job and the target show that.

use serde_json::{Value, json};

use super::{
    Call, OperationResult, Refusal, Reply, copies,
    input::{Fields, Parameters, bad_parameter, wrong_body},
    sync_rules::{exists, target},
};
use crate::emulator::{
    message::escape,
    settings::assumptions::{
        JobOrder, MissingTarget, OtherDigest, RuleJob, SyncImagesAnswer, SyncImagesLimit,
        SyncImagesRule, UnknownTag,
    },
    state::jobs::{Job, JobStatus},
};

/// The codes are unknown: these are made up, and a client must not depend on them.
const MADE_UP_NO_RULE: u32 = 4_009_991;
const MADE_UP_LIMIT: u32 = 4_009_992;

/// The alternative to no limit.
const MOST_TAGS: usize = 50;

const MAX_LIMIT: usize = 1000;

/// Copies tags once.
pub(super) fn copy(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    let assumptions = call.settings.assumptions;
    call.editable_one(organization, name)?;
    let fields = call.fields()?;
    let (region, remote) = target(&fields)?;
    let tags = tags(&fields)?;
    let overrides = fields.flag("override")?.unwrap_or(false);
    exists(region)?;
    let is_over = tags.len() > MOST_TAGS;
    if is_over && assumptions.sync_images_limit == SyncImagesLimit::Fifty {
        let message = format!("imageTag has more than {MOST_TAGS} tags (this code is made up)");
        return Err(Refusal::service(MADE_UP_LIMIT, message).assuming(SyncImagesLimit::NAME));
    }
    let repository = call.repository(organization, name)?;
    let mut rules = repository.sync_rules.iter();
    let has_rule = rules.any(|rule| rule.is_to(region, remote));
    if !has_rule && assumptions.sync_images_rule == SyncImagesRule::Required {
        let message = "There is no rule with this target (this code is made up)";
        return Err(Refusal::service(MADE_UP_NO_RULE, message).assuming(SyncImagesRule::NAME));
    }
    let (known, unknown): (Vec<_>, Vec<_>) =
        tags.iter().partition(|tag| repository.tag(tag).is_some());
    let started: Vec<&&str> = match assumptions.unknown_tag {
        UnknownTag::NoJob => known.clone(),
        UnknownTag::FailedJob => tags.iter().collect(),
    };
    let place = [call.region(), organization, name].map(str::to_owned);
    for tag in started {
        let job = Job {
            overrides,
            ..Job::to(tag, region, remote)
        };
        copies::start(&mut call.state, call.settings, call.time, &place, job);
    }
    let answer = match assumptions.sync_images_answer {
        SyncImagesAnswer::Empty => json!([]),
        SyncImagesAnswer::Accepted => json!(known),
        SyncImagesAnswer::Failed => json!(unknown),
    };
    let is_missing = !copies::is_target(&call.state, region, remote);
    Ok(Reply::new(200, answer)
        .assuming(SyncImagesAnswer::NAME)
        .assuming_if(!has_rule, SyncImagesRule::NAME)
        .assuming_if(is_over, SyncImagesLimit::NAME)
        .assuming_if(!unknown.is_empty(), UnknownTag::NAME)
        .assuming_if(is_missing, MissingTarget::NAME))
}

/// `imageTag`, which is mandatory; an empty list counts as missing.
fn tags(fields: &Fields) -> Result<Vec<&str>, Refusal> {
    let texts = fields.texts("imageTag")?.unwrap_or_default();
    match texts.iter().any(|text| text.is_empty()) {
        _ if texts.is_empty() => Err(Refusal::service(
            4_001_014,
            "The mandatory parameter imageTag is missing",
        )),
        true => Err(wrong_body("imageTag must not have an empty tag")),
        false => Ok(texts),
    }
}

pub(super) fn list(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    // Without a filter the two parameters are missing, even if the query has them (section A6).
    if !escape::pairs(&call.request.query).any(|(name, _)| escape::decode_text(name) == "filter") {
        return Err(bad_parameter("filter must have limit and offset"));
    }
    let parameters = Parameters::read(&call.request.query, &["limit", "offset", "order"])?;
    let repository = call.repository(organization, name)?;
    let (Some(limit), Some(offset)) = (parameters.number("limit")?, parameters.number("offset")?)
    else {
        return Err(bad_parameter("filter must have limit and offset"));
    };
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("limit must be between 1 and {MAX_LIMIT}");
        return Err(Refusal::service(4_000_056, message));
    }
    let order = parameters.get("order");
    let is_ascending = match order {
        Some("asc") => true,
        Some("desc") => false,
        None => call.settings.assumptions.job_order == JobOrder::Ascending,
        Some(other) => return Err(bad_parameter(format!("order cannot be {other}"))),
    };
    // By the time of creation, which is the order of the ids.
    let mut jobs: Vec<&Job> = repository.jobs.iter().collect();
    jobs.sort_by_key(|job| job.id);
    if !is_ascending {
        jobs.reverse();
    }
    let caller = call.state.caller();
    let common = Common {
        account_id: call.domain_id(),
        account: call.state.account(),
        caller_id: call.state.user_id(caller),
        caller,
    };
    let page = jobs.iter().skip(offset).take(limit);
    let items: Vec<Value> = page
        .map(|job| common.item(job, organization, name))
        .collect();
    let has = |status| jobs.iter().any(|job| job.status == status);
    let cancels = call.settings.assumptions.other_digest == OtherDigest::Cancel;
    let has_other = has(JobStatus::Existed) || cancels && has(JobStatus::Cancel);
    let is_missing = repository.sync_rules.iter().any(|rule| {
        !copies::is_target(&call.state, &rule.remote_region, &rule.remote_organization)
    });
    let range = format!("{offset}-{}/{}", items.len(), jobs.len());
    let mut reply = Reply::new(200, items)
        .assuming_if(order.is_none(), JobOrder::NAME)
        .assuming_if(!repository.sync_rules.is_empty(), RuleJob::NAME)
        .assuming_if(has_other, OtherDigest::NAME)
        .assuming_if(is_missing, MissingTarget::NAME);
    reply.content_range = Some(range);
    Ok(reply)
}

/// What all jobs of a list have.
struct Common<'a> {
    account_id: String,
    account: &'a str,
    caller_id: String,
    caller: &'a str,
}

impl Common<'_> {
    /// Nothing in it tells a manual copy from one of a rule, and nothing says why it failed.
    fn item(&self, job: &Job, organization: &str, name: &str) -> Value {
        json!({
            "id": job.id,
            "namespace": organization,
            "repoName": name,
            "tag": job.tag,
            "remoteRegionId": job.remote_region,
            "remoteNamespace": job.remote_organization,
            "override": job.overrides,
            "status": job.status.name(),
            "syncOperatorId": self.caller_id,
            "syncOperatorName": self.caller,
            "domainID": self.account_id,
            "domainName": self.account,
            "createdAt": job.created,
            "updatedAt": job.updated,
        })
    }
}
