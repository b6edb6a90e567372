//! The four operations of a mirror: show, update, run, and associate, which turns an ordinary
//! repository into a mirror.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Call, OperationResult, Refusal, Reply, format,
    input::Input,
    refs,
    runs::{Order, Started, UNAUTHENTICATED},
};
use crate::emulator::settings::{
    Settings,
    assumptions::{
        AssociateNewRepository, AssociateTwice, AssociateWithoutUrl, Assumptions, EmptyField,
        GitTimes, InvalidValue, LastError, LastUpdateAt, MirrorUrl, MirroringEnabled, NotAMirror,
        NotBase64, NumberOfFailures, PutOmitted, RepeatStart, SchedulePeriod, ScheduleSwitch,
        StartWithoutBody, UpdateStatus, UrlCredentials,
    },
};
use crate::emulator::state::git::{Access, Branches, GitRepository, Mirror};

/// The status of a repository whose creation has not finished.
const CREATING: u8 = 1;

const BRANCHES: [(&str, Branches); 2] = [("all", Branches::All), ("default", Branches::Default)];

pub(super) fn show(call: &mut Call<'_>, id: &str) -> OperationResult {
    let (settings, now) = (call.settings, call.now);
    let repository = call.repository(id, Access::Read)?;
    match &repository.mirror {
        Some(mirror) => Ok(record(
            200,
            repository.id,
            mirror,
            now,
            &settings.assumptions,
        )),
        None => not_a_mirror(settings, || {
            record(
                200,
                repository.id,
                &Mirror::default(),
                now,
                &settings.assumptions,
            )
            .nulls()
        }),
    }
}

pub(super) fn update(call: &mut Call<'_>, id: &str) -> OperationResult {
    let (settings, now, input) = (call.settings, call.now, call.input());
    let assumptions = &settings.assumptions;
    let repository = call.repository(id, Access::Set)?;
    let Some(mirror) = &mut repository.mirror else {
        return not_a_mirror(settings, || Reply::new(200, json!({})));
    };
    // After the repository: a missing one is a 404 with any body.
    let mut input = input?;
    let change = Change::read(&mut input, assumptions)?;
    let (omitted, reset) = (
        change.is_incomplete(),
        assumptions.put_omitted == PutOmitted::Reset,
    );
    let default = |value: Option<String>| value.or_else(|| reset.then(String::new));
    let scheduled = change
        .scheduled
        .or(reset.then_some(false))
        .unwrap_or(mirror.scheduled);
    let switched = scheduled != mirror.scheduled;
    // First, because it can be refused: a refused update has no effect.
    switch_schedule(mirror, scheduled, assumptions)?;
    if let Some(url) = default(change.url) {
        mirror.url = url;
    }
    if let Some(endpoint) = default(change.endpoint) {
        mirror.endpoint_uuid = endpoint;
    }
    if let Some(branches) = change.branches.or(reset.then(Branches::default)) {
        mirror.branches = branches;
    }
    mirror.last_changed_at = Some(now);
    let branch_type = BRANCHES
        .iter()
        .find(|(_, branches)| *branches == mirror.branches)
        .map(|(name, _)| name);
    // The only answer that has `sync_branch_type` (section 2.3).
    let body = json!({
        "url": format::url(&mirror.url, assumptions),
        "mirroring_enabled": enabled(mirror, assumptions),
        "endpoint_uuid": format::text(&mirror.endpoint_uuid, assumptions),
        "sync_branch_type": branch_type,
    });
    // The documents disagree about `mirroring_enabled`: the Chinese page and the SDK describe it
    // inverted (`codearts-repo-api.md`, section 2.3).
    let reply = Reply::new(200, body)
        .assuming([MirroringEnabled::NAME])
        .assuming(text_assumptions(mirror))
        .assuming_if(omitted, PutOmitted::NAME)
        .assuming_if(switched, ScheduleSwitch::NAME)
        .assuming_if(change.invalid_url, MirrorUrl::NAME)
        .assuming_if(input.ignored, InvalidValue::NAME);
    // A schedule that was switched on starts now, not at the next request.
    repository.finish_due_runs(now, settings);
    Ok(reply)
}

