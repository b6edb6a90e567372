//! The checks of the fuzz targets, on inputs that need no nightly compiler: seeds, and damaged
//! seeds.
//!
//! The targets in `fuzz/` run the same checks without an end. `PORTOLAN_LAWS=20` tries twenty times
//! as many inputs.

#[path = "../../../fuzz/checks/address.rs"]
mod address;
#[path = "../../../fuzz/checks/decode.rs"]
mod decode;
#[path = "../../../fuzz/checks/error_body.rs"]
mod error_body;
#[path = "../../../fuzz/checks/pager.rs"]
mod pager;
#[path = "../../../fuzz/checks/plan_file.rs"]
mod plan_file;
#[path = "../../../fuzz/checks/renderers.rs"]
mod renderers;

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};

use crate::{cases::cases, law::law, plans::document};

/// Some damage to a text.
#[derive(Debug, Clone)]
enum Damage {
    Cut(Index, Index),
    Double(Index, Index),
    Put(Index, Vec<u8>),
    Flip(Index, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<Index>;
    // Tokens with a meaning in YAML, JSON or a header, and invalid ones.
    let tokens = [
        "null", "{", "}", "[", "]", "\"", ":", ",", "\n", "- ", "-1", "1e999", "**", "/",
        "\u{202e}", "é", "\0", "\x01",
    ];
    prop_oneof![
        (place(), place()).prop_map(|(from, to)| Damage::Cut(from, to)),
        (place(), place()).prop_map(|(from, to)| Damage::Double(from, to)),
        (
            place(),
            select(tokens.map(|token| token.as_bytes().to_vec()).to_vec())
        )
            .prop_map(|(at, token)| Damage::Put(at, token)),
        (place(), 1..=255_u8).prop_map(|(at, bits)| Damage::Flip(at, bits)),
    ]
}

impl Damage {
    fn to(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let at = |index: &Index| index.index(bytes.len() + 1);
        match self {
            Damage::Cut(one, other) => {
                let (from, to) = (at(one).min(at(other)), at(one).max(at(other)));
                bytes.drain(from..to);
            }
            Damage::Double(one, other) => {
                let (from, to) = (at(one).min(at(other)), at(one).max(at(other)));
                let piece = bytes[from..to].to_vec();
                bytes.splice(to..to, piece);
            }
            Damage::Put(index, token) => {
                let at = at(index);
                bytes.splice(at..at, token.iter().copied());
            }
            Damage::Flip(index, bits) if !bytes.is_empty() => *index.get_mut(&mut bytes) ^= bits,
            Damage::Flip(..) => {}
        }
        bytes
    }
}

/// Checks the seeds as they are, then damaged ones, then bytes of no origin.
fn check(seeds: &[&[u8]], check: fn(&[u8])) {
    seeds.iter().for_each(|seed| check(seed));
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|seed| seed.to_vec()).collect();
    let damaged = (select(seeds), vec(damage(), 1..6))
        .prop_map(|(seed, damages)| damages.iter().fold(seed, |bytes, damage| damage.to(bytes)));
    let inputs = prop_oneof![4 => damaged, 1 => vec(any::<u8>(), 0..200)];
    law(inputs, |bytes| {
        check(&bytes);
        Ok(())
    });
}

#[test]
fn charts() {
    let valid = cases("valid");
    let accept = valid.iter().find(|case| case.chart == "020-accept.yaml");
    check(
        &[
            include_bytes!("../../../examples/quickstart.yaml"),
            include_bytes!("../../../examples/multi-region.yaml"),
            &accept.unwrap().files[0].1,
        ],
        decode::check,
    );
}

#[test]
fn plan_files() {
    // A printed plan lacks the fields that only a saved one has.
    let saved = |scenario: &str| {
        let mut plan: serde_json::Value = serde_json::from_str(&document(scenario)).unwrap();
        plan["tool"] = "portolan".into();
        plan["scope"] = serde_json::json!({
            "regions": ["r-1"], "endpoints": {}, "account": {}, "targets": [], "excludes": [],
            "partial": false,
        });
        plan.to_string().into_bytes()
    };
    let actions = saved("002-each-action");
    let copies = saved("040-backfill");
    let risks = saved("003-each-risk");
    let hostile = saved("011-hostile-texts");
    check(&[&actions, &risks, &hostile, &copies], plan_file::check);
}

#[test]
fn error_bodies() {
    check(
        &[
            b"  {\"errors\":[{\"errorCode\":\"SVCSTG.SWR.4040113\",\"errorMessage\":\"no\"}],\
              \"request_id\":\"1\"}",
            br#"  {"error_code":"APIGW.0308","error_msg":"Throttling threshold has been reached"}"#,
            br#"  [{"errorCode":"SVCSTG.SWR.4001158","errorMessage":"no"}]"#,
            br"  <html><head><title>502 Bad Gateway</title></head></html>",
        ],
        error_body::check,
    );
}

#[test]
fn pages() {
    let item = r#"{"name":"a","namespace":"o","is_public":false,"category":"other","#.to_owned()
        + r#""num_images":3,"total_range":1}"#;
    let full = format!("[{}]", vec![item.as_str(); 1000].join(","));
    check(
        &[
            format!("[{item}]\x010-1/1").as_bytes(),
            format!("{full}\x010-1000/2000\0{full}\x011000-1000/2000\0[]").as_bytes(),
            br#"{"namespaces":[{"name":"o"},{"name":"p"}]}"#,
            br#"[{"remoteRegionId":"x-1","remoteNamespace":"y","syncAuto":true,"override":false}]"#,
        ],
        pager::check,
    );
}

#[test]
fn renderers() {
    check(
        &[
            "harmless\u{1}as well\u{1}linux\u{1}timed out\u{1}no".as_bytes(),
            "a\nb ::add-mask::c\u{1}a\n::add-mask::b\u{1}##[error]\u{1}¶ said no\u{1}§".as_bytes(),
            "see §\u{1}¶ and §\n  ¶\u{1}¶\u{1}\u{202e}::error::\u{1}Basic aHVudGVyMi1odW50ZXIy"
                .as_bytes(),
            "\u{2028}x\u{85}y\u{1}\t\r\n ::\u{1b}[2J\u{1}\u{e0041}\u{1}`<b>|\u{1}// a@b c@d"
                .as_bytes(),
        ],
        renderers::check,
    );
}

#[test]
fn addresses() {
    check(
        &[
            b"{\"kind\":\"sync_rule\",\"region\":\"r\",\"organization\":\"o\",\
              \"repository\":\"a/b\",\"target_region\":\"x\",\
              \"target_organization\":\"y\"}\nr/o/**",
            b"{\"kind\":\"repository\",\"region\":\"r\",\"organization\":\"o\",\
              \"repository\":\"a/b\"}\n*/o/a/*",
            b"{\"kind\":\"organization\",\"region\":\"r\",\"organization\":\"o\"}\nr/o*",
            "{\"kind\":\"sync_rule\",\"region\":\"r\",\"organization\":\"o\",\
              \"repository\":\"a/b\",\"target_region\":\"x\u{202e}\",\
              \"target_organization\":\"y\"}\nr/o/**"
                .as_bytes(),
        ],
        address::check,
    );
}
