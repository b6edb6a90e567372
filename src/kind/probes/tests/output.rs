//! Plan files, texts, written charts and the reference, for probes.

use super::*;

/// A chart with every change that a probe can have.
const CHANGES: &str =
    "organizations: { o: { unlisted: ignore, members: [ { user: bob, level: read } ], \
    repositories: { a: {
  cleanup: { days: 30, keep: [ { regexp: '^v[0-9]+' }, latest, stable, { regexp: '^release-' }, \
  edge, nightly ] },
  members: [ { user: bob, level: manage }, { user: cyd, level: write } ] } } } }";

#[test]
fn a_plan_file_is_read_back() {
    for keys in [
        CHANGES.to_owned(),
        of_repository("cleanup: none, members: []"),
    ] {
        let plan = plan(&keys);
        let file = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
        assert_eq!(document::read(&file).as_ref(), Ok(&plan));
        let validator = jsonschema::draft202012::options()
            .build(&schema::closed(schema::plan()))
            .unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&serde_json::from_str(&file).unwrap())
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    for (name, value, message) in [
        (
            "days",
            json!(0),
            "`after` has a value that a chart may not have",
        ),
        ("days", json!("30"), "`days` of a cleanup cannot be \"30\""),
        ("keep", json!("a"), "`keep` of a cleanup cannot be \"a\""),
        (
            "keep",
            json!([{ "glob": "a" }]),
            "`after` has a value that a chart may not have",
        ),
    ] {
        let plan = plan(&of_repository("cleanup: { days: 30 }"));
        let mut document = PlanDocument::new(&plan, Vec::new());
        document.changes[0]
            .after
            .as_mut()
            .unwrap()
            .insert(name.to_owned(), value);
        let error = document::read(&document.to_file(&plan)).unwrap_err();
        assert!(error.to_string().contains(message), "{name}: {error}");
    }
}

#[test]
fn plans_as_text_markdown_and_diff() {
    let look = render::style::Look::plain(render::style::Depth::Unfolded);
    insta::assert_snapshot!(render::plan::text(&plan(CHANGES), look), @r##"
      ~ cleanup r-1/o/a                 chart.yaml:4
          days         14 -> 30
          keep
            | [-{ regexp: "^v" }-]
            | {+"edge"+}
            | {+"nightly"+}
            | {+"stable"+}
            | {+{ regexp: "^release-" }+}
            | {+{ regexp: "^v[0-9]+" }+}
            | "latest"
          ! destroys-data (allowed): 3 tags may go
      - repository_member r-1/o/a: ada  chart.yaml:5
          (not in the repository's `members` list)
      + repository_member r-1/o/a: cyd  chart.yaml:5
          level        "write"
      - member r-1/o: ada               chart.yaml:3
          (not in the organization's `members` list)
      ~ member r-1/o: bob               chart.yaml:3
          level        "manage" -> "read"

    Plan: 1 to add, 2 to change, 2 to destroy.
    3 unchanged.
    "##);
    insta::assert_snapshot!(render::plan::text(&plan(&of_repository("cleanup: none, members: \
        []")), look), @r##"
      - cleanup r-1/o/a                 chart.yaml:3
          (the repository has `cleanup: none`)
      - repository_member r-1/o/a: ada  chart.yaml:3
          (not in the repository's `members` list)
      - repository_member r-1/o/a: bob  chart.yaml:3
          (not in the repository's `members` list)

    Plan: 0 to add, 0 to change, 3 to destroy.
    2 unchanged.
    "##);
    let markdown = render::markdown::markdown(&plan(CHANGES), 10_000);
    let rows: Vec<&str> = markdown
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r##"
    | `-` | `repository_member r-1/o/a: ada` | not in the repository's `members` list | `chart.yaml:5` |
    | `-` | `member r-1/o: ada` | not in the organization's `members` list | `chart.yaml:3` |
    | `+` | `repository_member r-1/o/a: cyd` | `level`: `"write"` | `chart.yaml:5` |
    | `~` | `member r-1/o: bob` | `level`: `"manage"` -> `"read"` | `chart.yaml:3` |
    | `~` | `cleanup r-1/o/a` | `days`: `14` -> `30`<br>`keep`: `[-{ regexp: "^v" }-], {+"edge"+}, {+"nightly"+}, {+"stable"+}, {+{ regexp: "^release-" }+}, {+{ regexp: "^v[0-9]+" }+}, "latest"`<br>**destroys-data**: 3 tags may go | `chart.yaml:4` |
    "##);
    insta::assert_snapshot!(render::yaml_diff::diff(&plan(&of_repository("cleanup: { days: 14, \
        keep: [ edge ] }"))), @r##"
    --- live: cleanup r-1/o/a
    +++ chart: cleanup r-1/o/a
    @@ -1,5 +1,4 @@
     cleanup r-1/o/a:
       days: 14
       keep:
    -  - latest
    -  - regexp: ^v
    +  - edge
    "##);
}

#[test]
fn a_chart_is_written_and_read_again() {
    let keys = "organizations: { o: { members: [ { user: cyd, level: read } ], repositories: {
      a: { sync: [], cleanup: none, members: [ { user: ada, level: read } ] },
      b: { cleanup: { days: 14, keep: [ '7', '${env:_:-$}{env:X}', { regexp: '^7' }, \"a\\u202e\" ] } },
      c: { cleanup: { days: 1 }, members: [] }, d: } } }";
    let chart = tests::chart(keys);
    let text = render::chart::text(&chart);
    insta::assert_snapshot!(text, @r##"
    version: 1
    region: r-1
    organizations:
      o:
        repositories:
          a:
            sync: []
            cleanup: none
            members:
            - user: ada
              level: read
          b:
            cleanup:
              days: 14
              keep:
              - ${env:_:-$}{env:X}
              - '7'
              - "a\u202e"
              - regexp: ^7
          c:
            cleanup:
              days: 1
              keep: []
            members: []
          d: {}
        members:
        - user: cyd
          level: read
    "##);
    let again = tests::chart(text.split_once("region: r-1\n").unwrap().1);
    let meaning = |chart: &Chart| -> Vec<String> {
        let kinds = |children: &crate::state::Children| children.kinds().collect::<Vec<_>>();
        let resources = chart.resources.iter();
        resources
            .map(|(address, it)| format!("{address} {:?} {:?}", it.presence, kinds(&it.children)))
            .collect()
    };
    assert_eq!(meaning(&again), meaning(&chart));
}

#[test]
fn the_reference_lists_the_keys() {
    let page = render::reference::markdown();
    for row in [
        "| `cleanup` | [cleanup](#cleanup), or `none`, or `null` |  | Deletes old images. |",
        "| `days` | a whole number from 1 to 365 | required | How many days a tag is kept. |",
        "| `keep` | a list in any order: a string, or `{ regexp: TEXT }`, or `null` |",
        "| `members` | a list: [member](#member), or `null` |",
        "| `members` | a list: [repository member](#repository-member), or `null` |",
        "| `user` | letters, digits and `-` | required | The user's name. |",
    ] {
        assert!(page.contains(row), "{row}\n{page}");
    }
}
