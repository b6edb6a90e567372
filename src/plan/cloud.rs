//! Which cloud a plan is about: the account and the kinds of endpoints.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Plan, Scope, Stop};
use crate::{
    text::escaped,
    wire::{
        Service,
        host::{EMULATED, EndpointKind, host},
    },
};

/// The chart is for another account.
pub(crate) const OTHER_ACCOUNT: &str = "other-account";

/// The chart names an account, but no service shows which one this is.
pub(crate) const ACCOUNT_UNKNOWN: &str = "account-unknown";

/// An endpoint in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointDocument {
    pub service: String,
    pub region: String,
    pub kind: EndpointKind,
    /// Null for the emulator in this process.
    pub host: Option<String>,
}

impl Scope {
    /// The endpoints by service and region.
    pub fn endpoints(&self) -> impl Iterator<Item = (Service, &str, &str)> {
        self.endpoints
            .iter()
            .map(|((service, region), url)| (*service, region.as_str(), url.as_str()))
    }

    pub(crate) fn endpoint_documents(&self) -> Vec<EndpointDocument> {
        let document = |(service, region, url): (Service, &str, &str)| EndpointDocument {
            service: service.name().to_owned(),
            region: region.to_owned(),
            kind: EndpointKind::of(url),
            host: host(url).map(str::to_owned),
        };
        self.endpoints().map(document).collect()
    }

    /// The names of the account. There are several only if endpoints belong to different clouds.
    pub fn accounts(&self) -> BTreeSet<&str> {
        self.account.values().map(String::as_str).collect()
    }

    /// The account, if exactly one is known.
    pub(crate) fn account_name(&self) -> Option<&str> {
        let mut names = self.accounts().into_iter();
        names.next().filter(|_| names.next().is_none())
    }

    /// The regions whose account is unknown. A key belongs to one account of Huawei Cloud, so there
    /// one known region is enough.
    pub(crate) fn regions_without_account(&self) -> Vec<&str> {
        let is_huawei = |region: &str| {
            let mut here = self
                .endpoints()
                // IAM only names the account. A proxy in front of it does not change whose
                // resources these are.
                .filter(|(service, known, _)| *known == region && !service.is_of_identity());
            here.all(|(_, _, url)| EndpointKind::of(url) == EndpointKind::HuaweiCloud)
        };
        let huawei_is_known = self.account.keys().any(|region| is_huawei(region));
        let is_known = |region: &str| {
            self.account.contains_key(region) || (huawei_is_known && is_huawei(region))
        };
        self.regions
            .iter()
            .map(String::as_str)
            .filter(|region| !is_known(region))
            .collect()
    }

    fn is_emulated(&self) -> bool {
        self.endpoints()
            .any(|(_, _, url)| url.starts_with(EMULATED))
    }
}

/// The stop for a chart of another account.
pub(crate) fn other_account(wanted: Option<&str>, scope: &Scope) -> Option<Stop> {
    let wanted = wanted?;
    let (region, other) = scope
        .account
        .iter()
        .find(|(_, account)| *account != wanted)?;
    // Both can contain anything: one is from the chart, the other from a response.
    let (wanted, other) = (escaped(wanted), escaped(other));
    let (owner, advice) = if scope.is_emulated() {
        let advice = "use another state file with `--emulator=FILE`".to_owned();
        ("the emulator's state belongs", advice)
    } else {
        let advice = format!("use the credentials of {wanted}");
        ("the credentials belong", advice)
    };
    let message =
        format!("the chart is for account {wanted}, but in {region} {owner} to {other}: {advice}");
    Some(Stop::new(OTHER_ACCOUNT, message, None))
}

