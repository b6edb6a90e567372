//! A pattern as written, before the chart shows whether its first segment is a region.
//!
//! On the command line, a pattern starts with a region, or with an organization in every region. In
//! a chart, it starts with an organization in the document's region. A printed address, which
//! starts with the region, is accepted in both.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
    str::FromStr,
    sync::Arc,
};

use super::{Pattern, marked};
use crate::{
    address::printed,
    kind::{self, Kind, REGISTRY, Tail},
    names::{is_of_images, is_of_region},
    region,
    wire::Service,
};

/// The hint for malformed patterns.
const SYNTAX: &str = "a pattern consists of names separated by `/`; `*` matches within a segment \
    and `**` across segments; `?`, `[ab]` and `!` are not supported";

/// A pattern as written, split into its parts. They may contain characters that names cannot have.
#[derive(Debug, Clone)]
pub struct Written {
    text: String,
    kind: Option<&'static Kind>,
    /// Whether the kind was written, and not implied by the mark.
    is_printed: bool,
    place: String,
    target: Option<String>,
}

/// Why a text is not a valid pattern at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub message: String,
    pub hint: String,
    /// Whether the pattern has two meanings.
    pub is_ambiguous: bool,
}

impl Problem {
    fn new(message: String, hint: impl Into<String>) -> Problem {
        Problem {
            message,
            hint: hint.into(),
            is_ambiguous: false,
        }
    }

    fn of(text: &str, reason: &str, hint: impl Into<String>) -> Problem {
        let shown = if text.is_empty() {
            "\"\"".to_owned()
        } else {
            crate::text::escaped(text)
        };
        Problem::new(format!("`{shown}` is not a valid pattern: {reason}"), hint)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.hint)
    }
}

impl std::error::Error for Problem {}

/// The names of a chart that can be the first segment of a pattern.
#[derive(Debug)]
pub struct Names<'c> {
    pub regions: &'c BTreeSet<Arc<str>>,
    /// The names of the top-level resources, with their kind.
    pub tops: BTreeMap<&'c str, &'static Kind>,
    /// The characters of those names, verbatim and as printed. Computed once for all patterns.
    pub characters: OnceCell<HashSet<char>>,
}

impl Names<'_> {
    fn is_region(&self, name: &str) -> bool {
        region::is_known(name) || self.regions.contains(name)
    }

    /// Whether a top-level resource is called so.
    pub fn has_top(&self, name: &str) -> bool {
        self.tops.contains_key(name)
    }

    /// Whether a name of the chart contains this character: names of projects have few rules.
    fn contain(&self, character: char) -> bool {
        let all = || {
            self.tops
                .keys()
                .flat_map(|name| {
                    name.chars()
                        .chain(printed(name).chars().collect::<Vec<_>>())
                })
                .collect()
        };
        self.characters.get_or_init(all).contains(&character)
    }

    /// The kind of a printed address with these segments, the region first.
    fn kind_of(&self, place: &str) -> &'static Kind {
        let mut segments = place.split('/').skip(1);
        let top = segments
            .next()
            .and_then(|name| self.tops.get(name))
            .copied()
            .unwrap_or(kind::first());
        let below = top.children().next();
        below.filter(|_| segments.next().is_some()).unwrap_or(top)
    }
}

