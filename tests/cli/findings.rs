//! Findings: what no change would mend. Each with its formats, its exit code, and how it is
//! accepted, ignored and waived.

use serde_json::{Value, json};

use crate::support::{NORTH, World};

const FORMATS: [&str; 6] = ["text", "json", "markdown", "diff", "sarif", "gitlab"];

/// A chart with `web` in `team-a`, with these keys of the document and of the organization.
fn chart(document: &str, organization: &str) -> String {
    format!(
        "version: 1\nregion: cn-north-4\n{document}organizations:\n  team-a:\n{organization}    \
        repositories:\n      web: {{ category: linux }}\n"
    )
}

/// What the chart declares exists, and beside it a public repository with images.
fn world(document: &str, organization: &str) -> World {
    let world = World::of(&chart(document, organization));
    world.edit(|state| {
        let web = state.ensure_repository(NORTH, "team-a", "web");
        web.category = "linux".to_owned();
        let leaked = state.ensure_repository(NORTH, "team-a", "leaked");
        (leaked.is_public, leaked.num_images) = (true, 3);
    });
    world
}

/// Organizations that no file names.
fn strangers(world: &World, names: &[&str]) {
    world.edit(|state| {
        for name in names {
            state.ensure_organization(NORTH, name);
        }
    });
}

/// Removes an organization, or a repository of it.
fn remove(world: &World, organization: &str, repository: Option<&str>) {
    world.edit(|state| match repository {
        None => drop(
            state
                .regions
                .get_mut(NORTH)
                .unwrap()
                .organizations
                .remove(organization),
        ),
        Some(name) => {
            let organization = state.organization_mut(NORTH, organization).unwrap();
            drop(organization.repositories.remove(name));
        }
    });
}

fn drift(world: &World, arguments: &[&str]) -> Value {
    let all = [&["drift", "--format", "json"], arguments].concat();
    world.run(&all).json()
}

/// The codes and names of the findings.
fn found(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap();
    let line = |finding: &Value| {
        let address = &finding["address"];
        let name = address["repository"]
            .as_str()
            .or(address["organization"].as_str());
        let counts = if finding["counts"] == json!(true) {
            "!"
        } else {
            ""
        };
        format!(
            "{}{counts} {}",
            finding["code"].as_str().unwrap(),
            name.unwrap()
        )
    };
    findings.iter().map(line).collect()
}

#[track_caller]
fn every_format_exits(world: &World, arguments: &[&str], code: i32) {
    for format in FORMATS {
        let all = [&["drift", "--format", format], arguments].concat();
        let _ = world.run(&all).exits(code);
    }
}

#[test]
fn a_public_unlisted_repository_can_fail_a_nightly_run() {
    for (organization, options) in [
        ("    unlisted: forbid\n", &[][..]),
        ("", &["--fail-on", "unlisted"]),
        ("", &["--fail-on", "maybe-renamed,unlisted"]),
        ("", &["--fail-on=none", "--fail-on=unlisted"]),
    ] {
        let world = world("", organization);
        every_format_exits(&world, options, 2);
        let text = world.run(&[&["drift"], options].concat()).exits(2);
        assert!(
            text.stdout
                .starts_with("No changes, but 1 finding counts.\n"),
            "{text}"
        );
        let _ = text.says("anyone can pull 3 tags; counts");
        let document = drift(&world, options);
        assert_eq!(found(&document), ["unlisted! leaked"]);
        assert_eq!(document["outcome"], json!("no_changes"));
        assert_eq!(document["counted"], json!({ "changes": 0, "findings": 1 }));
        let summary = &document["summary"];
        assert_eq!(
            (&summary["unlisted"], &summary["findings"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(document["unlisted"][0]["num_images"], json!(3));
    }
    // It is no change: only `drift` fails, and only where it counts.
    let world = world("", "    unlisted: forbid\n");
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(0)
        .says("No changes. ");
    let _ = world.apply(&[]);
    every_format_exits(&world, &["--fail-on", "none"], 0);
    world.chart(&chart("", ""));
    every_format_exits(&world, &[], 0);
    world.chart(&chart("", "    unlisted: ignore\n"));
    assert_eq!(found(&drift(&world, &["--fail-on", "unlisted"])), [""; 0]);
}

#[test]
fn every_format_shows_an_unlisted_repository() {
    let world = world("", "    unlisted: forbid\n");
    for format in FORMATS {
        let output = world.run(&["plan", "--format", format]).exits(0);
        assert!(output.stdout.contains("leaked"), "{output}");
        assert!(output.stdout.contains("anyone can pull 3 tags"), "{output}");
    }
    let sarif = world.run(&["drift", "--format", "sarif"]).json();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(
        (&result["ruleId"], &result["level"]),
        (&json!("unlisted"), &json!("error"))
    );
    let _ = world.run(&["drift", "--metrics", "m.prom"]).exits(2);
    let metrics = std::fs::read_to_string(world.path("m.prom")).unwrap();
    for sample in [
        "code=\"unlisted\"} 1\n",
        "code=\"unlisted-organization\"} 0\n",
        "portolan_counted_findings{chart=\"portolan\",account=\"emulator\"} 1\n",
    ] {
        assert!(metrics.contains(sample), "{metrics}");
    }
}

#[test]
fn a_saved_plan_keeps_its_findings() {
    let world = world("", "    unlisted: forbid\n");
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "web").category = "arm".to_owned();
    });
    let _ = world.plan(&["--out", "p"]).exits(0);
    assert_eq!(found(&world.json("p")), ["unlisted! leaked"]);
    let _ = world
        .run(&["show", "p"])
        .exits(0)
        .says("anyone can pull 3 tags; counts");
    let _ = world.run(&["apply", "p"]).exits(0);
}

