//! Texts in the YAML that portolan writes. The YAML writer prints some characters as they are that are not seen, that
//! readers of different versions take for different things, or that a CI job obeys: such a text is one double-quoted
//! scalar instead, on one line.

use crate::text::{is_plain, quoted};

/// Texts that the YAML writer would spoil; placeholders stand for them until it is done.
pub(super) struct Quoted {
    /// What placeholders begin with; no text of the document holds it.
    mark: String,
    held: Vec<String>,
}

impl Quoted {
    /// For a document with these texts in it.
    pub(super) fn among<'t>(texts: impl Iterator<Item = &'t str>) -> Quoted {
        let mut mark = "quoted-text".to_owned();
        let texts: Vec<&str> = texts.filter(|text| text.contains(&mark)).collect();
        while texts.iter().any(|text| text.contains(&mark)) {
            mark.push_str("-x");
        }
        Quoted { mark, held: Vec::new() }
    }

    /// What to give the YAML writer for a text.
    pub(super) fn hold(&mut self, text: &str) -> String {
        if is_plain(text) {
            return text.to_owned();
        }
        self.held.push(text.to_owned());
        format!("{}-{}-", self.mark, self.held.len() - 1)
    }

    /// The document with the texts in it.
    pub(super) fn fill(&self, yaml: &str) -> String {
        let mut pieces = yaml.split(&self.mark);
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let place = piece.strip_prefix('-').and_then(|rest| rest.split_once('-'));
            let held = place.and_then(|(index, rest)| Some((self.held.get(index.parse::<usize>().ok()?)?, rest)));
            match held {
                Some((text, rest)) => out.extend([&*quoted(text), rest]),
                None => out.extend([&*self.mark, piece]),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_whatever_they_look_like() {
        let texts = ["quoted-text-0-", "\u{202e}", "::x", "quoted-text-x", "plain", "quoted-text-1-\u{200b}"];
        let mut writer = Quoted::among(texts.into_iter());
        let held: Vec<String> = texts.iter().map(|text| writer.hold(text)).collect();
        let yaml = writer.fill(&serde_yaml::to_string(&held).unwrap());
        assert!(yaml.contains("- \"\\u202e\"\n- \"::x\"\n"), "{yaml}");
        assert_eq!(serde_yaml::from_str::<Vec<String>>(&yaml).unwrap(), texts);
    }
}
