//! The pages: generated ones are current, examples are valid, and links, commands and names exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use clap::CommandFactory as _;
use portolan::{
    cli::Cli,
    emulator::{Answer, Assumptions, Edit, Emulator, Fault, Request, Settings, State},
    plan::{Plan, document::PlanDocument},
    render,
    risk::RiskClass,
};
use serde_json::Value;

const EMULATOR: &str = include_str!("../../docs/emulator.md");

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    EMULATOR
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_reference_of_the_chart_is_current() {
    let page = include_str!("../../docs/chart.md");
    assert_eq!(
        render::reference::markdown(),
        page,
        "run: cargo run -- schema --markdown > docs/chart.md"
    );
}

#[test]
fn the_lists_of_the_emulator_are_current() {
    let texts = blocks("text");
    assert!(
        texts.contains(&Fault::help().as_str()),
        "run: cargo run -- emulator --fault help"
    );
    assert!(
        texts.contains(&format!("{}\n", Assumptions::help()).as_str()),
        "run: cargo run -- emulator --assume help"
    );
}

#[test]
fn the_faults_of_the_page_are_faults() {
    let lines = blocks("sh").concat();
    let specs: Vec<&str> = lines
        .split("--fault '")
        .skip(1)
        .map(|rest| rest.split('\'').next().unwrap())
        .collect();
    for spec in &specs {
        spec.parse::<Fault>()
            .unwrap_or_else(|error| panic!("{spec}: {error}"));
    }
    assert!(specs.len() >= 10, "{specs:?}");
    let [file] = blocks("yaml")[..] else {
        panic!("one file of faults")
    };
    assert_eq!(Fault::list(file).unwrap().len(), 3);
    let bodies: Vec<&str> = lines
        .split("-d '")
        .skip(1)
        .map(|rest| rest.split('\'').next().unwrap())
        .collect();
    let [faults, stranger, tags, clock] = bodies[..] else {
        panic!("four requests: {bodies:?}")
    };
    assert_eq!(Fault::list(faults).unwrap().len(), 1);
    let stranger: Value = serde_json::from_str(stranger).unwrap();
    stranger["edit"].as_str().unwrap().parse::<Edit>().unwrap();
    let [tags, clock] = [tags, clock].map(|body| serde_json::from_str::<Value>(body).unwrap());
    let keys: Vec<&str> = tags
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, ["region", "organization", "repository", "tags"]);
    assert!(clock["advance_seconds"].is_u64());
}

#[test]
fn the_state_of_the_page_loads_and_every_key_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    fs::write(&path, blocks("json")[0]).unwrap();
    let emulator = Emulator::open(&path, Settings::default()).unwrap();
    let state = emulator.read(State::clone);
    let repository = state
        .repository("cn-north-4", "team-a", "web/front")
        .unwrap();
    assert_eq!((repository.num_images, repository.sync_rules.len()), (3, 1));

    // The page explains every key of a saved state.
    let mut keys = BTreeSet::new();
    collect(&serde_json::to_value(&state).unwrap(), &mut keys);
    let names = [
        "cn-north-4",
        "team-a",
        "theirs",
        "web/front",
        "empty",
        "organizations",
    ];
    for key in keys.iter().filter(|key| !names.contains(&key.as_str())) {
        let row = |line: &&str| {
            line.starts_with("| `")
                && line
                    .split(" | ")
                    .next()
                    .unwrap()
                    .contains(&format!("`{key}`"))
        };
        assert!(
            EMULATOR.lines().any(|line| row(&line)),
            "`{key}` is not explained"
        );
    }
}

#[test]
fn the_state_with_identities_loads_and_every_key_is_explained() {
    let state: State = serde_json::from_str(blocks("json")[4]).unwrap();
    let identity = serde_json::to_value(&state.identity).unwrap();
    let mut keys = BTreeSet::new();
    collect(&identity, &mut keys);
    let names = ["portolan", "github"];
    for key in keys.iter().filter(|key| !names.contains(&key.as_str())) {
        assert!(
            EMULATOR.matches(&format!("`{key}`")).count() > 0,
            "`{key}` is not explained"
        );
    }
}

