//! A plan without changes against a service with latency, where parallel requests make it fast.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use portolan::emulator::{Emulator, Retention, Settings, State, SyncRule, serve};
use serde_json::json;
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};

use super::{figure, watched};

pub(super) const REPOSITORIES: usize = 500;
pub(super) const LATENCY: Duration = Duration::from_millis(50);
pub(super) const REGION: &str = "cn-north-4";
const TARGETS: [(&str, &str); 2] = [("cn-east-3", "estate-dr"), ("cn-south-1", "estate-south")];

const RETENTION: &str = "        retention: { keep_tags: 30, except: [ latest ] }\n";

/// How often each plan is measured; the median counts.
const RUNS: usize = 3;

pub(super) fn measure() {
    let settings = || Settings {
        latency: LATENCY,
        ..Settings::default()
    };
    let rules = TARGETS.len();
    println!(
        "  {REPOSITORIES} repositories with {rules} rules each, all as in the chart; {} ms an \
        answer",
        LATENCY.as_millis()
    );
    of_estate(&Estate::new(settings()), 1.25);
    println!("  the same with a retention in each");
    let fill = |state: &mut State| {
        fill(state);
        keep_tags(state);
    };
    of_estate(&Estate::of(settings(), fill, &chart_text(RETENTION)), 1.15);
    println!("  with and without a look at the targets of rules");
    of_targets(&Estate::of(settings(), fill_with_targets, &chart_text("")));
}

/// The organizations of the targets are read beside the first list. Compares a plan that has
/// endpoints for all regions with one that has the endpoint of the source alone.
fn of_targets(estate: &Estate) {
    let everywhere = format!("{}/{{region}}", estate.endpoint());
    for parallelism in ["10", "64"] {
        let plan = |endpoint: Option<&str>| {
            let mut command = estate.planning(env!("CARGO_BIN_EXE_portolan"), parallelism);
            if let Some(endpoint) = endpoint {
                command.env("PORTOLAN_ENDPOINT_SWR", endpoint);
            }
            estate.emulator.clear_journal();
            let time = watched(&mut command).0;
            (time.as_secs_f64() * 1000.0, estate.emulator.journal().len())
        };
        // In turn, so that both see the same machine.
        let runs = (0..2 * RUNS + 1).map(|_| (plan(None), plan(Some(&everywhere))));
        let (mut alone, mut with): (Vec<_>, Vec<_>) = runs.unzip();
        for times in [&mut alone, &mut with] {
            times.sort_by(|one, other| one.0.total_cmp(&other.0));
        }
        let ((alone, fewer), (with, more)) = (alone[RUNS], with[RUNS]);
        println!(
            "  parallelism {parallelism}: {alone:.0} ms and {fewer} requests without, {with:.0} \
            ms and {more} with"
        );
        let (what, at_most) = ("requests a target region", TARGETS.len() as f64);
        figure(what, (more - fewer) as f64 / at_most, 1.0, "");
        figure("with a look against without", with / alone, 1.05, "times");
    }
}

fn of_estate(estate: &Estate, most: f64) {
    let mut medians = BTreeMap::new();
    for parallelism in ["10", "50", "64", "auto"] {
        let mut runs = Vec::new();
        let mut memory: f64 = 0.0;
        for _ in 0..RUNS {
            estate.emulator.clear_journal();
            let (time, peak) = estate.plan(parallelism);
            runs.push((time, estate.emulator.journal().len()));
            memory = memory.max(peak);
        }
        runs.sort();
        let (time, requests) = runs[RUNS / 2];
        let milliseconds = time.as_secs_f64() * 1000.0;
        medians.insert(parallelism, milliseconds);
        println!("  parallelism {parallelism}: {milliseconds:.0} ms, {requests} requests");
        if let Ok(parallelism) = parallelism.parse() {
            let bound = requests.div_ceil(parallelism) as f64 * LATENCY.as_secs_f64() * 1000.0;
            figure(
                &format!("  ratio to the bound of {bound:.0} ms"),
                milliseconds / bound,
                most,
                "times",
            );
        }
        figure("  peak memory", memory, 60.0, "MiB");
    }
    figure(
        "auto against 64",
        medians["auto"] / medians["64"],
        1.3,
        "times",
    );
}

