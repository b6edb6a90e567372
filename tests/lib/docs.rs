//! The generated pages are what the program prints, and the examples of the others are taken as
//! they stand.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use portolan::{
    emulator::{Answer, Assumptions, Edit, Emulator, Fault, Request, Settings, State},
    render,
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
    let [faults, stranger] = bodies[..] else {
        panic!("two requests: {bodies:?}")
    };
    assert_eq!(Fault::list(faults).unwrap().len(), 1);
    let stranger: Value = serde_json::from_str(stranger).unwrap();
    stranger["edit"].as_str().unwrap().parse::<Edit>().unwrap();
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

    // Whatever a saved state holds is explained in the table.
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
fn so_does_the_one_with_mirrors() {
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

#[test]
fn the_page_on_tests_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/testing.md")).unwrap();
    let code = sources(&root.join("src")) + &sources(&root.join("tests"));
    let (mut tests, mut files) = (0, 0);
    for name in page.split('`').skip(1).step_by(2) {
        let is_test = name.contains('_')
            && name
                .chars()
                .all(|one| one.is_ascii_lowercase() || one == '_');
        if is_test {
            assert!(
                code.contains(&format!("fn {name}(")),
                "no test is called {name}"
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
