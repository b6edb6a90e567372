//! Permissions of users on an organization or on a repository (`swr-api.md`, section 10;
//! `swr-next.md`, A3).
//!
//! The list of an organization contains its creator and the caller; that of a repository lacks the
//! caller. A repository adds to what a user may do in its organization.

use serde_json::{Value, json};

use super::{
    Call, EDIT, MANAGE, OperationResult, READ, Refusal, Reply,
    input::{bad_parameter, wrong_body},
};
use crate::emulator::{
    settings::assumptions::{
        CreatorGrant, DeleteMissingGrant, GrantBatch, PatchGrants, PatchMissingGrant, SelfAuth,
    },
    state::{Grant, Organization, Repository, level_in},
};

/// The documents only say that nobody grants to oneself: the code is made up, and a client must
/// not depend on it.
const MADE_UP_ONESELF: u32 = 4_001_999;

/// The codes of one kind of list.
struct Codes {
    bad_level: u32,
    missing: u32,
    duplicate: u32,
}

const OF_ORGANIZATIONS: Codes = Codes {
    bad_level: 4_001_065,
    missing: 4_040_078,
    duplicate: 4_090_076,
};

const OF_REPOSITORIES: Codes = Codes {
    bad_level: 4_001_066,
    missing: 4_040_091,
    duplicate: 4_090_089,
};

/// Who has a permission in an organization: its creator first.
pub(super) fn holders(organization: &Organization) -> Vec<Grant> {
    let creator = Grant {
        user: organization.creator.clone(),
        auth: MANAGE,
    };
    let creator = Some(creator).filter(|_| !organization.creator_left);
    creator
        .into_iter()
        .chain(organization.access.iter().cloned())
        .collect()
}

pub(super) mod organization {
    use super::{
        Call, Grant, MANAGE, OF_ORGANIZATIONS, OperationResult, Organization, READ, Refusal, Reply,
        Value, changed, forbidden, granted, holders, item, json, revoked,
    };

    pub(in super::super) fn show(call: &mut Call<'_>, name: &str) -> OperationResult {
        let organization = call.organization(name)?;
        let right = call.right(organization);
        if right < READ {
            return Err(forbidden());
        }
        let others: Vec<Value> = holders(organization)
            .iter()
            .map(|grant| item(call, &grant.user, grant.auth))
            .collect();
        let answer = json!({
            "id": organization.id,
            "name": name,
            "creator_name": organization.creator,
            "self_auth": item(call, call.state.caller(), right),
            "others_auths": others,
        });
        Ok(Reply::new(200, answer))
    }

    pub(in super::super) fn grant(call: &mut Call<'_>, name: &str) -> OperationResult {
        let held = holders(managed(call, name)?);
        let (access, refusal) = granted(call, held, &OF_ORGANIZATIONS)?;
        store(call, name, access);
        refusal.map_or_else(|| Ok(Reply::empty_object(200)), Err)
    }

    pub(in super::super) fn change(call: &mut Call<'_>, name: &str) -> OperationResult {
        let organization = managed(call, name)?;
        let (held, creator) = (holders(organization), organization.creator.clone());
        let (access, reply) = changed(call, held, Some(&creator), &OF_ORGANIZATIONS)?;
        store(call, name, access);
        Ok(reply)
    }

    pub(in super::super) fn revoke(call: &mut Call<'_>, name: &str) -> OperationResult {
        let organization = managed(call, name)?;
        let (held, creator) = (holders(organization), organization.creator.clone());
        let (access, reply) = revoked(call, held, Some(&creator), &OF_ORGANIZATIONS)?;
        store(call, name, access);
        Ok(reply)
    }

    fn managed<'c>(call: &'c Call<'_>, name: &str) -> Result<&'c Organization, Refusal> {
        let organization = call.organization(name)?;
        match call.right(organization) {
            MANAGE => Ok(organization),
            _ => Err(forbidden()),
        }
    }

    /// The creator's own permission is not an entry of the state unless it was changed.
    fn store(call: &mut Call<'_>, name: &str, mut access: Vec<Grant>) {
        let region = call.region().to_owned();
        let Some(organization) = call.state.organization_mut(&region, name) else {
            return;
        };
        let is_untouched =
            |grant: &Grant| grant.user == organization.creator && grant.auth == MANAGE;
        organization.creator_left = !access.iter().any(is_untouched);
        access.retain(|grant| !is_untouched(grant));
        organization.access = access;
    }
}

