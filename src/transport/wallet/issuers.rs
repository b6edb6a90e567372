//! The services that hand out keys: STS, IAM, the metadata service of a machine; and GitHub's token
//! endpoint, whose id token STS takes (auth: sections 2.4 and 2.6; swr-next: A10).

use std::{fmt, sync::Arc};

use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderValue},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::time::Duration;

use super::{
    Issue, Lease, Obtaining,
    call::{Call, Caller, Proof},
};
use crate::{
    mask::Mask,
    time::Moment,
    transport::{
        connection::Connections,
        credentials::{
            self, Agency, Credentials, IdToken, Job, Keys, Oidc, Source,
            oidc::{DEFAULT_DURATION, DEFAULT_SESSION},
        },
        endpoint::Base,
    },
    wire::{Response, secret::Secret},
};

/// How long the metadata service may keep a session, in seconds.
const MACHINE_SESSION: &str = "21600";

/// Why there are no keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A later try may succeed.
    Passing(String),
    /// The same request would be refused again.
    Refused(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Problem::Passing(text) | Problem::Refused(text)) = self;
        f.write_str(text)
    }
}

/// Where the services are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    pub(crate) sts: Option<Base>,
    pub(crate) iam: Option<Base>,
    pub(crate) metadata: Option<Base>,
}

/// Obtains credentials, as often as it is asked.
#[derive(Debug)]
pub(crate) struct Issuers {
    /// For messages.
    pub(crate) origin: String,
    pub(crate) source: Source,
    pub(crate) agency: Option<Agency>,
    pub(crate) places: Places,
    pub(crate) connections: Arc<Connections>,
    /// Hides what was known before.
    pub(crate) mask: Arc<Mask>,
}

/// Keys, how long they are valid if they end, and all secrets on the way to them.
#[derive(Debug)]
struct Obtained {
    credentials: Credentials,
    lifetime: Option<Duration>,
    secrets: Vec<Secret>,
}

impl Issue for Issuers {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn obtain(&self) -> Obtaining<'_> {
        Box::pin(self.lease())
    }
}

impl Issuers {
    async fn lease(&self) -> Result<Lease, Problem> {
        let mut obtained = match &self.source {
            Source::Fixed(credentials) => Obtained {
                credentials: credentials.clone(),
                lifetime: None,
                secrets: Vec::new(),
            },
            Source::Oidc(oidc) => self.by_id_token(oidc).await?,
            Source::Metadata => self.by_machine().await?,
        };
        if let Some(agency) = &self.agency {
            let first = obtained;
            obtained = self.by_agency(agency, &first).await?;
            // The keys of an agency end when it says so, whatever happens to those before.
            obtained.secrets.extend(first.secrets);
        }
        let mask = self.mask.with(obtained.secrets);
        Ok(match obtained.lifetime {
            Some(lifetime) => Lease::lasting(obtained.credentials, lifetime, mask),
            None => Lease::endless(obtained.credentials),
        })
    }

    async fn by_id_token(&self, oidc: &Oidc) -> Result<Obtained, Problem> {
        let (token, mut secrets) = self.id_token(&oidc.token).await?;
        let now = jiff::Timestamp::now().as_second();
        // Its issuer's clock and this one differ, but not by minutes.
        if credentials::oidc::expiry(&token).is_some_and(|end| end < now.saturating_sub(120)) {
            return Err(Problem::Refused(format!("{} has expired", oidc.token)));
        }
        secrets.push(token.clone().into());
        let mut body = json!({
            "provider_urn": oidc.provider_urn,
            "agency_urn": oidc.agency_urn,
            "agency_session_name": oidc.session_name,
            "id_token": token.expose_secret(),
            "duration_seconds": oidc.duration,
        });
        if let Some(policy) = &oidc.policy {
            body["policy"] = json!(policy);
        }
        if !oidc.policy_ids.is_empty() {
            body["policy_ids"] = json!(oidc.policy_ids);
        }
        let call = Call::post("/v5/agencies/assume-with-oidc", body);
        let sts = self.caller("STS", self.places.sts.as_ref(), "PORTOLAN_ENDPOINT_STS")?;
        let mask = self.mask.with(secrets.clone());
        v5(&sts.send(&call, Proof::None, &mask).await?, secrets)
    }

