//! What a chart may hold: the one declaration behind the decoder's checks and the published JSON Schema.
//!
//! Attributes of resources are not listed here; they come from the tables of the kinds.

use super::names::Name;
use crate::{
    kind::{
        self, Kind, Preset, Role, mirror::MIRROR, organization::ORGANIZATION, repository::REPOSITORY,
        sync_rule::SYNC_RULE,
    },
    region::{REGIONS, TARGET_REGIONS},
    state::LARGEST_REMOTE_ID,
};

/// The version of the language that this file declares.
pub const VERSION: u64 = 1;

/// What may stand at some place.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// The number [`VERSION`].
    Version,
    /// A whole number from one to the other.
    Number(u64, u64),
    Text(TextForm),
    OneOf(&'static [&'static str]),
    List(&'static Form),
    Record(&'static Record),
    /// Entries under names of the user's choice; nothing behind a name equals an empty entry.
    Dictionary(Name, &'static Record),
    Attribute(kind::Shape),
}

/// What a text must be.
#[derive(Debug, Clone, Copy)]
pub enum TextForm {
    Name(Name),
    /// An endpoint; judged where it is used.
    Url,
    /// Over organizations and repositories.
    Pattern,
    /// `CLASS` or `CLASS=N`.
    Consent,
    /// `YYYY-MM-DD`, a day of the calendar.
    Date,
    /// A number and a unit: `6h`.
    Age,
    /// Of a file on the machine that applies.
    Path,
    /// Words for people, not empty.
    Words,
    /// The code of a lint; `waivers` knows them.
    Lint,
}

/// A mapping with fixed keys.
#[derive(Debug)]
pub struct Record {
    /// What it is called in messages.
    pub name: &'static str,
    pub keys: &'static [Key],
    /// The kind whose attributes are keys as well; each may be `null`, which ends inheritance.
    pub attributes_of: Option<&'static Kind>,
    pub together: Together,
}

/// Which keys go together; the decoder tells it in words, the schema by shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// Any with any.
    All,
    /// `target`, or else both of the other two.
    OneTarget,
    /// Exactly one. The value is a secret: a text in the place of the record is one that was written down.
    OneSource,
    /// All of them, each a secret.
    Login,
    /// Nothing beside `state: absent`.
    AbsentAlone,
    /// Beside `state: absent` only repositories that are absent too.
    AbsentHoldsAbsent,
}

impl Record {
    /// All keys, in the order in which help lists them.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        let attributes = self.attributes_of.map_or(&[][..], |kind| kind.attributes);
        let of_kind = attributes.iter().map(|attribute| Key {
            name: attribute.name,
            form: Form::Attribute(attribute.shape),
            required: false,
            nullable: true,
            default: match attribute.role {
                Role::Fixed(Preset::Bool(true)) => Some("true"),
                _ => None,
            },
            example: attribute.example,
            choices: &[],
            doc: attribute.doc,
        });
        self.keys.iter().copied().chain(of_kind)
    }
}

/// One key of a record.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub form: Form,
    pub required: bool,
    /// Whether `null` is a value: it ends inheritance.
    pub nullable: bool,
    /// What holds where the key is absent, as YAML; nothing if the key's absence says so itself.
    pub default: Option<&'static str>,
    /// A value that a person would write, as YAML.
    pub example: &'static str,
    /// Texts that an editor offers; others are no less valid.
    pub choices: &'static [&'static str],
    pub doc: &'static str,
}

impl Key {
    const fn required(mut self) -> Key {
        self.required = true;
        self
    }

    const fn nullable(mut self) -> Key {
        self.nullable = true;
        self
    }

    const fn choices(mut self, texts: &'static [&'static str]) -> Key {
        self.choices = texts;
        self
    }

    const fn default(mut self, yaml: &'static str) -> Key {
        self.default = Some(yaml);
        self
    }
}

const fn key(name: &'static str, form: Form, example: &'static str, doc: &'static str) -> Key {
    Key { name, form, required: false, nullable: false, default: None, example, choices: &[], doc }
}

const REGION: Form = Form::Text(TextForm::Name(Name::Region));
const ORGANIZATION_NAME: Form = Form::Text(TextForm::Name(Name::Organization));

const STATE: Key = key(
    "state",
    Form::OneOf(&["present", "absent"]),
    "absent",
    "`absent`: it shall not exist. Nothing else may stand beside that but, in an organization, repositories that are all absent.",
)
.default("present");

const LABEL: Form = Form::Text(TextForm::Name(Name::Label));

static RULE: Form = Form::Record(&SYNC_ITEM);

const SYNC: Key = key(
    "sync",
    Form::List(&RULE),
    "[ { target: dr } ]",
    "The rules that copy pushed images. Present: the list is the whole truth about the repository's rules. Absent or `null`: its rules are left alone.",
)
.nullable();

