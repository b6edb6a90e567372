//! The published JSON Schemas, made from the tables that the program itself works with.
//!
//! For editors, scripts and pre-merge checks; portolan itself never validates with them.

mod chart;
mod plan;
mod run;
mod words;

pub use chart::chart;
pub use plan::{drift, events, plan, receipt, report, validate};

/// The schema without room for keys of later versions: what this version's own documents are held
/// against.
pub fn closed(mut schema: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match &mut schema {
        Value::Object(fields) => {
            fields
                .values_mut()
                .for_each(|field| *field = closed(field.take()));
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

/// The dialect of all of them.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
