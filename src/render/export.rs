//! Formats the charts of what is live, with comments that name what they leave out.

use super::{init::SCHEMA, tree, words::on_one_line};
use crate::export::{
    Exported, Unmanaged,
    compact::{self, Layout},
};

/// A file of a chart.
#[derive(Debug)]
pub struct Written {
    /// Without its ending. `None`: the only one.
    pub name: Option<String>,
    pub text: String,
}

/// The chart of the live state. `has_schema`: the schema is beside it.
pub fn files(exported: &Exported, layout: Layout, has_schema: bool) -> Vec<Written> {
    let files = compact::files(&exported.chart, layout);
    let mut written = Vec::with_capacity(files.len());
    for (at, file) in files.iter().enumerate() {
        let is_about = |left: &&Unmanaged| {
            let parts = left.address.parts();
            let of =
                |other: &compact::File| other.tops.iter().any(|top| parts.starts_with(top.parts()));
            of(file) || (at == 0 && !files.iter().any(of))
        };
        let left: Vec<&Unmanaged> = exported.unmanaged.iter().filter(is_about).collect();
        let documents: Vec<String> = file.documents.iter().map(tree::document).collect();
        let text = head(&left, has_schema) + &documents.join("---\n");
        let name = file.name.clone();
        written.push(Written { name, text });
    }
    written
}

fn head(unmanaged: &[&Unmanaged], has_schema: bool) -> String {
    let mut out = String::new();
    if has_schema {
        out.push_str(SCHEMA);
    }
    if has_schema && !unmanaged.is_empty() {
        out.push_str("#\n");
    }
    if !unmanaged.is_empty() {
        out.push_str("# Not in this chart, so unmanaged:\n");
    }
    for left in unmanaged {
        out.push_str(&format!(
            "# - {}: {}\n",
            on_one_line(&left.what),
            on_one_line(&left.because)
        ));
    }
    out
}