const DEFAULTS_DOC: &str =
    "Values for what does not say otherwise: the entry's own win, then the organization's, then the document's.";

pub static DOCUMENT: Record = Record {
    name: "chart",
    keys: &[
        key("version", Form::Version, "1", "The version of this language.").required(),
        key(
            "name",
            LABEL,
            "acme-registry",
            "What questions, plans and reports call this chart; without it, the first `--file` as given. Once in the chart.",
        ),
        key(
            "account",
            LABEL,
            "acme",
            "The name of the account that the chart is for. `plan`, `drift` and `apply` stop for any other, and `apply` where it cannot be learned. Once in the chart.",
        ),
        key(
            "region",
            REGION,
            "cn-north-4",
            "The region that everything in this document lives in. `--region` fills it in where it is absent.",
        )
        .choices(&REGIONS),
        key(
            "endpoints",
            Form::Record(&ENDPOINTS),
            "{ swr: 'https://swr-api.{region}.example.com' }",
            "Where the services of this document's region are, if not at their usual place.",
        ),
        key(
            "targets",
            Form::Dictionary(Name::Target, &TARGET),
            "{ dr: { region: cn-east-3, organization: team-a-dr } }",
            "Named destinations for `sync`, known in the whole chart.",
        ),
        key("defaults", Form::Record(&DEFAULTS), "{ repository: { is_public: false } }", DEFAULTS_DOC),
        key(
            "organizations",
            Form::Dictionary(Name::Organization, &ORGANIZATION_ENTRY),
            "{ team-a: { repositories: { web/frontend: {} } } }",
            "The organizations of this document's region. One that is named here shall exist.",
        ),
        key(
            "mirrors",
            Form::Dictionary(Name::Mirror, &MIRROR_ENTRY),
            "{ platform/app: { url: 'https://git.example.com/app.git', scheduled: true, max_age: 6h } }",
            "The git repositories of CodeArts Repo that follow another one, by project and repository. The repository itself must exist; portolan makes it a mirror, and keeps it fresh.",
        ),
        key(
            "protect",
            Form::List(&Form::Text(TextForm::Pattern)),
            "[ 'team-a/prod-*' ]",
            "What matches is never deleted or replaced, even when its entry is gone. A pattern starts at the organization, in this document's region, with `*` within a segment and `**` across; a printed address is one too. It covers what lives in what it names.",
        ),
        key(
            "limits",
            Form::Record(&LIMITS),
            "{ deletes: 3 }",
            "How much one apply may remove, and standing consent to risks; for the whole chart, so once in it.",
        ),
        key(
            "accept",
            Form::List(&Form::Record(&ACCEPTANCE)),
            "[ { address: 'team-a/tmp-*', until: 2026-12-31, reason: they move to team-b } ]",
            "Differences that `drift` does not count for a while. `plan` and `apply` do not look at it.",
        ),
        key("lints", Form::Record(&LINTS), "{ allow: [double-hyphen] }", "What this document knows of itself."),
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
            "The image registry's management API; `{region}` stands for the region. A host outside Huawei Cloud needs `--allow-endpoint`.",
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
            "IAM; the same holds for it. It is asked for the account's name where `account` is given and no other service shows it.",
        ),
    ],
    attributes_of: None,
    together: Together::All,
};

pub static TARGET: Record = Record {
    name: "target",
    keys: &[
        key("region", REGION, "cn-east-3", "The region that images are copied to.").choices(&TARGET_REGIONS).required(),
        key("organization", ORGANIZATION_NAME, "team-a-dr", "The organization there.").required(),
    ],
    attributes_of: Some(&SYNC_RULE),
    together: Together::All,
};

pub static DEFAULTS: Record = Record {
    name: "defaults",
    keys: &[
        key("repository", Form::Record(&REPOSITORY_DEFAULTS), "{ category: other }", "For repositories."),
        key("sync_rule", Form::Record(&SYNC_RULE_DEFAULTS), "{ override: false }", "For rules."),
    ],
    attributes_of: None,
    together: Together::All,
};

pub static REPOSITORY_DEFAULTS: Record = Record {
    name: "defaults of repositories",
    keys: &[SYNC],
    attributes_of: Some(&REPOSITORY),
    together: Together::All,
};

pub static SYNC_RULE_DEFAULTS: Record =
    Record { name: "defaults of rules", keys: &[], attributes_of: Some(&SYNC_RULE), together: Together::All };

