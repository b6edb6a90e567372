//! The charts that `portolan init` writes.

use super::{chart, words::on_one_line, yaml::scalar};
use crate::export::Exported;

/// What editors check the chart with.
const SCHEMA: &str = "# yaml-language-server: $schema=portolan.schema.json
# After an upgrade: portolan schema > portolan.schema.json
";

/// The file that the first line of a chart refers to, beside it.
pub const SCHEMA_FILE: &str = "portolan.schema.json";

/// A commented chart about the organizations, or about an example.
pub fn text(region: &str, organizations: &[String]) -> String {
    let region = scalar(region);
    let mut out = format!(
        "{SCHEMA}version: 1
region: {region}

# targets:                        # named destinations for `sync`
#   dr: {{ region: cn-east-3, organization: team-a-dr }}

# defaults:                       # for everything below that does not say otherwise
#   repository: {{ is_public: false }}

organizations:
"
    );
    let example = ["team-a".to_owned()];
    let organizations = if organizations.is_empty() {
        &example[..]
    } else {
        organizations
    };
    for organization in organizations.iter().map(|name| scalar(name)) {
        out.push_str(&format!(
            "  {organization}:
    # unlisted: report            # ignore | report | delete: repositories that no file lists
    repositories: {{}}
    #   web/frontend:
    #     description: what it is for
    #     category: linux         # app_server linux framework_app database lang other windows arm
    #     is_public: false
    #     sync:                   # present: the whole truth; absent: rules are left alone
    #       - {{ target: dr }}
"
        ));
    }
    out
}

/// A chart of what is live. What it leaves out is named in comments.
pub fn from_live(exported: &Exported) -> String {
    let mut out = format!("{SCHEMA}# The live state. Remove what shall be left alone.\n");
    if !exported.unmanaged.is_empty() {
        out.push_str("#\n# Left unmanaged, so that it keeps its live value:\n");
    }
    for left in &exported.unmanaged {
        out.push_str(&format!(
            "# - {}: {}\n",
            on_one_line(&left.what),
            on_one_line(&left.because)
        ));
    }
    out + &chart::text(&exported.chart)
}