#[test]
fn the_state_with_mirrors_loads_and_every_key_is_explained() {
    let mut state: State = serde_json::from_str(blocks("json")[2]).unwrap();
    state
        .mirror_mut("cn-north-4", "platform", "app")
        .unwrap()
        .scheduled = true;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    fs::write(&path, serde_json::to_vec(&state).unwrap()).unwrap();
    let emulator = Emulator::open(&path, Settings::default()).unwrap();
    emulator.advance(std::time::Duration::from_secs(1));
    let jid = emulator.start_run("cn-north-4", "platform", "app");
    assert!(jid.is_some());
    let mut keys = BTreeSet::new();
    collect(
        &serde_json::to_value(emulator.read(State::clone)).unwrap(),
        &mut keys,
    );
    let names = ["cn-north-4", "platform", "app", "group/plain", "fail"];
    for key in keys.iter().filter(|key| !names.contains(&key.as_str())) {
        assert!(
            EMULATOR.contains(&format!("`{key}`")),
            "`{key}` is not explained"
        );
    }
}

#[tokio::test]
async fn the_journal_of_a_run_is_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    fs::write(&path, blocks("json")[2]).unwrap();
    let emulator = Emulator::open(&path, Settings::default()).unwrap();
    let request = Request {
        region: "cn-north-4".to_owned(),
        method: "POST".to_owned(),
        path: "/v4/repositories/123/remote-mirror".to_owned(),
        body:
            br#"{"username":"Z2l0","password":"cGFzcw==","endpoint_uuid":"","force_fetch":false}"#
                .to_vec(),
        ..Request::default()
    };
    assert!(matches!(
        emulator.answer(request).await,
        Answer::Complete(_)
    ));
    let line = serde_json::to_string(&emulator.journal()[0]).unwrap();
    assert_eq!(blocks("json")[3].trim(), line);
}

fn collect(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            keys.extend(fields.keys().cloned());
            fields.values().for_each(|value| collect(value, keys));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
        _ => {}
    }
}

#[tokio::test]
async fn the_journal_of_the_page_is_what_is_written() {
    let emulator = Emulator::new(Settings::default());
    emulator.inject("cut-after".parse().unwrap());
    let request = Request {
        region: "cn-north-4".to_owned(),
        method: "POST".to_owned(),
        path: "/v2/manage/namespaces".to_owned(),
        body: br#"{"namespace":"team-a"}"#.to_vec(),
        ..Request::default()
    };
    assert_eq!(emulator.answer(request).await, Answer::Cut);
    let line = serde_json::to_string(&emulator.journal()[0]).unwrap();
    assert_eq!(blocks("json")[1].trim(), line);
}

/// Every Rust file of the program and its tests, as one text.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let text = |path: PathBuf| {
        if path.is_dir() {
            sources(&path)
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            fs::read_to_string(&path).unwrap()
        } else {
            String::new()
        }
    };
    entries.map(text).collect()
}

