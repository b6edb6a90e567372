//! Texts that are commands to a reader of the output: the runner of a CI job, a terminal, the page
//! with a comment.

use std::fs;

use serde_json::{Value, json};

use crate::support::{NORTH, Output, World};

/// Lines that begin with a command after blanks, and one with a command in the middle.
const COMMANDS: &str = "keep\n::add-mask::e\n \u{a0}::error::x\nin ##[add-mask]e a line";

/// Invisible, or of another direction; each is also present as the letters of its escape.
const HIDDEN: &str =
    "\u{61c}\u{ad}\u{180e}\u{e0041}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200b}\u{feff}\u{9b}";

fn chart(a: &str, b: &str) -> String {
    format!(
        "version: 1\nregion: {NORTH}\norganizations:\n  o:\n    repositories:\n      \
         a: {{ description: {} }}\n      b: {{ description: {} }}\n",
        yaml(a),
        yaml(b)
    )
}

/// A double-quoted scalar; only visible characters are in it unescaped.
fn yaml(text: &str) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || *letter == ' ';
    let letter = |letter: char| {
        if is_plain(&letter) {
            letter.to_string()
        } else {
            format!("\\U{:08x}", u32::from(letter))
        }
    };
    format!("\"{}\"", text.chars().map(letter).collect::<String>())
}

/// A live `o/a`, and a chart that changes a word of its description, and creates `o/b`.
fn world(text: &str) -> World {
    let world = World::of(&chart(&format!("new {text}"), text));
    world
        .edit(|state| state.ensure_repository(NORTH, "o", "a").description = format!("old {text}"));
    world
}

/// Whether a runner would obey a line.
fn is_obeyed(line: &str) -> bool {
    line.trim_start().starts_with("::") || line.contains("##[")
}

#[track_caller]
fn contains_no_commands(output: Output) -> Output {
    for line in output.stdout.lines().chain(output.stderr.lines()) {
        assert!(!is_obeyed(line), "`{line}` is in\n{output}");
        assert!(
            !line.chars().any(|character| HIDDEN.contains(character)),
            "{line:?} is in\n{output}"
        );
    }
    output
}

const SHOWN: [&[&str]; 8] = [
    &["validate", "--print"],
    &["plan"],
    &["plan", "--details"],
    &["plan", "--format", "diff"],
    &["plan", "--format", "markdown"],
    &["plan", "--format", "json"],
    &["plan", "--format", "sarif"],
    &["drift", "--details"],
];

#[test]
fn no_description_is_a_command_to_a_reader_of_the_output() {
    for text in [COMMANDS, HIDDEN, "::add-mask::e", "##[add-mask]e"] {
        let world = world(text);
        for arguments in SHOWN {
            let code = if arguments[0] == "drift" { 2 } else { 0 };
            let _ = contains_no_commands(world.run(arguments).exits(code));
        }
        let _ = contains_no_commands(world.apply(&[]));
    }
}

#[test]
fn several_lines_have_a_gutter() {
    let world = world("\n::add-mask::e\n  ::x::");
    for arguments in [
        &["plan", "--details"][..],
        &["plan", "--format", "markdown"],
        &["apply", "--yes"],
    ] {
        let shown = "      description\n        | [-old-]{+new+} \n        | \
            ::add-mask::e\n        |   ::x::\n";
        let _ = world.run(arguments).exits(0).says(shown);
    }
}

#[test]
fn in_yaml_a_command_is_in_double_quotes() {
    let world = world("two\n::add-mask::e");
    let _ = world
        .run(&["plan", "--format", "diff"])
        .exits(0)
        .says("+  description: \"two\\n::add-mask::e\"\n");
    let printed = world
        .run(&["validate", "--print"])
        .exits(0)
        .says("        description: \"two\\n::add-mask::e\"\n");
    world.file("again.yaml", &printed.stdout);
    assert_eq!(
        world
            .run(&["validate", "--print", "-f", "again.yaml"])
            .exits(0)
            .stdout,
        printed.stdout
    );
}

