//! Sharing with other accounts (`swr-next.md`, section A2).
//!
//! The documents name the codes of a missing share and of a share that exists; the codes of the
//! other refusals are made up.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{Call, OperationResult, Refusal, Reply, input::Fields};
use crate::emulator::{
    settings::assumptions::{
        MissingShare, MissingShareWrite, ShareCase, ShareDeadline, SharesOfPublic,
    },
    state::{Repository, shares::Share},
};

const FOREVER: &str = "forever";
const READ: &str = "read";
const MOST: usize = 500;
const LONGEST_DESCRIPTION: usize = 1000;

/// The list has no pages: "100 by default".
const LISTED: usize = 100;

const MISSING: u32 = 4_001_090;
const EXISTS: u32 = 4_090_087;
/// Made up, as all codes of this form.
const MADE_UP: u32 = 4_009_990;
const MADE_UP_MISSING: u32 = 4_049_990;

pub(super) fn list(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    let creator = (call.domain_id(), call.state.account().to_owned());
    let shares = &call.repository(organization, name)?.shares;
    let items = shares.iter().take(LISTED);
    let items = items.map(|share| item(call, share, [organization, name], &creator));
    Ok(Reply::new(200, items.collect::<Value>()))
}

pub(super) fn show(
    call: &mut Call<'_>,
    organization: &str,
    name: &str,
    account: &str,
) -> OperationResult {
    let creator = (call.domain_id(), call.state.account().to_owned());
    let account = stored(call, account);
    let shares = &call.repository(organization, name)?.shares;
    match shares.iter().find(|share| share.account == account) {
        Some(share) => {
            let mut item = item(call, share, [organization, name], &creator);
            item["exist"] = json!(true);
            Ok(Reply::new(200, item))
        }
        None => match call.settings.assumptions.missing_share {
            MissingShare::NotExisting => {
                Ok(Reply::new(200, json!({ "exist": false })).assuming(MissingShare::NAME))
            }
            MissingShare::BadRequest => Err(missing(MISSING).assuming(MissingShare::NAME)),
        },
    }
}

pub(super) fn create(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    managed(call, organization, name)?;
    let fields = call.fields()?;
    let account = stored(call, fields.required("access_domain")?);
    let (deadline, description) = values(call, &fields)?;
    let own = call.state.account().eq_ignore_ascii_case(&account);
    let now = call.now.clone();
    let repository = call.editable_repository(organization, name)?;
    if repository.is_public {
        return Err(refused("A public repository cannot be shared"));
    }
    if own {
        return Err(refused(
            "A repository cannot be shared with its own account",
        ));
    }
    if repository
        .shares
        .iter()
        .any(|share| share.account == account)
    {
        return Err(Refusal::service(EXISTS, "It is shared with this account"));
    }
    if repository.shares.len() >= MOST {
        return Err(refused("A repository is shared with 500 accounts at most"));
    }
    repository.shares.push(Share {
        account,
        deadline,
        description,
        created: now.clone(),
        updated: now,
    });
    Ok(assumed(Reply::empty_object(201)))
}

/// Replaces everything: a description that is left out is cleared.
pub(super) fn update(
    call: &mut Call<'_>,
    organization: &str,
    name: &str,
    account: &str,
) -> OperationResult {
    managed(call, organization, name)?;
    let fields = call.fields()?;
    let (deadline, description) = values(call, &fields)?;
    let (account, now) = (stored(call, account), call.now.clone());
    let absent = absent(call);
    let repository = call.editable_repository(organization, name)?;
    let mut shares = repository.shares.iter_mut();
    let Some(share) = shares.find(|share| share.account == account) else {
        return Err(absent);
    };
    *share = Share {
        deadline,
        description,
        updated: now,
        ..share.clone()
    };
    Ok(assumed(Reply::empty_object(201)))
}

pub(super) fn delete(
    call: &mut Call<'_>,
    organization: &str,
    name: &str,
    account: &str,
) -> OperationResult {
    managed(call, organization, name)?;
    let account = stored(call, account);
    let absent = absent(call);
    let shares = &mut call.editable_repository(organization, name)?.shares;
    let before = shares.len();
    shares.retain(|share| share.account != account);
    if shares.len() == before {
        return Err(absent);
    }
    Ok(Reply::no_content())
}

