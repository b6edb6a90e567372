//! Edits of collections between brackets: what is inserted and removed, with its comma.

use super::{
    edit::{Edit, Edits, Page, Refusal},
    spell::Yaml,
};
use crate::config::tree::written::{Form, Written};

/// An element of a flow collection: an item, or a key with its value.
type Element = (usize, usize);

fn elements(value: &Written) -> Vec<Element> {
    match &value.form {
        Form::List { items, .. } => items.iter().map(|item| (item.start, item.end)).collect(),
        Form::Mapping { entries, .. } => entries
            .iter()
            .map(|pair| (pair.key.start, pair.end()))
            .collect(),
        Form::Absent | Form::Scalar(_) | Form::Alias => Vec::new(),
    }
}

/// An element in front of which an anchor or a tag stands has another start than its value.
fn has_properties(value: &Written) -> bool {
    let is_marked = |value: &Written| value.anchor.is_some() || value.has_tag;
    match &value.form {
        Form::List { items, .. } => items.iter().any(is_marked),
        _ => value.entries().iter().any(|pair| is_marked(&pair.key)),
    }
}

impl Page<'_> {
    /// Inserts keys in a flow mapping, each behind the entry of that number.
    pub(super) fn insert_in_flow(
        &self,
        value: &Written,
        new: &[(Option<usize>, &(String, Yaml))],
    ) -> Edits {
        let new: Vec<(Option<usize>, String)> = new
            .iter()
            .map(|(behind, field)| (*behind, self.style.field(field)))
            .collect();
        self.insert_elements(value, &new)
    }

    /// Inserts elements, each behind the one of that number; without one, at the beginning.
    pub(super) fn insert_elements(
        &self,
        value: &Written,
        new: &[(Option<usize>, String)],
    ) -> Edits {
        let elements = elements(value);
        let Some(first) = elements.first().filter(|_| !new.is_empty()) else {
            return self.fill_brackets(value, new);
        };
        if has_properties(value) {
            let because = "an anchor or a tag stands between these brackets";
            return Err(Refusal::new(value.start, because));
        }
        let mut edits = Vec::new();
        let is_vertical = self.before(first.0).trim().is_empty();
        let mut added: Option<Option<usize>> = None;
        for (at, (behind, text)) in new.iter().enumerate() {
            let element = behind.and_then(|at| elements.get(at));
            let is_last_of_line = |end: usize| {
                let rest = self.text[self.comma(end).unwrap_or(end)..self.line_end(end)].trim();
                rest.is_empty() || rest.starts_with('#')
            };
            let is_vertical = is_vertical && element.is_none_or(|(_, end)| is_last_of_line(*end));
            match (element, is_vertical) {
                (Some((_, end)), false) => edits.push(Edit::insert(*end, format!(", {text}"))),
                (None, false) => edits.push(Edit::insert(first.0, format!("{text}, "))),
                (Some((_, end)), true) => {
                    let comma = self.comma(*end);
                    // The comma of the element itself; later ones follow the inserted lines.
                    if comma.is_none() && added != Some(*behind) {
                        edits.push(Edit::insert(*end, ","));
                    }
                    added = Some(*behind);
                    // The last one has a comma if the last one before had one.
                    let has_comma =
                        comma.is_some() || new[at + 1..].iter().any(|(it, _)| it == behind);
                    let at = self.next_line(comma.unwrap_or(*end));
                    edits.push(self.line_of(at, self.column(first.0), text, has_comma));
                }
                (None, true) => {
                    let at = self.with_comments(first.0, self.column(first.0));
                    edits.push(self.line_of(at, self.column(first.0), text, true));
                }
            }
        }
        Ok(edits)
    }

    fn line_of(&self, at: usize, column: usize, text: &str, has_comma: bool) -> Edit {
        let comma = if has_comma { "," } else { "" };
        let line = format!("{}{text}{comma}{}", " ".repeat(column), self.style.newline);
        Edit::insert(at, line)
    }

    /// The place behind the comma that follows an element.
    fn comma(&self, end: usize) -> Option<usize> {
        let mut at = end;
        loop {
            let rest = &self.text[at..];
            let skipped = rest.len() - rest.trim_start().len();
            at += skipped;
            match self.text[at..].chars().next() {
                Some(',') => return Some(at + 1),
                // A comment stands between the two.
                Some('#') if skipped > 0 => at = self.next_line(at),
                _ => return None,
            }
        }
    }

    fn fill_brackets(&self, value: &Written, new: &[(Option<usize>, String)]) -> Edits {
        let inside = &self.text[value.start + 1..value.end - 1];
        if new.is_empty() {
            return Ok(Vec::new());
        }
        if !inside.trim().is_empty() {
            let because = "there is a comment between these brackets";
            return Err(Refusal::new(value.start, because));
        }
        let texts: Vec<&str> = new.iter().map(|(_, text)| text.as_str()).collect();
        let texts = format!(" {} ", texts.join(", "));
        Ok(vec![Edit::new(value.start + 1, value.end - 1, texts)])
    }

    /// Removes elements with their commas. One on lines of its own goes with these lines, and with
    /// the comments above.
    pub(super) fn remove_elements(&self, value: &Written, gone: &[usize]) -> Edits {
        let elements = elements(value);
        if gone.is_empty() {
            return Ok(Vec::new());
        }
        if has_properties(value) {
            let because = "an anchor or a tag stands between these brackets";
            return Err(Refusal::new(value.start, because));
        }
        let (open, close) = (value.start + 1, value.end - 1);
        if gone.len() == elements.len() {
            return self.free_of_comments(&elements, open, close, vec![Edit::new(open, close, "")]);
        }
        let is_alone = |(start, end): &Element| {
            let end = self.comma(*end).unwrap_or(*end);
            let rest = self.text[end..self.line_end(end)].trim_start();
            self.before(*start).trim().is_empty() && (rest.is_empty() || rest.starts_with('#'))
        };
        let mut edits = Vec::new();
        let mut at = 0;
        while at < gone.len() {
            let first = gone[at];
            let mut last = first;
            while gone.get(at + 1) == Some(&(last + 1)) {
                at += 1;
                last += 1;
            }
            at += 1;
            if elements[first..=last].iter().all(is_alone) {
                for (start, end) in &elements[first..=last] {
                    let end = self.comma(*end).unwrap_or(*end);
                    edits.push(self.remove_lines(*start, end, self.column(*start)));
                }
                continue;
            }
            let (start, end) = match (elements.get(last + 1), first.checked_sub(1)) {
                (Some(next), _) => (elements[first].0, next.0),
                (None, Some(before)) => (elements[before].1, elements[last].1),
                (None, None) => (open, close),
            };
            let edit = vec![Edit::new(start, end, "")];
            edits.extend(self.free_of_comments(&elements, start, end, edit)?);
        }
        Ok(edits)
    }

    /// Refuses to remove a comment that stands between elements.
    fn free_of_comments(
        &self,
        elements: &[Element],
        start: usize,
        end: usize,
        edits: Vec<Edit>,
    ) -> Edits {
        let hash = self.text[start..end].match_indices('#').find(|(at, _)| {
            let at = start + at;
            !elements.iter().any(|(from, to)| (*from..*to).contains(&at))
        });
        match hash {
            Some((at, _)) => {
                let because = "this comment stands between elements on the same lines";
                Err(Refusal::new(start + at, because))
            }
            None => Ok(edits),
        }
    }
}
