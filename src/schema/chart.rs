//! The JSON Schema of the chart, made from the grammar that the decoder checks with.

use serde_json::{Map, Value, json};

use crate::{
    config::{
        grammar::{DOCUMENT, Form, Key, Record, TextForm, Together, VERSION},
        names,
    },
    kind::{LONGEST_ADDRESS, Shape},
    plan::risk::RiskClass,
};

/// The schema of one document of a chart.
pub fn chart() -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!(super::DIALECT));
    schema.insert("title".to_owned(), json!("portolan chart"));
    schema.insert(
        "description".to_owned(),
        json!(
            "Image repositories, the rules that copy their images, and mirrors of git repositories, as they shall be."
        ),
    );
    let Value::Object(document) = record(&DOCUMENT) else { return Value::Object(schema) };
    schema.extend(document);
    Value::Object(schema)
}

fn record(record: &Record) -> Value {
    let properties: Map<String, Value> = record.keys().map(|key| (key.name.to_owned(), property(&key))).collect();
    let required: Vec<&str> = record.keys().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if let (Some(schema), Value::Object(shape)) = (schema.as_object_mut(), together(record.together)) {
        schema.extend(shape);
    }
    schema
}

/// What the presence of one key says about others.
fn together(together: Together) -> Value {
    let absent = json!({ "properties": { "state": { "const": "absent" } }, "required": ["state"] });
    let any = |keys: &[&str]| keys.iter().map(|key| json!({ "required": [key] })).collect::<Vec<_>>();
    match together {
        Together::All | Together::Login => json!({}),
        Together::OneSource => json!({ "minProperties": 1, "maxProperties": 1 }),
        Together::OneTarget => json!({ "oneOf": [
            { "required": ["target"], "not": { "anyOf": any(&["target_region", "target_organization"]) } },
            { "required": ["target_region", "target_organization"], "not": { "required": ["target"] } },
        ] }),
        Together::AbsentAlone => json!({ "if": absent, "then": { "maxProperties": 1 } }),
        Together::AbsentHoldsAbsent => json!({ "if": absent, "then": {
            "not": { "anyOf": any(&["unlisted", "defaults"]) },
            "properties": { "repositories": { "additionalProperties": {
                "type": "object",
                "required": ["state"],
                "properties": { "state": { "const": "absent" } },
            } } },
        } }),
    }
}

fn property(key: &Key) -> Value {
    let mut schema = Map::from_iter([("description".to_owned(), json!(key.doc))]);
    schema.extend(key.default.map(|default| ("default".to_owned(), yaml(default))));
    schema.insert("examples".to_owned(), json!([yaml(key.example)]));
    match form(key.form) {
        inner if key.nullable => drop(schema.insert("anyOf".to_owned(), json!([inner, { "type": "null" }]))),
        Value::Object(inner) => schema.extend(inner),
        _ => {}
    }
    Value::Object(schema)
}

/// A value that a table holds as YAML.
fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|_| json!(text))
}

fn form(form: Form) -> Value {
    match form {
        Form::Version => json!({ "const": VERSION }),
        Form::Number(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Form::Text(text) => text_form(text),
        Form::OneOf(values) => one_of(values),
        Form::List(item) => json!({ "type": "array", "items": self::form(*item) }),
        Form::Record(inner) => record(inner),
        Form::Dictionary(name, entry) => json!({
            "type": "object",
            "propertyNames": { "pattern": names::regex(name) },
            "additionalProperties": { "anyOf": [record(entry), { "type": "null" }] },
        }),
        Form::Attribute(Shape::Bool) => json!({ "type": "boolean" }),
        Form::Attribute(Shape::Text(most)) => json!({ "type": "string", "maxLength": most }),
        Form::Attribute(Shape::WebAddress) => with_variables(json!({
            "type": "string",
            "maxLength": LONGEST_ADDRESS,
            "pattern": "^https?://[^/?#@\\s]+([/?#][!-~]*)?$",
        })),
        Form::Attribute(Shape::Uuid) => with_variables(json!({
            "type": "string",
            "pattern": "^([0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})?$",
        })),
        Form::Attribute(Shape::OneOf(values)) => one_of(values),
    }
}

/// A text may also hold a variable, whose value is only known when it is read.
fn with_variables(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "string", "pattern": r"\$\{env:[A-Za-z0-9_]+(:-[^}]*)?\}" }] })
}

fn one_of(values: &[&str]) -> Value {
    with_variables(json!({ "enum": values }))
}

fn text_form(text: TextForm) -> Value {
    match text {
        TextForm::Name(name) => with_variables(json!({ "type": "string", "pattern": names::regex(name) })),
        TextForm::Date => with_variables(json!({
            "type": "string",
            "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        })),
        TextForm::Age => with_variables(json!({ "type": "string", "pattern": "^0*[1-9][0-9]*[mhd]$" })),
        TextForm::Url | TextForm::Path | TextForm::Words | TextForm::Lint => {
            json!({ "type": "string", "minLength": 1 })
        }
        TextForm::Pattern => with_variables(
            json!({ "type": "string", "pattern": r"^(?!\s)(?!.*\s$)[^/\x00-\x1f\x7f]+(/[^/\x00-\x1f\x7f]+)*$" }),
        ),
        TextForm::Consent => {
            let classes = RiskClass::ALL.map(RiskClass::name).join("|");
            with_variables(json!({ "type": "string", "pattern": format!("^({classes})(=[0-9]+)?$") }))
        }
    }
}
