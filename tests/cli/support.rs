//! A world for each test: a service, a directory with a chart, and the program.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{LazyLock, Mutex},
    time::{Duration, Instant},
};

use portolan::emulator::{Emulator, Entry, Fault, Settings, State, serve};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::again;

pub(crate) const AK: &str = "FAKEAK00000000000001";
pub(crate) const SK: &str = "fake-secret-key-0001";

/// The region of most charts.
pub(crate) const NORTH: &str = "cn-north-4";

/// The chart of the API documents' own examples.
pub(crate) const QUICKSTART: &str = include_str!("../../examples/quickstart.yaml");

/// A generous timeout for everything that a test waits for.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Serves all the worlds of this process.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

/// Runs a task in the background, until the end of the process.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    RUNTIME.spawn(task);
}

/// Waits for a future.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// A port of this machine.
pub(crate) fn listen() -> TcpListener {
    RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap()
}

/// A service on a port, and a directory to run the program in.
pub(crate) struct World {
    pub(crate) emulator: Emulator,
    directory: TempDir,
    settings: Settings,
    /// Why the next successful apply leaves something to do.
    unsettled: Mutex<Option<&'static str>>,
    url: String,
    variables: Vec<(String, String)>,
}

impl World {
    /// A service that accepts one key pair, and a program that has it.
    pub(crate) fn new() -> World {
        let verify = Some(format!("{AK}:{SK}").parse().unwrap());
        World::with(Settings {
            verify,
            ..Settings::default()
        })
        .variable("HUAWEICLOUD_SDK_AK", AK)
        .variable("HUAWEICLOUD_SDK_SK", SK)
    }

    /// A service with these settings, and a program without credentials.
    pub(crate) fn with(settings: Settings) -> World {
        let emulator = Emulator::new(settings.clone());
        let listener = listen();
        let url = format!("http://{}", listener.local_addr().unwrap());
        RUNTIME.spawn(serve(emulator.clone(), listener, None));
        let directory = tempfile::tempdir().unwrap();
        let world = World {
            emulator,
            directory,
            settings,
            unsettled: Mutex::default(),
            url,
            variables: Vec::new(),
        };
        let endpoint = world.endpoint();
        world
            .variable("PORTOLAN_ENDPOINT_SWR", &endpoint)
            .variable("PORTOLAN_ENDPOINT_CODEARTS", &endpoint)
    }

    /// A world with a chart in it.
    pub(crate) fn of(chart: &str) -> World {
        let world = World::new();
        world.chart(chart);
        world
    }

    /// Sets a variable of the program's environment, which is empty but for these; an empty value
    /// removes it.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> World {
        self.variables.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.variables.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The address of the service, without a region.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where the program finds the service.
    pub(crate) fn endpoint(&self) -> String {
        format!("{}/{{region}}", self.url)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file into the directory.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes the chart that the program finds by itself.
    pub(crate) fn chart(&self, text: &str) {
        self.file("portolan.yaml", text);
    }

    /// The program, ready to run here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.output(self.command(arguments))
    }

    /// The next successful apply leaves something to do, for this reason.
    pub(crate) fn leaves_work(&self, reason: &'static str) -> &World {
        *self.unsettled.lock().unwrap() = Some(reason);
        self
    }

