//! A chart as YAML: fully resolved, sorted, one document for each region.
//!
//! Decoding the text again gives the same desired state. What the chart left to inheritance,
//! targets or variables is written out; what it does not manage is left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;
use serde_yaml::{Mapping, Value as Yaml};

use super::yaml::Quoted;
use crate::{
    address::Address,
    config::{grammar::Form, variables::literal},
    kind::{Attribute, COUNT, Kind, REGISTRY, Role},
    mask::{self, with_texts},
    state::{
        Acceptance, Attributes, Chart, Consent, DesiredResource, Limits, LoginSource, Presence,
        SecretSource, UnlistedPolicy,
    },
    wire::Service,
};

/// The text of the chart.
pub fn text(chart: &Chart) -> String {
    let protected = chart
        .protect
        .iter()
        .map(|protection| protection.pattern.to_string());
    let accepted = chart
        .accept
        .iter()
        .map(|acceptance| acceptance.pattern.to_string());
    let patterns: Vec<String> = protected.chain(accepted).collect();
    // All texts first: the mark of the placeholders must not occur in any of them.
    let urls = chart.endpoints.values().map(|endpoint| &*endpoint.url);
    let all = texts(chart)
        .chain(patterns.iter().map(String::as_str))
        .chain(urls);
    let mut writer = Writer {
        chart,
        quoted: Quoted::among(all),
    };
    let mut regions: BTreeMap<&Arc<str>, [Mapping; COUNT]> = chart
        .regions
        .iter()
        .map(|region| (region, Default::default()))
        .collect();
    for (address, desired) in chart
        .resources
        .iter()
        .filter(|(address, _)| address.kind().parent.is_none())
    {
        let entry = writer.entry(address, desired);
        let name = writer.name(address);
        insert(
            &mut regions.entry(address.region()).or_default()[address.kind().rank()],
            &name,
            entry,
        );
    }
    let mut documents = Vec::new();
    for (index, (region, tops)) in regions.into_iter().enumerate() {
        documents.push(writer.document(region, tops, index == 0));
    }
    writer.quoted.fill(&documents.join("---\n"))
}

struct Writer<'c> {
    chart: &'c Chart,
    quoted: Quoted,
}

fn insert(mapping: &mut Mapping, key: &str, value: impl Into<Yaml>) {
    mapping.insert(Yaml::from(key), value.into());
}

