//! The metrics of `drift`, in a file.

use insta::assert_snapshot;

use crate::{
    drift::{FUTURE, accept, drift, drifted, settled, unreadable},
    support::{NORTH, World},
};

fn metrics(world: &World) -> String {
    std::fs::read_to_string(world.path("portolan.prom")).unwrap()
}

/// The samples, without the time.
fn samples(world: &World) -> Vec<String> {
    metrics(world)
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("timestamp"))
        .map(str::to_owned)
        .collect()
}

fn timestamp(world: &World) -> Option<i64> {
    let text = metrics(world);
    let line = text
        .lines()
        .find(|line| line.starts_with("portolan_last_complete_read_timestamp_seconds{"))?;
    line.rsplit(' ').next()?.parse().ok()
}

const METRICS: [&str; 2] = ["--metrics", "portolan.prom"];

#[test]
fn metrics_hold_the_counts() {
    let world = drifted();
    accept(&world, "team-a/b", FUTURE);
    world.edit(|state| drop(state.ensure_repository(NORTH, "team-a", "other").clone()));
    let _ = drift(&world, &METRICS).exits(2);
    assert_snapshot!(samples(&world).join("\n"), @r#"
    portolan_changes{chart="portolan",account="emulator",kind="organization",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="organization",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="organization",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="organization",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="repository",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="repository",action="update"} 1
    portolan_changes{chart="portolan",account="emulator",kind="repository",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="repository",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="sync_rule",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="sync_rule",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="sync_rule",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="sync_rule",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="sync_rule",action="run"} 0
    portolan_changes{chart="portolan",account="emulator",kind="retention",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="retention",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="retention",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="retention",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="access",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="access",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="access",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="access",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="share",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="share",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="share",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="share",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="mirror",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="mirror",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="mirror",action="run"} 0
    portolan_risks{chart="portolan",account="emulator",class="deletes"} 0
    portolan_risks{chart="portolan",account="emulator",class="destroys-data"} 0
    portolan_risks{chart="portolan",account="emulator",class="exposes"} 0
    portolan_risks{chart="portolan",account="emulator",class="shares"} 0
    portolan_risks{chart="portolan",account="emulator",class="overwrites"} 0
    portolan_risks{chart="portolan",account="emulator",class="gap"} 0
    portolan_risks{chart="portolan",account="emulator",class="one-way"} 0
    portolan_risks{chart="portolan",account="emulator",class="admits"} 0
    portolan_risks{chart="portolan",account="emulator",class="grants"} 0
    portolan_risks{chart="portolan",account="emulator",class="collects"} 0
    portolan_unchanged{chart="portolan",account="emulator"} 2
    portolan_unlisted{chart="portolan",account="emulator"} 1
    portolan_findings{chart="portolan",account="emulator",code="copies-missing"} 0
    portolan_findings{chart="portolan",account="emulator",code="copies-removed"} 0
    portolan_findings{chart="portolan",account="emulator",code="copies-under-way"} 0
    portolan_findings{chart="portolan",account="emulator",code="expired-share"} 0
    portolan_findings{chart="portolan",account="emulator",code="failing-mirror"} 0
    portolan_findings{chart="portolan",account="emulator",code="maybe-renamed"} 0
    portolan_findings{chart="portolan",account="emulator",code="sync-failed"} 0
    portolan_findings{chart="portolan",account="emulator",code="sync-stuck"} 0
    portolan_findings{chart="portolan",account="emulator",code="target-organization-missing"} 0
    portolan_findings{chart="portolan",account="emulator",code="undeclared-share"} 0
    portolan_findings{chart="portolan",account="emulator",code="unlisted"} 1
    portolan_findings{chart="portolan",account="emulator",code="unlisted-organization"} 0
    portolan_counted_findings{chart="portolan",account="emulator"} 0
    portolan_withheld{chart="portolan",account="emulator"} 0
    portolan_accepted{chart="portolan",account="emulator"} 1
    portolan_ignored{chart="portolan",account="emulator"} 0
    portolan_expired_acceptances{chart="portolan",account="emulator"} 0
    portolan_outcome{chart="portolan",account="emulator",outcome="no_changes"} 0
    portolan_outcome{chart="portolan",account="emulator",outcome="changes"} 1
    portolan_outcome{chart="portolan",account="emulator",outcome="unknown"} 0
    portolan_partial{chart="portolan",account="emulator"} 0
    portolan_requests{chart="portolan",account="emulator"} 3
    "#);
    assert!(timestamp(&world).unwrap() > 1_700_000_000);
    let text = metrics(&world);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        for mark in ["HELP", "TYPE"] {
            assert_eq!(
                text.matches(&format!("# {mark} {name} ")).count(),
                1,
                "{mark} {name}"
            );
        }
    }
}