/// A service on a port, and a chart that is equal to its state. A path may begin with a region; one
/// without is of [`REGION`], the default of the settings.
pub(super) struct Estate {
    pub(super) emulator: Emulator,
    endpoint: String,
    chart: PathBuf,
    _folder: TempDir,
    _runtime: Runtime,
}

impl Estate {
    pub(super) fn new(settings: Settings) -> Estate {
        Estate::of(settings, fill, &chart_text(""))
    }

    /// An estate with that state and that chart.
    pub(super) fn of(settings: Settings, fill: impl FnOnce(&mut State), text: &str) -> Estate {
        let runtime = Runtime::new().unwrap();
        let emulator = Emulator::new(settings);
        emulator.edit(fill);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(serve(emulator.clone(), listener, None));
        let folder = tempfile::tempdir().unwrap();
        let chart = folder.path().join("estate.yaml");
        fs::write(&chart, text).unwrap();
        Estate {
            emulator,
            endpoint,
            chart,
            _folder: folder,
            _runtime: runtime,
        }
    }

    /// Runs a plan without changes. Returns its time and its peak memory in MiB.
    pub(super) fn plan(&self, parallelism: &str) -> (Duration, f64) {
        self.plan_by(env!("CARGO_BIN_EXE_portolan"), parallelism)
    }

    /// The same with another program.
    pub(super) fn plan_by(&self, program: &str, parallelism: &str) -> (Duration, f64) {
        watched(&mut self.planning(program, parallelism))
    }

    fn planning(&self, program: &str, parallelism: &str) -> Command {
        let mut command = self.command(program);
        command.args([
            "plan",
            "--detailed-exitcode",
            "--parallelism",
            parallelism,
            "--file",
        ]);
        command.arg(&self.chart);
        command
    }

    /// A command with the endpoint of the service.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PORTOLAN_ENDPOINT_SWR", &self.endpoint)
            .env("HUAWEICLOUD_SDK_AK", "bench")
            .env("HUAWEICLOUD_SDK_SK", "bench");
        command
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(super) fn chart(&self) -> &Path {
        &self.chart
    }

    /// Gives every repository a description that is not in the chart.
    pub(super) fn change_descriptions(state: &mut State) {
        for number in 0..REPOSITORIES {
            state
                .ensure_repository(REGION, "estate", &name(number))
                .description = "another one".to_owned();
        }
    }
}

fn name(number: usize) -> String {
    format!("service-{:02}/component-{number:03}", number / 20)
}

fn fill(state: &mut State) {
    for number in 0..REPOSITORIES {
        let repository = state.ensure_repository(REGION, "estate", &name(number));
        repository.description = format!("component {number}");
        repository.sync_rules = TARGETS
            .map(|(region, organization)| SyncRule::to(region, organization))
            .into();
    }
}

/// The same, and the organizations of the targets.
fn fill_with_targets(state: &mut State) {
    fill(state);
    for (region, organization) in TARGETS {
        state.ensure_organization(region, organization);
    }
}

/// Gives every repository the retention of the chart.
fn keep_tags(state: &mut State) {
    for number in 0..REPOSITORIES {
        let repository = state.ensure_repository(REGION, "estate", &name(number));
        repository.retentions = vec![Retention {
            id: number as u64 + 1,
            rules: vec![json!({
                "template": "tag_rule", "params": { "num": "30" },
                "tag_selectors": [{ "kind": "label", "pattern": "latest" }],
            })],
        }];
    }
}

/// `defaults`: further lines for all repositories.
fn chart_text(defaults: &str) -> String {
    let mut text = format!("version: 1\nregion: {REGION}\ntargets:\n");
    for (number, (region, organization)) in TARGETS.iter().enumerate() {
        writeln!(
            text,
            "  t{number}: {{ region: {region}, organization: {organization}, override: false }}"
        )
        .unwrap();
    }
    text.push_str("organizations:\n  estate:\n    defaults:\n      repository:\n");
    text.push_str(
        "        is_public: false\n        category: other\n        sync: [ { target: t0 }, { \
        target: t1 } ]\n",
    );
    text.push_str(defaults);
    text.push_str("    repositories:\n");
    for number in 0..REPOSITORIES {
        writeln!(
            text,
            "      {}: {{ description: component {number} }}",
            name(number)
        )
        .unwrap();
    }
    text
}