impl Writer<'_> {
    fn document(&mut self, region: &Arc<str>, tops: [Mapping; COUNT], first: bool) -> String {
        let mut document = Mapping::new();
        insert(&mut document, "version", crate::config::grammar::VERSION);
        // These keys may appear only once in a chart, and so may `limits` below.
        if first {
            let labels = [("name", &self.chart.name), ("account", &self.chart.account)];
            for (key, label) in labels {
                if let Some(label) = label {
                    let label = self.escape(label);
                    insert(&mut document, key, label);
                }
            }
        }
        if first && !self.chart.operators.is_empty() {
            let operators = self.chart.operators.iter();
            let operators: Vec<Yaml> = operators
                .map(|name| Yaml::from(self.escape(name)))
                .collect();
            insert(&mut document, "operators", operators);
        }
        insert(&mut document, "region", self.quoted.hold(region));
        let mut endpoints = Mapping::new();
        for service in Service::ALL {
            if let Some(endpoint) = self.chart.endpoints.get(&(service, region.clone())) {
                insert(
                    &mut endpoints,
                    service.name(),
                    self.quoted.hold(&endpoint.url),
                );
            }
        }
        if !endpoints.is_empty() {
            insert(&mut document, "endpoints", endpoints);
        }
        if let Some(policy) = self.chart.unlisted_tops.get(region) {
            insert(&mut document, "unlisted", policy.notice.word());
        }
        for (kind, entries) in REGISTRY
            .iter()
            .zip(tops)
            .filter(|(_, entries)| !entries.is_empty())
        {
            insert(&mut document, kind.place.key.name, entries);
        }
        let protect = self
            .chart
            .protect
            .iter()
            .filter(|protection| protection.region == *region);
        let protect: Vec<Yaml> = protect
            .map(|protection| Yaml::from(self.quoted.hold(&protection.pattern.to_string())))
            .collect();
        if !protect.is_empty() {
            insert(&mut document, "protect", protect);
        }
        let accept = self
            .chart
            .accept
            .iter()
            .filter(|acceptance| acceptance.region == *region);
        let accept: Vec<Yaml> = accept
            .map(|acceptance| Yaml::Mapping(self.acceptance(acceptance)))
            .collect();
        if !accept.is_empty() {
            insert(&mut document, "accept", accept);
        }
        let of_region = self
            .chart
            .resources
            .iter()
            .filter(|(address, _)| address.region() == region);
        let waived: BTreeSet<_> = of_region
            .filter_map(|(address, desired)| waived(address, desired))
            .collect();
        if !waived.is_empty() {
            let mut lints = Mapping::new();
            insert(
                &mut lints,
                "allow",
                waived.into_iter().map(Yaml::from).collect::<Vec<_>>(),
            );
            insert(&mut document, "lints", lints);
        }
        if first && self.chart.limits != Limits::default() {
            insert(&mut document, "limits", limits(&self.chart.limits));
        }
        // A mapping of strings, numbers and lists always serializes.
        serde_yaml::to_string(&document).unwrap_or_default()
    }

    fn acceptance(&mut self, acceptance: &Acceptance) -> Mapping {
        let mut entry = Mapping::new();
        insert(
            &mut entry,
            "address",
            self.quoted.hold(&acceptance.pattern.to_string()),
        );
        if let Some(code) = acceptance.code {
            insert(&mut entry, "code", code);
        }
        insert(
            &mut entry,
            "until",
            self.quoted.hold(&acceptance.until.to_string()),
        );
        insert(&mut entry, "reason", self.escape(&acceptance.reason));
        entry
    }

    /// The name of an entry in its mapping.
    fn name(&mut self, address: &Address) -> String {
        self.quoted.hold(&own_parts(address).join("/"))
    }

    fn entry(&mut self, address: &Address, desired: &DesiredResource) -> Mapping {
        let mut entry = Mapping::new();
        if desired.is_absent() {
            insert(&mut entry, "state", "absent");
        }
        match self.chart.unlisted.get(address) {
            Some(UnlistedPolicy::Ignore) => insert(&mut entry, "unlisted", "ignore"),
            Some(UnlistedPolicy::Forbid) => insert(&mut entry, "unlisted", "forbid"),
            Some(UnlistedPolicy::Delete(_)) => insert(&mut entry, "unlisted", "delete"),
            Some(UnlistedPolicy::Report) | None => {}
        }
        let terms = self.chart.terms.get(address);
        let kind = address.kind();
        let id = terms.and_then(|terms| terms.id);
        if let Some((lookup, number)) = kind.lookup().zip(id) {
            insert(&mut entry, lookup.id.name, u64::from(number));
        }
        if kind.place.name().is_none() {
            let own = kind.key.len() - own_parts(address).len();
            for (key, part) in kind.key[own..].iter().zip(own_parts(address)) {
                insert(&mut entry, key, self.quoted.hold(part));
            }
        }
        if let Presence::Present(attributes) = &desired.presence {
            self.attributes(address, attributes, &mut entry);
        }
        if let Some(max_age) = terms.and_then(|terms| terms.max_age) {
            insert(&mut entry, "max_age", max_age.to_string());
        }
        if let Some(LoginSource { username, password }) =
            terms.and_then(|terms| terms.credentials.as_ref())
        {
            let mut login = Mapping::new();
            insert(&mut login, "username", self.secret(username));
            insert(&mut login, "password", self.secret(password));
            insert(&mut entry, "credentials", login);
        }
        for child in kind.children() {
            let held = self.held(address, desired, child);
            if let Some(held) = held {
                insert(&mut entry, child.place.key.name, held);
            }
        }
        entry
    }

    /// The children of one kind. Those without names are written only if the chart manages all of
    /// them: an empty list would delete the live ones.
    fn held(
        &mut self,
        address: &Address,
        desired: &DesiredResource,
        kind: &'static Kind,
    ) -> Option<Yaml> {
        let is_whole = desired.children.of(kind).is_some();
        if kind.place.name().is_none() && !is_whole {
            return None;
        }
        let of_kind =
            |child: &Address| child.kind() == kind && child.parent().as_ref() == Some(address);
        let mut children = children(self.chart, address).filter(|(child, _)| of_kind(child));
        match kind.place.key.form {
            Form::Single(_, word) => match children.next() {
                Some((child, desired)) => Some(self.entry(child, desired).into()),
                None => word.map(Yaml::from),
            },
            Form::List(_) => {
                let list: Vec<Yaml> = children
                    .map(|(child, desired)| self.entry(child, desired).into())
                    .collect();
                Some(list.into())
            }
            _ => {
                let mut named = Mapping::new();
                for (child, desired) in children {
                    let entry = self.entry(child, desired);
                    insert(&mut named, &self.name(child), entry);
                }
                (!named.is_empty()).then(|| named.into())
            }
        }
    }

    /// The source of a secret, never the secret.
    fn secret(&mut self, source: &SecretSource) -> Mapping {
        let (name, place) = match source {
            SecretSource::Env(name) => ("env", name),
            SecretSource::File(path) => ("file", path),
        };
        let mut entry = Mapping::new();
        insert(&mut entry, name, self.escape(place));
        entry
    }

    fn attributes(&mut self, address: &Address, attributes: &Attributes, entry: &mut Mapping) {
        for attribute in address.kind().in_chart() {
            match attributes.get(attribute.name) {
                None => {}
                // A fixed value is implied: decoding adds it again.
                Some(value) if matches!(attribute.role, Role::Fixed(preset) if Value::from(preset) == *value) =>
                    {}
                Some(value) => {
                    let value = with_texts(value, &mut |text| self.escape(text));
                    // Plain JSON is YAML.
                    insert(
                        entry,
                        attribute.name,
                        serde_yaml::to_value(value).unwrap_or_default(),
                    );
                }
            }
        }
    }

    /// Escapes what looks like a variable, so that decoding does not replace it.
    fn escape(&mut self, text: &str) -> String {
        self.quoted.hold(&literal(text))
    }
}

