//! Colours. They only repeat what a symbol or a word already says.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// Whether to colour; a text without is plain ASCII escapes and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    Always,
    Never,
}

/// How many changes that do the same are shown one by one, and how many unlisted repositories of an
/// organization.
const MOST_ALIKE: usize = 10;

/// How much of a long plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Changes of one organization that do the same fold behind the first ten; what is grave never
    /// does.
    Folded,
    /// Every change, with what is worth showing of it.
    Unfolded,
    /// Every change with every field, whole: also what stays, what goes, and what is the same for
    /// all.
    Full,
}

impl Depth {
    /// How many of what is alike are shown.
    pub(super) fn most(self) -> usize {
        self.most_of(MOST_ALIKE)
    }

    /// So many, unless everything is wanted.
    pub(super) fn most_of(self, most: usize) -> usize {
        if self == Depth::Folded {
            most
        } else {
            usize::MAX
        }
    }

    /// Whether a row may refer to the one above it.
    pub(super) fn may_shorten(self) -> bool {
        self == Depth::Folded
    }
}

/// How a plan is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub color: Color,
    pub depth: Depth,
    /// The columns of the terminal; nothing, where the text goes elsewhere and is the same
    /// everywhere.
    pub width: Option<usize>,
}

impl Look {
    /// As it stands in a file.
    pub fn plain(depth: Depth) -> Look {
        Look {
            color: Color::Never,
            depth,
            width: None,
        }
    }

    /// Whether a line of so many characters is not broken.
    pub(super) fn fits(self, length: usize) -> bool {
        self.width.is_none_or(|width| length <= width)
    }
}

/// What a piece of text is, rather than how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Add,
    Change,
    Destroy,
    /// A place or an aside.
    Quiet,
    Warning,
    Strong,
}

impl Role {
    fn style(self) -> Style {
        match self {
            Role::Add => AnsiColor::Green.on_default(),
            Role::Change | Role::Warning => AnsiColor::Yellow.on_default(),
            Role::Destroy => AnsiColor::Red.on_default(),
            Role::Quiet => Style::new().dimmed(),
            Role::Strong => Style::new().bold(),
        }
    }
}

impl Color {
    /// The text in the colour of its role.
    pub fn paint<T: fmt::Display>(self, role: Role, text: T) -> String {
        match self {
            Color::Never => text.to_string(),
            Color::Always => {
                let style = role.style();
                format!("{style}{text}{style:#}")
            }
        }
    }
}
