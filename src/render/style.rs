//! Colours. They only repeat what a symbol or a word already says.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// Whether to colour; a text without is plain ASCII escapes and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    Always,
    Never,
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
