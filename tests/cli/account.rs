//! The account, endpoint and chart of a command: where they are shown, and that a command fails for
//! another account than the chart's.

use portolan::emulator::{Effect, Fault};
use serde_json::{Value, json};

use crate::support::{NORTH, QUICKSTART, World};

const CHART: &str = "\
version: 1
name: acme-registry
account: acme
region: cn-north-4
organizations:
  team-a:
    repositories:
      web: {}
";

/// A region without image repositories.
const MIRRORS: &str = "\
version: 1
account: acme
region: cn-north-4
mirrors:
  platform/app: { url: 'https://git.example.com/app.git', scheduled: true }
";

/// A service of the account, and a chart for `acme`.
fn world_of(account: &str) -> World {
    let world = World::of(CHART);
    world.edit(|state| state.account = account.to_owned());
    let iam = world.endpoint();
    world.variable("PORTOLAN_ENDPOINT_IAM", &iam)
}

fn refuses(world: &World, route: &str, effect: Effect) {
    let route = portolan::emulator::Route::named(route).unwrap();
    world.inject(Fault::new(effect).route(route).forever());
}

/// How often each source of the account's name was called, without the lists.
fn calls(world: &World) -> [usize; 2] {
    ["/v2/manage/overview", "/v3/auth/domains"].map(|path| {
        world
            .journal()
            .iter()
            .filter(|entry| entry.path == path)
            .count()
    })
}