impl FromStr for Written {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Written, Problem> {
        if text.is_empty() {
            return Err(Problem::of(text, "it is empty", SYNTAX));
        }
        let (word, rest) = text.split_once(' ').unwrap_or(("", text));
        let printed = kind::find(word);
        let rest = if printed.is_some() { rest } else { text };
        let marked = split(rest, printed);
        let (place, target) = match marked {
            Some((place, target, _)) => (place, Some(target)),
            None => (rest, None),
        };
        let pieces = [Some(text), Some(place), target].into_iter().flatten();
        if pieces.clone().any(|piece| piece.trim() != piece) {
            // Copied patterns often have a line break or a double space in them.
            let words: Vec<&str> = text.split_whitespace().collect();
            let hint = if words.is_empty() {
                SYNTAX.to_owned()
            } else {
                format!("did you mean `{}`?", words.join(" "))
            };
            return Err(Problem::of(
                text,
                "it contains a space at a place where names have none",
                hint,
            ));
        }
        if text.contains(char::is_control) {
            return Err(Problem::of(text, "it contains a control character", SYNTAX));
        }
        if pieces
            .skip(1)
            .any(|piece| piece.split('/').any(str::is_empty))
        {
            let segments: Vec<&str> = text
                .split('/')
                .filter(|segment| !segment.is_empty())
                .collect();
            let hint = if segments.is_empty() {
                SYNTAX.to_owned()
            } else {
                format!("did you mean `{}`?", segments.join("/"))
            };
            return Err(Problem::of(text, "it has an empty segment", hint));
        }
        if let Some((_, target, (_, tail))) = marked
            && target.split('/').count() != tail.parts
            && !target.contains("**")
        {
            let Tail { mark, words, .. } = tail;
            let reason = format!("expected `{words}` after `{}`", mark.trim());
            return Err(Problem::of(text, &reason, SYNTAX));
        }
        let implied = || marked.map(|(_, _, (kind, _))| kind);
        Ok(Written {
            text: text.to_owned(),
            kind: printed.or_else(implied),
            is_printed: printed.is_some(),
            place: place.to_owned(),
            target: target.map(str::to_owned),
        })
    }
}