/// The fields of an update.
struct Change {
    url: Option<String>,
    invalid_url: bool,
    branches: Option<Branches>,
    scheduled: Option<bool>,
    endpoint: Option<String>,
}

impl Change {
    fn read(input: &mut Input, assumptions: &Assumptions) -> Result<Self, Refusal> {
        let url = input.text("url")?;
        let invalid_url = url
            .as_deref()
            .map_or(Ok(false), |url| invalid_url(url, assumptions))?;
        let on_value = assumptions.mirroring_enabled == MirroringEnabled::TrueIsOn;
        Ok(Self {
            url,
            invalid_url,
            branches: input.choice("sync_branch_type", &BRANCHES)?,
            scheduled: input
                .flag("mirroring_enabled")?
                .map(|enabled| enabled == on_value),
            endpoint: input.text("endpoint_uuid")?,
        })
    }

    fn is_incomplete(&self) -> bool {
        self.url.is_none()
            || self.branches.is_none()
            || self.scheduled.is_none()
            || self.endpoint.is_none()
    }
}

fn switch_schedule(
    mirror: &mut Mirror,
    scheduled: bool,
    assumptions: &Assumptions,
) -> Result<(), Refusal> {
    let refused = match assumptions.schedule_switch {
        ScheduleSwitch::Free => false,
        ScheduleSwitch::OffIsFinal => scheduled && !mirror.scheduled && mirror.was_scheduled,
        ScheduleSwitch::Fixed => scheduled != mirror.scheduled,
    };
    if refused {
        return Err(
            Refusal::invalid("mirroring_enabled cannot be changed").assuming(ScheduleSwitch::NAME)
        );
    }
    mirror.was_scheduled = !scheduled && (mirror.scheduled || mirror.was_scheduled);
    mirror.scheduled = scheduled;
    Ok(())
}

pub(super) fn start(call: &mut Call<'_>, id: &str) -> OperationResult {
    let (settings, now, input) = (call.settings, call.now, call.input());
    let empty = call.request.body.is_empty();
    let jid = call.state.next_jid();
    let repository = call.repository(id, Access::Set)?;
    let Some(mirror) = &repository.mirror else {
        return not_a_mirror(settings, || Reply::new(200, json!({ "jid": jid })));
    };
    if empty && settings.assumptions.start_without_body == StartWithoutBody::Refuse {
        return Err(Refusal::invalid("the body is missing").assuming(StartWithoutBody::NAME));
    }
    let mut input = input?;
    let (order, is_plain) = order(&mut input, jid, &settings.assumptions)?;
    let repeated = !mirror.runs.is_empty();
    // With force no assumption about diverged refs matters.
    let refs = if order.force {
        Vec::new()
    } else {
        refs::assumed(&repository.refs, mirror)
    };
    let jid = match repository.start(order, now, settings) {
        Started::Run(jid) | Started::Existing(jid) => jid,
        Started::Conflict => {
            return Err(Refusal::conflict("The repository is being synchronized")
                .assuming(RepeatStart::NAME));
        }
    };
    // Only an accepted start takes an id.
    call.state.use_jid();
    Ok(Reply::new(200, json!({ "jid": jid }))
        .assuming(refs)
        .assuming_if(repeated, RepeatStart::NAME)
        .assuming_if(empty, StartWithoutBody::NAME)
        .assuming_if(is_plain, NotBase64::NAME)
        .assuming_if(input.ignored, InvalidValue::NAME))
}

