//! Files that are not valid YAML.

use super::*;

#[test]
fn syntax_errors_and_what_comes_after() {
    insta::assert_snapshot!(check("a: [1, 2\nb: 3\n---\nc: 4\n---\nd: }\n"), @r#"
        4:1 { 4:1 "c"= 4:4 4 } 
        error[yaml-syntax]: a `:` is not allowed here
         --> c.yaml:2:2
          |
        2 | b: 3
          |  ^
         ::: c.yaml:1:4
          |
        1 | a: [1, 2
          |    - this bracket is open
          |
          = help: is this bracket closed?
        error[yaml-syntax]: this closing bracket has no opening bracket
         --> c.yaml:6:4
          |
        6 | d: }
          |    ^
        "#);
    insta::assert_snapshot!(check("a:\n\tb: 1\n"), @r#"
        error[yaml-syntax]: a tab is not allowed here
         --> c.yaml:2:2
          |
        2 |     b: 1
          |     ^
          |
          = help: indent with spaces: YAML allows no tabs here
        "#);
    insta::assert_snapshot!(check("a:\n  b: 1\n c: 2\n"), @r#"
        error[yaml-syntax]: expected a key of the mapping here
         --> c.yaml:3:2
          |
        3 |  c: 2
          |  ^
          |
          = help: check the indentation of this line and of those above it
        "#);
    insta::assert_snapshot!(check("a: b: c\n"), @r#"
        error[yaml-syntax]: a `:` is not allowed here
         --> c.yaml:1:5
          |
        1 | a: b: c
          |     ^
          |
          = help: quote a text that contains `: `, or check the indentation
        "#);
    insta::assert_snapshot!(check("a: \"open\nb: 1\n"), @r#"
        error[yaml-syntax]: this line must be indented further
         --> c.yaml:2:1
          |
        2 | b: 1
          | ^
          |
          = help: is the quote above closed?
        "#);
    insta::assert_snapshot!(check("a: @x\n"), @r#"
        error[yaml-syntax]: text cannot start with `@` here
         --> c.yaml:1:4
          |
        1 | a: @x
          |    ^
          |
          = help: quote the text
        "#);
    insta::assert_snapshot!(check("a: {b: 1]\n"), @r#"
        error[yaml-syntax]: `{` is closed by `]`
         --> c.yaml:1:4
          |
        1 | a: {b: 1]
          |    ^
        "#);
    insta::assert_snapshot!(check("a: \"\\q\"\n"), @r#"
        error[yaml-syntax]: unknown escape in double quotes
         --> c.yaml:1:4
          |
        1 | a: "\q"
          |    ^
          |
          = help: write a backslash as `\\`, or use single quotes
        "#);
    insta::assert_snapshot!(check("- a\nb: 1\n"), @r#"
        error[yaml-syntax]: expected `-` and a list item here
         --> c.yaml:2:1
          |
        2 | b: 1
          | ^
          |
          = help: check the indentation of this line and of those above it
        "#);
}

#[test]
fn not_a_text() {
    insta::assert_snapshot!(check(b"a: 1\nb: x\xffy\n"), @r#"
        error[not-utf8]: the file is not UTF-8: this byte is invalid
         --> c.yaml:2:5
          |
        2 | b: x�y
          |     ^
          |
          = help: save the file as UTF-8
        "#);
    insta::assert_snapshot!(check(b"\xff\xfea\0"), @r#"
        error[not-utf8]: the file is UTF-16
         --> c.yaml:1:1
          |
        1 | ��a␀
          | ^
          |
          = help: save the file as UTF-8
        "#);
    insta::assert_snapshot!(check("a: \"x\u{1b}[31m\"\nb: \0\nc: \u{9b}\n"), @r#"
        error[control-character]: control character U+001B is not allowed
         --> c.yaml:1:6
          |
        1 | a: "x␛[31m"
          |      ^
          |
          = help: remove it, or write it as an escape in double quotes
        error[control-character]: control character U+0000 is not allowed
         --> c.yaml:2:4
          |
        2 | b: ␀
          |    ^
          |
          = help: remove it, or write it as an escape in double quotes
        error[control-character]: control character U+009B is not allowed
         --> c.yaml:3:4
          |
        3 | c: �
          |    ^
          |
          = help: remove it, or write it as an escape in double quotes
        "#);
    assert!(codes("a: \"tab\there é\u{85}\u{2028}\"\n").is_empty());
}

#[test]
fn the_report_gives_the_place_of_an_open_bracket() {
    let mut sources = SourceMap::default();
    let file = sources.add("c.yaml", "a: [1, 2\nb: 3\n");
    let mut diagnostics = Diagnostics::new();
    parse(file, sources.bytes(file), &mut diagnostics);
    let (bracket, _) = &diagnostics.iter().next().unwrap().related[0];
    assert_eq!(
        sources
            .bytes(file)
            .get(bracket.start as usize..bracket.end as usize),
        Some(&b"["[..])
    );
}

#[test]
fn an_invalid_byte_is_marked_whole() {
    for (text, expected) in [
        (&b"a: \xffb"[..], 3..4),
        (b"a: \x7fb", 3..4),
        (b"a: \xc2\x9bb", 3..5),
        (b"a: \xef\xbf\xbfb", 3..6),
    ] {
        let mut diagnostics = Diagnostics::new();
        parse(
            SourceMap::default().add("c.yaml", text),
            text,
            &mut diagnostics,
        );
        let span = diagnostics.iter().next().unwrap().span.unwrap();
        assert_eq!(span.start..span.end, expected, "{text:?}");
    }
}
