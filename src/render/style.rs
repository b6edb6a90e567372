//! Colours, and how much of a plan is shown. Colours only repeat what a symbol or a word says.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// Whether to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    Always,
    Never,
}

/// How many equal changes are shown one by one, and how many unlisted repositories of an
/// organization.
const MOST_ALIKE: usize = 10;

/// How much of a long plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Equal changes of an organization fold after the first ten. Grave changes never fold.
    Folded,
    /// Every change, without fixed and unchanged values.
    Unfolded,
    /// Every change with every value in full, including fixed, unchanged and deleted ones.
    Full,
}

impl Depth {
    /// How many equal changes are shown.
    pub(super) fn most(self) -> usize {
        self.most_of(MOST_ALIKE)
    }

    /// The given count, or no limit if nothing folds.
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

/// How to format a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub color: Color,
    pub depth: Depth,
    /// The width of the terminal in columns. `None` for other outputs, which are not wrapped.
    pub width: Option<usize>,
}

impl Look {
    /// For a file: without colours and wrapping.
    pub fn plain(depth: Depth) -> Look {
        Look {
            color: Color::Never,
            depth,
            width: None,
        }
    }

    /// Whether a line of that many characters fits.
    pub(super) fn fits(self, length: usize) -> bool {
        self.width.is_none_or(|width| length <= width)
    }
}

/// The meaning of a piece of text, from which its style follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Add,
    Change,
    Destroy,
    /// A place or a remark.
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
    /// The text in the style of its role.
    pub(crate) fn paint<T: fmt::Display>(self, role: Role, text: T) -> String {
        match self {
            Color::Never => text.to_string(),
            Color::Always => {
                let style = role.style();
                format!("{style}{text}{style:#}")
            }
        }
    }
}