pub(super) mod repository {
    use super::{
        Call, EDIT, Grant, MANAGE, OF_REPOSITORIES, OperationResult, READ, Refusal, Reply,
        Repository, SelfAuth, Value, changed, forbidden, granted, item, json, level_in, revoked,
    };

    pub(in super::super) fn show(
        call: &mut Call<'_>,
        organization: &str,
        name: &str,
    ) -> OperationResult {
        let owner = call.organization(organization)?;
        let repository = super::super::found(owner, name)?;
        let caller = call.state.caller();
        let right = call.right_in(owner, repository);
        if right < READ {
            return Err(forbidden());
        }
        let shown = match call.settings.assumptions.self_auth {
            SelfAuth::Effective => right,
            SelfAuth::Granted => level_in(&repository.access, caller),
        };
        let others = repository.access.iter();
        let others: Vec<Value> = others
            .filter(|grant| grant.user != caller)
            .map(|grant| item(call, &grant.user, grant.auth))
            .collect();
        let answer = json!({
            "id": repository.id,
            "name": name,
            "self_auth": item(call, caller, shown),
            "others_auths": others,
        });
        Ok(Reply::new(200, answer).assuming(SelfAuth::NAME))
    }

    pub(in super::super) fn grant(
        call: &mut Call<'_>,
        organization: &str,
        name: &str,
    ) -> OperationResult {
        let held = managed(call, organization, name)?.access.clone();
        let (access, refusal) = granted(call, held, &OF_REPOSITORIES)?;
        store(call, organization, name, access);
        refusal.map_or_else(|| Ok(Reply::empty_object(201)), Err)
    }

    pub(in super::super) fn change(
        call: &mut Call<'_>,
        organization: &str,
        name: &str,
    ) -> OperationResult {
        let held = managed(call, organization, name)?.access.clone();
        let (access, reply) = changed(call, held, None, &OF_REPOSITORIES)?;
        store(call, organization, name, access);
        Ok(reply)
    }

    pub(in super::super) fn revoke(
        call: &mut Call<'_>,
        organization: &str,
        name: &str,
    ) -> OperationResult {
        let held = managed(call, organization, name)?.access.clone();
        let (access, reply) = revoked(call, held, None, &OF_REPOSITORIES)?;
        store(call, organization, name, access);
        Ok(reply)
    }

    /// To grant needs the permission to edit the organization or to manage the repository.
    fn managed<'c>(
        call: &'c Call<'_>,
        organization: &str,
        name: &str,
    ) -> Result<&'c Repository, Refusal> {
        let owner = call.organization(organization)?;
        let repository = super::super::found(owner, name)?;
        let own = level_in(&repository.access, call.state.caller());
        if call.right(owner) >= EDIT || own == MANAGE {
            Ok(repository)
        } else {
            Err(forbidden())
        }
    }

    fn store(call: &mut Call<'_>, organization: &str, name: &str, access: Vec<Grant>) {
        let region = call.region().to_owned();
        if let Some(found) = call.state.repository_mut(&region, organization, name) {
            found.access = access;
        }
    }
}

fn item(call: &Call<'_>, user: &str, auth: u8) -> Value {
    json!({ "user_id": call.state.user_id(user), "user_name": user, "auth": auth })
}

fn forbidden() -> Refusal {
    Refusal::service(4_037_017, "No permission to manage this")
}

fn missing(codes: &Codes, user: &str) -> Refusal {
    Refusal::service(codes.missing, format!("{user} has no permission here"))
}

/// The permissions in the body of a request.
fn entries(call: &Call<'_>, codes: &Codes) -> Result<Vec<Grant>, Refusal> {
    let body = serde_json::from_slice(&call.request.body);
    let Ok(Value::Array(entries)) = body else {
        return Err(wrong_body("The request body must be an array"));
    };
    entries
        .iter()
        .map(|entry| entry_of(call, entry, codes))
        .collect()
}

fn entry_of(call: &Call<'_>, entry: &Value, codes: &Codes) -> Result<Grant, Refusal> {
    let text = |name: &str| {
        let text = entry[name].as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| bad_parameter(format!("The mandatory parameter {name} is missing")))
    };
    let (id, user) = (text("user_id")?, text("user_name")?);
    let level = entry["auth"].as_u64();
    let level = level.and_then(|level| u8::try_from(level).ok());
    let auth = level
        .filter(|level| [READ, EDIT, MANAGE].contains(level))
        .ok_or_else(|| Refusal::service(codes.bad_level, "auth must be 1, 3 or 7"))?;
    // A stale name beside a new id is refused too (terraform-provider-huaweicloud #2963).
    if !call.state.user_names().contains(user) || call.state.user_id(user) != id {
        return Err(Refusal::service(
            4_001_067,
            format!("{user} is not the name of the user {id}"),
        ));
    }
    Ok(Grant {
        user: user.to_owned(),
        auth,
    })
}