/// The stop for a snapshot of another account.
pub(crate) fn other_account_in_snapshot(wanted: Option<&str>, scope: &Scope) -> Option<Stop> {
    let wanted = wanted?;
    let mut accounts = scope.account.iter();
    let (region, other) = accounts.find(|(_, account)| *account != wanted)?;
    // Both can contain anything.
    let (wanted, other) = (escaped(wanted), escaped(other));
    let message = format!(
        "the chart is for account {wanted}, but in {region} the snapshot is of {other}: take one \
        with the credentials of {wanted}"
    );
    Some(Stop::new(OTHER_ACCOUNT, message, None))
}

/// The stop for a chart that names an account, if the account of the credentials is unknown.
/// `reasons` are the errors of the last source.
pub(crate) fn account_unknown(
    wanted: Option<&str>,
    scope: &Scope,
    reasons: &[String],
) -> Option<Stop> {
    let (wanted, unknown) = (escaped(wanted?), scope.regions_without_account());
    let first = unknown.first()?;
    let message = format!(
        "the chart is for account {wanted}, but the account for {first} is unknown{}: permit the \
        credentials `GET /v2/manage/overview`, or configure an `iam` endpoint",
        reasons
            .first()
            .map_or_else(String::new, |reason| format!(" ({reason})"))
    );
    Some(Stop::new(ACCOUNT_UNKNOWN, message, None))
}

impl Plan {
    /// A plan without a comparison, because the account is not the chart's.
    #[must_use]
    pub(crate) fn stopped_by(stop: Stop, chart: crate::state::ChartStamp, scope: Scope) -> Plan {
        Plan {
            stopped: vec![stop],
            chart,
            scope,
            ..Plan::default()
        }
    }

    /// Whether the chart is for another account.
    pub(crate) fn is_for_other_account(&self) -> bool {
        self.stopped.iter().any(|stop| stop.code == OTHER_ACCOUNT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(endpoints: &[(&str, &str)], accounts: &[(&str, &str)]) -> Scope {
        let url = |(region, url): &(&str, &str)| {
            ((Service::Swr, (*region).to_owned()), (*url).to_owned())
        };
        Scope {
            regions: endpoints
                .iter()
                .map(|(region, _)| (*region).to_owned())
                .collect(),
            endpoints: endpoints.iter().map(url).collect(),
            account: accounts
                .iter()
                .map(|(region, name)| ((*region).to_owned(), (*name).to_owned()))
                .collect(),
            ..Scope::default()
        }
    }

    #[test]
    fn one_region_of_huawei_cloud_is_enough_for_all() {
        let huawei = "https://swr-api.r.myhuaweicloud.com";
        let both = scope(&[("a-1", huawei), ("b-1", huawei)], &[("a-1", "acme")]);
        assert_eq!(
            (both.regions_without_account(), both.account_name()),
            (vec![], Some("acme"))
        );
        let mixed = scope(
            &[("a-1", huawei), ("b-1", "https://swr.example.com")],
            &[("a-1", "acme")],
        );
        assert_eq!(mixed.regions_without_account(), ["b-1"]);
        let mixed = scope(
            &[("a-1", huawei), ("b-1", "https://swr.example.com")],
            &[("b-1", "acme")],
        );
        assert_eq!(mixed.regions_without_account(), ["a-1"]);
        assert_eq!(
            scope(&[("a-1", huawei)], &[]).regions_without_account(),
            ["a-1"]
        );
    }

    #[test]
    fn every_region_must_be_the_charts_account() {
        let two = scope(
            &[("a-1", "x"), ("b-1", "y")],
            &[("a-1", "acme"), ("b-1", "glo\nbex")],
        );
        let stop = other_account(Some("acme"), &two).unwrap();
        assert!(
            stop.message.contains(
                "in b-1 the credentials belong to glo\\nbex: use the credentials of acme"
            ),
            "{}",
            stop.message
        );
        assert_eq!(
            (other_account(None, &two), two.account_name()),
            (None, None)
        );
        assert_eq!(
            account_unknown(None, &scope(&[("a-1", "x")], &[]), &[]),
            None
        );
    }
}
