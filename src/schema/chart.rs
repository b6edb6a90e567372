//! The JSON Schema of the chart, generated from the grammar that the decoder uses.

use serde_json::{Map, Value, json};

use crate::{
    config::grammar::{
        ANCHORS, ANCHORS_DOC, DOCUMENT, Form, Key, KeyRule, Record, TextForm, VERSION,
    },
    kind::{LONGEST_ADDRESS, Shape},
    names,
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
            "The desired state of image repositories, of the rules that copy their images, and of \
            git mirrors."
        ),
    );
    let Value::Object(document) = record(&DOCUMENT) else {
        return Value::Object(schema);
    };
    schema.extend(document);
    Value::Object(schema)
}

fn record(record: &Record) -> Value {
    let properties: Map<String, Value> = record
        .keys()
        .map(|key| (key.name.to_owned(), property(record, &key)))
        .collect();
    let required: Vec<&str> = record
        .keys()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "title": record.name,
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    if record.has_anchors() {
        schema["patternProperties"] = json!({ format!("^{ANCHORS}"): { "title": "room for \
            anchors", "description": ANCHORS_DOC } });
    }
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if let (Some(schema), Value::Object(shape)) = (schema.as_object_mut(), together(record)) {
        schema.extend(shape);
    }
    schema
}

/// The rules for keys that depend on each other. A key that is not allowed has the schema `false`:
/// editors then name it in the error.
fn together(record: &Record) -> Value {
    let refused = |except: &[&str]| {
        let others = record.keys().filter(|key| !except.contains(&key.name));
        others
            .map(|key| (key.name.to_owned(), json!(false)))
            .collect::<Map<_, _>>()
    };
    // Without `required`, the condition would also hold for entries without `state`.
    let absent = json!({ "properties": { "state": { "const": "absent" } }, "required": ["state"] });
    match record.key_rule {
        KeyRule::Any | KeyRule::Login => json!({}),
        KeyRule::OneOf(keys) => {
            // Strict validators want what is required to be among the properties.
            let alone = |key: &&str| {
                let is = |other: &&str| ((*other).to_owned(), json!(other == key));
                let properties: Map<String, Value> = keys.iter().map(is).collect();
                json!({ "properties": properties, "required": [key] })
            };
            json!({ "oneOf": keys.iter().map(alone).collect::<Vec<_>>() })
        }
        KeyRule::OneSource => json!({ "minProperties": 1, "maxProperties": 1 }),
        KeyRule::Instead(one, others) => {
            let keys: Vec<&str> = [one].into_iter().chain(others.iter().copied()).collect();
            let only = |required: &[&str]| {
                let is = |key: &&str| ((*key).to_owned(), json!(required.contains(key)));
                json!({ "properties": keys.iter().map(is).collect::<Map<_, _>>(), "required": required })
            };
            json!({ "oneOf": [only(&[one]), only(others)] })
        }
        KeyRule::AbsentAlone => {
            json!({ "if": absent, "then": { "properties": refused(&["state"]) } })
        }
        KeyRule::AbsentHoldsAbsent => {
            let mut then = refused(&["state", "repositories"]);
            let mut entry = absent.clone();
            entry["type"] = json!("object");
            let all = json!({ "type": "object", "additionalProperties": entry });
            then.insert("repositories".to_owned(), all);
            json!({ "if": absent, "then": { "properties": then } })
        }
    }
}

fn property(record: &Record, key: &Key) -> Value {
    // Editors show the title above the help. Without one they show the title of the whole chart.
    let mut schema = Map::from_iter([
        (
            "title".to_owned(),
            json!(format!("{} ({})", key.name, record.name)),
        ),
        ("description".to_owned(), json!(description(key))),
    ]);
    schema.extend(default(key).map(|default| ("default".to_owned(), default)));
    schema.extend(examples(key).map(|examples| ("examples".to_owned(), examples)));
    let mut form = match key.choices {
        [] => form(key.form),
        choices => offered(choices, form(key.form)),
    };
    if key.nullable {
        form = or_null(form);
    }
    if let Value::Object(mut form) = form {
        // The key's own title replaces that of the record.
        form.extend(schema);
        return Value::Object(form);
    }
    Value::Object(schema)
}

fn description(key: &Key) -> String {
    // Editors call the choices "allowed values".
    let others = if key.choices.is_empty() {
        ""
    } else {
        " Other values than those listed are valid too."
    };
    let example = if holds_mappings(key.form) {
        format!(" For example: `{}`.", key.example)
    } else {
        String::new()
    };
    format!("{}{others}{example}", key.doc)
}

/// Whether a value contains a mapping. Editors show an example that is a mapping as
/// `[object Object]`, so its text goes into the description instead.
fn holds_mappings(form: Form) -> bool {
    match form {
        Form::Record(_) | Form::Single(..) | Form::Dictionary(..) => true,
        Form::List(item) => holds_mappings(*item),
        Form::Version | Form::Number(..) | Form::Text(_) | Form::OneOf(_) | Form::Attribute(_) => {
            false
        }
    }
}

