//! The published schemas are current and valid, and the schema of the chart agrees with the
//! decoder.

use std::{fs, path::PathBuf};

use portolan::{
    config::{self, context::Context},
    diagnostics::SourceMap,
    schema,
};
use serde_json::Value;

use crate::cases::cases;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::options()
        .build(&schema::chart())
        .unwrap()
}

/// The documents of a YAML text, as an editor would check them.
fn documents(yaml: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    serde_yaml::Deserializer::from_str(yaml)
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

/// The codes of the errors that the decoder finds.
fn errors(yaml: &str) -> Vec<String> {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", yaml);
    let found = config::decode(Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    })
    .found;
    found
        .iter()
        .filter(|found| found.severity == portolan::diagnostics::Severity::Error)
        .map(|found| found.code.to_owned())
        .collect()
}

/// Each published schema with the one that the code declares.
fn published() -> [(&'static str, Value); 11] {
    [
        ("schemas/portolan.schema.json", schema::chart()),
        ("schemas/plan.schema.json", schema::plan()),
        ("schemas/report.schema.json", schema::report()),
        ("schemas/receipt.schema.json", schema::receipt()),
        ("schemas/events.schema.json", schema::events()),
        ("schemas/drift.schema.json", schema::drift()),
        ("schemas/validate.schema.json", schema::validate()),
        ("schemas/doctor.schema.json", schema::doctor()),
        ("schemas/version.schema.json", schema::version()),
        ("schemas/list.schema.json", schema::list()),
        ("schemas/snapshot.schema.json", schema::snapshot()),
    ]
}

#[test]
fn the_published_schemas_are_current() {
    for (name, schema) in published() {
        let path = root().join(name);
        let generated = portolan::plan::document::pretty(&schema);
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            fs::write(&path, &generated).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        let command = "UPDATE_SCHEMA=1 cargo test --test lib schema::";
        assert!(
            found == generated,
            "{name} is not what the code declares; run `{command}`"
        );
    }
}

#[test]
fn they_are_schemas() {
    for (name, schema) in published() {
        jsonschema::draft202012::meta::validate(&schema)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Whether a plan with one change is valid after an edit of its document.
fn is_plan(mend: impl FnOnce(&mut Value)) -> bool {
    let mut plan: Value = serde_json::json!({
        "format_version": "1.1", "document": "plan", "outcome": "changes", "stopped": [],
        "unlisted": [], "diagnostics": [],
        "summary": {
            "add": 0, "change": 0, "destroy": 0, "run": 0, "unchanged": 0, "withheld": 1,
            "unlisted": 0,
        },
        "chart": { "files": ["a.yaml"], "digest": "" },
        "changes": [{
            "address": { "kind": "repository", "region": "r", "organization": "o",
                "repository": "a/b" },
            "actions": ["update"], "reason": "differs", "risks": ["exposes"],
            "before": { "is_public": false }, "after": { "is_public": true },
            "fields": [{ "name": "is_public", "before": false, "after": true }],
            "source": null, "withheld": { "by": "risk", "class": "exposes", "lift": "--allow \
                exposes=1" },
            "precondition": { "exists": true, "attributes": { "is_public": false } },
        }, {
            "address": { "kind": "mirror", "region": "r", "project": "p", "repository": "a" },
            "actions": ["run"], "reason": "stale", "risks": [],
            "before": { "url": "https://x/a.git" }, "after": { "url": "https://x/a.git" },
            "fields": [],
            "source": null, "withheld": null,
            "precondition": { "exists": true, "attributes": {}, "repository_id": 7 },
            "run": {
                "because": "late", "last_success": null, "max_age": 3600, "force": false,
                "endpoint": "",
                "credentials": { "username": { "env": "A" }, "password": { "file": "b" } },
            },
        }],
    });
    mend(&mut plan);
    jsonschema::draft202012::options()
        .build(&schema::closed(schema::plan()))
        .unwrap()
        .is_valid(&plan)
}

#[test]
fn the_schema_of_a_plan_is_strict() {
    use serde_json::json;
    assert!(is_plan(|_| {}));
    let masked = json!({ "masked": "https://***@x/a.git" });
    assert!(
        is_plan(|plan| plan["changes"][1]["before"]["url"] = masked.clone()),
        "a masked text"
    );
    assert!(
        !is_plan(|plan| plan["changes"][0]["before"]["is_public"] = masked.clone()),
        "a masked switch"
    );
    assert!(!is_plan(|plan| plan["extra"] = json!(1)), "an unknown key");
    assert!(
        !is_plan(|plan| plan["tool"] = json!("portolan 1")),
        "half a saved plan"
    );
    assert!(
        is_plan(|plan| plan["format_version"] = json!("1.2")),
        "a later minor version"
    );
    assert!(
        !is_plan(|plan| plan["format_version"] = json!("2.0")),
        "another format"
    );
    assert!(
        !is_plan(|plan| plan["changes"][0]["after"] = Value::Null),
        "an update to nothing"
    );
    assert!(
        !is_plan(|plan| plan["changes"][0]["actions"] = json!(["create"])),
        "a create of what is there"
    );
    assert!(
        !is_plan(|plan| plan["changes"][0]["actions"] = json!(["create", "delete"])),
        "an unknown action"
    );
    assert!(
        !is_plan(|plan| plan["changes"][0]["after"]["override"] = json!(true)),
        "an attribute of another kind"
    );
    assert!(
        !is_plan(|plan| plan["changes"][0]["address"]["target_region"] = json!("x")),
        "a part too many"
    );
    assert!(
        !is_plan(|plan| plan["changes"][0]["fields"][0]["after"] = json!("yes")),
        "a text for a switch"
    );
    assert!(
        !is_plan(|plan| plan["changes"][0]["withheld"] = json!({ "by": "protect" })),
        "no pattern"
    );
    assert!(
        !is_plan(|plan| drop(
            plan["changes"][0]
                .as_object_mut()
                .unwrap()
                .remove("precondition")
        )),
        "a key less"
    );
    assert!(
        !is_plan(|plan| drop(plan["changes"][1].as_object_mut().unwrap().remove("run"))),
        "a run without a run"
    );
    assert!(
        !is_plan(|plan| plan["changes"][0]["run"] = plan["changes"][1]["run"].clone()),
        "a run unannounced"
    );
    let password =
        |plan: &mut Value| plan["changes"][1]["run"]["credentials"]["password"] = json!("s3cr3t");
    assert!(!is_plan(password), "a secret");
}

#[test]
fn a_schema_has_room_for_what_a_later_minor_version_adds() {
    let mut later = serde_json::json!({
        "format_version": "1.12", "document": "validate", "valid": true, "errors": 0, "warnings": 0,
        "diagnostics": [], "added": { "later": true },
    });
    let is_valid = |document: &Value| {
        jsonschema::draft202012::options()
            .build(&schema::validate())
            .unwrap()
            .is_valid(document)
    };
    assert!(is_valid(&later));
    for (key, wrong) in [
        ("document", "plan"),
        ("format_version", "2.0"),
        ("format_version", "1.0"),
        ("valid", "yes"),
    ] {
        let right = std::mem::replace(&mut later[key], wrong.into());
        assert!(!is_valid(&later), "{key}: {wrong}");
        later[key] = right;
    }
}

#[test]
fn it_accepts_the_examples() {
    let validator = validator();
    let mut seen = 0;
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for document in documents(&text) {
            let problems: Vec<String> = validator
                .iter_errors(&document)
                .map(|problem| problem.to_string())
                .collect();
            assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
        }
        assert_eq!(errors(&text), [""; 0], "{}", path.display());
        seen += 1;
    }
    assert!(seen > 0, "there are no examples");
}

#[test]
fn schema_and_decoder_accept_the_same() {
    let validator = validator();
    for organizations in [
        "{}",
        "{ team-a: }",
        "{ team-a: {} }",
        "{ team-a: { state: absent } }",
        "{ a.b_c__d--e: { unlisted: delete, repositories: { a/b.c: , d: {} } } }",
        "{ o: { repositories: { r: { is_public: null, category: null, description: null, sync: \
        null } } } }",
        "{ o: { repositories: { r: { description: '', sync: [] } } } }",
        "{ o: { repositories: { r: { description: '${env:NO:-x}', category: '${env:NO:-arm}' } } } \
        }",
        "{ o: { repositories: { r: { sync: [{ target_region: x-1, target_organization: y, \
        override: null }] } } } }",
        "{ o: { defaults: { repository: { is_public: true }, sync_rule: { override: true, auto: \
        true } } } }",
    ] {
        accepted(
            &validator,
            &format!("version: 1\nregion: cn-north-4\norganizations: {organizations}\n"),
        );
    }
    for top in [
        "chart_defaults: { repository: { is_public: true, sync: [] }, sync_rule: { override: true \
        } }",
        "x-: 1",
        "x-base: &base { anything: [1, { at: all }], is_public: maybe }",
    ] {
        accepted(
            &validator,
            &format!("version: 1\nregion: cn-north-4\n{top}\n"),
        );
    }
    for mirror in [
        "",
        "{}",
        "{ url: 'http://x:8080/a.git', branches: default, scheduled: true, max_age: 90m, force: \
        false }",
        "{ url: null, branches: null, scheduled: null, max_age: null, force: null, endpoint: null, \
        credentials: null }",
        "{ url: '${env:NO:-https://x}', max_age: '${env:NO:-6h}', repository_id: 2147483647, \
        endpoint: '' }",
        "{ endpoint: b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11 }",
        "{ credentials: { username: { env: GIT_USER }, password: { file: /run/git } } }",
    ] {
        accepted(
            &validator,
            &format!(
                "version: 1\nregion: cn-north-4\nmirrors: {{ 'my project/a/b.c': {mirror} }}\n"
            ),
        );
    }
}

#[track_caller]
fn accepted(validator: &jsonschema::Validator, yaml: &str) {
    assert_eq!(errors(yaml), [""; 0], "{yaml}");
    for document in documents(yaml) {
        let problems: Vec<String> = validator
            .iter_errors(&document)
            .map(|problem| problem.to_string())
            .collect();
        assert!(problems.is_empty(), "{yaml}: {problems:#?}");
    }
}

/// How the next charts begin.
const HEAD: &str = "version: 1\nregion: cn-north-4\n";

/// The decoder refuses each chart with this code, and the schema refuses it too.
#[track_caller]
fn are_refused<const N: usize>(charts: [(String, &str); N]) {
    let validator = validator();
    for (chart, code) in charts {
        let found = errors(&chart);
        assert!(
            found.iter().any(|found| found == code),
            "the decoder says {found:?} of\n{chart}"
        );
        let accepted = documents(&chart)
            .iter()
            .all(|document| validator.is_valid(document));
        assert!(!accepted, "the schema accepts\n{chart}");
    }
}

#[test]
fn schema_and_decoder_refuse_the_same_documents_and_organizations() {
    are_refused([
        ("region: cn-north-4\n".to_owned(), "missing-key"),
        (
            "version: 2\nregion: cn-north-4\n".to_owned(),
            "unknown-version",
        ),
        (
            "version: '1'\nregion: cn-north-4\n".to_owned(),
            "wrong-type",
        ),
        ("[]\n".to_owned(), "wrong-type"),
        ("version: 1\nregion: evil.com/\n".to_owned(), "bad-name"),
        (format!("{HEAD}organisations: {{}}\n"), "unknown-key"),
        (format!("{HEAD}organizations: []\n"), "wrong-type"),
        (format!("{HEAD}organizations:\n"), "wrong-type"),
        (
            format!("{HEAD}organizations: {{ Team: {{}} }}\n"),
            "bad-name",
        ),
        (
            format!("{HEAD}organizations: {{ {}: {{}} }}\n", "a".repeat(65)),
            "bad-name",
        ),
        (
            format!("{HEAD}organizations: {{ a: {{ unlisted: forget }} }}\n"),
            "unknown-value",
        ),
        (
            format!("{HEAD}organizations: {{ a: {{ state: gone }} }}\n"),
            "unknown-value",
        ),
        (
            format!("{HEAD}organizations: {{ a: {{ state: null }} }}\n"),
            "wrong-type",
        ),
        (
            format!("{HEAD}organizations: {{ a: {{ is_public: true }} }}\n"),
            "unknown-key",
        ),
        (
            format!("{HEAD}organizations: {{ a: {{ repositories: {{ x//y: }} }} }}\n"),
            "bad-name",
        ),
        (
            format!("{HEAD}organizations: {{ a: {{ repositories: {{ x: [] }} }} }}\n"),
            "wrong-type",
        ),
        (
            format!(
                "{HEAD}organizations: {{ a: {{ repositories: {{ x: {{ is_public: yes }} }} }} }}\n"
            ),
            "wrong-type",
        ),
        (
            format!(
                "{HEAD}organizations: {{ a: {{ repositories: {{ x: {{ category: tools }} }} }} }}\n"
            ),
            "unknown-value",
        ),
        (
            format!(
                "{HEAD}organizations: {{ a: {{ repositories: {{ x: {{ description: 7 }} }} }} }}\n"
            ),
            "wrong-type",
        ),
        (
            format!(
                "{HEAD}organizations: {{ a: {{ repositories: {{ x: {{ sync: {{}} }} }} }} }}\n"
            ),
            "wrong-type",
        ),
        (
            format!(
                "{HEAD}organizations: {{ a: {{ repositories: {{ x: {{ sync: [{{ target: 'd r' }}] \
                }} }} }} }}\n"
            ),
            "bad-name",
        ),
    ]);
}

#[test]
fn schema_and_decoder_refuse_the_same_settings() {
    are_refused([
        (
            format!("{HEAD}targets: {{ dr: {{ region: cn-east-3 }} }}\n"),
            "missing-key",
        ),
        (
            format!("{HEAD}defaults: {{ organization: {{}} }}\n"),
            "unknown-key",
        ),
        (
            format!("{HEAD}chart_defaults: {{ organization: {{}} }}\n"),
            "unknown-key",
        ),
        (format!("{HEAD}chart_defaults:\n"), "wrong-type"),
        (format!("{HEAD}X-a: {{}}\n"), "unknown-key"),
        (
            format!("{HEAD}organizations: {{ a: {{ x-a: {{}} }} }}\n"),
            "unknown-key",
        ),
        (format!("{HEAD}limits: {{ deletes: -1 }}\n"), "wrong-type"),
        (
            format!("{HEAD}limits: {{ delete_percent: 101 }}\n"),
            "wrong-type",
        ),
        (format!("{HEAD}limits: {{ deletes: 1.5 }}\n"), "wrong-type"),
        (format!("{HEAD}protect: team-a\n"), "wrong-type"),
        (format!("{HEAD}protect: ['']\n"), "bad-pattern"),
        (format!("{HEAD}protect: [a//b]\n"), "bad-pattern"),
        (
            format!("{HEAD}limits: {{ allow: [everything] }}\n"),
            "bad-consent",
        ),
        (format!("{HEAD}endpoints: {{ swr: '' }}\n"), "bad-endpoint"),
        (format!("{HEAD}endpoints: {{ s3: x }}\n"), "unknown-key"),
        (
            format!("{HEAD}accept: [{{ address: a, until: 2026-1-1, reason: x }}]\n"),
            "bad-date",
        ),
        (
            format!("{HEAD}accept: [{{ address: a, until: 2026-12-31, reason: '' }}]\n"),
            "missing-key",
        ),
        (
            format!("{HEAD}accept: [{{ address: a, until: 2026-12-31 }}]\n"),
            "missing-key",
        ),
    ]);
}

#[test]
fn schema_and_decoder_refuse_the_same_mirrors() {
    are_refused([
        (format!("{HEAD}mirrors: {{ platform: {{}} }}\n"), "bad-name"),
        (format!("{HEAD}mirrors: {{ p/-a: {{}} }}\n"), "bad-name"),
        (
            format!("{HEAD}mirrors: {{ p/a: {{ url: 'git@x:a.git' }} }}\n"),
            "bad-url",
        ),
        (
            format!("{HEAD}mirrors: {{ p/a: {{ url: 'https://u:p@x/a.git' }} }}\n"),
            "literal-secret",
        ),
        (
            format!("{HEAD}mirrors: {{ p/a: {{ max_age: 6 }} }}\n"),
            "wrong-type",
        ),
        (
            format!("{HEAD}mirrors: {{ p/a: {{ max_age: 0h }} }}\n"),
            "bad-age",
        ),
        (
            format!("{HEAD}mirrors: {{ p/a: {{ endpoint: mine }} }}\n"),
            "bad-uuid",
        ),
        (
            format!("{HEAD}mirrors: {{ p/a: {{ repository_id: 0 }} }}\n"),
            "wrong-type",
        ),
        (
            format!("{HEAD}mirrors: {{ p/a: {{ repository_id: 2147483648 }} }}\n"),
            "wrong-type",
        ),
        (
            format!("{HEAD}mirrors: {{ p/a: {{ state: absent }} }}\n"),
            "unknown-key",
        ),
        (
            format!(
                "{HEAD}mirrors: {{ p/a: {{ credentials: {{ username: me, password: x }} }} }}\n"
            ),
            "literal-secret",
        ),
        (
            format!(
                "{HEAD}mirrors: {{ p/a: {{ credentials: {{ username: {{}}, password: {{ env: A }} \
                }} }} }}\n"
            ),
            "missing-key",
        ),
        (
            format!(
                "{HEAD}mirrors: {{ p/a: {{ credentials: {{ username: {{ env: A, file: b }}, \
                password: {{ env: A }} }} }} }}\n"
            ),
            "two-places",
        ),
        (
            format!("{HEAD}accept: [{{ address: a//b, until: 2026-12-31, reason: x }}]\n"),
            "bad-pattern",
        ),
    ]);
}

/// Errors that the shape of a single document shows.
const BY_SHAPE: [&str; 17] = [
    "bad-age",
    "bad-consent",
    "bad-date",
    "bad-name",
    "bad-pattern",
    "bad-url",
    "bad-uuid",
    "key-beside-absent",
    "missing-key",
    "missing-target",
    "repository-in-absent",
    "too-long",
    "two-places",
    "two-targets",
    "unknown-key",
    "unknown-value",
    "unknown-version",
];

#[test]
fn it_rejects_what_a_schema_can_of_the_wrong_charts() {
    use serde::Deserialize as _;
    let validator = validator();
    let mut rejected = 0;
    for case in cases("invalid") {
        let by_shape = BY_SHAPE
            .iter()
            .chain(&["wrong-type"])
            .any(|code| case.expected.contains(&format!("error[{code}]")));
        let [(_, content)] = &case.files[..] else {
            continue;
        };
        let Ok(text) = std::str::from_utf8(content) else {
            continue;
        };
        if !by_shape {
            continue;
        }
        let documents: Result<Vec<Value>, _> = serde_yaml::Deserializer::from_str(text)
            .map(Value::deserialize)
            .collect();
        // A schema cannot check invalid YAML, nor the value of a variable.
        let Ok(documents) = documents else { continue };
        if text.contains("${env:") {
            continue;
        }
        let valid = documents
            .iter()
            .all(|document| validator.is_valid(document));
        assert!(!valid, "the schema accepts {}", case.path.display());
        rejected += 1;
    }
    assert!(
        rejected >= 40,
        "only {rejected} wrong charts were looked at"
    );
}
