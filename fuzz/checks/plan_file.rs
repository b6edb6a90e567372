//! Plan files of arbitrary content, with and without a valid digest: no panic, and a plan that is
//! read can be shown in every format and saved as an equal plan.

use portolan::{
    diagnostics::View,
    plan::document::{self, PlanDocument, digest},
    render::{
        checkout::Checkout,
        gitlab, markdown,
        plan::{text, views},
        sarif,
        style::{Depth, Look},
        yaml_diff,
    },
};
use serde_json::Value;

/// The size limit of a comment on a pull request.
const BUDGET: usize = 65_000;

pub(crate) fn check(bytes: &[u8]) {
    let given = String::from_utf8_lossy(bytes);
    let _ = document::read(&given);
    let Ok(Value::Object(mut fields)) = serde_json::from_str(&given) else {
        return;
    };
    fields.shift_remove("digest");
    let valid = digest(&Value::Object(fields.clone()));
    fields.insert("digest".to_owned(), valid.into());
    let Ok(plan) = document::read(&Value::Object(fields).to_string()) else {
        return;
    };
    text(&plan, Look::plain(Depth::Full));
    assert!(markdown::markdown(&plan, BUDGET).len() <= BUDGET);
    yaml_diff::diff(&plan);
    let checkout = Checkout {
        root: "/r".into(),
        directory: "/r".into(),
        chart: "portolan.yaml".to_owned(),
    };
    let found: Vec<View> = views(&plan).collect();
    sarif::sarif(&found, &[], &checkout);
    gitlab::gitlab(&found, &checkout);
    assert_eq!(
        document::read(&PlanDocument::new(&plan, Vec::new()).to_file(&plan)),
        Ok(plan)
    );
}