/// The pages that people write and read, by path; generated ones say so at the top.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = fs::read_dir(root.join("docs"))
        .unwrap()
        .map(|entry| format!("docs/{}", entry.unwrap().file_name().display()));
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(names)
    .map(|name| {
        let text = fs::read_to_string(root.join(&name)).unwrap();
        (name, text)
    })
    .collect()
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars()
        .filter(|one| one.is_alphanumeric() || "-_".contains(*one))
        .collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for (name, text) in pages() {
        let folder = root.join(&name).parent().unwrap().to_owned();
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .filter(|link| !link.starts_with("https://"));
        for link in links {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let path = match file {
                "" => root.join(&name),
                file => folder.join(file),
            };
            assert!(path.exists(), "{name}: there is no {file}");
            let has_heading = || {
                fs::read_to_string(&path)
                    .unwrap()
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .any(|line| anchor(line.trim_start_matches('#')) == heading)
            };
            assert!(heading.is_empty() || has_heading(), "{name}: {link}");
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}

#[test]
fn the_readme_is_short_and_links_every_page() {
    let pages = pages();
    let (_, readme) = &pages[0];
    let lines = readme.lines().count();
    assert!(lines <= 150, "{lines} lines");
    for (name, _) in &pages[1..] {
        let inside = [
            "docs/architecture.md",
            "docs/testing.md",
            "docs/releasing.md",
        ]
        .contains(&name.as_str());
        let linked = &pages[usize::from(inside)].1;
        assert!(linked.contains(&format!("]({name}")), "no link to {name}");
    }
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_program() {
    let (_, readme) = &pages()[0];
    let table = readme.split("## Exit codes").nth(1).unwrap();
    let rows: Vec<&str> = table
        .split("\n## ")
        .next()
        .unwrap()
        .lines()
        .filter(|line| {
            line.starts_with("| ") && !line.starts_with("| code") && !line.contains("---")
        })
        .collect();
    let declared = include_str!("../../src/exit.rs")
        .split("pub enum Exit {")
        .nth(1)
        .unwrap();
    let mut doc = String::new();
    let mut expected = Vec::new();
    for line in declared.split("\n}").next().unwrap().lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            doc = format!("{doc} {text}");
        } else if let Some((_, code)) = line.split_once(" = ") {
            let sentence = doc
                .split_once(". ")
                .map_or(doc.as_str(), |(first, _)| first);
            let sentence = sentence.trim().trim_end_matches('.');
            expected.push(format!("| {} | {sentence}", code.trim_end_matches(',')));
            doc.clear();
        }
    }
    assert_eq!(rows.len(), expected.len(), "{expected:?}");
    for (row, expected) in rows.iter().zip(&expected) {
        assert!(row.starts_with(expected), "{row}\n{expected}");
    }
}

#[test]
fn the_table_of_risks_is_that_of_the_program() {
    let page = include_str!("../../docs/applying.md");
    for class in RiskClass::ALL {
        let begin = format!("| `{class}` |");
        let row = page.lines().find(|line| line.starts_with(&begin)).unwrap();
        let waits = row.trim_end_matches(" |").rsplit("| ").next().unwrap() == "yes";
        assert_eq!(waits, class.needs_consent(), "{row}");
    }
}

#[test]
fn lines_of_pages_fit() {
    for (name, text) in pages() {
        if text.contains("<!-- Generated") {
            continue;
        }
        let mut is_output = false;
        for line in text.lines() {
            if let Some(language) = line.trim().strip_prefix("```") {
                is_output = ["text", "console", "json"].contains(&language);
            }
            let fits =
                line.chars().count() <= 100 || is_output || line.trim_start().starts_with('|');
            assert!(fits, "{name}: {line}");
        }
    }
}