/// The text before the mark of a kind, the text behind it, and that kind. Only kinds with such
/// parts print a mark; in the address of another kind, the same characters are part of a name.
fn split<'t>(
    text: &'t str,
    printed: Option<&'static Kind>,
) -> Option<(&'t str, &'t str, (&'static Kind, &'static Tail))> {
    let marked = |kind: &'static Kind| {
        let tail = kind.tail?;
        let (place, target) = text.rsplit_once(tail.mark)?;
        Some((place, target, (kind, tail)))
    };
    match printed {
        Some(kind) => marked(kind),
        // The last mark, because names before it may contain another. Of kinds with the same mark,
        // the first.
        None => REGISTRY
            .iter()
            .rev()
            .filter_map(|kind| marked(kind))
            .max_by_key(|(place, ..)| place.len()),
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

impl Written {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The pattern, with the first segment as the region.
    pub fn full(self) -> Pattern {
        let place = self.place.clone();
        self.rooted(place)
    }

    /// The pattern on the command line. A first segment that is a region or contains a `*` is the
    /// region; any other is an organization or a project, in every region.
    pub fn on_command_line(self, names: &Names<'_>) -> Result<Pattern, Problem> {
        let first = self.first();
        // `*/team-a` would have no other meaning: an organization in every region needs no `*`.
        let is_region = first.contains('*') || names.is_region(first);
        let place = if is_region {
            self.place.clone()
        } else {
            format!("*/{}", self.place)
        };
        self.placed(place, names)
    }

    /// The pattern in a document. It starts with an organization, unless the first segment is the
    /// region itself.
    pub fn in_document(self, region: &str, names: &Names<'_>) -> Result<Pattern, Problem> {
        let first = self.first();
        if !names.is_region(first) {
            let place = format!("{region}/{}", self.place);
            return self.placed(place, names);
        }
        // A printed address always starts with the region, so only it has a single meaning.
        if let Some(top) = names.tops.get(first).filter(|_| !self.is_printed) {
            return Err(self.ambiguous(top, region, names));
        }
        if first != region {
            let message = format!(
                "`{}` is in another region: this document is for {region}",
                self.text
            );
            let here = self.text.replacen(&format!("{first}/"), "", 1);
            let or = if here == self.text {
                String::new()
            } else {
                format!(", or write `{here}` for {region}")
            };
            let hint = format!("move it to the document for {first}{or}");
            return Err(Problem::new(message, hint));
        }
        let place = self.place.clone();
        self.placed(place, names)
    }

    fn first(&self) -> &str {
        self.place.split('/').next().unwrap_or_default()
    }

    /// The error for a pattern with two meanings. The hint gives the full form of each.
    fn ambiguous(&self, top: &Kind, region: &str, names: &Names<'_>) -> Problem {
        let (first, top) = (self.first(), top.key[1]);
        let message = format!(
            "`{}` is ambiguous: `{first}` is a region, and also a name in this chart",
            self.text
        );
        let target = marked(self.kind, self.target.as_deref());
        let write = |place: String| {
            let kind = self.kind.unwrap_or_else(|| names.kind_of(&place));
            format!("`{} {place}{target}`", kind.name)
        };
        let below = write(format!("{region}/{}", self.place));
        let within = write(if self.place == first {
            format!("{first}/*")
        } else {
            self.place.clone()
        });
        let hint = format!("write {below} for the {top}, or {within} for the region");
        Problem {
            is_ambiguous: true,
            ..Problem::new(message, hint)
        }
    }

    fn placed(self, place: String, names: &Names<'_>) -> Result<Pattern, Problem> {
        self.check(&place, names)?;
        Ok(self.rooted(place))
    }

    /// Builds the pattern. A region alone covers its contents.
    fn rooted(self, place: String) -> Pattern {
        // No address consists of a region alone.
        let is_whole = !place.contains('/') && !place.contains("**");
        let place = if is_whole {
            format!("{place}/**")
        } else {
            place
        };
        let folds = self.kind.is_some_and(Kind::ignores_case);
        Pattern {
            text: self.text,
            kind: self.kind,
            place,
            target: self.target.map(|target| match folds {
                true => target.to_ascii_lowercase(),
                false => target,
            }),
        }
    }

    /// Refuses a character that names at its position cannot have.
    fn check(&self, place: &str, names: &Names<'_>) -> Result<(), Problem> {
        let is_swr = self.kind.is_some_and(|kind| kind.service == Service::Swr);
        let mut across = false;
        let mut odd = None;
        for (index, segment) in place.split('/').enumerate() {
            // After a `**`, the index no longer tells which part of the address a segment is, so
            // the widest rule applies.
            across |= segment.contains("**");
            odd = odd.or_else(|| {
                segment.chars().find(|character| match index {
                    _ if *character == '*' => false,
                    0 if !across => !is_of_region(*character),
                    // The kind is known, so the rules for its names apply in every segment.
                    _ if is_swr => !is_of_images(*character),
                    1 => !(is_of_project(*character) || names.contain(*character)),
                    _ if across => !(is_of_project(*character) || names.contain(*character)),
                    _ => !is_of_git(*character),
                })
            });
        }
        let tail = self.kind.and_then(|kind| kind.tail);
        if let (Some(target), Some(tail)) = (&self.target, tail) {
            let is_odd = |character: &char| {
                !matches!(character, '*' | '/') && !(tail.may_contain)(*character)
            };
            odd = odd.or_else(|| target.chars().find(is_odd));
        }
        let Some(odd) = odd else { return Ok(()) };
        let of = self.kind.map_or_else(String::new, |kind| {
            format!(" of {} {}", article(kind.name), kind.name)
        });
        let reason = format!(
            "no name{of} can contain `{}`",
            crate::text::escaped(&odd.to_string())
        );
        let hint = if odd.is_uppercase() {
            format!("did you mean `{}`?", self.text.to_lowercase())
        } else {
            SYNTAX.to_owned()
        };
        Err(Problem::of(&self.text, &reason, hint))
    }
}

/// For the names of git repositories and their groups.
fn is_of_git(character: char) -> bool {
    is_of_images(character) || character.is_ascii_uppercase()
}

/// For the names of projects, in any script. They may contain other characters too, but then only
/// the characters of the chart's own names are accepted.
fn is_of_project(character: char) -> bool {
    is_of_images(character) || character.is_alphanumeric()
}
