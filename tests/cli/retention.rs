//! Retention policies: from the chart to the service, and what is never deleted without consent.

use portolan::emulator::Tag;
use serde_json::{Value, json};

use crate::support::{NORTH, World};

/// A chart with one repository that has this retention.
fn chart(retention: &str) -> String {
    format!(
        "version: 1\nregion: {NORTH}\norganizations:\n  team-a:\n    repositories:\n      web:\n        \
        retention: {retention}\n"
    )
}

/// The chart, and a repository with these tags, the oldest first.
fn world(retention: &str, tags: &[&str]) -> World {
    let world = World::of(&chart(retention));
    world.edit(|state| {
        let repository = state.ensure_repository(NORTH, "team-a", "web");
        for (day, name) in tags.iter().enumerate() {
            repository.tags.push(Tag {
                name: (*name).to_owned(),
                pushed: format!("2024-01-{:02}T00:00:00Z", day + 1),
                ..Tag::default()
            });
        }
        repository.num_images = tags.len() as u64;
    });
    world
}

/// The names of the tags that are left.
fn tags(world: &World) -> Vec<String> {
    world.emulator.read(|state| {
        let repository = state.repository(NORTH, "team-a", "web").unwrap();
        repository.tags.iter().map(|tag| tag.name.clone()).collect()
    })
}

/// The rules of the policies that are live.
fn live(world: &World) -> Value {
    world.emulator.read(|state| {
        let repository = state.repository(NORTH, "team-a", "web").unwrap();
        json!(
            repository
                .retentions
                .iter()
                .map(|it| it.rules.clone())
                .collect::<Vec<_>>()
        )
    })
}

#[test]
fn a_policy_is_created_changed_replaced_and_withdrawn() {
    let all = ["latest", "v1", "b1", "b2", "b3"];
    let world = world(
        "{ keep_tags: 10, except: [ latest, { regexp: '^v[0-9].*$' } ] }",
        &all,
    );
    let _ = world.apply(&[]).says("1 added");
    let selectors = json!([
        { "kind": "label", "pattern": "latest" }, { "kind": "regexp", "pattern": "^v[0-9].*$" },
    ]);
    let rule = |template: &str, params: Value, selectors: &Value| {
        let fields = json!({ "template": template, "params": params, "tag_selectors": selectors });
        json!([[fields]])
    };
    assert_eq!(
        live(&world),
        rule("tag_rule", json!({ "num": "10" }), &selectors)
    );
    assert_eq!(tags(&world), all);

    world.chart(&chart(
        "{ keep_tags: 2, except: [ { regexp: '^v[0-9].*$' }, latest ] }",
    ));
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("withheld: collects, 1 of 5 tags would go now");
    let _ = world.apply(&["--allow", "collects"]).says("1 changed");
    assert_eq!(
        live(&world),
        rule("tag_rule", json!({ "num": "2" }), &selectors)
    );
    assert_eq!(tags(&world), ["latest", "v1", "b2", "b3"]);

    world.chart(&chart("{ keep_days: 365, except: [ latest, v1, b2 ] }"));
    let _ = world
        .apply(&["--allow", "collects=1"])
        .says("1 added")
        .says("1 destroyed");
    let labels =
        json!(["b2", "latest", "v1"].map(|tag| json!({ "kind": "label", "pattern": tag })));
    assert_eq!(
        live(&world),
        rule("date_rule", json!({ "days": "365" }), &labels)
    );
    assert_eq!(tags(&world), ["latest", "v1", "b2"]);

    world.chart(&chart("null"));
    let _ = world.plan(&[]).exits(0).says("No changes.");
    world.chart(&chart("none"));
    let _ = world.apply(&[]).says("1 destroyed");
    assert_eq!(live(&world), json!([]));
    assert_eq!(tags(&world), ["latest", "v1", "b2"]);
}