    async fn by_agency(&self, agency: &Agency, first: &Obtained) -> Result<Obtained, Problem> {
        let proof = Proof::Credentials(&first.credentials);
        let mask = self.mask.with(first.secrets.clone());
        match agency {
            Agency::Urn(urn) => {
                let body = json!({
                    "agency_urn": urn,
                    "agency_session_name": DEFAULT_SESSION,
                    "duration_seconds": DEFAULT_DURATION,
                });
                let call = Call::post("/v5/agencies/assume", body);
                let sts = self.caller("STS", self.places.sts.as_ref(), "PORTOLAN_ENDPOINT_STS")?;
                v5(&sts.send(&call, proof, &mask).await?, Vec::new())
            }
            Agency::Named { domain, agency } => {
                let body = json!({ "auth": { "identity": {
                    "methods": ["assume_role"],
                    "assume_role": {
                        "domain_name": domain,
                        "agency_name": agency,
                        "duration_seconds": DEFAULT_DURATION,
                    },
                } } });
                let call = Call::post("/v3.0/OS-CREDENTIAL/securitytokens", body);
                let iam = self.caller("IAM", self.places.iam.as_ref(), "PORTOLAN_ENDPOINT_IAM")?;
                v3(&iam.send(&call, proof, &mask).await?, Vec::new())
            }
        }
    }

    async fn by_machine(&self) -> Result<Obtained, Problem> {
        let variable = "PORTOLAN_ENDPOINT_METADATA";
        let place = self.places.metadata.as_ref();
        let machine = self
            .caller("the metadata service", place, variable)?
            .nearby();
        let call = Call::put("/meta-data/latest/api/token")
            .with("x-metadata-token-ttl-seconds", MACHINE_SESSION.into());
        let mut secrets = Vec::new();
        let mut call_for_keys = Call::get("/openstack/latest/securitykey");
        // Machines without sessions answer 404 or the like, and hand out keys all the same.
        match machine.send(&call, Proof::None, &self.mask).await {
            Ok(answer) => {
                let session = String::from_utf8_lossy(&answer.body).trim().to_owned();
                let session = SecretString::from(session);
                secrets.push(session.clone().into());
                call_for_keys = call_for_keys.with("x-metadata-token", session);
            }
            Err(Problem::Passing(problem)) => return Err(Problem::Passing(problem)),
            Err(Problem::Refused(problem)) => tracing::debug!("{problem}"),
        }
        let mask = self.mask.with(secrets.clone());
        let answer = machine.send(&call_for_keys, Proof::None, &mask).await?;
        v3(&answer, secrets)
    }

    /// The id token, and the secrets that were needed for it.
    async fn id_token(&self, origin: &IdToken) -> Result<(SecretString, Vec<Secret>), Problem> {
        let refused = |problem: &dyn fmt::Display| Problem::Refused(problem.to_string());
        let text = match origin {
            IdToken::Variable(token) => return Ok((token.clone(), Vec::new())),
            IdToken::File(path) => match credentials::files::read(path) {
                Ok(Some(text)) => text,
                Ok(None) => return Err(refused(&format!("there is no file for {origin}"))),
                Err(error) => return Err(refused(&format!("{origin} cannot be read: {error}"))),
            },
            IdToken::Job(job) => self.of_job(job).await?,
        };
        let token = credentials::oidc::checked(text, origin).map_err(|error| refused(&error))?;
        Ok((token, Vec::new()))
    }