/// The permissions after a grant, and a refusal if the service made only a part of it.
fn granted(
    call: &Call<'_>,
    mut held: Vec<Grant>,
    codes: &Codes,
) -> Result<(Vec<Grant>, Option<Refusal>), Refusal> {
    let entries = entries(call, codes)?;
    let is_several = entries.len() > 1;
    let (existing, new): (Vec<Grant>, Vec<Grant>) = entries
        .into_iter()
        .partition(|entry| level_in(&held, &entry.user) > 0);
    if new.iter().any(|entry| entry.user == call.state.caller()) {
        let message = "Nobody grants a permission to oneself (this code is made up)";
        return Err(Refusal::service(MADE_UP_ONESELF, message));
    }
    let refusal = existing.first().map(|entry| {
        let message = format!("{} has a permission here already", entry.user);
        let refusal = Refusal::service(codes.duplicate, message);
        if is_several {
            refusal.assuming(GrantBatch::NAME)
        } else {
            refusal
        }
    });
    match (refusal, call.settings.assumptions.grant_batch) {
        (Some(refusal), GrantBatch::Atomic) => Err(refusal),
        (refusal, _) => {
            held.extend(new);
            Ok((held, refusal))
        }
    }
}

/// The permissions after a change of levels. The list of a repository has no creator.
fn changed(
    call: &Call<'_>,
    mut held: Vec<Grant>,
    creator: Option<&str>,
    codes: &Codes,
) -> Result<(Vec<Grant>, Reply), Refusal> {
    let entries = entries(call, codes)?;
    let mut reply = Reply::empty_object(201).assuming(PatchGrants::NAME);
    for entry in &entries {
        let is_creator = Some(entry.user.as_str()) == creator;
        if is_creator && call.settings.assumptions.creator_grant == CreatorGrant::Refuse {
            return Err(of_creator());
        }
        match held.iter_mut().find(|grant| grant.user == entry.user) {
            Some(grant) => grant.auth = entry.auth,
            None if call.settings.assumptions.patch_missing_grant
                == PatchMissingGrant::NotFound =>
            {
                return Err(missing(codes, &entry.user).assuming(PatchMissingGrant::NAME));
            }
            None => {
                held.push(entry.clone());
                reply = reply.assuming(PatchMissingGrant::NAME);
            }
        }
    }
    if call.settings.assumptions.patch_grants == PatchGrants::Replace {
        held.retain(|grant| {
            let is_creator = Some(grant.user.as_str()) == creator;
            is_creator || level_in(&entries, &grant.user) > 0
        });
    }
    Ok((held, reply))
}

/// The permissions after some are taken away.
fn revoked(
    call: &Call<'_>,
    mut held: Vec<Grant>,
    creator: Option<&str>,
    codes: &Codes,
) -> Result<(Vec<Grant>, Reply), Refusal> {
    let Ok(ids) = serde_json::from_slice::<Vec<String>>(&call.request.body) else {
        return Err(wrong_body("The request body must be an array of user ids"));
    };
    let mut reply = Reply::no_content();
    for id in &ids {
        let is_meant = |grant: &Grant| call.state.user_id(&grant.user) == *id;
        let is_creator = creator.is_some_and(|creator| call.state.user_id(creator) == *id);
        match held.iter().position(is_meant) {
            Some(_)
                if is_creator
                    && call.settings.assumptions.creator_grant == CreatorGrant::Refuse =>
            {
                return Err(of_creator());
            }
            Some(at) => drop(held.remove(at)),
            None if call.settings.assumptions.delete_missing_grant
                == DeleteMissingGrant::NotFound =>
            {
                return Err(missing(codes, id).assuming(DeleteMissingGrant::NAME));
            }
            None => reply = reply.assuming(DeleteMissingGrant::NAME),
        }
        if is_creator {
            reply = reply.assuming(CreatorGrant::NAME);
        }
    }
    Ok((held, reply))
}

fn of_creator() -> Refusal {
    let refusal = Refusal::service(4_037_017, "The creator keeps the permission to manage");
    refusal.assuming(CreatorGrant::NAME)
}
