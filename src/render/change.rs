//! Formats one change as text: its headline, a line for each field, and remarks.

use super::{
    style::{Color, Depth, Look, Role},
    words,
};
use crate::{
    config::grammar::Form,
    diff::FieldChange,
    plan::{Action, Change, Reason, Withheld, risk::RiskClass},
    text::escaped,
};

/// The largest column at which sources start. Without a bound, one long address would move them
/// all.
pub(super) const SOURCE_COLUMN: usize = 72;

/// The indentation of the lines below a headline.
const INDENT: &str = "      ";

/// Names of attributes are padded to this.
const NAME_WIDTH: usize = 11;

/// Values are padded to this before a remark.
const VALUE_WIDTH: usize = 20;

pub(super) fn role(action: &Action) -> Role {
    match action {
        Action::Create { .. } => Role::Add,
        Action::Update { .. } | Action::Run { .. } => Role::Change,
        Action::Replace { .. } | Action::Delete { .. } => Role::Destroy,
    }
}

/// Appends a change: its headline, then a line for each field, then the other remarks.
pub(super) fn block(out: &mut String, change: &Change, column: usize, look: Look) {
    let Look { color, depth, .. } = look;
    out.push_str(&headline(change, column, look));
    out.push('\n');
    let mut remarks = remarks(change, look);
    // A deletion has no new values; the old ones are for the full view.
    let shown = |field: &&FieldChange| {
        depth == Depth::Full
            || (is_worth_showing(change, field) && !matches!(change.action, Action::Delete { .. }))
    };
    for field in change.fields.iter().filter(shown) {
        let is_kept = !matches!(change.action, Action::Delete { .. });
        field_lines(out, field, is_kept, &mut remarks, look);
    }
    if depth == Depth::Full {
        unchanged_lines(out, change, color);
    }
    for remark in remarks {
        out.push_str(&format!("      {}\n", remark.text));
    }
}

pub(super) fn plain_headline(change: &Change) -> String {
    format!("{:>3} {}", change.action.symbol(), change.address)
}

fn source_text(change: &Change) -> Option<String> {
    change.source.as_ref().map(words::place)
}

/// The column of the sources: after the longest headline, if that leaves room for the longest
/// source.
pub(super) fn source_column<'c>(
    changes: impl Iterator<Item = &'c Change> + Clone,
    look: Look,
) -> usize {
    let longest = |text: &str| text.chars().count();
    let heads = changes
        .clone()
        .map(|change| longest(&plain_headline(change)))
        .max();
    let places = changes
        .filter_map(source_text)
        .map(|place| longest(&place))
        .max();
    let room = look.width.map_or(SOURCE_COLUMN, |width| {
        width.saturating_sub(places.unwrap_or(0))
    });
    heads
        .map_or(SOURCE_COLUMN, |heads| heads + 2)
        .min(SOURCE_COLUMN)
        .min(room)
}

pub(super) fn headline(change: &Change, column: usize, look: Look) -> String {
    let plain = plain_headline(change);
    let head = look.color.paint(role(&change.action), &plain);
    let Some(place) = source_text(change) else {
        return head;
    };
    let length = plain.chars().count();
    // A headline that is longer than the column still needs a gap.
    let padding = column.saturating_sub(length).max(2);
    let gap = if look.fits(length + padding + place.chars().count()) {
        " ".repeat(padding)
    } else {
        format!("\n{INDENT}")
    };
    format!("{head}{gap}{}", look.color.paint(Role::Quiet, place))
}

/// Whether a field is shown. The fixed value of a new resource is not: it is always the same.
pub(super) fn is_worth_showing(change: &Change, field: &FieldChange) -> bool {
    let fixed = change
        .address
        .kind()
        .attribute(field.name)
        .and_then(|attribute| match attribute.role {
            crate::kind::Role::Fixed(preset) => Some(preset.into()),
            _ => None,
        });
    !(matches!(change.action, Action::Create { .. }) && field.after == fixed && fixed.is_some())
}

/// A remark about a change.
struct Remark {
    /// The field after which it is printed; `None` for a line of its own.
    field: Option<&'static str>,
    text: String,
}

fn remarks(change: &Change, look: Look) -> Vec<Remark> {
    let color = look.color;
    let mut remarks = Vec::new();
    let mut add = |field, text| remarks.push(Remark { field, text });
    match &change.withheld {
        Some(Withheld::Risk { class, lift }) => {
            let evidence = evidence(change, *class);
            let text = format!("withheld: {class}, {evidence}; {lift} would let it go");
            add(None, color.paint(Role::Warning, text));
        }
        Some(Withheld::Renamed { created, lift }) => {
            let text = format!("withheld: maybe renamed to {created}; {lift} would let it go");
            add(None, color.paint(Role::Warning, text));
        }
        Some(Withheld::Protect { pattern }) => {
            add(
                None,
                color.paint(
                    Role::Warning,
                    format!("withheld: protected by `{}`", escaped(pattern)),
                ),
            );
        }
        None => {
            for risk in change
                .risks
                .iter()
                .filter(|risk| risk.class.needs_consent())
            {
                let text = format!("! {} (allowed): {}", risk.class, risk.evidence);
                add(
                    exposed_field(change, risk.class),
                    color.paint(Role::Warning, text),
                );
            }
        }
    }
    for risk in change.risks.iter().filter(|risk| {
        matches!(
            risk.class,
            RiskClass::Overwrites | RiskClass::Gap | RiskClass::Grants
        )
    }) {
        add(None, format!("! {}: {}", risk.class, risk.evidence));
    }
    if let Some(run) = change.action.run() {
        let mark = if matches!(change.action, Action::Run { .. }) {
            ""
        } else {
            "> run: "
        };
        let most = match look.depth {
            Depth::Full => usize::MAX,
            _ => words::MOST_ITEMS,
        };
        add(None, format!("{mark}{}", words::run(run, most)));
    }
    if let Some(reason) = reason(change) {
        let field =
            changed_field(change).filter(|_| change.reason == Reason::CannotBeChangedInPlace);
        add(field, format!("({reason})"));
    }
    // Notes about a run, or about attributes that cannot be read, do not belong to the one field
    // that changed.
    let field = changed_field(change).filter(|_| {
        change.action.run().is_none()
            && change
                .address
                .kind()
                .attributes
                .iter()
                .all(|attribute| attribute.role.is_readable())
    });
    for note in &change.notes {
        add(field, format!("({note})"));
    }
    remarks
}