/// The parameters of a run, and whether its credentials are not Base64. The example of the page
/// sends empty strings, so they count as absent.
fn order(
    input: &mut Input,
    jid: String,
    assumptions: &Assumptions,
) -> Result<(Order, bool), Refusal> {
    let mut text = |name: &str| {
        input
            .text(name)
            .map(|text| text.filter(|text| !text.is_empty()))
    };
    let credentials = [text("username")?, text("password")?];
    let endpoint = text("endpoint_uuid")?.is_some();
    let is_plain = credentials.iter().flatten().any(|text| !is_base64(text));
    if is_plain && assumptions.not_base64 == NotBase64::Refuse {
        return Err(
            Refusal::invalid("username and password must be Base64").assuming(NotBase64::NAME)
        );
    }
    // Which of the two has precedence is not documented (section 2.1): either is enough.
    let order = Order {
        jid,
        force: input.flag("force_fetch")?.unwrap_or(false),
        authenticated: endpoint || credentials.iter().all(Option::is_some),
        // The service would decode them to other bytes, which the source refuses.
        error: is_plain.then(|| UNAUTHENTICATED.to_owned()),
    };
    Ok((order, is_plain))
}

/// Whether the text is the Base64 of UTF-8. Many plain words are valid Base64 by chance, but decode
/// to other bytes.
fn is_base64(text: &str) -> bool {
    BASE64_STANDARD
        .decode(text)
        .is_ok_and(|bytes| String::from_utf8(bytes).is_ok())
}

pub(super) fn associate(call: &mut Call<'_>, id: &str) -> OperationResult {
    let (settings, now, input) = (call.settings, call.now, call.input());
    let assumptions = &settings.assumptions;
    let repository = call.repository(id, Access::Set)?;
    // Whether a new repository can be associated at once is not known (section 10).
    let creating = repository.status == CREATING;
    if creating && assumptions.associate_new_repository == AssociateNewRepository::NotFound {
        return Err(Refusal::repository_not_found().assuming(AssociateNewRepository::NAME));
    }
    let mut input = input?;
    let url = input.text("url")?;
    let missing = url.is_none();
    if missing && assumptions.associate_without_url == AssociateWithoutUrl::Refuse {
        return Err(Refusal::invalid("url is missing").assuming(AssociateWithoutUrl::NAME));
    }
    let invalid_url = url
        .as_deref()
        .map_or(Ok(false), |url| invalid_url(url, assumptions))?;
    let twice = repository.mirror.is_some();
    match assumptions.associate_twice {
        AssociateTwice::Conflict if twice => {
            return Err(
                Refusal::conflict("The repository is a mirror").assuming(AssociateTwice::NAME)
            );
        }
        AssociateTwice::Same if twice => {}
        AssociateTwice::Replace | AssociateTwice::Same | AssociateTwice::Conflict => {
            make_mirror(repository, url.unwrap_or_default(), now);
        }
    }
    assign_mirror_id(call, id)?;
    let repository = call.repository(id, Access::Set)?;
    let mirror = repository.mirror.clone().unwrap_or_default();
    Ok(record(201, repository.id, &mirror, now, assumptions)
        .assuming_if(twice, AssociateTwice::NAME)
        .assuming_if(missing, AssociateWithoutUrl::NAME)
        .assuming_if(creating, AssociateNewRepository::NAME)
        .assuming_if(invalid_url, MirrorUrl::NAME)
        .assuming_if(input.ignored, InvalidValue::NAME))
}

/// Replaces the mirror by a new one. The settings that simulate the source stay.
fn make_mirror(repository: &mut GitRepository, url: String, now: Timestamp) {
    let old = repository.mirror.take().unwrap_or_default();
    let Mirror {
        source,
        outcome,
        next_outcomes,
        run_seconds,
        ..
    } = old;
    let mirror = Mirror {
        source,
        outcome,
        next_outcomes,
        run_seconds,
        last_changed_at: Some(now),
        ..Mirror::of(&url)
    };
    repository.mirror = Some(mirror);
}

/// Assigns an id to the mirror, unless it has one.
fn assign_mirror_id(call: &mut Call<'_>, id: &str) -> Result<(), Refusal> {
    if call
        .repository(id, Access::Set)?
        .mirror
        .as_ref()
        .is_some_and(|mirror| mirror.id == 0)
    {
        let next = call.state.next_git_id();
        if let Some(mirror) = &mut call.repository(id, Access::Set)?.mirror {
            mirror.id = next;
        }
    }
    Ok(())
}

