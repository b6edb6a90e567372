//! What the action and the template do before they install portolan: a wrong download, a machine
//! that lacks something, and a wrong input each end with a sentence, and nothing is installed.

use std::{collections::BTreeMap, fs, os::unix::fs::symlink, path::PathBuf};

use serde_json::json;

use super::{
    pipeline::Pipeline,
    releases::{Releases, VERSION, archive},
    runner::{Job, which},
    stage::{CHART, Ended, Stage, has_the_tools},
};

/// What ends the installation, and the sentence about it.
struct Case {
    inputs: Vec<(&'static str, String)>,
    breaks: fn(&Releases),
    says: &'static str,
}

fn case(inputs: &[(&'static str, &str)], breaks: fn(&Releases), says: &'static str) -> Case {
    let inputs = inputs
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    Case {
        inputs: inputs.collect(),
        breaks,
        says,
    }
}

fn nothing(_: &Releases) {}

/// What both installers refuse.
fn cases() -> Vec<Case> {
    vec![
        case(
            &[],
            |releases| {
                let path = releases.files().join(archive());
                fs::write(path, "another file").unwrap();
            },
            "has the wrong checksum: its SHA-256 is ",
        ),
        case(
            &[],
            |releases| {
                fs::write(releases.files().join("SHA256SUMS"), "").unwrap();
            },
            "SHA256SUMS does not list portolan-",
        ),
        case(
            &[],
            |releases| fs::remove_file(releases.files().join(archive())).unwrap(),
            ".tar.gz cannot be downloaded",
        ),
        case(
            &[("version", "99.0.0")],
            nothing,
            "v99.0.0/SHA256SUMS cannot be downloaded",
        ),
        case(
            &[("version", "v0.1.0")],
            nothing,
            "write it as 0.1.0, without a v",
        ),
        case(
            &[],
            |releases| releases.publish("#!/bin/sh\necho portolan 0.0.9\n"),
            "is another version: it says",
        ),
        case(
            &[],
            Releases::pack_nothing,
            "has no portolan in a directory portolan-*",
        ),
        case(
            &[],
            |releases| releases.publish("#!/nowhere/sh\n"),
            "does not run ",
        ),
        case(
            &[],
            |releases| {
                let path = releases.files().join(archive());
                fs::write(path, "#!/bin/sh\nexit 1\n").unwrap();
                releases.sum();
            },
            "does not run ",
        ),
        case(
            &[("sha256", "00")],
            nothing,
            "The input sha256 is only used together with download-url",
        ),
        case(
            &[("download-url", "https://example.com/portolan")],
            nothing,
            "The input download-url needs sha256",
        ),
        case(
            &[("binary", "/nowhere/portolan")],
            nothing,
            "There is no file /nowhere/portolan",
        ),
        case(
            &[("binary", "/bin/sh"), ("sha256", "00")],
            nothing,
            "The input binary excludes download-url and sha256",
        ),
        case(
            &[("file", "gone.yaml")],
            nothing,
            "There is no chart gone.yaml",
        ),
    ]
}

/// Nothing of the download is left, and nothing is on the PATH.
#[track_caller]
fn is_not_installed(stage: &Stage, ended: &Ended) {
    let left: Vec<PathBuf> = fs::read_dir(stage.path("temp"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(left.is_empty(), "{left:?}: {}", ended.printed);
    assert_eq!(stage.text("path"), "");
    assert!(!ended.printed.contains("Installed"), "{}", ended.printed);
    assert_eq!(stage.requests(), [""; 0]);
}

fn validate<'a>(stage: &'a Stage, releases: &Releases) -> Job<'a> {
    Job::new(stage, releases, ("plan", "validate"), &json!({}))
}

#[test]
fn the_action_installs_nothing_that_it_cannot_check() {
    if !has_the_tools() {
        return;
    }
    for Case {
        inputs,
        breaks,
        says,
    } in cases()
    {
        let (stage, releases) = (Stage::new(CHART), Releases::new());
        breaks(&releases);
        let mut job = validate(&stage, &releases);
        for (name, value) in &inputs {
            job = job.input(name, value);
        }
        let ended = job.run().with(1).says("::error::").says(says);
        is_not_installed(&stage, &ended);
    }
}

fn of_gitlab(
    stage: &Stage,
    releases: &Releases,
    inputs: &[(&str, &str)],
    path: Option<String>,
) -> Ended {
    let path = path.map(|path| ("PATH".to_owned(), path));
    let api = (
        "CI_API_V4_URL".to_owned(),
        "https://forge.example.com/api/v4".to_owned(),
    );
    let variables: BTreeMap<String, String> = [api].into_iter().chain(path).collect();
    let pipeline = Pipeline::of_the_example(inputs);
    pipeline.run(stage, releases, ("portolan-validate", "sh"), &variables)
}

#[test]
fn the_template_installs_nothing_that_it_cannot_check() {
    if !has_the_tools() {
        return;
    }
    for Case {
        inputs,
        breaks,
        says,
    } in cases()
    {
        let (stage, releases) = (Stage::new(CHART), Releases::new());
        breaks(&releases);
        let inputs: Vec<(&str, &str)> = inputs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let ended = of_gitlab(&stage, &releases, &inputs, None)
            .with(1)
            .says(says);
        is_not_installed(&stage, &ended);
    }
}

#[test]
fn the_release_is_that_of_the_repository_of_the_action() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let stage = Stage::new(CHART);
    // The context names the outer one of two composite actions.
    let _ = validate(&stage, &releases)
        .github("action_repository", "team/wrapper")
        .run()
        .with(0)
        .says("/OWNER/portolan/releases/download/");
    // Elsewhere the path says nothing.
    let path = crate::installed::root().to_str().unwrap();
    for (name, code, words) in [
        ("OWNER/portolan", 0, "/OWNER/portolan/releases/download/"),
        (
            "",
            1,
            "It is unknown which repository this action comes from",
        ),
    ] {
        let _ = validate(&stage, &releases)
            .variable("GITHUB_ACTION_PATH", path)
            .github("action_repository", name)
            .run()
            .with(code)
            .says(words);
    }
}

/// A directory with these programs of the machine and no others.
fn only(stage: &Stage, programs: &[&str]) -> PathBuf {
    let folder = stage.path("few");
    fs::create_dir(&folder).unwrap();
    for program in programs {
        symlink(which(program), folder.join(program)).unwrap();
    }
    folder
}

const FEW: &str = "bash sh cat mkdir mktemp rm mv cp chmod uname cut curl tar gzip awk sha256sum";

#[test]
fn a_runner_without_a_tool_ends_with_a_sentence() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    for missing in ["curl", "tar", "awk", "sha256sum", ""] {
        let stage = Stage::new(CHART);
        let tools: Vec<&str> = FEW.split(' ').filter(|tool| *tool != missing).collect();
        let path = only(&stage, &tools);
        let ended = validate(&stage, &releases).path(&path).run();
        if missing.is_empty() {
            let _ = ended.with(0);
            continue;
        }
        let ended = ended.with(1).says("This runner has n").says(missing);
        is_not_installed(&stage, &ended);
    }
    // Another checksum program is as good.
    let stage = Stage::new(CHART);
    let path = only(
        &stage,
        &FEW.replace("sha256sum", "shasum perl")
            .split(' ')
            .collect::<Vec<_>>(),
    );
    let _ = validate(&stage, &releases).path(&path).run().with(0);
    // The commands need their own.
    for (file, missing) in [
        ("plan", "git"),
        ("plan", "gh"),
        ("apply", "gh"),
        ("drift", "gh"),
    ] {
        let stage = Stage::new(CHART);
        let job = Job::new(
            &stage,
            &releases,
            (file, file),
            &json!({ "pull_request": {
            "head": { "repo": { "full_name": "team/charts" } } } }),
        );
        let mut path = only(
            &stage,
            &[FEW, "git"].join(" ").split(' ').collect::<Vec<_>>(),
        );
        if missing == "git" {
            fs::remove_file(path.join("git")).unwrap();
            path = format!("{}:{}", path.display(), stage.path("bin").display()).into();
        }
        let says = format!("This runner has no {missing}, which the command {file} needs");
        let ended = job.path(&path).run().with(1).says(&says);
        is_not_installed(&stage, &ended);
    }
}

#[test]
fn an_image_without_a_tool_ends_with_a_sentence() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    for missing in ["jq", "git"] {
        let stage = Stage::new(CHART);
        let tools = [FEW, "git jq"].join(" ");
        let tools: Vec<&str> = tools.split(' ').filter(|tool| *tool != missing).collect();
        let path = only(&stage, &tools).to_str().unwrap().to_owned();
        let ended = of_gitlab(&stage, &releases, &[], Some(path.clone()))
            .with(1)
            .says(&format!("The image of this job has no {missing}"));
        is_not_installed(&stage, &ended);
        // Alpine's package manager gets it, if it can.
        let few = stage.path("few");
        for (apk, code) in [
            ("exit 1".to_owned(), 1),
            (
                format!(
                    "[ \"$*\" = 'add --quiet --no-cache {missing}' ] && '{}' -s '{}' '{path}'",
                    which("ln"),
                    which(missing)
                ),
                0,
            ),
        ] {
            stage.program("apk", &format!("#!/bin/sh\n{apk}\n"));
            let path = format!("{}:{}", stage.path("bin").display(), few.display());
            let ended = of_gitlab(&stage, &releases, &[], Some(path)).with(code);
            assert_eq!(
                ended.printed.contains("has no"),
                code == 1,
                "{}",
                ended.printed
            );
        }
    }
}