/// Whether a repository has shares. Expired ones count: they stay in its list.
pub(super) fn is_shared(repository: &Repository) -> bool {
    !repository.shares.is_empty()
}

/// What becomes of the shares of a repository that turns public.
pub(super) fn open(choice: SharesOfPublic, repository: &mut Repository) {
    if choice == SharesOfPublic::Removed {
        repository.shares.clear();
    }
}

/// Whether it may be pulled now.
pub(super) fn is_in_force(call: &Call<'_>, share: &Share) -> bool {
    let now = call.now.parse::<Timestamp>().unwrap_or_default();
    match share.deadline.parse::<Timestamp>() {
        Ok(deadline) => deadline > now,
        // The last days of that year are later than any instant of the library.
        Err(_) => share.deadline == FOREVER || share.deadline.starts_with("9999-12-3"),
    }
}

fn item(
    call: &Call<'_>,
    share: &Share,
    [organization, name]: [&str; 2],
    (creator_id, creator_name): &(String, String),
) -> Value {
    json!({
        "namespace": organization,
        "repository": name,
        "access_domain": share.account,
        "permit": READ,
        "deadline": share.deadline,
        "description": share.description,
        "creator_id": creator_id,
        "creator_name": creator_name,
        "created": share.created,
        "updated": share.updated,
        "status": is_in_force(call, share),
    })
}

/// The sharer needs the permission to manage.
fn managed(call: &Call<'_>, organization: &str, name: &str) -> Result<(), Refusal> {
    let repository = call.editable_one(organization, name)?;
    if call.right_in(call.organization(organization)?, repository) < super::MANAGE {
        return Err(Refusal::service(
            4_037_018,
            "No permission to share images of this organization",
        ));
    }
    Ok(())
}

/// The name under which an account is kept.
fn stored(call: &Call<'_>, account: &str) -> String {
    match call.settings.assumptions.share_case {
        ShareCase::Exact => account.to_owned(),
        ShareCase::Lower => account.to_ascii_lowercase(),
    }
}

/// The deadline and the description of a body, which every write has to carry.
fn values(call: &Call<'_>, fields: &Fields) -> Result<(String, String), Refusal> {
    if fields.required("permit")? != READ {
        return Err(refused("The only permission is read"));
    }
    let deadline = deadline(call, fields.required("deadline")?)?;
    let description = fields.text("description")?.unwrap_or_default();
    if description.chars().count() > LONGEST_DESCRIPTION {
        return Err(refused("The description is too long"));
    }
    Ok((deadline, description.to_owned()))
}

fn deadline(call: &Call<'_>, text: &str) -> Result<String, Refusal> {
    if text == FOREVER {
        return Ok(text.to_owned());
    }
    let time = text
        .parse::<Timestamp>()
        .map_err(|_| refused("The deadline is neither forever nor a time in UTC"))?;
    let kept = match call.settings.assumptions.share_deadline {
        ShareDeadline::Exact => Some(time),
        ShareDeadline::Midnight => midnight(time),
    };
    Ok(kept.unwrap_or(time).to_string())
}

/// The end of the day in UTC.
fn midnight(time: Timestamp) -> Option<Timestamp> {
    let before = time.checked_sub(SignedDuration::from_nanos(1)).ok()?;
    let next = before.to_zoned(TimeZone::UTC).tomorrow().ok()?;
    Some(next.start_of_day().ok()?.timestamp())
}

fn assumed(reply: Reply) -> Reply {
    reply
        .assuming(ShareCase::NAME)
        .assuming(ShareDeadline::NAME)
}

fn refused(message: &str) -> Refusal {
    Refusal::service(MADE_UP, format!("{message} (this code is made up)"))
}

fn missing(code: u32) -> Refusal {
    Refusal::service(code, "It is not shared with this account")
}

fn absent(call: &Call<'_>) -> Refusal {
    let refusal = match call.settings.assumptions.missing_share_write {
        MissingShareWrite::BadRequest => missing(MISSING),
        MissingShareWrite::NotFound => missing(MADE_UP_MISSING),
    };
    refusal.assuming(MissingShareWrite::NAME)
}
