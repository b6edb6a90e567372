//! Formats the charts of what is live, with comments that name what they leave out.

use super::{init::SCHEMA, tree, words::on_one_line};
use crate::export::{
    Exported, Unmanaged,
    compact::{self, Layout},
};

/// A file of a chart.
#[derive(Debug)]
pub struct Written {
    /// Without its ending. `None`: the only one.
    pub name: Option<String>,
    pub text: String,
}

/// The chart of the live state. `has_schema`: the schema is beside it.
pub fn files(exported: &Exported, layout: Layout, has_schema: bool) -> Vec<Written> {
    let files = compact::files(&exported.chart, layout);
    let mut written = Vec::with_capacity(files.len());
    for (at, file) in files.iter().enumerate() {
        let is_about = |left: &&Unmanaged| {
            let parts = left.address.parts();
            let of =
                |other: &compact::File| other.tops.iter().any(|top| parts.starts_with(top.parts()));
            of(file) || (at == 0 && !files.iter().any(of))
        };
        let left: Vec<&Unmanaged> = exported.unmanaged.iter().filter(is_about).collect();
        let documents: Vec<String> = file.documents.iter().map(tree::document).collect();
        let text = head(&left, has_schema) + &documents.join("---\n");
        let name = file.name.clone();
        written.push(Written { name, text });
    }
    written
}