#[test]
fn there_is_a_sentence_about_every_other_system() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    for (system, processor) in [("MINGW64_NT-10.0", "x86_64"), ("Linux", "riscv64")] {
        let stage = Stage::new(CHART);
        let uname = format!("#!/bin/sh\n[ \"$1\" = -s ] && echo {system} || echo {processor}\n");
        stage.program("uname", &uname);
        let ended = validate(&stage, &releases)
            .run()
            .with(1)
            .says("There is no portolan for this runner")
            .says(if system == "Linux" { processor } else { system });
        is_not_installed(&stage, &ended);
        let ended = of_gitlab(&stage, &releases, &[], None)
            .with(1)
            .says("There is no portolan for this runner");
        is_not_installed(&stage, &ended);
    }
    // The archive of each system that is supported has the right name.
    for (system, processor, triple) in [
        ("Linux", "aarch64", "aarch64-unknown-linux-musl"),
        ("Linux", "x86_64", "x86_64-unknown-linux-musl"),
        ("Darwin", "arm64", "aarch64-apple-darwin"),
        ("Darwin", "x86_64", "x86_64-apple-darwin"),
    ] {
        let stage = Stage::new(CHART);
        let uname = format!("#!/bin/sh\n[ \"$1\" = -s ] && echo {system} || echo {processor}\n");
        stage.program("uname", &uname);
        let sums = releases.files().join("SHA256SUMS");
        fs::write(&sums, "").unwrap();
        let name = format!("portolan-{VERSION}-{triple}.tar.gz");
        let _ = validate(&stage, &releases).run().with(1).says(&name);
        if system == "Linux" {
            let _ = of_gitlab(&stage, &releases, &[], None).with(1).says(&name);
        }
    }
}

