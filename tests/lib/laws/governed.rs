//! A fixed world for `stranger`: changes of permissions, of a share and of a policy.

use portolan::emulator::{Grant, Retention, Share, State};
use serde_json::json;

use super::grants;

pub(crate) const CHART: &str = "version: 1
region: cn-north-4
limits: { allow: [ deletes, shares, collects ] }
organizations:
  alpha:
    access: [ { user: bob, level: write }, { user: ci-bot, level: read } ]
    repositories:
      web:
        share: [ { account: partner-co, until: forever } ]
        retention: { keep_tags: 5 }
";

pub(crate) fn live() -> State {
    let mut state = State::new("emulator");
    grants::settle(&mut state, "emulator");
    let web = state.ensure_repository("cn-north-4", "alpha", "web");
    web.shares = vec![Share {
        deadline: "2099-12-31T16:00:00Z".to_owned(),
        description: "old".to_owned(),
        ..Share::with("partner-co")
    }];
    web.retentions = vec![policy(9)];
    let alpha = state.ensure_organization("cn-north-4", "alpha");
    let grant = |user: &str, auth| Grant {
        user: user.to_owned(),
        auth,
    };
    alpha.access = vec![grant("bob", 1), grant("Cyd L.", 3)];
    state
}

pub(crate) fn policy(keep_tags: u64) -> Retention {
    let rule = json!({
        "template": "tag_rule",
        "params": { "num": keep_tags.to_string() },
        "tag_selectors": [],
    });
    Retention {
        id: 0,
        rules: vec![rule],
    }
}
