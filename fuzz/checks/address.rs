//! Addresses and patterns of arbitrary text: no panic; a written address is read back equal; a
//! printed one cannot drive a terminal, and is a pattern that covers the address.

use portolan::{
    address::Address,
    pattern::{Pattern, Written},
    state::Chart,
};

pub(crate) fn check(bytes: &[u8]) {
    let given = String::from_utf8_lossy(bytes);
    let (document, text) = given.split_once('\n').unwrap_or((&given, ""));
    let pattern = text.parse::<Pattern>().ok();
    let Ok(address) = serde_json::from_str::<Address>(document) else {
        return;
    };
    let again: Address = serde_json::from_value(serde_json::to_value(&address).unwrap()).unwrap();
    assert_eq!(again, address);
    let printed = address.to_string();
    assert!(!printed.contains(char::is_control));
    if let Some(pattern) = pattern {
        let covers = pattern.covers(&address);
        let parent = address.parent();
        let is_below = parent.is_some_and(|parent| pattern.covers(&parent));
        assert!(covers || !is_below, "its parent is covered");
        assert_eq!(
            pattern.full().parse::<Pattern>().as_ref(),
            Ok(&pattern),
            "the full form is the same pattern"
        );
        let _ = pattern.names_children_of(&address);
    }
    let chart = Chart::default();
    if let Ok(written) = text.parse::<Written>() {
        let _ = written.clone().on_command_line(&chart.names());
        let _ = written.in_document("cn-north-4", &chart.names());
    }
    // In a pattern a star and an arrow have another meaning.
    let parts = address.parts();
    if parts.iter().any(|part| part.contains(['*', ' ', '>'])) {
        return;
    }
    // An escaped character in a printed address is not the character that it shows.
    if parts.iter().all(|part| printed.contains(&**part))
        && let Ok(pattern) = printed.parse::<Pattern>()
    {
        assert!(pattern.covers(&address), "{printed}");
    }
    let own = parts.join("/");
    if let Ok(pattern) = own.parse::<Pattern>() {
        assert!(pattern.covers(&address), "{own}");
    }
}
