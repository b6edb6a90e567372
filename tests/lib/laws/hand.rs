//! Charts as people write them: with comments, in block and flow style, with quotes, anchors and
//! merge keys, chosen by dice.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// A value that stands for an alias, an anchor and a merge key. No chart has such keys.
const ALIAS: &str = "$alias";
const ANCHOR: &str = "$anchor";
const MERGE: &str = "$merge";

/// The text of these documents.
pub(crate) fn written(documents: &[Value], seed: u64) -> String {
    let mut dice = Rng::with_seed(seed);
    let newline = if dice.u8(..8) == 0 { "\r\n" } else { "\n" };
    let mut texts = Vec::new();
    for document in documents {
        let mut document = document.clone();
        share(&mut document, &mut dice);
        let mut hand = Hand {
            step: if dice.u8(..4) == 0 { 4 } else { 2 },
            is_flat: dice.bool(),
            flow: dice.u8(..3),
            remarks: dice.u8(..3),
            dice: &mut dice,
            out: String::new(),
        };
        hand.mapping(document.as_object().unwrap(), 0);
        texts.push(hand.out);
    }
    let text = texts.join("---\n").replace('\n', newline);
    match dice.u8(..6) {
        0 => text.trim_end().to_owned(),
        _ => text,
    }
}

/// Lets some entries share what they have.
fn share(document: &mut Value, dice: &mut Rng) {
    let mut number = 0;
    let mut has_base = false;
    let organizations = document["organizations"].as_object_mut();
    for (_, organization) in organizations.into_iter().flatten() {
        let Some(entries) = organization["repositories"].as_object_mut() else {
            continue;
        };
        let names: Vec<String> = entries.keys().cloned().collect();
        for pair in names.windows(2) {
            let is_full = entries[&pair[0]]
                .as_object()
                .is_some_and(|it| !it.is_empty());
            let is_used = entries[&pair[0]].get(ALIAS).is_some();
            if is_full && !is_used && dice.u8(..5) == 0 {
                number += 1;
                let whole = entries[&pair[0]].take();
                entries[&pair[0]] = json!({ ANCHOR: format!("a{number}"), "whole": whole });
                entries[&pair[1]] = json!({ ALIAS: format!("a{number}") });
            }
        }
        for (_, entry) in entries {
            let plain = entry.as_object_mut().filter(|it| {
                !it.contains_key("state") && !it.contains_key(ALIAS) && !it.contains_key(ANCHOR)
            });
            if let Some(entry) = plain.filter(|_| dice.u8(..5) == 0) {
                has_base = true;
                entry.insert(MERGE.to_owned(), json!("base"));
            }
        }
    }
    if has_base {
        let mut whole = Map::new();
        whole.extend(document.as_object().unwrap().clone());
        whole.shift_insert(
            0,
            "x-base".to_owned(),
            json!({ ANCHOR: "base", "whole": { "category": "linux" } }),
        );
        *document = Value::Object(whole);
    }
}

struct Hand<'d> {
    step: usize,
    /// Whether the dashes of a list stand below its key.
    is_flat: bool,
    /// How often a collection is written between brackets.
    flow: u8,
    /// How often there is a comment.
    remarks: u8,
    dice: &'d mut Rng,
    out: String,
}

