//! The tags of a repository, its retention policies, and what those deleted.
//!
//! A state of before has only numbers of images. So tags are generated for as many images as have
//! none, and are written down only when a policy deletes some of them.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Repository;

/// A tag of an image.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tag {
    pub name: String,
    /// `sha256:` and 64 hexadecimal digits; an empty one is derived from the name.
    pub digest: String,
    /// In bytes.
    pub size: u64,
    /// UTC, RFC 3339; an empty one is the creation time of the repository.
    pub pushed: String,
    /// Whether a job brought it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub copied: bool,
}

impl Tag {
    /// A tag with that name and the defaults of a hand-written file.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

/// A retention policy.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// 0 is replaced by the next free id.
    pub id: u64,
    /// `rules` of the API.
    pub rules: Vec<Value>,
}

/// A tag that a policy deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collected {
    pub id: u64,
    pub retention: u64,
    pub tag: String,
    pub rule: Value,
    /// UTC, RFC 3339.
    pub created: String,
}

fn digest(name: &str) -> String {
    let digits = base16ct::lower::encode_string(&Sha256::digest(name.as_bytes()));
    format!("sha256:{digits}")
}

/// That many seconds after a time, as text.
fn after(time: &str, seconds: u64) -> String {
    let by = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    let time: Timestamp = time.parse().unwrap_or_default();
    time.checked_add(by).unwrap_or(Timestamp::MAX).to_string()
}

impl Repository {
    /// How many of the images have a tag that is not written down.
    fn generated(&self) -> u64 {
        self.num_images.saturating_sub(self.tags.len() as u64)
    }

    /// The number in the name of the last tag that looks like a generated one.
    fn last_number(&self) -> u64 {
        let number = |tag: &Tag| tag.name.strip_prefix('v')?.parse().ok();
        self.tags.iter().filter_map(number).max().unwrap_or(0)
    }

    /// The names of the first tags.
    pub(in super::super) fn tag_names(&self, most: usize) -> Vec<String> {
        let last = self.last_number();
        let generated =
            (1..=self.generated()).map(|next| format!("v{}", last.saturating_add(next)));
        let names = self.tags.iter().map(|tag| tag.name.clone());
        names.chain(generated).take(most).collect()
    }

    /// All tags, in the order of their pushes.
    pub(in super::super) fn all_tags(&self) -> Vec<Tag> {
        let (generated, last) = (self.generated(), self.last_number());
        let newest = self.tags.iter().map(|tag| tag.pushed.as_str()).max();
        let start = newest.unwrap_or(&self.created).to_owned();
        let tag = |next: u64| {
            let name = format!("v{}", last.saturating_add(next));
            Tag {
                digest: digest(&name),
                name,
                size: self.size / self.num_images.max(1),
                pushed: after(&start, next),
                copied: false,
            }
        };
        let mut tags = self.tags.clone();
        tags.extend((1..=generated).map(tag));
        tags
    }

    /// Writes down the tags that are generated.
    fn write_down(&mut self) {
        if self.generated() > 0 {
            self.set_tags(self.all_tags());
        }
    }

    /// A tag by its name, which can be a generated one.
    pub(in super::super) fn tag(&self, name: &str) -> Option<Tag> {
        let written = self.tags.iter().find(|tag| tag.name == name);
        let generated = || self.all_tags().into_iter().find(|tag| tag.name == name);
        written.cloned().or_else(generated)
    }

    /// Puts a tag at the end. One of the same name goes.
    pub(in super::super) fn put_tag(&mut self, tag: Tag) {
        self.remove_tag(&tag.name);
        self.size = self.size.saturating_add(tag.size);
        self.tags.push(tag);
        self.num_images = self.tags.len() as u64;
    }

    /// Removes a tag; whether it was there.
    pub(in super::super) fn remove_tag(&mut self, name: &str) -> bool {
        self.write_down();
        let Some(at) = self.tags.iter().position(|tag| tag.name == name) else {
            return false;
        };
        self.size = self.size.saturating_sub(self.tags.remove(at).size);
        self.num_images = self.tags.len() as u64;
        true
    }

    /// The digest of a push that names none: another one with each push of the same tag.
    pub(in super::super) fn next_digest(&self, name: &str) -> String {
        match self.tag(name) {
            Some(tag) => digest(&format!("{} {name}", tag.digest)),
            None => digest(name),
        }
    }

    /// The name of the tag that a push gets if it has none.
    pub(in super::super) fn next_name(&self) -> String {
        let last = self.last_number().saturating_add(self.generated());
        format!("v{}", last.saturating_add(1))
    }

    /// How many of its images are the same as another one.
    pub(in super::super) fn duplicates(&self) -> u64 {
        let distinct: BTreeSet<&str> = self.tags.iter().map(|tag| tag.digest.as_str()).collect();
        (self.tags.len() - distinct.len()) as u64
    }

    /// Replaces all tags.
    pub(in super::super) fn set_tags(&mut self, tags: Vec<Tag>) {
        self.num_images = tags.len() as u64;
        self.tags = tags;
    }

    /// Fills in what a hand-written tag leaves out.
    pub(super) fn fill_in_tags(&mut self) {
        self.num_images = self.num_images.max(self.tags.len() as u64);
        for tag in &mut self.tags {
            if tag.digest.is_empty() {
                tag.digest = digest(&tag.name);
            }
            if tag.pushed.is_empty() {
                tag.pushed.clone_from(&self.created);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    fn state(repository: &str) -> super::super::State {
        read(&format!(
            r#"{{ "regions": {{ "r": {{ "organizations": {{ "o": {{ "repositories": {{ "a":
                {repository} }} }} }} }} }} }}"#
        ))
        .unwrap()
    }

    #[test]
    fn there_are_as_many_tags_as_images() {
        for (repository, images, expected) in [
            ("{}", 0, ""),
            (r#"{ "num_images": 3 }"#, 3, "v1 v2 v3"),
            (r#"{ "tags": [{ "name": "latest" }] }"#, 1, "latest"),
            (
                r#"{ "num_images": 3, "tags": [{ "name": "latest" }, { "name": "v7" }] }"#,
                3,
                "latest v7 v8",
            ),
        ] {
            let state = state(repository);
            let repository = state.repository("r", "o", "a").unwrap();
            let tags = repository.all_tags();
            let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
            assert_eq!(
                (repository.num_images, names.join(" ")),
                (images, expected.to_owned())
            );
            assert_eq!(repository.tag_names(100), names);
            assert!(
                tags.iter()
                    .all(|tag| tag.digest.len() == 71 && !tag.pushed.is_empty())
            );
            assert!(tags.is_sorted_by_key(|tag| &tag.pushed));
        }
    }
}
