//! The grammar of the chart language: the decoder's checks and the JSON Schema both come from it.
//!
//! The attributes of resources are not listed here; they come from the tables of the kinds.

use crate::{
    names::{Name, PERSON},
    plan::finding,
    region::REGIONS,
};

pub use crate::kind::place::{ANCHORS, ANCHORS_DOC, Form, Key, KeyRule, Record, TextForm};
use crate::kind::place::{DEFAULTS, DEFAULTS_DOC, REGION, Slot, key};

/// The version of the language that this file declares.
pub(crate) const VERSION: u64 = 1;

// The same rule for `name` and `account`: both appear in questions, reports and labels of metrics.
const LABEL: Form = Form::Text(TextForm::Name(Name::Label));

pub(crate) static DOCUMENT: Record = Record {
    name: "chart",
    keys: &[
        key(
            "version",
            Form::Version,
            "1",
            "The version of the chart language.",
        )
        .required(),
        key(
            "name",
            LABEL,
            "acme-registry",
            "The name of the chart in questions, plans and reports. Default: the first `--file` \
            as given. At most once in the chart.",
        ),
        key(
            "account",
            LABEL,
            "acme",
            "The name of the account that the chart is for. `plan`, `drift` and `apply` stop for \
            any other account, and `apply` if the account is unknown. At most once in the chart.",
        ),
        key(
            "operators",
            Form::List(&Form::Text(TextForm::Name(PERSON))),
            "[ ci-plan, ci-apply ]",
            "Users whose permissions portolan never gives, changes or takes away, such as those \
            who run it. No `access` may list them. The lists of all documents add up.",
        ),
        key(
            "region",
            REGION,
            "cn-north-4",
            "The region of everything in this document. `--region` fills it in if it is absent.",
        )
        .choices(&REGIONS),
        key(
            "endpoints",
            Form::Record(&ENDPOINTS),
            "{ swr: 'https://swr-api.{region}.example.com' }",
            "The endpoints of the services in this document's region. Default: the region's usual \
            ones.",
        ),
        key(
            "unlisted",
            Form::OneOf(&["ignore", "report", "forbid"]),
            "forbid",
            "What to do about organizations in this document's region that no file names: \
            `report` shows each as a finding, and with `forbid` `drift` fails because of it. \
            Default: `report` in `drift`, else `ignore`.",
        ),
    ],
    slots: &[
        Slot::Shared,
        Slot::Keys(&[
            key(
                "chart_defaults",
                Form::Record(&DEFAULTS),
                "{ sync_rule: { override: false } }",
                "Like `defaults`, but for all documents of the chart, and with the lowest \
                precedence. At most once in the chart.",
            ),
            key(
                "defaults",
                Form::Record(&DEFAULTS),
                "{ repository: { is_public: false } }",
                DEFAULTS_DOC,
            ),
        ]),
        Slot::Entries(None),
        Slot::Keys(&[
            key(
                "protect",
                Form::List(&Form::Text(TextForm::Pattern)),
                "[ 'team-a/prod-*' ]",
                "Patterns of resources that are never deleted or replaced, even if their entry is \
                removed. A pattern starts with an organization in this document's region; `*` \
                matches within a segment and `**` across segments. A printed address is a pattern \
                too. A pattern also covers the children of what it matches.",
            ),
            key(
                "limits",
                Form::Record(&LIMITS),
                "{ deletes: 3 }",
                "How much one apply may delete, and standing consent to risks. Applies to the \
                whole chart: at most once in it.",
            ),
            key(
                "accept",
                Form::List(&Form::Record(&ACCEPTANCE)),
                "[ { address: 'team-a/tmp-*', until: 2026-12-31, reason: they move to team-b } ]",
                "Differences that `drift` does not count until a date. `plan` and `apply` ignore \
                this list.",
            ),
            key(
                "lints",
                Form::Record(&LINTS),
                "{ allow: [double-hyphen] }",
                "The waivers of this document.",
            ),
        ]),
        Slot::Anchors,
    ],
    attributes_of: None,
    key_rule: KeyRule::Any,
};

pub static ENDPOINTS: Record = Record {
    name: "endpoints",
    keys: &[
        key(
            "swr",
            Form::Text(TextForm::Url),
            "https://swr-api.{region}.example.com",
            "The URL of the image registry's management API. `{region}` is replaced by the region. \
            A host outside Huawei Cloud needs `--allow-endpoint`.",
        ),
        key(
            "codearts",
            Form::Text(TextForm::Url),
            "https://codehub-ext.{region}.example.com",
            "The URL of CodeArts Repo, as for `swr`.",
        ),
        key(
            "iam",
            Form::Text(TextForm::Url),
            "https://iam.{region}.example.com",
            "The URL of IAM, as for `swr`. IAM is used to read the account's name if `account` is \
            given and no other service shows it, and the ids of users who get their first \
            permission.",
        ),
        key(
            "sts",
            Form::Text(TextForm::Url),
            "https://sts.{region}.example.com",
            "The URL of STS, as for `swr`. STS hands out keys for an id token, and those of an \
            agency.",
        ),
    ],
    slots: &[],
    attributes_of: None,
    key_rule: KeyRule::Any,
};

pub(crate) static ACCEPTANCE: Record = Record {
    name: "acceptance",
    keys: &[
        key(
            "address",
            Form::Text(TextForm::Pattern),
            "team-a/tmp-*",
            "The resources in this document's region: a pattern as in `protect`.",
        )
        .required(),
        key(
            "code",
            Form::OneOf(&finding::CODES),
            "unlisted",
            "Only findings of this code, and no differences. Absent: all differences and findings \
            there.",
        ),
        key(
            "until",
            Form::Text(TextForm::Date),
            "2026-12-31",
            "The last day, in UTC. After it, `drift` fails until the entry is removed or renewed.",
        )
        .required(),
        key(
            "reason",
            Form::Text(TextForm::Words),
            "they move to team-b",
            "The reason, which is shown beside each difference.",
        )
        .required(),
    ],
    slots: &[],
    attributes_of: None,
    key_rule: KeyRule::Any,
};

pub(crate) static LINTS: Record = Record {
    name: "lints",
    keys: &[key(
        "allow",
        Form::List(&Form::Text(TextForm::Lint)),
        "[ double-hyphen ]",
        "Codes of lints that are not reported in this document. For a single line, use the comment \
        `# portolan: allow CODE`.",
    )],
    slots: &[],
    attributes_of: None,
    key_rule: KeyRule::Any,
};

pub static LIMITS: Record = Record {
    name: "limits",
    keys: &[
        key(
            "deletes",
            Form::Number(0, 1_000_000),
            "3",
            "The most resources that one apply may delete.",
        )
        .default("10"),
        key(
            "delete_percent",
            Form::Number(0, 100),
            "20",
            "The largest part of an organization's repositories, in percent, that one apply may \
            delete. Applies to organizations with ten or more repositories.",
        )
        .default("30"),
        key(
            "collect_percent",
            Form::Number(0, 100),
            "20",
            "The largest part of a repository's tags, in percent, that a retention may delete \
            with consent to `collects` alone. For more, the consent needs a number: `collects=N`.",
        )
        .default("50"),
        key(
            "allow",
            Form::List(&Form::Text(TextForm::Consent)),
            "[ 'exposes=2' ]",
            "Standing consent to risk classes: `CLASS` or `CLASS=N`, as for `--allow`. A class \
            given with `--allow` overrides it.",
        ),
    ],
    slots: &[],
    attributes_of: None,
    key_rule: KeyRule::Any,
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