fn head(unmanaged: &[&Unmanaged], has_schema: bool) -> String {
    let mut out = String::new();
    if has_schema {
        out.push_str(SCHEMA);
    }
    if has_schema && !unmanaged.is_empty() {
        out.push_str("#\n");
    }
    if !unmanaged.is_empty() {
        out.push_str("# Not in this chart, so unmanaged:\n");
    }
    for left in unmanaged {
        out.push_str(&format!(
            "# - {}: {}\n",
            on_one_line(&left.what),
            on_one_line(&left.because)
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{self, Decoded, context::Context},
        diagnostics::SourceMap,
        state::Chart,
    };

    fn decode(texts: &[&str]) -> Chart {
        let mut sources = SourceMap::default();
        for (at, text) in texts.iter().enumerate() {
            sources.add(format!("{at}.yaml"), *text);
        }
        let Decoded { chart, found, .. } = config::decode(Context {
            sources: &sources,
            environment: &|_| None,
            region: None,
        });
        assert!(!found.has_errors(), "{found:?}\n{}", texts.join("\n"));
        chart
    }

    /// The files of a chart, which mean the same as the chart.
    #[track_caller]
    fn exported(text: &str, layout: Layout) -> String {
        let chart = decode(&[text]);
        let before = crate::render::chart::text(&chart);
        let unmanaged = Vec::new();
        let files = files(&Exported { chart, unmanaged }, layout, false);
        let texts: Vec<&str> = files.iter().map(|file| &*file.text).collect();
        assert_eq!(crate::render::chart::text(&decode(&texts)), before);
        let named = files.iter().map(|file| match &file.name {
            Some(name) => format!("==== {name}\n{}", file.text),
            None => file.text.clone(),
        });
        named.collect()
    }

    fn rule(region: &str, organization: &str, overrides: bool) -> String {
        let to = format!("target_region: {region}, target_organization: {organization}");
        format!("{{ {to}, override: {overrides} }}")
    }

    /// One repository for each of these lists.
    fn with_rules(lists: &[Vec<String>]) -> String {
        let entry = |(at, list): (usize, &Vec<String>)| {
            format!("      r{at}: {{ sync: [ {} ] }}\n", list.join(", "))
        };
        let entries: String = lists.iter().enumerate().map(entry).collect();
        let top = "version: 1\nregion: cn-north-4\norganizations:\n  acme-web:\n";
        format!("{top}    repositories:\n{entries}")
    }

    #[test]
    fn a_target_is_called_as_its_organization() {
        let targets = |names: &[(&str, &str)]| {
            let all: Vec<String> = names.iter().map(|(to, of)| rule(to, of, true)).collect();
            // Two lists that differ, so that each target is written twice.
            let other = rule("cn-north-1", "elsewhere", true);
            let text = with_rules(&[all.clone(), [all, vec![other]].concat()]);
            let text = exported(&text, Layout::One);
            let lines = text.lines().skip_while(|line| *line != "targets:").skip(1);
            let lines = lines.take_while(|line| line.starts_with("  "));
            let names =
                lines.map(|line| line.trim().split(':').next().unwrap_or_default().to_owned());
            names.collect::<Vec<String>>().join(" ")
        };
        assert_eq!(targets(&[("cn-east-3", "acme-dr")]), "dr");
        assert_eq!(targets(&[("cn-east-3", "acme-web")]), "web");
        assert_eq!(targets(&[("cn-east-3", "backup")]), "backup");
        // A letter says nothing, and a name has no dot.
        assert_eq!(targets(&[("cn-east-3", "acme-b")]), "acme-b");
        assert_eq!(targets(&[("cn-east-3", "acme-a.b")]), "a-b");
        assert_eq!(
            targets(&[("cn-east-3", "acme-dr"), ("cn-south-1", "acme-dr")]),
            "dr-cn-east-3 dr-cn-south-1"
        );
        assert_eq!(
            targets(&[
                ("cn-east-3", "acme-a.b"),
                ("cn-east-3", "acme-a_b"),
                ("cn-east-3", "acme-a-b")
            ]),
            "a-b-cn-east-3 a-b-cn-east-3-2 a_b"
        );
    }

    #[test]
    fn what_most_rules_to_a_target_have_is_at_the_target() {
        let (dr, other) = (
            rule("cn-east-3", "acme-dr", false),
            rule("cn-east-3", "acme-dr", true),
        );
        let vault = rule("cn-south-1", "acme-vault", true);
        let lists = [
            vec![dr.clone()],
            vec![dr.clone(), vault.clone()],
            vec![other, vault.clone()],
            vec![vault],
            vec![],
            vec![dr],
        ];
        insta::assert_snapshot!(exported(&with_rules(&lists), Layout::One), @"
        version: 1
        region: cn-north-4

        targets:
          dr: { region: cn-east-3, organization: acme-dr, override: false }
          vault: { region: cn-south-1, organization: acme-vault, override: true }

        organizations:
          acme-web:
            repositories:
              r0: { sync: [ { target: dr } ] }
              r1: { sync: [ { target: dr }, { target: vault } ] }
              r2: { sync: [ { target: dr, override: true }, { target: vault } ] }
              r3: { sync: [ { target: vault } ] }
              r4: { sync: [] }
              r5: { sync: [ { target: dr } ] }
        ");
    }

    /// Settings that are left out, in two regions.
    const UNMANAGED: &str = r#"
version: 1
region: cn-north-4
lints: { allow: [ auto-false ] }
organizations:
  empty: {}
  other: { access: [ { user: ada, level: read } ] }
  team-a:
    unlisted: report
    repositories:
      a: { is_public: false, description: "one", sync: [] }
      b: { is_public: false, description: "one", sync: [], category: lang }
      c: { description: "a\nb", sync: [] }
      d: { is_public: false, category: lang }
      e: { sync: [ { target_region: r, target_organization: o, override: true, auto: false } ] }
      f: {}
mirrors: { platform/app: {}, platform/lib: { url: "https://example.com/a.git" } }
---
version: 1
region: cn-south-1
organizations: { team-a: { repositories: { x: {}, y/z: { is_public: true } } } }
"#;

    #[test]
    fn what_is_unmanaged_stays_so() {
        insta::assert_snapshot!(exported(UNMANAGED, Layout::One), @r#"
        version: 1
        region: cn-north-4

        organizations:
          empty:

          other:
            access: [ { user: ada, level: read } ]

          team-a:
            repositories:
              a: { is_public: false, description: one, sync: [] }
              b: { is_public: false, category: lang, description: one, sync: [] }
              c:
                description: |-
                  a
                  b
                sync: []
              d: { is_public: false, category: lang }
              e: { sync: [ { target_region: r, target_organization: o, auto: false, override: true } ] }
              f:

        mirrors:
          platform/app:
          platform/lib: { url: "https://example.com/a.git" }

        lints: { allow: [ auto-false ] }
        ---
        version: 1
        region: cn-south-1

        organizations:
          team-a:
            repositories:
              x:
              y/z: { is_public: true }
        "#);
        insta::assert_snapshot!(exported(UNMANAGED, Layout::Split), @r#"
        ==== _chart
        version: 1
        region: cn-north-4
        ==== _mirrors
        version: 1
        region: cn-north-4

        mirrors:
          platform/app:
          platform/lib: { url: "https://example.com/a.git" }
        ==== empty
        version: 1
        region: cn-north-4

        organizations:
          empty:
        ==== other
        version: 1
        region: cn-north-4

        organizations:
          other:
            access: [ { user: ada, level: read } ]
        ==== team-a
        version: 1
        region: cn-north-4

        organizations:
          team-a:
            repositories:
              a: { is_public: false, description: one, sync: [] }
              b: { is_public: false, category: lang, description: one, sync: [] }
              c:
                description: |-
                  a
                  b
                sync: []
              d: { is_public: false, category: lang }
              e: { sync: [ { target_region: r, target_organization: o, auto: false, override: true } ] }
              f:

        lints: { allow: [ auto-false ] }
        ---
        version: 1
        region: cn-south-1

        organizations:
          team-a:
            repositories:
              x:
              y/z: { is_public: true }
        "#);
    }
}