/// Whether a url is not one that the API documents, if that is assumed to be accepted.
fn invalid_url(url: &str, assumptions: &Assumptions) -> Result<bool, Refusal> {
    let is_invalid = !["http://", "https://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    match assumptions.mirror_url {
        MirrorUrl::Refuse if is_invalid => {
            Err(Refusal::invalid("url must begin with http:// or https://")
                .assuming(MirrorUrl::NAME))
        }
        MirrorUrl::Refuse | MirrorUrl::Accept => Ok(is_invalid),
    }
}

/// The answer for an ordinary repository, which is not documented.
fn not_a_mirror(settings: &Settings, nulls: impl FnOnce() -> Reply) -> OperationResult {
    let refusal = match settings.assumptions.not_a_mirror {
        NotAMirror::NotFound => Refusal::repository_not_found(),
        NotAMirror::BadRequest => Refusal::invalid("the repository is not a mirror"),
        NotAMirror::Nulls => {
            let Reply { status, body, .. } = nulls();
            return Ok(Reply::new(status, body).assuming([NotAMirror::NAME]));
        }
    };
    Err(refusal.assuming(NotAMirror::NAME))
}

/// The eleven fields of a mirror. `sync_branch_type` is not one of them.
fn record(
    status: u16,
    repository_id: u32,
    mirror: &Mirror,
    now: Timestamp,
    assumptions: &Assumptions,
) -> Reply {
    let failures = match assumptions.number_of_failures {
        NumberOfFailures::Consecutive => mirror.failures_in_a_row,
        NumberOfFailures::Total => mirror.failures,
    };
    let recovered = mirror.failures_in_a_row == 0 && mirror.last_error.is_some();
    let cleared = recovered && assumptions.last_error == LastError::Cleared;
    let updated = format::last_update(mirror, assumptions);
    let body = json!({
        "id": mirror.id,
        "repository_id": repository_id,
        "update_status": format::status(mirror, now, assumptions),
        "last_update_at": format::optional_time(updated, assumptions),
        "url": format::url(&mirror.url, assumptions),
        "last_successful_update_at":
           format::optional_time(mirror.last_successful_update_at, assumptions),
        "number_of_failures": failures,
        "mirroring_enabled": enabled(mirror, assumptions),
        "is_private": mirror.is_private,
        "endpoint_uuid": format::text(&mirror.endpoint_uuid, assumptions),
        "last_error": mirror.last_error.as_ref().filter(|_| !cleared),
    });
    Reply::new(status, body)
        .assuming([
            UpdateStatus::NAME,
            MirroringEnabled::NAME,
            LastUpdateAt::NAME,
        ])
        .assuming(text_assumptions(mirror))
        .assuming_if(
            updated.or(mirror.last_successful_update_at).is_some(),
            GitTimes::NAME,
        )
        .assuming_if(
            mirror.failures != mirror.failures_in_a_row,
            NumberOfFailures::NAME,
        )
        .assuming_if(recovered, LastError::NAME)
        .assuming_if(mirror.scheduled, SchedulePeriod::NAME)
}

fn enabled(mirror: &Mirror, assumptions: &Assumptions) -> bool {
    mirror.scheduled == (assumptions.mirroring_enabled == MirroringEnabled::TrueIsOn)
}

/// The assumptions on which the texts of a mirror depend.
fn text_assumptions(mirror: &Mirror) -> impl Iterator<Item = &'static str> {
    let empty = mirror.url.is_empty() || mirror.endpoint_uuid.is_empty();
    let has_user = format::userinfo(&mirror.url).is_some();
    empty
        .then_some(EmptyField::NAME)
        .into_iter()
        .chain(has_user.then_some(UrlCredentials::NAME))
}

impl Reply {
    /// Sets every field but `repository_id` to null.
    fn nulls(mut self) -> Self {
        if let Value::Object(fields) = &mut self.body {
            fields
                .iter_mut()
                .filter(|(name, _)| *name != "repository_id")
                .for_each(|(_, value)| *value = Value::Null);
        }
        self
    }
}
