//! The four operations of a mirror: shown, changed, run, and made of an ordinary repository.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Call, Outcome, Refusal, Reply,
    input::Input,
    refs,
    runs::{Order, Started, UNAUTHENTICATED},
    words,
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

/// A repository whose creation has not ended.
const CREATING: u8 = 1;

const BRANCHES: [(&str, Branches); 2] = [("all", Branches::All), ("default", Branches::Default)];

pub(super) fn show(call: &mut Call<'_>, id: &str) -> Outcome {
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
        None => ordinary(settings, || {
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

pub(super) fn update(call: &mut Call<'_>, id: &str) -> Outcome {
    let (settings, now, input) = (call.settings, call.now, call.input());
    let assumptions = &settings.assumptions;
    let repository = call.repository(id, Access::Set)?;
    let Some(mirror) = &mut repository.mirror else {
        return ordinary(settings, || Reply::new(200, json!({})));
    };
    let mut input = input?;
    let change = Change::read(&mut input, assumptions)?;
    let (omitted, reset) = (change.omits(), assumptions.put_omitted == PutOmitted::Reset);
    let default = |value: Option<String>| value.or_else(|| reset.then(String::new));
    let scheduled = change
        .scheduled
        .or(reset.then_some(false))
        .unwrap_or(mirror.scheduled);
    let switched = scheduled != mirror.scheduled;
    switch(mirror, scheduled, assumptions)?;
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
    let body = json!({
        "url": words::url(&mirror.url, assumptions),
        "mirroring_enabled": enabled(mirror, assumptions),
        "endpoint_uuid": words::text(&mirror.endpoint_uuid, assumptions),
        "sync_branch_type": BRANCHES.iter().find(|(_, branches)| *branches == mirror.branches).map(|(name, _)| name),
    });
    let reply = Reply::new(200, body)
        .assuming([MirroringEnabled::NAME])
        .assuming(texts_assumed(mirror))
        .assuming_if(omitted, PutOmitted::NAME)
        .assuming_if(switched, ScheduleSwitch::NAME)
        .assuming_if(change.odd_url, MirrorUrl::NAME)
        .assuming_if(input.ignored, InvalidValue::NAME);
    // A schedule that is switched on begins now.
    repository.settle(now, settings);
    Ok(reply)
}

/// What an update says.
struct Change {
    url: Option<String>,
    odd_url: bool,
    branches: Option<Branches>,
    scheduled: Option<bool>,
    endpoint: Option<String>,
}

impl Change {
    fn read(input: &mut Input, assumptions: &Assumptions) -> Result<Self, Refusal> {
        let url = input.text("url")?;
        let odd_url = url
            .as_deref()
            .map_or(Ok(false), |url| odd_url(url, assumptions))?;
        let means_on = assumptions.mirroring_enabled == MirroringEnabled::TrueIsOn;
        Ok(Self {
            url,
            odd_url,
            branches: input.choice("sync_branch_type", &BRANCHES)?,
            scheduled: input
                .flag("mirroring_enabled")?
                .map(|enabled| enabled == means_on),
            endpoint: input.text("endpoint_uuid")?,
        })
    }

    fn omits(&self) -> bool {
        self.url.is_none()
            || self.branches.is_none()
            || self.scheduled.is_none()
            || self.endpoint.is_none()
    }
}

fn switch(mirror: &mut Mirror, scheduled: bool, assumptions: &Assumptions) -> Result<(), Refusal> {
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

pub(super) fn start(call: &mut Call<'_>, id: &str) -> Outcome {
    let (settings, now, input) = (call.settings, call.now, call.input());
    let empty = call.request.body.is_empty();
    let jid = call.state.next_jid();
    let repository = call.repository(id, Access::Set)?;
    let Some(mirror) = &repository.mirror else {
        return ordinary(settings, || Reply::new(200, json!({ "jid": jid })));
    };
    if empty && settings.assumptions.start_without_body == StartWithoutBody::Refuse {
        return Err(Refusal::invalid("the body is missing").assuming(StartWithoutBody::NAME));
    }
    let mut input = input?;
    let (order, odd) = order(&mut input, jid, &settings.assumptions)?;
    let repeated = !mirror.runs.is_empty();
    let refs = if order.force {
        Vec::new()
    } else {
        refs::assumed(&repository.refs, mirror)
    };
    let jid = match repository.start(order, now, settings) {
        Started::Run(jid) | Started::Nothing(jid) => jid,
        Started::Conflict => {
            return Err(Refusal::conflict("The repository is being synchronized")
                .assuming(RepeatStart::NAME));
        }
    };
    call.state.use_jid();
    Ok(Reply::new(200, json!({ "jid": jid }))
        .assuming(refs)
        .assuming_if(repeated, RepeatStart::NAME)
        .assuming_if(empty, StartWithoutBody::NAME)
        .assuming_if(odd, NotBase64::NAME)
        .assuming_if(input.ignored, InvalidValue::NAME))
}

/// What a start says, and whether its credentials are no Base64. Empty texts are the same as none.
fn order(
    input: &mut Input,
    jid: String,
    assumptions: &Assumptions,
) -> Result<(Order, bool), Refusal> {
    let mut given = |name: &str| {
        input
            .text(name)
            .map(|text| text.filter(|text| !text.is_empty()))
    };
    let credentials = [given("username")?, given("password")?];
    let endpoint = given("endpoint_uuid")?.is_some();
    let odd = credentials.iter().flatten().any(|text| !is_base64(text));
    if odd && assumptions.not_base64 == NotBase64::Refuse {
        return Err(
            Refusal::invalid("username and password must be Base64").assuming(NotBase64::NAME)
        );
    }
    let order = Order {
        jid,
        force: input.flag("force_fetch")?.unwrap_or(false),
        authenticated: endpoint || credentials.iter().all(Option::is_some),
        doomed: odd.then(|| UNAUTHENTICATED.to_owned()),
    };
    Ok((order, odd))
}

/// Base64 of a text; other bytes are a sign that a plain word was taken for Base64.
fn is_base64(text: &str) -> bool {
    BASE64_STANDARD
        .decode(text)
        .is_ok_and(|bytes| String::from_utf8(bytes).is_ok())
}

pub(super) fn associate(call: &mut Call<'_>, id: &str) -> Outcome {
    let (settings, now, input) = (call.settings, call.now, call.input());
    let assumptions = &settings.assumptions;
    let repository = call.repository(id, Access::Set)?;
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
    let odd_url = url
        .as_deref()
        .map_or(Ok(false), |url| odd_url(url, assumptions))?;
    let twice = repository.mirror.is_some();
    match assumptions.associate_twice {
        AssociateTwice::Conflict if twice => {
            return Err(
                Refusal::conflict("The repository is a mirror").assuming(AssociateTwice::NAME)
            );
        }
        AssociateTwice::Same if twice => {}
        AssociateTwice::Replace | AssociateTwice::Same | AssociateTwice::Conflict => {
            tie(repository, url.unwrap_or_default(), now);
        }
    }
    number(call, id)?;
    let repository = call.repository(id, Access::Set)?;
    let mirror = repository.mirror.clone().unwrap_or_default();
    Ok(record(201, repository.id, &mirror, now, assumptions)
        .assuming_if(twice, AssociateTwice::NAME)
        .assuming_if(missing, AssociateWithoutUrl::NAME)
        .assuming_if(creating, AssociateNewRepository::NAME)
        .assuming_if(odd_url, MirrorUrl::NAME)
        .assuming_if(input.ignored, InvalidValue::NAME))
}

/// A record without a past; what is at the other end is not the service's to change.
fn tie(repository: &mut GitRepository, url: String, now: Timestamp) {
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

/// Gives the mirror an id, unless it has one.
fn number(call: &mut Call<'_>, id: &str) -> Result<(), Refusal> {
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

/// Whether a url is none that the tables allow; refused, unless that is assumed to pass.
fn odd_url(url: &str, assumptions: &Assumptions) -> Result<bool, Refusal> {
    let odd = !["http://", "https://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    match assumptions.mirror_url {
        MirrorUrl::Refuse if odd => {
            Err(Refusal::invalid("url must begin with http:// or https://")
                .assuming(MirrorUrl::NAME))
        }
        MirrorUrl::Refuse | MirrorUrl::Accept => Ok(odd),
    }
}

/// The answer about an ordinary repository, for which the documents have none.
fn ordinary(settings: &Settings, nulls: impl FnOnce() -> Reply) -> Outcome {
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

/// The eleven fields. Which branches are copied is not among them.
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
    let updated = words::last_update(mirror, assumptions);
    let body = json!({
        "id": mirror.id,
        "repository_id": repository_id,
        "update_status": words::status(mirror, now, assumptions),
        "last_update_at": words::optional_time(updated, assumptions),
        "url": words::url(&mirror.url, assumptions),
        "last_successful_update_at": words::optional_time(mirror.last_successful_update_at, assumptions),
        "number_of_failures": failures,
        "mirroring_enabled": enabled(mirror, assumptions),
        "is_private": mirror.is_private,
        "endpoint_uuid": words::text(&mirror.endpoint_uuid, assumptions),
        "last_error": mirror.last_error.as_ref().filter(|_| !cleared),
    });
    Reply::new(status, body)
        .assuming([
            UpdateStatus::NAME,
            MirroringEnabled::NAME,
            LastUpdateAt::NAME,
        ])
        .assuming(texts_assumed(mirror))
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

/// The assumptions behind the texts of a mirror.
fn texts_assumed(mirror: &Mirror) -> impl Iterator<Item = &'static str> {
    let empty = mirror.url.is_empty() || mirror.endpoint_uuid.is_empty();
    let secret = words::userinfo(&mirror.url).is_some();
    empty
        .then_some(EmptyField::NAME)
        .into_iter()
        .chain(secret.then_some(UrlCredentials::NAME))
}

impl Reply {
    /// The same fields, none of them known but whose they are.
    fn nulls(mut self) -> Self {
        if let Value::Object(fields) = &mut self.body {
            let unknown = fields
                .iter_mut()
                .filter(|(name, _)| *name != "repository_id");
            unknown.for_each(|(_, value)| *value = Value::Null);
        }
        self
    }
}
