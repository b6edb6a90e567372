//! The JSON form of a plan's scope.
//!
//! Each service has a field with its endpoints by region. The field's name derives from the
//! service's, so that a new service needs no change here.

use std::collections::BTreeMap;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap as _,
};
use serde_json::{Map, Value};

use super::Scope;
use crate::{pattern::Pattern, scope::Selection, wire::Service};

/// The first service has a field without a prefix, which is always there: format 1.0 had only that
/// one.
fn field(service: Service) -> String {
    if service == Service::Swr {
        "endpoints".to_owned()
    } else {
        format!("{}_endpoints", service.name())
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("regions", &self.regions)?;
        for service in Service::ALL {
            let here = self.endpoints.iter().filter(|((of, _), _)| *of == service);
            let by_region: BTreeMap<&str, &str> = here
                .map(|((_, region), url)| (region.as_str(), url.as_str()))
                .collect();
            if service == Service::Swr || !by_region.is_empty() {
                fields.serialize_entry(&field(service), &by_region)?;
            }
        }
        fields.serialize_entry("account", &self.account)?;
        fields.serialize_entry("targets", &self.selection.targets)?;
        fields.serialize_entry("excludes", &self.selection.excludes)?;
        fields.serialize_entry("partial", &self.selection.is_partial())?;
        fields.end()
    }
}

/// The scope without endpoints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    regions: Vec<String>,
    account: BTreeMap<String, String>,
    targets: Vec<Pattern>,
    #[serde(default)]
    excludes: Vec<Pattern>,
    partial: bool,
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scope, D::Error> {
        // A map first, because the endpoints' keys depend on the list of services, which a derived
        // struct cannot express.
        let mut fields = Map::<String, Value>::deserialize(deserializer)?;
        let mut endpoints = BTreeMap::new();
        for service in Service::ALL {
            let Some(found) = fields.shift_remove(&field(service)) else {
                if service == Service::Swr {
                    return Err(D::Error::missing_field("endpoints"));
                }
                continue;
            };
            let by_region: BTreeMap<String, String> =
                serde_json::from_value(found).map_err(D::Error::custom)?;
            endpoints.extend(
                by_region
                    .into_iter()
                    .map(|(region, url)| ((service, region), url)),
            );
        }
        let rest: Rest = serde_json::from_value(Value::Object(fields)).map_err(D::Error::custom)?;
        let selection = Selection {
            targets: rest.targets,
            excludes: rest.excludes,
            ..Selection::default()
        };
        // `partial` is for readers of the document. A file whose copy is wrong was edited.
        if rest.partial != selection.is_partial() {
            return Err(D::Error::custom(
                "`partial` does not match the patterns of the scope",
            ));
        }
        Ok(Scope {
            regions: rest.regions,
            endpoints,
            account: rest.account,
            selection,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = r#"{"regions":["a-1","b-1"],"endpoints":{"a-1":"https://one","b-1":"https://two"},"codearts_endpoints":{"a-1":"https://three"},"iam_endpoints":{"b-1":"https://four"},"account":{"a-1":"acme"},"targets":["*/o"],"excludes":[],"partial":true}"#;
    const NONE: &str =
        r#"{"regions":[],"endpoints":{},"account":{},"targets":[],"excludes":[],"partial":false}"#;

    fn read(text: &str) -> Result<Scope, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn each_service_has_a_field_of_its_own() {
        let scope = read(ALL).unwrap();
        let places: Vec<_> = scope.endpoints().collect();
        let expected = [
            (Service::Swr, "a-1", "https://one"),
            (Service::Swr, "b-1", "https://two"),
            (Service::CodeArts, "a-1", "https://three"),
            (Service::Iam, "b-1", "https://four"),
        ];
        assert_eq!(places, expected);
        for text in [ALL, NONE] {
            assert_eq!(serde_json::to_string(&read(text).unwrap()).unwrap(), text);
        }
        assert_eq!(read(NONE).unwrap(), Scope::default());
    }

    #[test]
    fn what_is_missing_unknown_or_does_not_fit_is_refused() {
        for (from, to, expected) in [
            ("\"endpoints\":{},", "", "missing field `endpoints`"),
            ("\"account\":{},", "", "missing field `account`"),
            (
                "\"account\":{}",
                "\"account\":{},\"s3_endpoints\":{}",
                "unknown field `s3_endpoints`",
            ),
            (
                "\"endpoints\":{}",
                "\"endpoints\":{\"a-1\":7}",
                "invalid type",
            ),
            ("false", "true", "`partial` does not match"),
        ] {
            let error = read(&NONE.replace(from, to)).unwrap_err();
            assert!(error.contains(expected), "{expected}: {error}");
        }
        // Format 1.0 has no `excludes`.
        assert_eq!(
            read(&NONE.replace("\"excludes\":[],", "")),
            Ok(Scope::default())
        );
    }
}