#[test]
fn metrics_are_replaced_and_keep_the_last_complete_read() {
    let world = drifted();
    // As it was written before series had labels.
    let stamp = "portolan_last_complete_read_timestamp_seconds 1700000000\n";
    world.file("portolan.prom", format!("{stamp}left 1\n"));
    unreadable(&world);
    let _ = drift(&world, &METRICS).exits(1);
    assert!(!metrics(&world).contains("left"));
    assert_eq!(timestamp(&world), Some(1_700_000_000));
    let says = |line: &str| {
        assert!(
            samples(&world).iter().any(|sample| sample == line),
            "{line}: {:?}",
            samples(&world)
        );
    };
    says("portolan_outcome{chart=\"portolan\",outcome=\"unknown\"} 1");
    assert!(
        !samples(&world)
            .iter()
            .any(|sample| sample.starts_with("portolan_changes"))
    );
    // An invalid chart does not change it either.
    world.chart("version: 7\n");
    let _ = drift(&world, &METRICS).exits(1);
    assert_eq!(timestamp(&world), Some(1_700_000_000));
    // And a read that is complete does.
    let world = settled();
    world.file("portolan.prom", stamp);
    let _ = drift(&world, &METRICS).exits(0);
    assert!(timestamp(&world).unwrap() > 1_700_000_000);
    let labels = "chart=\"portolan\",account=\"emulator\"";
    assert!(samples(&world).contains(&format!(
        "portolan_outcome{{{labels},outcome=\"no_changes\"}} 1"
    )));
    // The result is reported all the same.
    let _ = world
        .run(&["drift", "--metrics", "no/such/folder"])
        .exits(1)
        .says("No changes.")
        .warns("no/such/folder");
}

#[test]
fn a_run_that_cannot_read_keeps_the_labels_that_it_did_not_learn() {
    let labels = |world: &World| {
        let text = metrics(world);
        let line = text
            .lines()
            .find(|line| line.starts_with("portolan_requests{"))
            .unwrap();
        line.split(['{', '}']).nth(1).unwrap().to_owned()
    };
    let world = settled();
    let _ = drift(&world, &METRICS).exits(0);
    let (complete, read) = (labels(&world), timestamp(&world));
    assert_eq!(complete, "chart=\"portolan\",account=\"emulator\"");
    unreadable(&world);
    let _ = drift(&world, &METRICS).exits(1);
    assert_eq!(
        (labels(&world), timestamp(&world)),
        (complete.clone(), read)
    );
    world.chart("version: 7\n");
    let _ = drift(&world, &METRICS).exits(1);
    assert_eq!((labels(&world), timestamp(&world)), (complete, read));
    // The file of another chart has no data of this one.
    world.file(
        "other.yaml",
        format!("version: 1\nregion: {NORTH}\norganizations: {{ team-a: {{}} }}\n"),
    );
    let _ = drift(&world, &[&METRICS[..], &["-f", "other.yaml"]].concat()).exits(1);
    assert_eq!(
        (labels(&world), timestamp(&world)),
        ("chart=\"other\"".to_owned(), None)
    );
}

#[test]
fn metrics_call_a_chart_by_its_first_file() {
    let world = settled();
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    for name in ["a.b.yaml", "charts.d/x.yaml", "second.yaml"] {
        world.file(name, &text);
    }
    world.file("empty.yaml", format!("version: 1\nregion: {NORTH}\n"));
    for (files, chart) in [
        (&["a.b.yaml"][..], "a.b"),
        (&["charts.d"], "charts.d"),
        (&["charts.d/x.yaml"], "x"),
        (&["empty.yaml", "second.yaml"], "empty"),
    ] {
        let named: Vec<&str> = files.iter().flat_map(|file| ["-f", file]).collect();
        let _ = drift(&world, &[&METRICS[..], &named].concat()).exits(0);
        assert!(
            metrics(&world).contains(&format!("portolan_requests{{chart=\"{chart}\"")),
            "{}",
            metrics(&world)
        );
    }
}

#[test]
fn metrics_call_a_chart_by_its_name() {
    let world = settled();
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    world.chart(&text.replacen("version: 1", "version: 1\nname: acme-registry", 1));
    let _ = drift(&world, &METRICS).exits(0);
    assert!(
        metrics(&world).contains("portolan_requests{chart=\"acme-registry\""),
        "{}",
        metrics(&world)
    );
}

#[test]
fn metrics_have_the_mode_of_a_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = settled();
    world.file("ordinary", "");
    let _ = drift(&world, &["--metrics", "new.prom"]).exits(0);
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    let mode = |name: &str| {
        std::fs::metadata(world.path(name))
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!([mode("new.prom"), mode("plan.json")], [mode("ordinary"); 2]);
}
