//! Anchors, aliases and merge keys.

use super::*;

#[test]
fn anchors() {
    insta::assert_snapshot!(check("a: &x {k: [1]}\nb: *x\nc: *nope\nd: &y [*y]\n\
        e: [*x, *nope]\n"), @r#"
        1:1 { 1:1 "a"= 1:7 { 1:8 "k"= 1:11 [ 1:12 1 ] } 2:1 "b"= 2:4 { 1:8 "k"= 1:11 [ 1:12 1 ] } 4:1 "d"= 4:7 [ ] 5:1 "e"= 5:4 [ 5:5 { 1:8 "k"= 1:11 [ 1:12 1 ] } ] } 
        error[unknown-anchor]: there is no anchor `nope`
         --> c.yaml:3:4
          |
        3 | c: *nope
          |    ^^^^^
          |
          = help: an anchor must come before its aliases, in the same document; a text that begins with `*` needs quotes
        error[recursive-alias]: the alias is inside the value that it refers to
         --> c.yaml:4:8
          |
        4 | d: &y [*y]
          |        ^^
        error[unknown-anchor]: there is no anchor `nope`
         --> c.yaml:5:9
          |
        5 | e: [*x, *nope]
          |         ^^^^^
          |
          = help: an anchor must come before its aliases, in the same document; a text that begins with `*` needs quotes
        "#);
    insta::assert_snapshot!(check("a: &x 1\n---\nb: *x\n"), @r#"
        1:1 { 1:1 "a"= 1:7 1 } 
        3:1 { } 
        error[unknown-anchor]: there is no anchor `x`
         --> c.yaml:3:4
          |
        3 | b: *x
          |    ^^
          |
          = help: an anchor must come before its aliases, in the same document; a text that begins with `*` needs quotes
        "#);
}

#[test]
fn merges() {
    insta::assert_snapshot!(
        check("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  y: 0\n  <<: [*b, *a]\n  w: \
            3\nd:\n  <<: *a\n  \"<<\": q\n"),
        @r#"1:1 { 1:1 "a"= 1:7 { 1:8 "x"= 1:11 1 1:14 "y"= 1:17 1 } 2:1 "b"= 2:7 { 2:8 "y"= 2:11 2 2:14 "z"= 2:17 2 } 3:1 "c"= 4:3 { 4:3 "y"= 4:6 0 6:3 "w"= 6:6 3 2:14 "z"= 2:17 2 1:8 "x"= 1:11 1 } 7:1 "d"= 8:3 { 9:3 "<<"= 9:9 String("q") 1:8 "x"= 1:11 1 1:14 "y"= 1:17 1 } }"#
    );
    insta::assert_snapshot!(
        check("a: &a {x: 1}\nb: {<<: 3}\nc: {<<: [*a, [1]]}\nd: {<<: *a, <<: *a}\ne: {<<: *q, f: \
            1}\n"),
        @r#"
        1:1 { 1:1 "a"= 1:7 { 1:8 "x"= 1:11 1 } 2:1 "b"= 2:4 { } 3:1 "c"= 3:4 { } 4:1 "d"= 4:4 { 1:8 "x"= 1:11 1 } 5:1 "e"= 5:4 { 5:13 "f"= 5:16 1 } } 
        error[bad-merge]: `<<` takes a mapping or a list of mappings, found a number
         --> c.yaml:2:9
          |
        2 | b: {<<: 3}
          |         ^
        error[bad-merge]: `<<` takes a mapping or a list of mappings, found a list
         --> c.yaml:3:14
          |
        3 | c: {<<: [*a, [1]]}
          |              ^^^
        error[duplicate-key]: the key `<<` appears twice
         --> c.yaml:4:13
          |
        4 | d: {<<: *a, <<: *a}
          |             ^^
         ::: c.yaml:4:5
          |
        4 | d: {<<: *a, <<: *a}
          |     -- first defined here
        error[unknown-anchor]: there is no anchor `q`
         --> c.yaml:5:9
          |
        5 | e: {<<: *q, f: 1}
          |         ^^
          |
          = help: an anchor must come before its aliases, in the same document; a text that begins with `*` needs quotes
        "#
    );
    assert!(codes("a: &a {x: 1}\nb: {x: 2, <<: *a, y: 3}\nc: {<<: {<<: *a, z: 1}}\n").is_empty());
}

#[test]
fn only_an_alias_inside_its_own_value_is_recursive() {
    assert_eq!(codes("&a [*a]"), ["recursive-alias"]);
    assert_eq!(codes("&a [&b [*a]]"), ["recursive-alias"]);
    // The value of this anchor was reported, so it is not in the tree.
    assert_eq!(codes("- &a !!int x\n- &b [*a]\n"), ["bad-tag"]);
}