    /// The reason of [`World::leaves_work`], once.
    pub(crate) fn unsettled(&self) -> Option<&'static str> {
        self.unsettled.lock().unwrap().take()
    }

    /// As [`World::ended`]. A successful apply leaves nothing to do.
    #[track_caller]
    pub(crate) fn output(&self, mut command: Command) -> Output {
        let output = self.ended(&mut command);
        again::plan(self, &self.settings, &command, &output);
        output
    }

    /// Waits for the end of a command, and hides what differs between executions. A command that
    /// plans must not write.
    fn ended(&self, command: &mut Command) -> Output {
        let only_reads = command.get_args().any(|argument| {
            ["plan", "validate", "doctor", "list", "snapshot"]
                .iter()
                .any(|it| argument == *it)
        });
        let before = self.writes().len();
        let output = command.output().unwrap();
        assert!(
            !only_reads || self.writes().len() == before,
            "a command that only reads wrote {:?}",
            self.writes()
        );
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            let host = self.url.trim_start_matches("http://");
            text.replace(&self.url, "@URL@")
                .replace(host, "@HOST@")
                .replace(&self.directory.path().display().to_string(), "@DIR@")
        };
        let output = Output {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        self.fits_the_schema(command, &output);
        output
    }

    /// Every document that `plan`, `apply` and `drift` print or save is valid for the published
    /// schema, on failures too.
    #[track_caller]
    fn fits_the_schema(&self, command: &Command, output: &Output) {
        let arguments: Vec<&str> = command
            .get_args()
            .filter_map(|argument| argument.to_str())
            .collect();
        let follows = |option: &str| {
            arguments
                .windows(2)
                .find(|pair| pair[0] == option)
                .map(|pair| pair[1])
        };
        let named = |command: &str| arguments.contains(&command);
        if follows("--format") == Some("json") && !output.stdout.is_empty() {
            match (named("plan"), named("apply"), named("drift")) {
                (true, false, false) => is_valid("plan", &output.json()),
                (false, true, false) => is_valid("report", &output.json()),
                (false, false, true) => is_valid("drift", &output.json()),
                _ if named("validate") => is_valid("validate", &output.json()),
                _ if named("doctor") => is_valid("doctor", &output.json()),
                _ if named("version") => is_valid("version", &output.json()),
                _ if named("list") => is_valid("list", &output.json()),
                _ => {}
            }
        }
        if arguments.first() == Some(&"snapshot") {
            let file = follows("--out").map(|name| self.path(name));
            let text = file.and_then(|path| fs::read_to_string(path).ok());
            let text = text.unwrap_or_else(|| output.stdout.clone());
            if text.starts_with('{') {
                is_valid("snapshot", &serde_json::from_str(&text).unwrap());
            }
        }
        for (option, definition) in [("--receipt", "receipt"), ("--events", "events")] {
            // A wrong command line names files that are something else.
            if output.code == Some(64) {
                break;
            }
            let file = follows(option)
                .map(|name| self.path(name))
                .filter(|path| path.is_file());
            let text = file
                .map(|path| fs::read_to_string(path).unwrap())
                .unwrap_or_default();
            // A receipt is one document, and events are one a line.
            let documents = if definition == "events" {
                text.lines().collect()
            } else {
                vec![text.as_str()]
            };
            for document in documents
                .into_iter()
                .filter(|document| !document.is_empty())
            {
                is_valid(definition, &serde_json::from_str(document).unwrap());
            }
        }
        // A plan that fails to be saved may leave something else where it should have been.
        let saved = follows("--out").filter(|_| {
            named("plan") && output.code != Some(64) && !output.stderr.contains("cannot write")
        });
        if let Some(text) = saved.and_then(|name| fs::read_to_string(self.path(name)).ok()) {
            let document: Value = serde_json::from_str(&text).unwrap();
            is_valid("plan", &document);
            assert!(
                document["digest"].is_string(),
                "it was printed, and not saved: {document:#}"
            );
        }
    }

    /// Starts the program without waiting for it.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        Running(
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }

    /// Runs `plan`, which sends only reads.
    pub(crate) fn plan(&self, arguments: &[&str]) -> Output {
        let seen = self.emulator.journal().len();
        let output = self.run(&[&["plan"], arguments].concat());
        for entry in &self.emulator.journal()[seen..] {
            assert!(only_reads(entry), "a plan asked for {entry:?}");
        }
        output
    }

    /// Runs `plan --format json` and reads the document.
    pub(crate) fn plan_json(&self, arguments: &[&str]) -> Value {
        self.plan(&[&["--format", "json"], arguments].concat())
            .json()
    }

    /// Runs `apply --yes` with any outcome.
    pub(crate) fn try_apply(&self, arguments: &[&str]) -> Output {
        self.run(&[&["apply", "--yes"], arguments].concat())
    }

    /// Runs `apply --yes`, which succeeds; the next plan is empty.
    pub(crate) fn apply(&self, arguments: &[&str]) -> Output {
        let arguments = [&["apply", "--yes"], arguments].concat();
        let output = self.ended(&mut self.command(&arguments)).exits(0);
        // Against the service of the test itself, so that a plan that writes is noticed.
        self.is_settled();
        output
    }

    /// The live state matches the chart.
    #[track_caller]
    pub(crate) fn is_settled(&self) {
        let output = self.plan(&["--detailed-exitcode"]).exits(0);
        assert!(output.stdout.contains("No changes."), "{output}");
    }

    /// Runs `apply --yes --allow CLASS=N`, which succeeds; the next plan is empty.
    pub(crate) fn apply_allowing(&self, consent: &str) -> Output {
        self.apply(&["--allow", consent])
    }

    pub(crate) fn journal(&self) -> Vec<Entry> {
        self.emulator.journal()
    }

    /// The JSON document in a file.
    #[track_caller]
    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.path(name)).unwrap()).unwrap()
    }

    /// All writes since the last `clear_journal`: method, region and path.
    pub(crate) fn writes(&self) -> Vec<String> {
        let writes = self
            .journal()
            .into_iter()
            .filter(|entry| !only_reads(entry));
        writes
            .map(|entry| format!("{} {} {}", entry.method, entry.region, short(&entry.path)))
            .collect()
    }

    /// The bodies of the writes so far.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        let writes = self
            .journal()
            .into_iter()
            .filter(|entry| !only_reads(entry));
        writes.map(|entry| entry.body.unwrap_or_default()).collect()
    }

    /// Clears the journal.
    pub(crate) fn clear_journal(&self) {
        self.emulator.clear_journal();
    }

    pub(crate) fn inject(&self, fault: Fault) {
        self.emulator.inject(fault);
    }

    /// Changes the state without a request, as another client would.
    pub(crate) fn edit<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.emulator.edit(change)
    }

    /// The state, without ids and times.
    pub(crate) fn state(&self) -> Vec<String> {
        self.emulator.read(summary)
    }
}

