//! Words of Terraform, decK and kubectl: the error names the word of portolan, and gives no wrong
//! advice.

use crate::support::{QUICKSTART, World};

/// A command line, and a part of the hint.
const TYPED: &[(&str, &str)] = &[
    ("apply --auto-approve", "`apply --yes`"),
    ("apply -auto-approve", "`apply --yes`"),
    ("apply -y", "`apply --yes`"),
    ("apply -input=false", "`apply --yes`"),
    ("apply --force", "`--allow CLASS`"),
    ("apply -force", "`--allow CLASS`"),
    ("plan -out x", "write `--out`, with two dashes"),
    ("plan -out=x", "write `--out`, with two dashes"),
    ("plan -target=x", "write `--target`, with two dashes"),
    ("plan -no-color", "write `--no-color`, with two dashes"),
    ("plan -format=json", "write `--format`, with two dashes"),
    ("plan -file=x", "write `--file`, with two dashes"),
    ("plan -o json", "`--format json`"),
    ("plan --output json", "`--format json`"),
    ("plan --json", "`--format json`"),
    ("validate -json", "`--format json`"),
    ("plan -var x=y", "`PORTOLAN_VAR_NAME`"),
    ("plan --var-file=x", "`PORTOLAN_VAR_NAME`"),
    ("apply --dry-run", "`portolan plan`"),
    ("apply --dry-run=server", "`portolan plan`"),
    ("apply --filename x", "`--file PATH`"),
    ("plan --state s.yaml", "there is no state file"),
    ("plan -lock=false", "there is no state file"),
    ("init -upgrade", "there is no state file"),
    ("plan -refresh-only", "there is no state file"),
    ("plan -destroy", "`state: absent`"),
    ("apply --prune", "`unlisted: delete`"),
    ("--chdir x plan", "`--file PATH`"),
    ("plan -n team-a", "`--target PATTERN`"),
    ("plan --select-tag x", "`--target PATTERN`"),
    ("apply -R", "`--file DIRECTORY`"),
    ("plan --non-zero-exit-code", "`plan --detailed-exitcode`"),
    ("import x", "`portolan export ORGANIZATION --region REGION`"),
    ("dump", "`portolan export ORGANIZATION --region REGION`"),
    ("push", "`portolan apply`"),
    ("diff", "`portolan plan`"),
    ("destroy", "`state: absent`"),
    ("lint", "`portolan validate`"),
    ("check", "`portolan validate`"),
    ("state list", "there is no state file"),
    ("login", "`HUAWEICLOUD_SDK_AK`"),
    ("taint x", "replaces an object only if"),
    ("workspace list", "`--file PATH` names another chart"),
    ("ping", "`portolan plan` reads from the services"),
    ("apply --context x", "`HUAWEICLOUD_SDK_AK`"),
    ("plan portolan.yaml", "`--file portolan.yaml`"),
    ("plan -f a.yaml b.yml", "`--file b.yml`"),
    ("drift plan.json", "`portolan show FILE`"),
    (
        "apply portolan.yaml",
        "`portolan apply --file portolan.yaml`",
    ),
    ("plan --emulator x.json", "`--emulator=x.json`"),
    ("--emulator x.json plan", "`--emulator=x.json`"),
];

#[test]
fn words_of_other_tools_get_the_word_of_portolan() {
    let world = World::of(QUICKSTART);
    for (typed, hint) in TYPED {
        let output = world.run(&typed.split(' ').collect::<Vec<_>>()).exits(64);
        assert!(
            output.stderr.contains(hint) && !output.stderr.contains("tip:"),
            "{typed}: {output}"
        );
        let word = typed
            .split(' ')
            .find(|word| word.starts_with("-au") || word.starts_with("-t"));
        assert!(
            word.is_none_or(|word| output.stderr.contains(&format!("'{word}'"))),
            "{typed}: {output}"
        );
    }
    assert!(world.journal().is_empty());
}

#[test]
fn a_mistyped_word_of_portolan_gets_a_suggestion() {
    let world = World::of(QUICKSTART);
    let _ = world
        .run(&["plan", "--formt", "json"])
        .exits(64)
        .warns("'--format'");
    let _ = world.run(&["paln"]).exits(64).warns("'plan'");
    let _ = world
        .run(&["--out", "x", "plan"])
        .exits(64)
        .warns("'plan --out' exists");
    // An unknown option is never read as a value.
    let output = world.run(&["apply", "--whatever"]).exits(64);
    assert!(!output.stderr.contains("as a value"), "{output}");
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_utf_8_are_refused() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::of(QUICKSTART);
    let mut command = world.command(&["plan"]);
    command.arg(std::ffi::OsStr::from_bytes(b"--\xff"));
    let _ = world.output(command).exits(64).warns("unexpected argument");
}