/// The default value. Editors insert it together with its mapping, so it is left out for
/// attributes: their only default is a fixed value, which need not be written.
fn default(key: &Key) -> Option<Value> {
    key.default
        .filter(|_| !matches!(key.form, Form::Attribute(_)))
        .map(yaml)
}

/// The value that editors suggest.
fn examples(key: &Key) -> Option<Value> {
    (!holds_mappings(key.form)).then(|| json!([yaml(key.example)]))
}

/// One of the choices, or another value of the form. The branches exclude each other, because
/// editors show the help of all matching branches.
fn offered(choices: &[&str], mut form: Value) -> Value {
    // Otherwise a listed value would match both branches, which `oneOf` refuses.
    form["not"] = json!({ "enum": choices });
    json!({ "oneOf": [{ "enum": choices }, form] })
}

/// Parses a value of a table, which is written as YAML.
fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|_| json!(text))
}

fn form(form: Form) -> Value {
    match form {
        Form::Version => json!({ "const": VERSION }),
        Form::Number(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Form::Text(text) => text_form(text),
        Form::OneOf(values) => one_of(values),
        Form::List(item) => json!({ "type": "array", "items": self::form(*item) }),
        Form::Record(inner) | Form::Single(inner, None) => record(inner),
        Form::Single(inner, Some(word)) => json!({ "oneOf": [record(inner), { "const": word }] }),
        Form::Dictionary(name, entry) => json!({
            "type": "object",
            "propertyNames": { "pattern": names::regex(name) },
            "additionalProperties": or_null(record(entry)),
        }),
        Form::Attribute(Shape::Number(least, most)) => self::form(Form::Number(least, most)),
        Form::Attribute(Shape::Records { keys, longest }) => records(keys, longest),
        Form::Attribute(Shape::Bool) => json!({ "type": "boolean" }),
        Form::Attribute(Shape::Text(most)) => json!({ "type": "string", "maxLength": most }),
        Form::Attribute(Shape::WebAddress) => {
            let mut schema = text(r"^https?://[^/?#@\s]+([/?#][!-~]*)?$");
            schema["maxLength"] = json!(LONGEST_ADDRESS);
            schema
        }
        Form::Attribute(Shape::Uuid) => {
            text("^([0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})?$")
        }
        Form::Attribute(Shape::Deadline) => text(
            r"^(forever|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?)$",
        ),
        Form::Attribute(Shape::OneOf(values)) => one_of(values),
    }
}

/// A list of strings, and of mappings of one key to a string.
fn records(keys: &[&str], longest: usize) -> Value {
    let text = json!({ "type": "string", "maxLength": longest });
    let keyed: serde_json::Map<_, _> = keys
        .iter()
        .map(|key| ((*key).to_owned(), text.clone()))
        .collect();
    let keyed = json!({ "type": "object", "properties": keyed, "minProperties": 1, "maxProperties": 1, "additionalProperties": false });
    json!({ "type": "array", "items": { "anyOf": [text, keyed] } })
}

/// The same, or `null`. Not as `anyOf`, because editors show the help of all branches.
fn or_null(mut schema: Value) -> Value {
    match schema.get("type") {
        Some(kind) => schema["type"] = json!([kind, "null"]),
        None => {
            let choices = schema.get_mut("oneOf").and_then(Value::as_array_mut);
            choices
                .into_iter()
                .for_each(|choices| choices.push(json!({ "type": "null" })));
        }
    }
    schema
}

/// A variable, which is allowed in every string. Its value is unknown to the schema.
const VARIABLE: &str = r"\$\{env:[A-Za-z0-9_]+(:-[^}]*)?\}";

/// A string that matches the pattern or contains a variable.
fn text(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": format!("(?:{pattern})|{VARIABLE}") })
}

fn one_of(values: &[&str]) -> Value {
    json!({ "oneOf": [{ "enum": values }, { "type": "string", "pattern": VARIABLE }] })
}

fn text_form(text: TextForm) -> Value {
    match text {
        TextForm::Name(name) => self::text(names::regex(name)),
        // No pattern knows the length of each month; the decoder checks that.
        TextForm::Date => self::text("^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
        TextForm::Age => self::text("^0*[1-9][0-9]*[mhd]$"),
        TextForm::Url | TextForm::Path | TextForm::Words | TextForm::Lint => {
            json!({ "type": "string", "minLength": 1 })
        }
        TextForm::Pattern => {
            self::text(r"^(?!\s)(?!.*\s$)[^/\x00-\x1f\x7f]+(/[^/\x00-\x1f\x7f]+)*$")
        }
        TextForm::Consent => {
            let classes = RiskClass::ALL.map(RiskClass::name).join("|");
            self::text(&format!("^({classes})(=[0-9]+)?$"))
        }
    }
}