#[test]
fn organizations_that_no_file_names_are_one_line() {
    let strange = ["beta", "zeta", "old-a", "old-b", "old-c", "old-d", "old-e"];
    let world = world("", "    unlisted: ignore\n");
    strangers(&world, &strange);
    // By default only `drift` shows them.
    let _ = world.plan(&[]).exits(0).says("No changes.");
    assert_eq!(found(&world.plan_json(&[])), [""; 0]);
    let _ = world
        .run(&["drift"])
        .exits(0)
        .says("  ? 7 organizations in cn-north-4  unlisted-organization  portolan.yaml:2\n")
        .says("      no file names them: beta, old-a, old-b, old-c, old-d and 2 more\n")
        .says("2 unchanged, 7 findings.");
    let _ = world
        .run(&["drift", "--details"])
        .says(": beta, old-a, old-b, old-c, old-d, old-e, zeta\n");
    assert_eq!(found(&drift(&world, &[])).len(), 7);
    for (policy, plan, counts) in [
        ("ignore", 0, false),
        ("report", 7, false),
        ("forbid", 7, true),
    ] {
        world.chart(&chart(
            &format!("unlisted: {policy}\n"),
            "    unlisted: ignore\n",
        ));
        assert_eq!(found(&world.plan_json(&[])).len(), plan, "{policy}");
        every_format_exits(&world, &[], if counts { 2 } else { 0 });
        let source = &drift(&world, &[])["findings"][0]["source"]["line"];
        assert_eq!(*source, if plan > 0 { json!(3) } else { Value::Null });
    }
    let _ = world
        .run(&["drift"])
        .exits(2)
        .says("unlisted-organization (counts)  portolan.yaml:3\n");
}

#[test]
fn a_region_without_entries_can_be_watched() {
    let world = World::of("version: 1\nregion: cn-north-4\nunlisted: forbid\n");
    strangers(&world, &["beta"]);
    let document = drift(&world, &[]);
    assert_eq!(found(&document), ["unlisted-organization! beta"]);
    // Its repositories matter to nobody.
    let paths: Vec<String> = world
        .journal()
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    assert!(
        !paths.iter().any(|path| path.contains("repos")),
        "{paths:?}"
    );
    // By default nothing is read there.
    world.chart("version: 1\nregion: cn-north-4\n");
    world.clear_journal();
    assert_eq!(found(&drift(&world, &[])), [""; 0]);
    assert_eq!(world.journal().len(), 0);
}

#[test]
fn the_target_of_a_rule_is_named_by_it() {
    let sync = "      api: { sync: [ { target_region: cn-north-4, target_organization: dr } ] }\n";
    let world = World::of(&format!("{}{sync}", chart("unlisted: forbid\n", "")));
    strangers(&world, &["dr", "other"]);
    let _ = world.apply(&[]);
    assert_eq!(found(&drift(&world, &[])), ["unlisted-organization! other"]);
}

