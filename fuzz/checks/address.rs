//! Addresses and patterns of arbitrary text: no panic, what is read is written the same, what is printed cannot drive
//! a terminal, and a pattern made of the parts covers the address.

use portolan::{address::Address, pattern::Pattern};

pub(crate) fn check(bytes: &[u8]) {
    let given = String::from_utf8_lossy(bytes);
    let (document, pattern) = given.split_once('\n').unwrap_or((&given, ""));
    let pattern = Pattern::parse(pattern);
    let Ok(address) = serde_json::from_str::<Address>(document) else { return };
    let again: Address = serde_json::from_value(serde_json::to_value(&address).unwrap()).unwrap();
    assert_eq!(again, address);
    assert!(!address.to_string().contains(char::is_control));
    let parent = address.parent();
    if let Some(pattern) = pattern {
        let covers = pattern.covers(&address);
        assert!(covers || !parent.is_some_and(|parent| pattern.covers(&parent)), "what it lives in is covered");
        let _ = pattern.covers_within_region(&address);
    }
    let own = address.parts().join("/");
    if let Some(pattern) = Pattern::parse(&own).filter(|_| !own.contains('*')) {
        assert!(pattern.covers(&address), "{own}");
    }
}