#[test]
fn another_account_stops_every_run() {
    let world = world_of("globex");
    let expected = "the chart is for account acme, but in cn-north-4 the credentials belong to globex: \
        use the credentials of acme";
    for arguments in [&["plan"][..], &["drift"], &["apply", "--yes"]] {
        let output = world
            .run(arguments)
            .exits(1)
            .says(&format!("Stopped: {expected}"));
        let output =
            output.says("Unknown: nothing was compared, because this is not the chart's account.");
        assert!(
            !output.stdout.contains("+ ") && !output.stdout.contains("No changes"),
            "{output}"
        );
        let document = world
            .run(&[arguments, &["--format", "json"]].concat())
            .exits(1)
            .json();
        let plan = if arguments[0] == "apply" {
            &document["plan"]
        } else {
            &document
        };
        assert_eq!(
            (&plan["outcome"], &plan["changes"]),
            (&json!("unknown"), &json!([])),
            "{arguments:?}"
        );
        assert_eq!(
            plan["stopped"],
            json!([{ "code": "other-account", "message": expected, "lift": null }])
        );
        assert_eq!(plan["account"], json!("globex"));
    }
    let _ = world
        .plan(&["--format", "markdown"])
        .exits(1)
        .says("**Stopped:** the chart is for account acme");
    let _ = world
        .plan(&["--format", "diff"])
        .exits(1)
        .says("# stopped: the chart is for account acme");
    let _ = world
        .plan(&["--format", "sarif"])
        .exits(1)
        .says(r#""ruleId": "other-account""#);
    let _ = world.plan(&["--out", "plan.json"]).exits(1);
    assert!(!world.path("plan.json").exists());
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn another_account_is_the_reason_and_not_what_it_may_not_read() {
    let world = world_of("globex");
    refuses(&world, "list-repositories", Effect::forbidden());
    let _ = world
        .plan(&[])
        .exits(1)
        .says("Stopped: the chart is for account acme");
}

#[test]
fn the_charts_own_account_stops_nothing() {
    let world = world_of("acme");
    let _ = world.apply(&[]);
    let _ = world.run(&["drift"]).exits(0);
    // The overview is enough, and is called once for a region.
    assert_eq!(calls(&world), [3, 0]);
}

#[test]
fn a_failed_overview_does_not_fail_the_command() {
    for effect in [
        Effect::forbidden(),
        Effect::gateway_not_found(),
        Effect::internal(),
    ] {
        let world = world_of("acme");
        refuses(&world, "show-overview", effect.clone());
        // The account is empty, so the lists name no account either.
        let _ = world.plan(&[]).exits(0).says("account `acme`");
        assert_eq!(calls(&world)[1], 1, "{effect:?}");
        let _ = world.try_apply(&[]).exits(0).says("2 added");
        world.clear_journal();
        let _ = world.plan(&[]).exits(0).says("account `acme`");
        assert_eq!(
            calls(&world)[1],
            0,
            "the list of repositories is enough: {effect:?}"
        );
    }
}

#[test]
fn iam_is_called_only_for_a_chart_that_names_an_account() {
    let world = world_of("acme");
    refuses(&world, "show-overview", Effect::forbidden());
    world.chart(&CHART.replace("account: acme\n", ""));
    let _ = world
        .plan(&[])
        .exits(0)
        .says("Chart `acme-registry`, account unknown, ");
    let _ = world.try_apply(&[]).exits(0);
    assert_eq!(calls(&world), [2, 0]);
}

#[test]
fn a_region_of_mirrors_is_known_to_iam() {
    let world = world_of("globex");
    world.chart(MIRRORS);
    let _ = world
        .plan(&[])
        .exits(1)
        .says("in cn-north-4 the credentials belong to globex");
    assert_eq!(calls(&world), [0, 1]);
}

#[test]
fn an_account_that_stays_unknown_stops_an_apply() {
    let world = world_of("acme");
    refuses(&world, "show-overview", Effect::forbidden());
    refuses(&world, "list-domains", Effect::forbidden());
    let _ = world
        .plan(&["--detailed-exitcode", "--out", "plan.json"])
        .exits(2)
        .says("account unknown");
    let _ = world.run(&["drift"]).exits(2);
    let expected = "the chart is for account acme, but the account for cn-north-4 is unknown";
    for arguments in [&["apply", "--yes"][..], &["apply", "plan.json"]] {
        let output = world
            .run(arguments)
            .exits(1)
            .says(&format!("Stopped: {expected}"));
        assert!(
            output
                .stdout
                .ends_with("\nNothing was changed: the plan is stopped, see above.\n"),
            "{output}"
        );
        let report = world
            .run(&[arguments, &["--format", "json"]].concat())
            .exits(1)
            .json();
        assert_eq!(
            report["plan"]["stopped"][0]["code"],
            json!("account-unknown")
        );
        assert_eq!(
            (&report["account"], &report["outcome"]),
            (&Value::Null, &json!("refused"))
        );
    }
    assert_eq!(world.writes(), [""; 0]);
    // Without an endpoint, no service is called.
    let world = world.variable("PORTOLAN_ENDPOINT_IAM", "");
    let _ = world.try_apply(&[]).exits(1).says(expected);
}

#[test]
fn a_saved_plan_is_for_the_charts_account() {
    let world = world_of("acme");
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    let plan = world.json("plan.json");
    assert_eq!(plan["scope"]["account"], json!({ NORTH: "acme" }));
    assert_eq!(
        (
            &plan["chart"]["account"],
            plan["scope"].get("iam_endpoints")
        ),
        (&json!("acme"), None)
    );
    world.edit(|state| state.account = "globex".to_owned());
    let report = world
        .run(&["apply", "plan.json", "--format", "json"])
        .exits(1)
        .json();
    assert_eq!(report["plan"]["stopped"][0]["code"], json!("other-account"));
    assert_eq!(report["plan"]["changes"], json!([]));
    world.edit(|state| state.account = "acme".to_owned());
    // The source may be another one than when it was planned.
    refuses(&world, "show-overview", Effect::forbidden());
    let _ = world.run(&["apply", "plan.json"]).exits(0).says("2 added");
    assert_eq!(calls(&world)[1], 1);
}

#[test]
fn a_saved_plan_records_its_iam_endpoint() {
    let world = world_of("acme");
    refuses(&world, "show-overview", Effect::forbidden());
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    let endpoint = world.json("plan.json")["scope"]["iam_endpoints"][NORTH].clone();
    assert!(
        endpoint.as_str().unwrap().ends_with("/cn-north-4"),
        "{endpoint}"
    );
    let elsewhere = world.variable("PORTOLAN_ENDPOINT_IAM", "http://127.0.0.1:9/{region}");
    let _ = elsewhere
        .run(&["apply", "plan.json"])
        .exits(1)
        .warns("the plan was made for");
}

#[test]
fn the_chart_sets_the_iam_endpoint() {
    let world = world_of("globex").variable("PORTOLAN_ENDPOINT_IAM", "");
    let endpoint = world.endpoint();
    world.chart(&MIRRORS.replace(
        "mirrors:",
        &format!("endpoints: {{ iam: '{endpoint}' }}\nmirrors:"),
    ));
    let _ = world
        .plan(&[])
        .exits(1)
        .says("in cn-north-4 the credentials belong to globex");
    world.clear_journal();
    world.chart(&MIRRORS.replace(
        "mirrors:",
        "endpoints: { iam: 'https://iam.example.com' }\nmirrors:",
    ));
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("`endpoints.iam` would send credentials to `iam.example.com`");
    world.chart(&MIRRORS.replace(
        "mirrors:",
        "endpoints: { iam: 'http://iam.example.com' }\nmirrors:",
    ));
    let _ = world.run(&["validate"]).exits(1).warns("bad-endpoint");
    assert_eq!(world.journal(), []);
}

#[test]
fn the_emulator_has_the_account_that_the_chart_names() {
    let names = ["SWR", "CODEARTS", "IAM"];
    let world = names.iter().fold(World::of(CHART), |world, name| {
        world.variable(&format!("PORTOLAN_ENDPOINT_{name}"), "")
    });
    let _ = world
        .run(&["--emulator", "apply", "--yes"])
        .exits(0)
        .says("account `acme`, the emulator.");
    // The file names no account, so another chart matches too.
    world.chart(&CHART.replace("account: acme", "account: globex"));
    let _ = world
        .run(&["--emulator", "plan"])
        .exits(0)
        .says("account `globex`");
    world.file("state.json", r#"{ "account": "acme" }"#);
    let output = world.run(&["--emulator=state.json", "plan"]).exits(1);
    let _ =
        output.says("in cn-north-4 the emulator's state belongs to acme: use another state file with `--emulator=FILE`");
    let _ = world
        .variable("PORTOLAN_ENDPOINT_IAM", "https://iam.example.com")
        .run(&["--emulator", "plan"])
        .exits(64);
}

#[test]
fn every_document_names_its_cloud() {
    let world = world_of("acme");
    let names_it = |document: &Value| {
        assert_eq!(document["account"], json!("acme"), "{document:#}");
        let endpoint = document["endpoints"].as_array().unwrap()[0]
            .as_object()
            .unwrap();
        let [service, region, kind] =
            ["service", "region", "kind"].map(|key| endpoint[key].as_str().unwrap());
        assert_eq!((service, region, kind), ("swr", NORTH, "other"));
        let host = endpoint["host"].as_str().unwrap();
        assert!(
            host == "@HOST@" || host.starts_with("127.0.0.1:"),
            "{endpoint:?}"
        );
    };
    let plan = world.plan_json(&["--out", "plan.json"]);
    names_it(&plan);
    assert_eq!(plan["chart"]["name"], json!("acme-registry"));
    names_it(&world.json("plan.json"));
    let report = world
        .run(&[
            "apply",
            "--yes",
            "--format",
            "json",
            "--receipt",
            "receipt.json",
        ])
        .exits(0)
        .json();
    names_it(&report);
    names_it(&report["plan"]);
    names_it(&world.json("receipt.json"));
    names_it(&world.run(&["drift", "--format", "json"]).exits(0).json());
}

#[test]
fn the_text_names_its_cloud_after_the_counts() {
    let world = world_of("acme");
    let output = world.plan(&[]).exits(0);
    let last: Vec<&str> = output.stdout.lines().rev().take(2).collect();
    let cloud = "Chart `acme-registry`, account `acme`, @HOST@ (not Huawei Cloud).";
    assert_eq!(last, [cloud, "Plan: 2 to add, 0 to change, 0 to destroy."]);
    let _ = world
        .plan(&["--format", "markdown"])
        .exits(0)
        .says("Chart `acme-registry`, account `acme`, ");
    for command in ["plan", "drift"] {
        let printed = world.run(&[command, "--format", "diff"]).stdout;
        assert!(
            printed.starts_with(&format!("# {cloud}\n--- ")),
            "{printed}"
        );
    }
    let output = world.run(&["drift"]).exits(2);
    assert!(output.stdout.ends_with(&format!("{cloud}\n")), "{output}");
    let output = world.try_apply(&[]).exits(0);
    assert!(
        output
            .stdout
            .contains(&format!("{cloud}\n\nApply complete!")),
        "{output}"
    );
    assert_eq!(world.plan(&["--format", "diff"]).exits(0).stdout, "");
}

#[test]
fn a_chart_without_a_name_is_called_as_it_was_given() {
    let world = World::new();
    world.file("charts/one.yaml", QUICKSTART);
    let _ = world
        .plan(&["-f", "charts/"])
        .exits(0)
        .says("Chart `charts/`, ");
    world.file("alone.yaml", QUICKSTART);
    let _ = world
        .plan(&["-f", "alone.yaml"])
        .exits(0)
        .says("Chart `alone.yaml`, ");
    let _ = world
        .plan(&["-f", "./alone.yaml", "--format", "json"])
        .exits(0)
        .says(r#""name": "./alone.yaml""#);
    world.chart(QUICKSTART);
    let _ = world.plan(&[]).exits(0).says("Chart `portolan.yaml`, ");
}

#[test]
fn a_chart_with_a_name_and_an_account_is_printed_with_them() {
    let world = World::new();
    world.chart(&CHART.replace(
        "name: acme-registry",
        "name: 'Acme: \"live\" ${env:STAGE:-one}'",
    ));
    let printed = world.run(&["validate", "--print"]).exits(0);
    assert!(
        printed
            .stdout
            .starts_with("version: 1\nname: 'Acme: \"live\" one'\naccount: acme\n"),
        "{printed}"
    );
    world.chart(&printed.stdout);
    assert_eq!(
        world.run(&["validate", "--print"]).exits(0).stdout,
        printed.stdout
    );
    world.chart(&CHART.replace("name: acme-registry", "name: ' '"));
    let _ = world.run(&["validate"]).exits(1).warns("bad-name");
}