    async fn of_job(&self, job: &Job) -> Result<String, Problem> {
        let invalid =
            |problem: &str| Problem::Refused(format!("`ACTIONS_ID_TOKEN_REQUEST_URL` {problem}"));
        let mut url = Url::parse(&job.url).map_err(|_| invalid("is no URL"))?;
        url.query_pairs_mut().append_pair("audience", &job.audience);
        let bearer = format!("bearer {}", job.request_token.expose_secret());
        let bearer = HeaderValue::from_str(&bearer).map_err(|_| invalid("has no token"))?;
        let caller = Caller::of_url("GitHub's token endpoint", &url, &self.connections)
            .map_err(|problem| invalid(&problem))?;
        let answer = caller
            .get(&url, [(AUTHORIZATION, bearer)], &self.mask)
            .await?;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = answer["value"].as_str().map(str::to_owned);
        token.ok_or_else(|| {
            Problem::Refused("GitHub's token endpoint answered without a token".to_owned())
        })
    }

    fn caller<'c>(
        &'c self,
        name: &'static str,
        base: Option<&'c Base>,
        variable: &str,
    ) -> Result<Caller<'c>, Problem> {
        let base = base.ok_or_else(|| {
            Problem::Refused(format!(
                "it needs {name}, which is not known for an endpoint outside Huawei Cloud: set \
                `{variable}`"
            ))
        })?;
        Ok(Caller::of_base(name, base, &self.connections))
    }
}

/// Keys in the spelling of STS.
fn v5(answer: &Response, secrets: Vec<Secret>) -> Result<Obtained, Problem> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let names = [
        "access_key_id",
        "secret_access_key",
        "security_token",
        "expiration",
    ];
    obtained(answer, &body["credentials"], names, secrets)
}

/// Keys in the spelling of IAM and of the metadata service.
fn v3(answer: &Response, secrets: Vec<Secret>) -> Result<Obtained, Problem> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let names = ["access", "secret", "securitytoken", "expires_at"];
    obtained(answer, &body["credential"], names, secrets)
}

fn obtained(
    answer: &Response,
    keys: &Value,
    names: [&str; 4],
    mut secrets: Vec<Secret>,
) -> Result<Obtained, Problem> {
    let text = |name: &str| keys[name].as_str().filter(|text| !text.is_empty());
    let [Some(ak), Some(sk), Some(token), Some(end)] = names.map(text) else {
        return Err(Problem::Refused(
            "the answer holds no keys with a time at which they end".to_owned(),
        ));
    };
    let lifetime = lifetime(end, answer.date.as_deref());
    let lifetime = lifetime.ok_or_else(|| {
        Problem::Refused("the answer holds keys that have ended already".to_owned())
    })?;
    secrets.extend([sk, token].map(|secret| Secret::new(secret.to_owned())));
    Ok(Obtained {
        credentials: Credentials::Keys(Keys {
            ak: ak.to_owned(),
            sk: sk.to_owned().into(),
            security_token: Some(token.to_owned().into()),
            project_id: None,
        }),
        lifetime: Some(lifetime),
        secrets,
    })
}

/// How long keys are valid that end then. By the service's own clock, because the one of this
/// machine may be wrong.
fn lifetime(end: &str, date: Option<&str>) -> Option<Duration> {
    let end = Moment::parse(end)?;
    let now = match date.and_then(Moment::of_http) {
        // A header has no fractions: up to a second of it has passed.
        Some(date) => date.0.saturating_add(1),
        None => jiff::Timestamp::now().as_second().saturating_add(1),
    };
    let seconds = u64::try_from(end.0.saturating_sub(now)).ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lifetime_is_that_of_the_services_clock() {
        let date = Some("Fri, 20 Nov 2026 23:10:00 GMT");
        let seconds = |end: &str| lifetime(end, date).map(|time| time.as_secs());
        assert_eq!(seconds("2026-11-21T00:10:00.250000Z"), Some(3_599));
        assert_eq!(seconds("2026-11-21T00:10:00Z"), Some(3_599));
        assert_eq!(seconds("2026-11-20T23:10:01Z"), None);
        assert_eq!(seconds("2020-11-20T23:10:01Z"), None);
        assert_eq!(seconds("soon"), None);
    }
}