pub static ORGANIZATION_ENTRY: Record = Record {
    name: "organization",
    keys: &[
        STATE,
        key(
            "unlisted",
            Form::OneOf(&["ignore", "report", "delete"]),
            "delete",
            "What happens to repositories of the organization that no file lists. Those that a rule of this chart creates are never unlisted.",
        )
        .default("report"),
        key("defaults", Form::Record(&DEFAULTS), "{ repository: { is_public: false } }", DEFAULTS_DOC),
        key(
            "repositories",
            Form::Dictionary(Name::Repository, &REPOSITORY_ENTRY),
            "{ web/frontend: {}, busybox: { category: linux } }",
            "The repositories. One that is named here shall exist; nothing behind a name equals `{}`.",
        ),
    ],
    attributes_of: Some(&ORGANIZATION), together: Together::AbsentHoldsAbsent,
};

pub static REPOSITORY_ENTRY: Record = Record {
    name: "repository",
    keys: &[STATE, SYNC],
    attributes_of: Some(&REPOSITORY),
    together: Together::AbsentAlone,
};

pub static MIRROR_ENTRY: Record = Record {
    name: "mirror",
    keys: &[
        key(
            "repository_id",
            Form::Number(1, LARGEST_REMOTE_ID),
            "123",
            "The repository's number. Without it the repository is looked up by its exact name, of which there must be one.",
        ),
        key(
            "max_age",
            Form::Text(TextForm::Age),
            "6h",
            "How old the last success may be. Older, or without one, or after a change, the mirror is run. Absent or `null`: never.",
        )
        .nullable(),
        key(
            "credentials",
            Form::Record(&CREDENTIALS),
            "{ username: { env: GIT_USER }, password: { env: GIT_TOKEN } }",
            "Who asks the other side, if it is not public: read right before a run, and sent with it. Or else an `endpoint`.",
        )
        .nullable(),
    ],
    attributes_of: Some(&MIRROR),
    together: Together::All,
};

pub static CREDENTIALS: Record = Record {
    name: "login",
    keys: &[
        key("username", Form::Record(&SECRET), "{ env: GIT_USER }", "Where the user name is.").required(),
        key("password", Form::Record(&SECRET), "{ file: /run/secrets/git }", "Where the password, or a token, is.")
            .required(),
    ],
    attributes_of: None,
    together: Together::Login,
};

pub static SECRET: Record = Record {
    name: "place of a secret",
    keys: &[
        key(
            "env",
            Form::Text(TextForm::Name(Name::Variable)),
            "GIT_TOKEN",
            "The variable of the environment that holds it; a line break at its end does not count.",
        ),
        key(
            "file",
            Form::Text(TextForm::Path),
            "/run/secrets/git",
            "The file of at most 64 KiB that holds it and nothing else, not below /proc, /sys or /dev; a line break at its end does not count.",
        ),
    ],
    attributes_of: None,
    together: Together::OneSource,
};

pub static SYNC_ITEM: Record = Record {
    name: "rule",
    keys: &[
        key(
            "target",
            Form::Text(TextForm::Name(Name::Target)),
            "dr",
            "One of the chart's `targets`; or else both of the following.",
        ),
        key("target_region", REGION, "cn-east-3", "The region that images are copied to.").choices(&TARGET_REGIONS),
        key("target_organization", ORGANIZATION_NAME, "team-a-dr", "The organization there."),
    ],
    attributes_of: Some(&SYNC_RULE),
    together: Together::OneTarget,
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
            "The last day, in UTC. When it has passed, `drift` fails until the entry is gone or renewed.",
        )
        .required(),
        key("reason", Form::Text(TextForm::Words), "they move to team-b", "Why; it is shown beside each difference.")
            .required(),
    ],
    attributes_of: None,
    together: Together::All,
};

pub static LINTS: Record = Record {
    name: "lints",
    keys: &[key(
        "allow",
        Form::List(&Form::Text(TextForm::Lint)),
        "[ double-hyphen ]",
        "Codes of lints that are not told in this document. On a line, a comment does the same: `# portolan: allow CODE`.",
    )],
    attributes_of: None,
    together: Together::All,
};

pub static LIMITS: Record = Record {
    name: "limits",
    keys: &[
        key("deletes", Form::Number(0, 1_000_000), "3", "The most resources that one apply may delete.").default("10"),
        key(
            "delete_percent",
            Form::Number(0, 100),
            "20",
            "The most repositories of an organization of ten or more that one apply may delete, in percent.",
        )
        .default("30"),
        key(
            "allow",
            Form::List(&Form::Text(TextForm::Consent)),
            "[ 'exposes=2' ]",
            "Standing consent to classes of risk: `CLASS` or `CLASS=N`, as for `--allow`, which takes its place.",
        ),
    ],
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
    fn walk(record: &'static Record, seen: &mut Vec<*const Record>, visit: &mut impl FnMut(&Record, Key)) {
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
            if let Form::Record(inner) | Form::Dictionary(_, inner) = form {
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
                assert!(found.is_empty(), "{}.{}: {text}: {found:?}", record.name, key.name);
            }
        });
    }
}