#[test]
fn a_mirror_or_an_installed_program_takes_the_place_of_the_release() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    // The release is gone; its files are where the company keeps them.
    let url = format!("{}/mirror/portolan.tar.gz", releases.address());
    let plain = format!("{}/mirror/portolan", releases.address());
    let checksum = releases.checksum();
    let mirror = releases.files().ancestors().nth(5).unwrap().join("mirror");
    fs::create_dir(&mirror).unwrap();
    fs::rename(
        releases.files().join(archive()),
        mirror.join("portolan.tar.gz"),
    )
    .unwrap();
    let program = format!(
        "#!/bin/sh\nexec '{}' \"$@\"\n",
        env!("CARGO_BIN_EXE_portolan")
    );
    fs::write(mirror.join("portolan"), &program).unwrap();
    let of_program = {
        use sha2::Digest as _;
        base16ct::lower::encode_string(&sha2::Sha256::digest(program.as_bytes()))
    };
    for inputs in [
        [
            ("download-url", url.as_str()),
            ("sha256", checksum.as_str()),
        ],
        [("download-url", &plain), ("sha256", &of_program)],
        [
            ("binary", env!("CARGO_BIN_EXE_portolan")),
            ("version", "9.9.9"),
        ],
    ] {
        let stage = Stage::new(CHART);
        let mut job = validate(&stage, &releases);
        for (name, value) in inputs {
            job = job.input(name, value);
        }
        let _ = job.run().with(0).says("Installed portolan ");
        let _ = of_gitlab(&stage, &releases, &inputs, None)
            .with(0)
            .says("Installed portolan ");
    }
    let wrong = "0".repeat(64);
    let inputs = [("download-url", url.as_str()), ("sha256", wrong.as_str())];
    let stage = Stage::new(CHART);
    let job = inputs
        .into_iter()
        .fold(validate(&stage, &releases), |job, (name, value)| {
            job.input(name, value)
        });
    let mut job = job;
    let ended = job.run().with(1).says("has the wrong checksum");
    is_not_installed(&stage, &ended);
    let ended = of_gitlab(&stage, &releases, &inputs, None)
        .with(1)
        .says("has the wrong checksum");
    is_not_installed(&stage, &ended);
}