#[test]
fn what_may_have_been_renamed_is_not_deleted() {
    let world = World::of(&chart("", "    unlisted: delete\n").replace("web:", "web-v2:"));
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "web").num_images = 2;
        state.ensure_repository(NORTH, "team-a", "scratch-of-somebody");
    });
    let allowed = ["--allow", "destroys-data", "--allow", "deletes=9"];
    let document = world.plan_json(&allowed);
    assert_eq!(found(&document), ["maybe-renamed web"]);
    let withheld = &document["changes"][1]["withheld"];
    assert_eq!(withheld["by"], json!("renamed"));
    assert_eq!(withheld["created"]["repository"], json!("web-v2"));
    // What is not alike goes.
    assert_eq!(document["changes"][0]["withheld"], json!(null));
    for format in FORMATS {
        let output = world.run(&[&["plan", "--format", format], &allowed[..]].concat());
        assert!(output.stdout.contains("maybe-renamed"), "{output}");
        assert!(output.stdout.contains("its 2 tags stay behind"), "{output}");
    }
    let _ = world
        .plan(&allowed)
        .says("withheld: maybe renamed to repository cn-north-4/team-a/web-v2; ")
        .says("an entry with `state: absent` would let it go");
    let _ = world.try_apply(&allowed).exits(1).says("1 withheld");
    assert!(
        world
            .state()
            .iter()
            .any(|line| line.contains("team-a/web "))
    );
    // The new name exists now, so only the policy decides; said in so many words, it goes at once.
    let named = chart("", "    unlisted: delete\n").replace("web:", "web-v2:")
        + "      web: { state: absent }\n      web-v3: {}\n";
    world.chart(&named);
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "web").num_images = 0);
    let document = world.plan_json(&allowed);
    assert_eq!(found(&document), [""; 0]);
    let _ = world.apply(&allowed);
    assert!(
        !world
            .state()
            .iter()
            .any(|line| line.contains("team-a/web "))
    );
}

#[test]
fn names_that_are_alike_or_alone_may_be_renamed() {
    for (created, live, expected) in [
        (
            "frontend",
            &["front-end"][..],
            &["maybe-renamed front-end", "unlisted front-end"][..],
        ),
        // An equal last segment.
        (
            "ui/portal",
            &["web/portal", "other"],
            &[
                "unlisted other",
                "maybe-renamed web/portal",
                "unlisted web/portal",
            ],
        ),
        // The only pair.
        (
            "alpha",
            &["something-else"],
            &["maybe-renamed something-else", "unlisted something-else"],
        ),
        (
            "alpha",
            &["something-else", "another"],
            &["unlisted another", "unlisted something-else"],
        ),
        // Nothing in common, however short.
        ("api", &["web", "dns"], &["unlisted dns", "unlisted web"]),
    ] {
        let world = World::of(&chart("", "").replace("web:", &format!("{created}:")));
        world.edit(|state| {
            for name in live {
                state.ensure_repository(NORTH, "team-a", name);
            }
        });
        assert_eq!(found(&world.plan_json(&[])), expected, "{created}");
        let _ = world.plan(&["--detailed-exitcode"]).exits(2);
    }
}

#[test]
fn a_renamed_organization_stays_in_sight() {
    let world = world("", "");
    world.chart(&chart("", "").replace("team-a:", "team-aa:"));
    assert_eq!(found(&world.plan_json(&[])), ["maybe-renamed team-a"]);
    assert_eq!(
        found(&drift(&world, &[])),
        ["maybe-renamed team-a", "unlisted-organization team-a"]
    );
    // Afterwards `drift` still knows the old one.
    let _ = world.apply(&[]);
    assert_eq!(found(&drift(&world, &[])), ["unlisted-organization team-a"]);
    // A name that is not alike is a hint only where the chart cares about other organizations.
    world.chart(&chart("", "").replace("team-a:", "platform:"));
    remove(&world, "team-aa", None);
    assert_eq!(found(&world.plan_json(&[])), [""; 0]);
    world.chart(&chart("unlisted: report\n", "").replace("team-a:", "platform:"));
    assert_eq!(
        found(&world.plan_json(&[])),
        ["maybe-renamed team-a", "unlisted-organization team-a"]
    );
}