/// The words of a line as a shell splits them, up to a redirection or a pipe.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    let is_command = |word: &String| !["|", ">", "&&"].contains(&word.as_str());
    words
        .into_iter()
        .take_while(is_command)
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn every_command_line_of_the_pages_is_one_of_portolan() {
    let mut count = 0;
    for (name, text) in pages() {
        let text = text.replace("\\\n", "");
        let scripts = ["sh", "console"].map(|language| {
            let fence = format!("```{language}\n");
            let blocks = text.split(&fence).skip(1);
            blocks
                .filter_map(|rest| rest.split("```").next())
                .collect::<String>()
        });
        let lines = scripts.iter().flat_map(|script| script.lines());
        let commands = text
            .split('`')
            .skip(1)
            .step_by(2)
            .map(|span| span.replace('\n', " "))
            .chain(lines.map(|line| line.trim_start_matches("$ ").to_owned()))
            .filter(|line| line.starts_with("portolan ") && !line.contains("..."))
            .filter(|line| !line.starts_with("portolan help "));
        for command in commands {
            let parsed = Cli::command().try_get_matches_from(words(&command));
            if let Err(error) = parsed {
                panic!("{name}: `{command}` is not a command line: {error}");
            }
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}

#[test]
fn the_pages_for_contributors_name_what_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code = sources(&root.join("src")) + &sources(&root.join("tests"));
    let (mut tests, mut files) = (0, 0);
    let pages = [
        "docs/testing.md",
        "docs/architecture.md",
        "docs/compatibility.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ];
    let text = pages
        .map(|page| fs::read_to_string(root.join(page)).unwrap())
        .join("\n");
    for name in text.split('`').skip(1).step_by(2) {
        let is_test = name.contains('_')
            && name
                .chars()
                .all(|one| one.is_ascii_lowercase() || one == '_');
        if is_test {
            // A test, or a field of a table of a kind.
            assert!(
                code.contains(&format!("fn {name}(")) || code.contains(&format!("pub {name}: ")),
                "there is no {name}"
            );
            tests += 1;
        } else if ["src/", "tests/", "schemas/", "fuzz/"]
            .iter()
            .any(|folder| name.starts_with(folder))
        {
            assert!(root.join(name).exists(), "there is no {name}");
            files += 1;
        }
    }
    assert!(tests > 5 && files > 20, "{tests} tests and {files} files");
}

#[test]
fn the_changelog_begins_with_this_version() {
    let page = include_str!("../../CHANGELOG.md");
    let version = env!("CARGO_PKG_VERSION");
    let first = page.lines().find(|line| line.starts_with("## [")).unwrap();
    assert!(first.starts_with(&format!("## [{version}] - ")), "{first}");
    // The brackets of a heading are a link.
    for heading in page.lines().filter_map(|line| line.strip_prefix("## [")) {
        let name = heading.split(']').next().unwrap();
        let link = format!("\n[{name}]: {}/", env!("CARGO_PKG_REPOSITORY"));
        assert!(page.contains(&link), "no link for {name}");
    }
}

#[test]
fn the_page_about_compatibility_names_the_current_versions() {
    let page = include_str!("../../docs/compatibility.md");
    let schema = portolan::schema::chart();
    let chart = &schema["properties"]["version"]["const"];
    assert!(page.contains(&format!("`version: {chart}`, the only one")));
    let format = PlanDocument::new(&Plan::default(), Vec::new()).format_version;
    assert!(page.contains(&format!("`format_version` is `\"{format}\"` in all")));
    let state = serde_json::to_value(State::default()).unwrap()["format_version"].take();
    assert!(page.contains(&format!("a number: `{state}`")));
}

/// The declarations in a block of code, by the beginning of each line.
fn declared<'t>(code: &'t str, block: &str, begin: &str, end: char) -> BTreeSet<&'t str> {
    let inside = code
        .split(block)
        .nth(1)
        .unwrap()
        .split("\n}")
        .next()
        .unwrap();
    inside
        .lines()
        .filter_map(|line| line.trim().strip_prefix(begin)?.split(end).next())
        .collect()
}

/// The guide to a new kind names every part of the table, and no others.
#[test]
fn the_guide_to_a_kind_names_every_part_of_its_table() {
    let page = include_str!("../../docs/architecture.md");
    let code = include_str!("../../src/kind/mod.rs");
    let row = |line: &'static str| line.trim().strip_prefix("| ")?.split(" | ").next();
    let named: BTreeSet<&str> = page
        .split("## How to add a kind")
        .nth(1)
        .unwrap()
        .lines()
        .filter_map(row)
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|name| !name.contains('/'))
        .collect();
    let fields = declared(code, "pub struct Kind {", "pub ", ':');
    let functions = declared(code, "pub trait Wire: Sync {", "fn ", '(');
    let all: BTreeSet<&str> = fields.union(&functions).copied().collect();
    assert!(fields.len() > 15 && functions.len() > 4, "{all:?}");
    assert_eq!(all, named, "left: in the code, right: in the guide");
}