/// The reason for a change, if its action does not make it clear.
pub(super) fn reason(change: &Change) -> Option<String> {
    match change.reason {
        Reason::CannotBeChangedInPlace => Some("cannot be changed in place".to_owned()),
        Reason::Unlisted => {
            Some("unlisted, and its organization has `unlisted: delete`".to_owned())
        }
        Reason::NotInFirstList | Reason::NotInList => {
            let kind = change.address.kind();
            let (parent, key) = (kind.parent?.name, kind.place.key.name);
            Some(match kind.place.key.form {
                Form::Single(_, Some(word)) => format!("the {parent} has `{key}: {word}`"),
                _ => format!("not in the {parent}'s `{key}` list"),
            })
        }
        // The text of the run gives its reason.
        Reason::Missing
        | Reason::Differs
        | Reason::DeclaredAbsent
        | Reason::Stale
        | Reason::ItemsMissing
        | Reason::NeverSucceeded => None,
    }
}

fn evidence(change: &Change, class: RiskClass) -> &str {
    change
        .risks
        .iter()
        .find(|risk| risk.class == class)
        .map_or("", |risk| risk.evidence.as_str())
}

fn exposed_field(change: &Change, class: RiskClass) -> Option<&'static str> {
    let exposing = change
        .address
        .kind()
        .exposing()
        .filter(|_| class == RiskClass::Exposes)?;
    Some(exposing.name)
}

/// The field after which remarks about the whole change are printed: the only one, if there is just
/// one.
fn changed_field(change: &Change) -> Option<&'static str> {
    let mut shown = change
        .fields
        .iter()
        .filter(|field| is_worth_showing(change, field));
    let only = shown.next()?;
    shown.next().is_none().then_some(only.name)
}

/// Appends the unchanged values that a write sends too: the API replaces all of them.
fn unchanged_lines(out: &mut String, change: &Change, color: Color) {
    let after = change.action.after().into_iter().flatten();
    for (name, value) in
        after.filter(|(name, _)| !change.fields.iter().any(|field| field.name == **name))
    {
        let line = format!("{name:NAME_WIDTH$}  {}  (unchanged)", words::value(value));
        out.push_str(&format!("      {}\n", color.paint(Role::Quiet, line)));
    }
}

/// `is_kept`: the resource stays, so a value without a new one is taken from it.
fn field_lines(
    out: &mut String,
    field: &FieldChange,
    is_kept: bool,
    remarks: &mut Vec<Remark>,
    look: Look,
) {
    let Look { color, depth, .. } = look;
    let name = format!("{:NAME_WIDTH$}", field.name);
    let one = |value| {
        if depth == Depth::Full {
            words::value(value)
        } else {
            words::short(value)
        }
    };
    if let (Some(before), Some(after)) = (&field.before, &field.after)
        && words::is_long(before, after)
    {
        out.push_str(&format!("      {}\n", name.trim_end()));
        for line in words::changes(before, after, depth == Depth::Full, color) {
            out.push_str(&format!("        {}{line}\n", words::GUTTER));
        }
        return;
    }
    let value = match (&field.before, &field.after) {
        (Some(before), Some(after)) => {
            format!("{} -> {}", words::value(before), words::value(after))
        }
        (None, Some(after)) => one(after),
        // Whole: it is lost.
        (Some(before), None) if is_kept => format!("{} -> none", words::value(before)),
        (Some(before), None) => one(before),
        (None, None) => String::new(),
    };
    // Colour codes have no width.
    let length = |text: &str| {
        anstream::adapter::strip_str(text)
            .to_string()
            .chars()
            .count()
    };
    // Taken out of the list: what remains there is printed below the fields.
    let remarks: Vec<String> = remarks
        .extract_if(.., |remark| remark.field == Some(field.name))
        .map(|r| r.text)
        .collect();
    let line = format!(
        "{INDENT}{name}  {value:VALUE_WIDTH$}  {}",
        remarks.join(" ")
    );
    if !remarks.is_empty() && look.fits(length(&line)) {
        out.push_str(&format!("{line}\n"));
    } else {
        out.push_str(&format!("{INDENT}{name}  {value}\n"));
        out.extend(remarks.iter().map(|remark| format!("{INDENT}{remark}\n")));
    }
}