#[test]
fn findings_are_accepted_ignored_and_waived() {
    let forbid = "    unlisted: forbid\n";
    let world = world("unlisted: forbid\n", forbid);
    strangers(&world, &["beta"]);
    let both = ["unlisted-organization! beta", "unlisted! leaked"];
    assert_eq!(found(&drift(&world, &[])), both);
    let _ = world
        .run(&["drift"])
        .exits(2)
        .says("No changes, but 2 findings count.");
    // Ignored by address and by code.
    for ignore in ["team-a/leaked", "cn-north-4/team-a", "unlisted"] {
        let document = drift(&world, &["--ignore", ignore]);
        assert_eq!(found(&document), both[..1], "{ignore}");
        assert_eq!(document["ignored_findings"], json!(1));
        assert_eq!(
            (&document["ignored"], &document["unlisted"]),
            (&json!(0), &json!([]))
        );
    }
    let all = ["--ignore", "unlisted-organization", "--ignore", "**"];
    every_format_exits(&world, &all, 0);
    let _ = world
        .run(&[&["drift"], &all[..]].concat())
        .says("Not counted: 2 ignored findings.");
    // Accepted until a day.
    let accept = |until: &str| {
        let entry = format!("{{ address: 'team-a/*', until: {until}, reason: it moves }}");
        world.chart(&chart(
            &format!("unlisted: forbid\naccept: [ {entry} ]\n"),
            forbid,
        ));
    };
    accept("9999-12-31");
    let document = drift(&world, &[]);
    assert_eq!(found(&document), both[..1]);
    let accepted = &document["accepted_findings"][0];
    assert_eq!(accepted["finding"]["code"], json!("unlisted"));
    assert_eq!(accepted["acceptance"]["reason"], json!("it moves"));
    for format in ["text", "markdown", "sarif"] {
        let _ = world
            .run(&["drift", "--format", format])
            .exits(2)
            .says("it moves");
    }
    accept("2020-01-31");
    assert_eq!(found(&drift(&world, &[])), both);
    let _ = world.run(&["drift"]).exits(1);
    // By its code, and then no difference is.
    let entry = "{ address: '**', code: unlisted, until: 9999-12-31, reason: it moves }";
    world.chart(&chart(
        &format!("unlisted: forbid\naccept: [ {entry} ]\n"),
        &format!("{forbid}    defaults: {{ repository: {{ description: another }} }}\n"),
    ));
    let document = drift(&world, &[]);
    assert_eq!(found(&document), both[..1]);
    let accepted = &document["accepted_findings"][0]["acceptance"];
    assert_eq!(accepted["code"], json!("unlisted"));
    assert_eq!(document["accepted"], json!([]));
    assert_ne!(document["counted"]["changes"], json!(0));
    // Waived at the line of the region or of the organization, or for a document.
    let head = "unlisted: forbid  # portolan: allow unlisted-organization\n";
    world.chart(&chart(head, forbid));
    let document = drift(&world, &[]);
    assert_eq!(
        (found(&document), &document["diagnostics"]),
        (vec![both[1].to_owned()], &json!([]))
    );
    let at_organization =
        chart("", forbid).replace("team-a:", "team-a:  # portolan: allow unlisted");
    world.chart(&at_organization);
    let document = drift(&world, &[]);
    assert_eq!(found(&document), ["unlisted-organization beta"]);
    assert_eq!(
        (&document["unlisted"], &document["diagnostics"]),
        (&json!([]), &json!([]))
    );
    let lints = "lints: { allow: [ unlisted, unlisted-organization ] }\n";
    world.chart(&chart(lints, forbid));
    // A plan does not look for organizations, so their waiver is not unused in it.
    let plan = world.plan_json(&[]);
    assert_eq!(
        (found(&plan), &plan["diagnostics"]),
        (Vec::new(), &json!([]))
    );
    // The default of `drift` has no line in the chart.
    let document = drift(&world, &[]);
    assert_eq!(found(&document), [""; 0]);
    // A waiver without its finding is unused.
    remove(&world, "team-a", Some("leaked"));
    let document = drift(&world, &[]);
    assert_eq!(document["diagnostics"][0]["code"], json!("unused-waiver"));
}

#[test]
fn an_unknown_code_is_a_usage_error() {
    let world = world("", "");
    let _ = world
        .run(&["drift", "--fail-on", "unlistd"])
        .exits(64)
        .warns("did you mean `unlisted`?");
    let _ = world
        .run(&["drift", "--fail-on", "unlisted,exposes"])
        .exits(64)
        .warns("`unlisted-organization`");
}

#[test]
fn changes_and_findings_both_count() {
    let world = world("", "    unlisted: forbid\n");
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "web").category = "arm".to_owned();
    });
    let document = drift(&world, &[]);
    assert_eq!(document["counted"], json!({ "changes": 1, "findings": 1 }));
    let text = world.run(&["drift"]).exits(2);
    assert!(!text.stdout.contains("No changes"), "{text}");
    // An unknown state is never only a finding.
    let whole = world.run(&["drift", "--target", "team-a/web", "--fail-on", "none"]);
    let _ = whole.exits(2).says("1 to change");
}