/// The reads of a plan that are not the account and the two lists, without the prefix.
fn reads(world: &World, arguments: &[&str]) -> Vec<String> {
    let seen = world.journal().len();
    let _ = world.plan(arguments);
    let own = world.journal().split_off(seen).into_iter();
    let paths = own.map(|entry| entry.path);
    let mut paths: Vec<String> = paths
        .filter_map(|path| Some(path.split_once("/repos/")?.1.to_owned()))
        .collect();
    paths.sort();
    paths
}

#[test]
fn tags_are_read_only_where_a_change_may_delete_some() {
    let world = world("{ keep_tags: 3 }", &["a", "b", "c"]);
    // As many images as are kept, but tags may be more.
    assert_eq!(reads(&world, &[]), ["web/retentions", "web/tags"]);
    let _ = world.apply(&[]);
    assert_eq!(reads(&world, &[]), ["web/retentions"]);
    for (retention, expected) in [
        ("{ keep_tags: 4 }", &["web/retentions"][..]),
        ("{ keep_tags: 3, except: [ x ] }", &["web/retentions"]),
        ("{ keep_tags: 2 }", &["web/retentions", "web/tags"]),
        (
            "{ keep_days: 3, except: [ latest ] }",
            &["web/retentions", "web/tags"],
        ),
        ("none", &["web/retentions"]),
        ("null", &[]),
    ] {
        world.chart(&chart(retention));
        assert_eq!(reads(&world, &[]), expected, "{retention}");
    }
    // A new repository has neither a policy nor tags.
    let new = chart("{ keep_tags: 2 }").replace("web", "new");
    world.chart(&new);
    assert_eq!(reads(&world, &[]), [""; 0]);
    let _ = world.apply(&[]).says("2 added");
}

#[test]
fn a_withheld_policy_shows_how_much_would_go_by_our_own_count() {
    let names: Vec<String> = (1..=28).map(|number| format!("b{number}")).collect();
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.extend(["v1", "latest"]);
    let world = world(
        "{ keep_tags: 20, except: [ latest, { regexp: '^v.*$' } ] }",
        &all,
    );
    let plan = world.plan(&[]).exits(0);
    let text = "      withheld: collects, 8 of 30 tags would go now, by our own count; the service \
        decides: \
        b1, b2, b3, b4, b5 and 3 more; --allow collects=1 would let it go\n";
    let _ = plan.says(text);
    let document = world.plan_json(&[]);
    let change = &document["changes"][0];
    assert_eq!(change["risks"], json!(["collects"]));
    assert_eq!(change["withheld"]["class"], json!("collects"));
    assert_eq!(
        change["precondition"]["stays"].as_array().map(Vec::len),
        Some(22)
    );
    let _ = world.try_apply(&[]).exits(1).says("1 withheld");
    assert_eq!(world.writes(), [""; 0]);
    let _ = world.apply(&["--allow", "collects=1"]);
    assert_eq!(tags(&world).len(), 22);
}

#[test]
fn for_more_than_a_share_of_the_tags_consent_needs_a_number() {
    let world = world("{ keep_tags: 1 }", &["a", "b", "c", "d"]);
    let _ = world
        .plan(&["--allow", "collects"])
        .says("3 of 4 tags would go now")
        .says("(more than `limits.collect_percent: 50`); --allow collects=1 would let it go");
    let _ = world.try_apply(&["--allow", "collects"]).exits(1);
    assert_eq!(tags(&world).len(), 4);
    let limited = |percent| {
        format!(
            "{}limits: {{ collect_percent: {percent} }}\n",
            chart("{ keep_tags: 1 }")
        )
    };
    world.chart(&limited(74));
    let _ = world.try_apply(&["--allow", "collects"]).exits(1);
    world.chart(&limited(75));
    let _ = world.apply(&["--allow", "collects"]);
    assert_eq!(tags(&world), ["d"]);
}

#[test]
fn the_chart_may_consent_and_a_smaller_number_does_not() {
    let text = format!(
        "{}limits: {{ allow: [ 'collects=1' ] }}\n",
        chart("{ keep_tags: 1 }")
    );
    let world = world("null", &["a", "b"]);
    world.chart(&text);
    let _ = world.plan(&["--allow", "collects=0"]).says("1 withheld");
    let _ = world.apply(&[]);
    assert_eq!(tags(&world), ["b"]);
}

