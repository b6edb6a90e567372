//! Formats the charts that `portolan init` writes.

use super::yaml::scalar;

/// The comment by which editors find the schema.
pub(super) const SCHEMA: &str = "# yaml-language-server: $schema=portolan.schema.json
# After an upgrade: portolan schema > portolan.schema.json
";

/// The file that the first line of a chart refers to. It is beside the chart.
pub(crate) const SCHEMA_FILE: &str = "portolan.schema.json";

/// A commented chart with the organizations, or with an example.
pub fn text(region: &str, organizations: &[String]) -> String {
    let region = scalar(region);
    let mut out = format!(
        "{SCHEMA}version: 1
region: {region}

# targets:                        # named destinations for `sync`
#   dr: {{ region: cn-east-3, organization: team-a-dr }}

# defaults:                       # for everything below, unless an entry overrides them
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
    #     sync:                   # present: the complete list; absent: rules are not managed
    #       - {{ target: dr }}
"
        ));
    }
    out
}
