//! What a chart may hold: the one declaration behind the decoder's checks and the published JSON
//! Schema.
//!
//! Attributes of resources are not listed here; they come from the tables of the kinds.

use crate::{names::Name, region::REGIONS};

pub use crate::kind::place::{ANCHORS, ANCHORS_DOC, Form, Key, Record, TextForm, Together};
use crate::kind::place::{DEFAULTS, DEFAULTS_DOC, REGION, Slot, key};

/// The version of the language that this file declares.
pub const VERSION: u64 = 1;

const LABEL: Form = Form::Text(TextForm::Name(Name::Label));

pub static DOCUMENT: Record = Record {
    name: "chart",
    keys: &[
        key(
            "version",
            Form::Version,
            "1",
            "The version of this language.",
        )
        .required(),
        key(
            "name",
            LABEL,
            "acme-registry",
            "What questions, plans and reports call this chart; without it, the first `--file` as \
            given. Once in the chart.",
        ),
        key(
            "account",
            LABEL,
            "acme",
            "The name of the account that the chart is for. `plan`, `drift` and `apply` stop for \
            any other, and `apply` where it cannot be learned. Once in the chart.",
        ),
        key(
            "region",
            REGION,
            "cn-north-4",
            "The region that everything in this document lives in. `--region` fills it in where it \
            is absent.",
        )
        .choices(&REGIONS),
        key(
            "endpoints",
            Form::Record(&ENDPOINTS),
            "{ swr: 'https://swr-api.{region}.example.com' }",
            "Where the services of this document's region are, if not at their usual place.",
        ),
    ],
    slots: &[
        Slot::Beside,
        Slot::Keys(&[
            key(
                "chart_defaults",
                Form::Record(&DEFAULTS),
                "{ sync_rule: { override: false } }",
                "The same as `defaults`, for all documents of the chart; everything else wins over \
                it. Once in the chart.",
            ),
            key(
                "defaults",
                Form::Record(&DEFAULTS),
                "{ repository: { is_public: false } \
                }",
                DEFAULTS_DOC,
            ),
        ]),
        Slot::Entries(None),
        Slot::Keys(&[
            key(
                "protect",
                Form::List(&Form::Text(TextForm::Pattern)),
                "[ 'team-a/prod-*' ]",
                "What matches is never deleted or replaced, even when its entry is gone. A pattern \
                starts at the organization, in this document's region, with `*` within a segment \
                and `**` across; a printed address is one too. It covers what lives in what it \
                names.",
            ),
            key(
                "limits",
                Form::Record(&LIMITS),
                "{ deletes: 3 }",
                "How much one apply may remove, and standing consent to risks; for the whole \
                chart, so once in it.",
            ),
            key(
                "accept",
                Form::List(&Form::Record(&ACCEPTANCE)),
                "[ { address: 'team-a/tmp-*', until: 2026-12-31, reason: they move to team-b } ]",
                "Differences that `drift` does not count for a while. `plan` and `apply` do not \
                look at it.",
            ),
            key(
                "lints",
                Form::Record(&LINTS),
                "{ allow: [double-hyphen] \
                }",
                "What this document knows of itself.",
            ),
        ]),
        Slot::Anchors,
    ],
    attributes_of: None,
    together: Together::All,
};

pub static ENDPOINTS: Record = Record {
    name: "endpoints",
    keys: &[
        key(
            "swr",
            Form::Text(TextForm::Url),
            "https://swr-api.{region}.example.com",
            "The image registry's management API; `{region}` stands for the region. A host outside \
            Huawei Cloud needs `--allow-endpoint`.",
        ),
        key(
            "codearts",
            Form::Text(TextForm::Url),
            "https://codehub-ext.{region}.example.com",
            "CodeArts Repo; the same holds for it.",
        ),
        key(
            "iam",
            Form::Text(TextForm::Url),
            "https://iam.{region}.example.com",
            "IAM; the same holds for it. It is asked for the account's name where `account` is \
            given and no other service shows it.",
        ),
    ],
    slots: &[],
    attributes_of: None,
    together: Together::All,
};

pub static ACCEPTANCE: Record = Record {
    name: "acceptance",
    keys: &[
        key(
            "address",
            Form::Text(TextForm::Pattern),
            "team-a/tmp-*",
            "Where, in this document's region: a pattern as in `protect`.",
        )
        .required(),
        key(
            "until",
            Form::Text(TextForm::Date),
            "2026-12-31",
            "The last day, in UTC. When it has passed, `drift` fails until the entry is gone or \
            renewed.",
        )
        .required(),
        key(
            "reason",
            Form::Text(TextForm::Words),
            "they move to \
            team-b",
            "Why; it is shown beside each difference.",
        )
        .required(),
    ],
    slots: &[],
    attributes_of: None,
    together: Together::All,
};

pub static LINTS: Record = Record {
    name: "lints",
    keys: &[key(
        "allow",
        Form::List(&Form::Text(TextForm::Lint)),
        "[ double-hyphen ]",
        "Codes of lints that are not told in this document. On a line, a comment does the same: `# \
        portolan: allow CODE`.",
    )],
    slots: &[],
    attributes_of: None,
    together: Together::All,
};

pub static LIMITS: Record = Record {
    name: "limits",
    keys: &[
        key(
            "deletes",
            Form::Number(0, 1_000_000),
            "3",
            "The most resources that one apply may \
            delete.",
        )
        .default("10"),
        key(
            "delete_percent",
            Form::Number(0, 100),
            "20",
            "The most repositories of an organization of ten or more that one apply may delete, in \
            percent.",
        )
        .default("30"),
        key(
            "allow",
            Form::List(&Form::Text(TextForm::Consent)),
            "[ 'exposes=2' ]",
            "Standing consent to classes of risk: `CLASS` or `CLASS=N`, as for `--allow`, which \
            takes its place.",
        ),
    ],
    slots: &[],
    attributes_of: None,
    together: Together::All,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{check::check, tree},
        diagnostics::{Diagnostics, SourceMap},
    };

    /// Calls back for every key of a record and of the records in it.
    fn walk(
        record: &'static Record,
        seen: &mut Vec<*const Record>,
        visit: &mut impl FnMut(&Record, Key),
    ) {
        if seen.contains(&std::ptr::from_ref(record)) {
            return;
        }
        seen.push(record);
        for key in record.keys() {
            visit(record, key);
            let mut form = key.form;
            while let Form::List(item) = form {
                form = *item;
            }
            if let Form::Record(inner) | Form::Single(inner, _) | Form::Dictionary(_, inner) = form
            {
                walk(inner, seen, visit);
            }
        }
    }

    #[test]
    fn every_key_has_an_example_and_a_default_that_pass() {
        walk(&DOCUMENT, &mut Vec::new(), &mut |record, key| {
            assert!(key.doc.ends_with('.'), "{}.{}", record.name, key.name);
            for text in [Some(key.example), key.default].into_iter().flatten() {
                let mut sources = SourceMap::default();
                let file = sources.add("example", text);
                let mut found = Diagnostics::new();
                let nodes = tree::parse(file, sources.bytes(file), &mut found);
                check(&nodes[0], key.form, &|_| None, &mut found);
                assert!(
                    found.is_empty(),
                    "{}.{}: {text}: {found:?}",
                    record.name,
                    key.name
                );
            }
        });
    }
}