/// Checks a document against the published schema of that name, which it names itself, with no room
/// for other keys.
#[track_caller]
fn is_valid(name: &str, document: &Value) {
    static VALIDATORS: LazyLock<BTreeMap<&str, jsonschema::Validator>> = LazyLock::new(|| {
        let published = [
            ("plan", include_str!("../../schemas/plan.schema.json")),
            ("report", include_str!("../../schemas/report.schema.json")),
            ("receipt", include_str!("../../schemas/receipt.schema.json")),
            ("events", include_str!("../../schemas/events.schema.json")),
            ("drift", include_str!("../../schemas/drift.schema.json")),
            (
                "validate",
                include_str!("../../schemas/validate.schema.json"),
            ),
            ("doctor", include_str!("../../schemas/doctor.schema.json")),
            ("version", include_str!("../../schemas/version.schema.json")),
            ("list", include_str!("../../schemas/list.schema.json")),
            (
                "snapshot",
                include_str!("../../schemas/snapshot.schema.json"),
            ),
        ];
        let validator = |(name, text)| {
            let schema = portolan::schema::closed(serde_json::from_str(text).unwrap());
            (
                name,
                jsonschema::draft202012::options().build(&schema).unwrap(),
            )
        };
        published.map(validator).into()
    });
    let problems: Vec<String> = VALIDATORS[name]
        .iter_errors(document)
        .map(|problem| problem.to_string())
        .collect();
    assert!(
        problems.is_empty(),
        "it is no {name}: {problems:#?}\n{document:#}"
    );
}

/// Whether a request changes nothing that a chart describes: it reads, or obtains keys.
fn only_reads(entry: &Entry) -> bool {
    let obtains = ["/v5/agencies/", "/v3.0/OS-CREDENTIAL/", "/meta-data/"];
    entry.method == "GET" || obtains.iter().any(|path| entry.path.starts_with(path))
}

/// The part of a path that differs.
fn short(path: &str) -> &str {
    path.strip_prefix("/v2/manage").unwrap_or(path)
}

fn summary(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    for (region, content) in &state.regions {
        for (name, organization) in &content.organizations {
            lines.push(format!("{region}/{name}"));
            for (repository, content) in &organization.repositories {
                let (public, images) = (content.is_public, content.num_images);
                let (category, description) = (&content.category, &content.description);
                lines.push(format!(
                    "{region}/{name}/{repository} {public} {category} {description:?} {images}"
                ));
                for rule in &content.sync_rules {
                    let target = format!("{}/{}", rule.remote_region, rule.remote_organization);
                    lines.push(format!(
                        "{region}/{name}/{repository} -> {target} {} {}",
                        rule.auto, rule.overrides
                    ));
                }
            }
        }
    }
    lines.sort();
    lines
}

/// Asks again and again until something holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < TIMEOUT, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A program that runs, and is killed when the test ends.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// SIGKILL: it cannot tidy up.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The result of a command.
#[must_use]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Output {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Output {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// The document on stdout, and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Output {
        assert!(self.stdout.contains(text), "`{text}` is not in {self}");
        self
    }

    #[track_caller]
    pub(crate) fn warns(self, text: &str) -> Output {
        assert!(self.stderr.contains(text), "`{text}` is not in {self}");
        self
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self
            .code
            .map_or_else(|| "none".to_owned(), |code| code.to_string());
        write!(
            f,
            "exit: {code}\n-- stdout\n{}-- stderr\n{}",
            self.stdout, self.stderr
        )
    }
}
