//! Files that would exhaust time or memory without limits.

use super::*;

#[test]
fn too_large() {
    assert_eq!(codes(vec![b' '; MAX_BYTES + 1]), ["file-too-large"]);
    assert!(codes(vec![b' '; MAX_BYTES]).is_empty());
    let file = SourceMap::default().add("c.yaml", "");
    let mut diagnostics = Diagnostics::new();
    let roots = build::build(
        file,
        "a: 1\n---\n[b, c, d]\n---\ne: f\n",
        0,
        6,
        &mut diagnostics,
    );
    assert_eq!(
        (
            roots.len(),
            diagnostics.iter().next().map(|found| found.code)
        ),
        (1, Some("file-too-large"))
    );
    for (most, expected) in [(2, Some("file-too-large")), (3, None)] {
        let mut diagnostics = Diagnostics::new();
        build::build(file, "a: 1", 0, most, &mut diagnostics);
        assert_eq!(
            diagnostics.iter().next().map(|found| found.code),
            expected,
            "{most}"
        );
    }
}

#[test]
fn nesting() {
    let lists = |count: usize| "[".repeat(count) + &"]".repeat(count);
    assert!(codes(lists(64)).is_empty());
    for count in [65, 10_000, 100_000] {
        assert_eq!(codes(lists(count)), ["too-deep"], "{count} closed");
        assert_eq!(codes("[".repeat(count)), ["too-deep"], "{count} open");
        assert_eq!(codes("- ".repeat(count)), ["too-deep"], "{count} items");
        assert_eq!(
            codes("{a: ".repeat(count)),
            ["too-deep"],
            "{count} mappings"
        );
    }
    let mixed = "- ".repeat(40) + &lists(40);
    assert_eq!(codes(mixed + "\n---\na: 1\n"), ["too-deep"]);
}

#[test]
fn nesting_through_aliases() {
    let mut text = "- &a0 []\n".to_owned();
    for n in 1..200 {
        text += &format!("- &a{n} [*a{}]\n", n - 1);
    }
    let found = codes(&text);
    assert!(
        !found.is_empty() && found.iter().all(|code| *code == "too-deep"),
        "{found:?}"
    );
}

#[test]
fn an_alias_is_as_deep_as_its_value() {
    let lists = |count: usize| "[".repeat(count) + &"]".repeat(count);
    for (height, above, expected) in [
        (63, 0, &[][..]),
        (63, 1, &["too-deep"]),
        (30, 33, &[]),
        (30, 34, &["too-deep"]),
    ] {
        let text = format!(
            "- &a {}\n- {}*a{}\n",
            lists(height),
            "[".repeat(above),
            "]".repeat(above)
        );
        assert_eq!(codes(text), expected, "{height} below {above}");
    }
}

#[test]
fn aliases_that_explode() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..30 {
        let items = vec![format!("*a{}", n - 1); 10].join(", ");
        laughs += &format!("a{n}: &a{n} [{items}]\n");
    }
    assert_eq!(codes(&laughs), ["alias-limit"]);
    let long = format!(
        "- &a \"{}\\n\"\n{}",
        "x".repeat(20_000),
        "- *a\n".repeat(20_000)
    );
    assert_eq!(codes(&long), ["alias-limit"]);
    let wide = (0..1000).map(|n| format!(" k{n}: 1\n")).collect::<String>();
    let merged = format!("a: &a\n{wide}b:\n{}", "- <<: *a\n".repeat(5000));
    assert_eq!(codes(&merged), ["alias-limit"]);
}

#[test]
fn a_default_merged_into_every_repository_is_allowed() {
    let mut text =
        "d: &d {category: linux, is_public: false, description: x, sync: []}\nr:\n".to_owned();
    for n in 0..100_000 {
        text += &format!("  app-{n}: {{<<: *d}}\n");
    }
    assert!(codes(&text).is_empty());
}

#[test]
fn errors_without_end() {
    let found = codes("- *a\n".repeat(100_000));
    assert_eq!(
        (found.len(), found[MAX_ERRORS]),
        (MAX_ERRORS + 1, "too-many-errors")
    );
    assert_eq!(codes("a: 1\n".repeat(100_000)).len(), MAX_ERRORS + 1);
    assert_eq!(codes("a: }\n---\n".repeat(100_000)).len(), MAX_ERRORS + 1);
}