#[test]
fn a_character_and_the_letters_of_its_escape_differ() {
    for character in HIDDEN.chars() {
        let world = World::of(&chart(
            &character.to_string(),
            &character.escape_unicode().to_string(),
        ));
        for arguments in SHOWN
            .into_iter()
            .filter(|arguments| !arguments.contains(&"sarif"))
        {
            let output = world.run(arguments).stdout;
            let texts: Vec<&str> = output
                .lines()
                .filter(|line| line.contains("description"))
                .collect();
            let [one, other, ..] = texts[..] else {
                panic!("{output}")
            };
            assert_ne!(
                one,
                &other.replace("/o/b", "/o/a").replace("yaml:7", "yaml:6"),
                "{arguments:?}\n{output}"
            );
        }
        let printed = world.run(&["validate", "--print"]).exits(0).stdout;
        world.file("again.yaml", &printed);
        assert_eq!(
            world
                .run(&["validate", "--print", "-f", "again.yaml"])
                .exits(0)
                .stdout,
            printed
        );
        let changes = world
            .run(&["plan", "--format", "json", "-f", "again.yaml"])
            .json()["changes"]
            .take();
        let after: Vec<&Value> = changes
            .as_array()
            .unwrap()
            .iter()
            .map(|change| &change["after"]["description"])
            .collect();
        assert_eq!(
            after[1..],
            [
                &json!(character.to_string()),
                &json!(character.escape_unicode().to_string())
            ]
        );
    }
}

/// The project of a mirror may be called anything.
#[test]
fn no_name_is_a_command_to_a_reader_of_the_chart() {
    let name = format!("p##[add-mask]e {}/app", HIDDEN.replace('\u{9b}', ""));
    let chart = format!(
        "version: 1\nregion: {NORTH}\nmirrors:\n  {}: {{ scheduled: false }}\n",
        yaml(&name)
    );
    let world = World::of(&chart);
    let printed = contains_no_commands(world.run(&["validate", "--print"]).exits(0)).stdout;
    world.file("again.yaml", &printed);
    assert_eq!(
        world
            .run(&["validate", "--print", "-f", "again.yaml"])
            .exits(0)
            .stdout,
        printed
    );
    for format in ["text", "diff", "markdown", "json", "sarif", "gitlab"] {
        let _ = contains_no_commands(world.run(&["plan", "--format", format]));
    }
}

/// Of a chart that cannot be used, lines are shown on stderr.
#[test]
fn the_lines_of_an_invalid_chart_contain_no_commands() {
    let world = World::of(
        "version: 1\n##[add-mask]e: 1\n::error::x: \"\u{202e}\u{ad}::x\"\n'a\u{61c}b': 2\n",
    );
    for format in ["text", "json", "sarif", "gitlab"] {
        let _ = contains_no_commands(world.run(&["validate", "--format", format]).exits(1));
    }
    let _ = contains_no_commands(world.run(&["plan", "--format", "markdown"]).exits(1));
}

#[test]
fn a_reason_links_to_nothing() {
    let world = World::new();
    let reason = "see https://evil.example.com/x, www.evil.example.com or \
        MAILTO:a@evil.example.com, says @everyone";
    let accept = |until: &str| {
        format!("accept: [ {{ address: o/a, until: {until}, reason: '{reason}' }} ]\n")
    };
    world.edit(|state| state.ensure_repository(NORTH, "o", "a").description = "old".to_owned());
    for (until, code) in [("2999-12-31", 2), ("2020-01-01", 1)] {
        world.chart(&(chart("new", "b") + &accept(until)));
        let output = world.run(&["drift", "--format", "markdown"]).exits(code);
        let outside = output.stdout.split("<details>").next().unwrap();
        assert!(
            outside.contains(
                "see <code>https&#58;&#47;&#47;evil&#46;example&#46;com&#47;x&#44;</code>"
            ),
            "{outside}"
        );
        assert!(
            !["://", "www.", "MAILTO:", "@everyone"]
                .iter()
                .any(|live| outside.contains(live)),
            "{outside}"
        );
    }
}

/// The JSON document, printed or saved, has the original text: an escape is the character.
#[test]
fn documents_contain_the_texts_unchanged() {
    let world = world(&format!("{COMMANDS}{HIDDEN}"));
    let _ = world.run(&["plan", "--out", "plan.json"]).exits(0);
    let saved = fs::read_to_string(world.path("plan.json")).unwrap();
    assert!(
        !saved.lines().any(is_obeyed) && !saved.contains('\u{202e}'),
        "{saved}"
    );
    let document: Value = serde_json::from_str(&saved).unwrap();
    let after = document["changes"][0]["after"]["description"]
        .as_str()
        .unwrap();
    assert_eq!(after, format!("new {COMMANDS}{HIDDEN}"));
    world.edit(|state| {
        state.ensure_repository(NORTH, "o", "a").description = format!("moved {COMMANDS}{HIDDEN}");
    });
    let moved = world
        .run(&["apply", "plan.json", "--events", "events.jsonl"])
        .exits(1);
    let _ = contains_no_commands(moved).says("description was \"old keep\\n::add-mask::e");
    let events = fs::read_to_string(world.path("events.jsonl")).unwrap();
    assert!(
        !events.lines().any(is_obeyed) && !events.contains('\u{202e}'),
        "{events}"
    );
}