#[test]
fn tags_of_something_protected_are_not_collected() {
    let protected = |retention: &str| format!("{}protect: [ team-a/web ]\n", chart(retention));
    let world = world("{ keep_tags: 3 }", &["a", "b"]);
    let _ = world.apply(&[]);
    for retention in [
        "{ keep_tags: 2 }",
        "{ keep_tags: 1 }",
        "{ keep_days: 9, except: [ latest ] }",
    ] {
        world.chart(&protected(retention));
        let _ = world
            .plan(&["--allow", "collects=9"])
            .says("withheld: protected by `team-a/web`");
    }
    // A looser policy, and none, delete nothing.
    world.chart(&protected("{ keep_tags: 4 }"));
    let _ = world.apply(&[]).says("1 changed");
    world.chart(&protected("none"));
    let _ = world.apply(&[]).says("1 destroyed");
}

#[test]
fn a_tag_that_was_to_stay_is_not_deleted_by_a_saved_plan() {
    let push = |world: &World, name: &str, day: u32| {
        world.edit(|state| {
            let repository = state.ensure_repository(NORTH, "team-a", "web");
            repository.tags.push(Tag {
                name: name.to_owned(),
                pushed: format!("2024-02-{day:02}T00:00:00Z"),
                ..Tag::default()
            });
            repository.num_images += 1;
        });
    };
    let save = |world: &World| {
        let _ = world
            .plan(&["--allow", "collects=9", "--out", "plan.json"])
            .exits(0);
    };
    let world = world(
        "{ keep_tags: 2, except: [ { regexp: '^x.*$' } ] }",
        &["a", "b", "c"],
    );
    save(&world);
    // An excepted tag may join; one that pushes out another may not.
    push(&world, "x1", 1);
    push(&world, "d", 2);
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .says("the tag b, which the plan keeps, would go now");
    assert_eq!(world.writes(), [""; 0]);
    save(&world);
    push(&world, "x2", 3);
    let _ = world.run(&["apply", "plan.json"]).exits(0);
    assert_eq!(tags(&world), ["c", "x1", "d", "x2"]);
}

#[test]
fn a_policy_without_a_risk_deletes_nothing_that_came_since() {
    let world = world("{ keep_tags: 2 }", &["a", "b"]);
    let _ = world
        .plan(&["--out", "plan.json"])
        .exits(0)
        .says("1 to add");
    assert_eq!(
        world.json("plan.json")["changes"][0]["precondition"]["stays"],
        json!("all")
    );
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "web").num_images = 3);
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .says("the tag a would go now");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn what_cannot_be_read_is_unknown_and_not_none() {
    for fault in [
        "status=403,route=list-retentions,times=all",
        "status=503,route=list-retentions,times=all",
        // The page has this for a missing repository, and a code of its own for a missing policy.
        "status=404,route=list-retentions,times=all",
        "status=500,route=list-tags,times=all",
    ] {
        let world = world("{ keep_tags: 1 }", &["a", "b"]);
        world.inject(fault.parse().unwrap());
        let output = world.plan(&["--detailed-exitcode"]).exits(1);
        assert!(!output.stdout.contains("No changes"), "{fault}: {output}");
        assert!(!output.stdout.contains("+ retention"), "{fault}: {output}");
    }
    let world = world("{ keep_tags: 1 }", &["a", "b"]);
    world.inject(
        "status=403,route=list-retentions,times=all"
            .parse()
            .unwrap(),
    );
    let output = world.plan(&[]).exits(1);
    assert!(
        output.stderr.contains("swr:repo:listRetentions"),
        "{output}"
    );
}