impl Hand<'_> {
    fn mapping(&mut self, map: &Map<String, Value>, column: usize) {
        for (key, value) in map {
            if column > 0 && self.dice.u8(..8) == 0 {
                self.out.push('\n');
            }
            while self.dice.u8(..8) < self.remarks {
                let number = self.dice.u16(..);
                self.line(column, &format!("# remark {number}"));
            }
            self.entry(key, value, column);
        }
    }

    fn line(&mut self, column: usize, text: &str) {
        self.out.push_str(&" ".repeat(column));
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn remark(&mut self) -> String {
        if self.dice.u8(..8) < self.remarks {
            format!("  # and {}", self.dice.u16(..))
        } else {
            String::new()
        }
    }

    fn entry(&mut self, key: &str, value: &Value, column: usize) {
        let key = if key == MERGE {
            "<<".to_owned()
        } else {
            self.text(key)
        };
        let (anchor, value) = match value.get(ANCHOR) {
            Some(anchor) => (format!(" &{}", anchor.as_str().unwrap()), &value["whole"]),
            None => (String::new(), value),
        };
        let remark = self.remark();
        let wants_flow = self.dice.u8(..4) < self.flow + u8::from(column > 0);
        match value {
            Value::Object(map) if !map.is_empty() && !map.contains_key(ALIAS) && !wants_flow => {
                self.line(column, &format!("{key}:{anchor}{remark}"));
                self.mapping(map, column + self.step);
            }
            Value::Array(items) if !items.is_empty() && !wants_flow => {
                self.line(column, &format!("{key}:{anchor}{remark}"));
                let column = if self.is_flat {
                    column
                } else {
                    column + self.step
                };
                items.iter().for_each(|item| self.item(item, column));
            }
            Value::Null if self.dice.bool() && anchor.is_empty() => {
                // `null` ends the inheritance, and so does nothing.
                self.line(column, &format!("{key}:{remark}"));
            }
            value => {
                let value = if key == "<<" {
                    format!("*{}", value.as_str().unwrap())
                } else {
                    self.flow(value, column)
                };
                self.line(column, &format!("{key}:{anchor} {value}{remark}"));
            }
        }
    }

    fn item(&mut self, item: &Value, column: usize) {
        while self.dice.u8(..8) < self.remarks {
            let number = self.dice.u16(..);
            self.line(column, &format!("# item {number}"));
        }
        match item.as_object().filter(|map| !map.is_empty()) {
            Some(map) if self.dice.u8(..4) > self.flow => {
                let before = self.out.len();
                let remarks = std::mem::take(&mut self.remarks);
                for (key, value) in map {
                    self.entry(key, value, column + 2);
                }
                self.remarks = remarks;
                self.out.replace_range(
                    before..before + column + 2,
                    &format!("{}- ", " ".repeat(column)),
                );
            }
            _ => {
                let (item, remark) = (self.flow(item, column), self.remark());
                self.line(column, &format!("- {item}{remark}"));
            }
        }
    }

    /// A value on one line, or on lines between brackets.
    fn flow(&mut self, value: &Value, column: usize) -> String {
        match value {
            Value::Object(map) => match map.get(ALIAS) {
                Some(alias) => format!("*{}", alias.as_str().unwrap()),
                None => {
                    let mut parts = Vec::new();
                    for (key, value) in map {
                        let deeper = column + self.step;
                        parts.push(match (key.as_str(), value.get(ANCHOR)) {
                            (MERGE, _) => format!("<<: *{}", value.as_str().unwrap()),
                            (key, Some(anchor)) => {
                                let value = self.flow(&value["whole"], deeper);
                                format!("{}: &{} {value}", self.text(key), anchor.as_str().unwrap())
                            }
                            (key, None) => {
                                let value = self.flow(value, deeper);
                                format!("{}: {value}", self.text(key))
                            }
                        });
                    }
                    self.brackets("{", &parts, "}", column)
                }
            },
            Value::Array(items) => {
                let deeper = column + self.step;
                let items: Vec<String> = items.iter().map(|item| self.flow(item, deeper)).collect();
                self.brackets("[", &items, "]", column)
            }
            Value::String(text) => self.text(text),
            Value::Null => "null".to_owned(),
            other => other.to_string(),
        }
    }

    fn brackets(&mut self, open: &str, parts: &[String], close: &str, column: usize) -> String {
        if parts.is_empty() {
            return format!("{open}{close}");
        }
        if self.dice.u8(..6) == 0 {
            let indent = " ".repeat(column + self.step);
            let end = if self.dice.bool() { "," } else { "" };
            let lines = parts.join(&format!(",\n{indent}"));
            return format!(
                "{open}\n{indent}{lines}{end}\n{}{close}",
                " ".repeat(column)
            );
        }
        let blank = if self.dice.u8(..4) == 0 { "" } else { " " };
        format!("{open}{blank}{}{blank}{close}", parts.join(", "))
    }

    fn text(&mut self, text: &str) -> String {
        let is_word = |next: char| next.is_ascii_alphanumeric() || matches!(next, '-' | '/' | '_');
        let is_plain = !text.is_empty()
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.chars().all(is_word)
            && !matches!(text, "null" | "true" | "false");
        let is_line = !text.contains(['\n', '\u{fc}']);
        match self.dice.u8(..4) {
            0 if is_line => format!("'{}'", text.replace('\'', "''")),
            1.. if is_plain => text.to_owned(),
            _ => Value::from(text).to_string(),
        }
    }
}