/// The error that the chart must have waived, if an attribute differs from its fixed value. Without
/// the waiver, decoding the text again would report it.
fn waived(address: &Address, desired: &DesiredResource) -> Option<&'static str> {
    let Presence::Present(attributes) = &desired.presence else {
        return None;
    };
    let differs = |attribute: &Attribute| match attribute.role {
        Role::Fixed(preset) => attributes
            .get(attribute.name)
            .is_some_and(|value| *value != Value::from(preset)),
        Role::Mutable | Role::Immutable | Role::WriteOnly | Role::Foreign | Role::Policy => false,
    };
    let kind = address.kind();
    kind.place
        .waivable_error()
        .filter(|_| kind.attributes.iter().any(differs))
}

/// The parts of the key after those of the parent.
fn own_parts(address: &Address) -> &[Arc<str>] {
    &address.parts()[address.kind().parent.map_or(1, |parent| parent.key.len())..]
}

/// The texts of the chart.
fn texts(chart: &Chart) -> impl Iterator<Item = &str> {
    let attributes = chart
        .resources
        .values()
        .filter_map(|desired| match &desired.presence {
            Presence::Present(attributes) => Some(attributes.values().flat_map(mask::texts)),
            Presence::Absent => None,
        });
    let names = chart
        .resources
        .keys()
        .flat_map(super::super::address::Address::parts)
        .map(|part| &**part);
    let reasons = chart.accept.iter().map(|acceptance| &*acceptance.reason);
    let logins = chart
        .terms
        .values()
        .filter_map(|terms| terms.credentials.as_ref());
    let places = logins
        .flat_map(|login| [&login.username, &login.password])
        .map(|source| match source {
            SecretSource::Env(place) | SecretSource::File(place) => place.as_str(),
        });
    let labels = [&chart.name, &chart.account]
        .into_iter()
        .flatten()
        .map(|label| &**label);
    attributes
        .flatten()
        .chain(names)
        .chain(reasons)
        .chain(places)
        .chain(labels)
}

/// The declared resources in another. They follow it in address order, so no search of the whole
/// chart is needed for each resource.
fn children<'c>(
    chart: &'c Chart,
    address: &Address,
) -> impl Iterator<Item = (&'c Address, &'c DesiredResource)> + use<'c> {
    let start = address.clone();
    chart
        .resources
        .range(address.clone()..)
        .skip(1)
        .take_while(move |(child, _)| child.parts().starts_with(start.parts()))
}

