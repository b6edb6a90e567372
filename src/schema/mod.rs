//! The published JSON Schemas, generated from the tables that the program itself uses.
//!
//! They are for editors, scripts and pre-merge checks. portolan never validates with them.

mod change;
mod chart;
mod doctor;
mod documents;
mod live;
mod plan;
mod run;
mod words;

pub use chart::chart;
pub use documents::{
    doctor, drift, events, list, plan, receipt, report, snapshot, validate, version,
};

/// The schema without unknown keys, against which the tests validate this version's own documents.
/// The published schemas allow them, because a later minor version may add keys.
pub fn closed(mut schema: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match &mut schema {
        Value::Object(fields) => {
            fields
                .values_mut()
                .for_each(|field| *field = closed(field.take()));
            // A mapping without declared keys, such as one by region, stays open.
            if fields.get("type") == Some(&Value::from("object"))
                && fields.contains_key("properties")
            {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| *item = closed(item.take())),
        _ => {}
    }
    schema
}

/// The dialect of all schemas.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
