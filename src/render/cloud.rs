//! One line with the chart, the account and the endpoints of a plan.

use std::collections::BTreeSet;

use crate::{
    plan::{Plan, Scope},
    text::escaped,
    wire::host::{EndpointKind, host},
};

/// How many names a list shows.
const MOST: usize = 3;

/// ``Chart `acme-registry`, account `acme`, Huawei Cloud.`` `None` if no endpoint was used. `code`
/// formats a foreign name.
pub(super) fn line(plan: &Plan, code: impl Fn(&str) -> String) -> Option<String> {
    let places = places(&plan.scope);
    if places.is_empty() {
        return None;
    }
    let accounts: Vec<String> = plan.scope.accounts().into_iter().map(&code).collect();
    let account = match accounts.as_slice() {
        [] => "account unknown".to_owned(),
        [only] => format!("account {only}"),
        several => format!("accounts {}", list(several)),
    };
    Some(format!(
        "Chart {}, {account}, {}.",
        code(&plan.chart.name),
        list(&places)
    ))
}

/// A foreign name in backticks, for plain text.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", escaped(name).replace('`', "'"))
}

/// The endpoints, without repetitions. IAM and STS are left out: they only tell who the caller is.
fn places(scope: &Scope) -> Vec<String> {
    let mut places = BTreeSet::new();
    for (_, _, url) in scope
        .endpoints()
        .filter(|(service, ..)| !service.is_of_identity())
    {
        let other = || {
            format!(
                "{} (not Huawei Cloud)",
                escaped(host(url).unwrap_or_default())
            )
        };
        let kind = EndpointKind::of(url);
        places.insert(match kind {
            EndpointKind::HuaweiCloud => (kind, "Huawei Cloud".to_owned()),
            EndpointKind::Emulator => (kind, "the emulator".to_owned()),
            EndpointKind::Other => (kind, other()),
        });
    }
    places.into_iter().map(|(_, place)| place).collect()
}

fn list(names: &[String]) -> String {
    let shown = names
        .iter()
        .take(MOST)
        .cloned()
        .collect::<Vec<_>>()
        .join(" and ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        rest => format!("{shown} and {rest} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{state::ChartStamp, wire::Service};

    fn plan(endpoints: &[(&str, &str)], accounts: &[(&str, &str)]) -> Plan {
        let url = |(region, url): &(&str, &str)| {
            ((Service::Swr, (*region).to_owned()), (*url).to_owned())
        };
        let account = accounts
            .iter()
            .map(|(region, name)| ((*region).to_owned(), (*name).to_owned()))
            .collect();
        let scope = Scope {
            endpoints: endpoints.iter().map(url).collect(),
            account,
            ..Scope::default()
        };
        let chart = ChartStamp {
            name: "acme\u{1b}`, account `x".to_owned(),
            ..ChartStamp::default()
        };
        Plan {
            chart,
            scope,
            ..Plan::default()
        }
    }

    #[test]
    fn a_line_names_chart_account_and_endpoint() {
        let huawei = "https://swr-api.a-1.myhuaweicloud.com";
        let plans = [
            plan(&[], &[]),
            plan(
                &[("a-1", huawei), ("b-1", huawei)],
                &[("a-1", "acme"), ("b-1", "acme")],
            ),
            plan(&[("a-1", "emulator:x.json")], &[]),
            plan(
                &[("a-1", huawei), ("b-1", "https://swr.example.com:8443/x")],
                &[("a-1", "acme"), ("b-1", "globex")],
            ),
            plan(
                &["a", "b", "c", "d", "e"].map(|name| (name, name)),
                &["a", "b", "c", "d"].map(|name| (name, name)),
            ),
        ];
        let texts = plans
            .iter()
            .filter_map(|plan| line(plan, quoted))
            .collect::<Vec<_>>();
        insta::assert_snapshot!(texts.join("\n"), @r"
        Chart `acme\u{1b}', account 'x`, account `acme`, Huawei Cloud.
        Chart `acme\u{1b}', account 'x`, account unknown, the emulator.
        Chart `acme\u{1b}', account 'x`, accounts `acme` and `globex`, Huawei Cloud and swr.example.com:8443 (not Huawei Cloud).
        Chart `acme\u{1b}', account 'x`, accounts `a` and `b` and `c` and 1 more, a (not Huawei Cloud) and b (not Huawei Cloud) and c (not Huawei Cloud) and 2 more.
        ");
    }
}
