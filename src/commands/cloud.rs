//! Determines the account of the credentials, and stops a command whose chart is for another
//! account.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::door::Door;
use crate::{
    plan::{
        Plan, Scope, Stop,
        cloud::{account_unknown, other_account},
    },
    refresh::{self, accounts},
    state::{Chart, Live},
    text::escaped,
    wire::Service,
};

/// What is known about the account.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// The names by region.
    names: BTreeMap<Arc<str>, String>,
    /// The regions whose IAM was asked.
    asked: BTreeSet<Arc<str>>,
    /// Why IAM did not name the account.
    reasons: Vec<String>,
}

/// The accounts by the overviews of the chart's regions; one request for each region.
pub(super) async fn overviews(door: &Door, chart: &Chart) -> BTreeMap<Arc<str>, String> {
    let places = chart.places().into_iter();
    let of_swr = places.filter(|(service, _)| *service == Service::Swr);
    let regions = of_swr.map(|(_, region)| region).collect();
    accounts::overviews(&door.client, regions, chart.account.is_some()).await
}

impl Learned {
    /// An overview beats the lists.
    pub(super) fn new(overviews: BTreeMap<Arc<str>, String>, live: &Live) -> Learned {
        let mut names = live.accounts.clone();
        // Later entries replace earlier ones.
        names.extend(overviews);
        Learned {
            names,
            ..Learned::default()
        }
    }

    /// Asks IAM if the chart wants to know, region by region until the account is known; the scope
    /// then holds it.
    pub(super) async fn complete(&mut self, wanted: Option<&str>, scope: &mut Scope, door: &Door) {
        self.enter(scope, door);
        while let Some(region) = self.next_to_ask(wanted, scope, door) {
            self.asked.insert(region.clone());
            match accounts::domain(&door.client, &region).await {
                Ok(name) => drop(self.names.insert(region, name)),
                Err(reason) => self.reasons.push(reason),
            }
            self.enter(scope, door);
        }
    }

    fn next_to_ask(&self, wanted: Option<&str>, scope: &Scope, door: &Door) -> Option<Arc<str>> {
        let may_ask = |region: &str| {
            !self.asked.contains(region)
                && door
                    .endpoints
                    .contains_key(&(Service::Iam, region.to_owned()))
        };
        // Only a chart with an `account` is worth the extra request.
        wanted?;
        scope
            .regions_without_account()
            .into_iter()
            .find(|region| may_ask(region))
            .map(Arc::from)
    }

    fn enter(&self, scope: &mut Scope, door: &Door) {
        scope.account = self
            .names
            .iter()
            .map(|(region, name)| (region.to_string(), name.clone()))
            .collect();
        scope
            .endpoints
            .retain(|(service, _), _| *service != Service::Iam);
        let asked = self
            .asked
            .iter()
            .map(|region| (Service::Iam, region.to_string()));
        scope.endpoints.extend(
            asked.filter_map(|place| Some((place.clone(), door.endpoints.get(&place)?.clone()))),
        );
    }

    pub(super) fn unknown(&self, wanted: Option<&str>, scope: &Scope) -> Option<Stop> {
        account_unknown(wanted, scope, &self.reasons)
    }
}

/// Stops a saved plan for another account, as far as that can be known. A create needs this check:
/// no other precondition of it would fail in the wrong account.
pub(super) async fn check_saved(plan: &mut Plan, door: &Door) -> anyhow::Result<()> {
    // Nothing will be sent, so the account does not matter.
    if plan.runnable().next().is_none() {
        return Ok(());
    }
    let wanted = plan.chart.account.clone();
    let is_asked = |region: &str| wanted.is_some() || plan.scope.account.contains_key(region);
    let of_swr = plan
        .scope
        .endpoints()
        .filter(|(service, region, _)| *service == Service::Swr && is_asked(region));
    let regions: BTreeSet<Arc<str>> = of_swr.map(|(_, region, _)| Arc::from(region)).collect();
    let mut live = Live::default();
    let overviews = accounts::overviews(&door.client, regions.clone(), true).await;
    for region in regions
        .into_iter()
        .filter(|region| !overviews.contains_key(region))
    {
        let listed = refresh::account(&door.client, &region).await;
        let name = listed.map_err(|failure| {
            anyhow::anyhow!("cannot read the {}: {}", failure.subject, failure.message)
        })?;
        live.accounts.extend(name.map(|name| (region, name)));
    }
    let mut learned = Learned::new(overviews, &live);
    let mut now = plan.scope.clone();
    learned.complete(wanted.as_deref(), &mut now, door).await;
    if let Some(stop) = other_account(wanted.as_deref(), &now) {
        let chart = plan.chart.clone();
        *plan = Plan::stopped_by(stop, chart, now);
        return Ok(());
    }
    for (region, planned) in &plan.scope.account {
        if let Some(other) = now.account.get(region).filter(|other| *other != planned) {
            let (planned, other) = (escaped(planned), escaped(other));
            anyhow::bail!(
                "the plan was made for the account {planned}, but the account of {region} is \
                {other} now; plan again"
            );
        }
    }
    plan.stopped
        .extend(learned.unknown(wanted.as_deref(), &now));
    Ok(())
}