#[test]
fn a_policy_in_another_form_is_shown_and_taken_over_by_a_replacement() {
    let rule = |number: &str| {
        let params = json!({ "num": number });
        json!({ "template": "tag_rule", "params": params, "tag_selectors": [] })
    };
    let two_rules = vec![vec![rule("5"), rule("6")]];
    let other = vec![vec![
        json!({ "template": "size_rule", "params": {}, "tag_selectors": [] }),
    ]];
    let two_policies = vec![vec![rule("5")], vec![rule("6")]];
    for policies in [two_rules, other, two_policies] {
        let world = world("{ keep_tags: 4 }", &["a", "b", "c"]);
        world.edit(|state| {
            for rules in &policies {
                let id = state.counters.id + 1;
                state.counters.id = id;
                let repository = state.ensure_repository(NORTH, "team-a", "web");
                repository.retentions.push(portolan::emulator::Retention {
                    id,
                    rules: rules.clone(),
                });
            }
        });
        let shown = if policies[0][0]["template"] == "size_rule" {
            "size_rule"
        } else {
            "tag_rule"
        };
        let _ = world
            .plan(&[])
            .says("-/+ retention cn-north-4/team-a/web")
            .says("(`policy` is lost: a chart cannot express it)")
            .says(shown);
        let _ = world.apply(&["--allow", "collects"]);
        assert_eq!(live(&world), json!([[rule("4")]]));
        assert_eq!(tags(&world), ["a", "b", "c"]);
    }
}

#[test]
fn a_withdrawn_policy_counts_as_deleted() {
    let world = world("{ keep_tags: 3 }", &["a"]);
    let _ = world.apply(&[]);
    world.chart(&format!("{}limits: {{ deletes: 0 }}\n", chart("none")));
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("1 resource would be deleted, more than `limits.deletes: 0`");
    let _ = world.apply(&["--allow", "deletes=1"]).says("1 destroyed");
}

#[test]
fn a_policy_is_inherited_whole_through_all_levels() {
    let policy = |number: u32| format!("retention: {{ keep_tags: {number} }}");
    let text = |entry: &str, organization: &str, document: &str| {
        format!(
            "version: 1\nregion: {NORTH}\nchart_defaults: {{ repository: {{ retention: {{ \
            keep_tags: 4, \
            except: [ x ] }} }} }}\ndefaults: {{ repository: {{ {document} }} \
            }}\norganizations:\n  \
            team-a:\n    defaults: {{ repository: {{ {organization} }} \
            }}\n    repositories:\n      \
            web: {{ {entry} }}\n"
        )
    };
    for (entry, organization, document, number, except) in [
        (policy(1), policy(2), policy(3), "1", json!([])),
        (String::new(), policy(2), policy(3), "2", json!([])),
        (String::new(), String::new(), policy(3), "3", json!([])),
        (
            String::new(),
            String::new(),
            String::new(),
            "4",
            json!([{ "kind": "label", "pattern": "x" }]),
        ),
    ] {
        let world = World::of(&text(&entry, &organization, &document));
        let _ = world.apply(&[]);
        let rule = &live(&world)[0][0];
        assert_eq!(
            (&rule["params"]["num"], &rule["tag_selectors"]),
            (&json!(number), &except)
        );
    }
    for nothing in ["retention: none", "retention: null"] {
        let world = World::of(&text(nothing, &policy(2), &policy(3)));
        let _ = world.apply(&[]);
        assert_eq!(live(&world), json!([]));
    }
}

#[test]
fn a_lost_answer_and_a_second_policy_end_well() {
    // The policy was created although the answer was lost.
    let lost = world("{ keep_tags: 3 }", &["a"]);
    lost.inject("cut-after,route=create-retention".parse().unwrap());
    let _ = lost.apply(&[]).says("1 added");
    // Another client was faster, with another policy: it is not overwritten.
    let other = world("{ keep_tags: 3 }", &["a"]);
    let _ = other.plan(&["--out", "plan.json"]).exits(0);
    other.edit(|state| {
        let rule = json!({ "template": "tag_rule", "params": { "num": "9" }, "tag_selectors": [] });
        let policy = portolan::emulator::Retention {
            id: 99,
            rules: vec![rule],
        };
        state
            .ensure_repository(NORTH, "team-a", "web")
            .retentions
            .push(policy);
    });
    let _ = other
        .run(&["apply", "plan.json"])
        .exits(1)
        .says("it did not exist, but exists now");
    assert_eq!(other.writes(), [""; 0]);
}