fn limits(limits: &Limits) -> Mapping {
    let mut entry = Mapping::new();
    insert(&mut entry, "deletes", limits.deletes as u64);
    insert(&mut entry, "delete_percent", limits.delete_percent as u64);
    insert(&mut entry, "collect_percent", limits.collect_percent as u64);
    if !limits.allow.is_empty() {
        let allow: Vec<Yaml> = limits
            .allow
            .iter()
            .map(|consent| Yaml::from(consent_text(consent)))
            .collect();
        insert(&mut entry, "allow", allow);
    }
    entry
}

fn consent_text(consent: &Consent) -> String {
    match consent.most {
        None => consent.class.to_string(),
        Some(most) => format!("{}={most}", consent.class),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        config::{self, Decoded, context::Context},
        diagnostics::SourceMap,
        state::Chart,
    };

    fn decode(text: &str) -> Chart {
        let mut sources = SourceMap::default();
        sources.add("chart.yaml", text);
        let Decoded { chart, found, .. } = config::decode(Context {
            sources: &sources,
            environment: &|_| None,
            region: None,
        });
        assert!(!found.has_errors(), "{found:?}\n{text}");
        chart
    }

    #[test]
    fn everything_is_resolved_and_sorted() {
        let chart = decode(
            r#"
version: 1
region: cn-north-4
targets: { dr: { region: cn-east-3, organization: dr } }
defaults: { repository: { is_public: false }, sync_rule: { override: false } }
organizations:
  b: { unlisted: delete }
  a:
    defaults: { repository: { sync: [ { target: dr } ] } }
    repositories:
      z: { is_public: null, sync: null }
      on: { description: "one\ntwo\n" }
      y: { sync: [] }
      gone: { state: absent }
protect: [ "a/z" ]
limits: { deletes: 3, allow: [ "destroys-data=1" ] }
endpoints: { codearts: "https://x.myhuaweicloud.com" }
mirrors:
  platform/app:
    { max_age: 120m, url: "https://x/a.git", credentials: { username: { env: U }, password: { file: p } } }
  platform/group/lib: { repository_id: 7, branches: null, scheduled: false }
accept: [ { address: a/z, until: 2026-12-31, reason: "as agreed: later" } ]
---
version: 1
region: cn-east-3
organizations: { dr: {} }
"#,
        );
        insta::assert_snapshot!(super::text(&chart), @r#"
        version: 1
        region: cn-east-3
        organizations:
          dr: {}
        limits:
          deletes: 3
          delete_percent: 30
          collect_percent: 50
          allow:
          - destroys-data=1
        ---
        version: 1
        region: cn-north-4
        endpoints:
          codearts: https://x.myhuaweicloud.com
        organizations:
          a:
            repositories:
              gone:
                state: absent
              'on':
                is_public: false
                description: |
                  one
                  two
                sync:
                - target_region: cn-east-3
                  target_organization: dr
                  override: false
              'y':
                is_public: false
                sync: []
              z: {}
          b:
            unlisted: delete
        mirrors:
          platform/app:
            url: https://x/a.git
            max_age: 2h
            credentials:
              username:
                env: U
              password:
                file: p
          platform/group/lib:
            repository_id: 7
            scheduled: false
        protect:
        - a/z
        accept:
        - address: a/z
          until: '2026-12-31'
          reason: 'as agreed: later'
        "#);
    }

    #[test]
    fn strange_texts_come_back() {
        for text in [
            "a\u{2028}b",
            "quoted-text-0-\u{2028}quoted-text-x",
            "::add-mask::e",
            "a\n ::add-mask::e\n",
            "##[add-mask]e",
            "\u{202e}\u{61c}\u{ad}\u{180e}\u{e0041}\u{200b}",
            "\\u{202e}",
            "\u{7f}\u{feff}",
            "\u{85}",
            "${env:HOME}",
            "${env:X:-y} ${env:",
            "no",
            "1e3",
            "",
            " x ",
            "\t",
            "é😀\n",
            "'\"",
            "\u{feff}a",
        ] {
            let mut chart = decode(
                "{version: 1, region: r, organizations: {o: {repositories: {a: {description: \
                x}}}}}",
            );
            let address = crate::kind::repository::address("r", "o", "a");
            let presence = crate::state::Presence::Present(std::sync::Arc::new(
                [("description", text.into())].into_iter().collect(),
            ));
            chart.resources.get_mut(&address).unwrap().presence = presence.clone();
            let again = decode(&super::text(&chart));
            assert_eq!(again.resources[&address].presence, presence, "{text:?}");
        }
    }
}
