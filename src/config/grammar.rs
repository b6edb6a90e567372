//! What a chart may hold: the one declaration behind the decoder's checks and the published JSON Schema.
//!
//! Attributes of resources are not listed here; they come from the tables of the kinds.

use super::names::Name;
use crate::kind::{self, Kind, organization::ORGANIZATION, repository::REPOSITORY, sync_rule::SYNC_RULE};

/// The version of the language that this file declares.
pub const VERSION: u64 = 1;

/// What may stand at some place.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// The number [`VERSION`].
    Version,
    /// A whole number from 0 to this.
    Number(u64),
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
    pub nullable: bool,
    pub doc: &'static str,
}

const fn key(name: &'static str, form: Form, doc: &'static str) -> Key {
    Key { name, form, required: false, nullable: false, doc }
}

const fn required(name: &'static str, form: Form, doc: &'static str) -> Key {
    Key { name, form, required: true, nullable: false, doc }
}

const fn nullable(name: &'static str, form: Form, doc: &'static str) -> Key {
    Key { name, form, required: false, nullable: true, doc }
}

const REGION: Form = Form::Text(TextForm::Name(Name::Region));
const ORGANIZATION_NAME: Form = Form::Text(TextForm::Name(Name::Organization));
const STATE: &str = "`absent`: it shall not exist. `present` is the default.";
const STATES: Form = Form::OneOf(&["present", "absent"]);
const SYNC: &str =
    "The rules that copy pushed images. Present: the list is the whole truth. Absent or `null`: rules are left alone.";

pub static DOCUMENT: Record = Record {
    name: "chart",
    keys: &[
        required("version", Form::Version, "The version of this language."),
        key("region", REGION, "The region that everything in this document lives in; `--region` fills it in."),
        key(
            "endpoints",
            Form::Record(&ENDPOINTS),
            "Where the services of this document's region are, if not at their usual place.",
        ),
        key(
            "targets",
            Form::Dictionary(Name::Target, &TARGET),
            "Named destinations for `sync`, known in the whole chart.",
        ),
        key("defaults", Form::Record(&DEFAULTS), "Values for everything in this document that does not say otherwise."),
        key(
            "organizations",
            Form::Dictionary(Name::Organization, &ORGANIZATION_ENTRY),
            "The organizations, and what is in them.",
        ),
        key(
            "protect",
            Form::List(&Form::Text(TextForm::Pattern)),
            "What matches is never deleted or replaced, even when its entry is gone. `*` within a segment, `**` across.",
        ),
        key("lints", Form::Record(&LINTS), "What this document knows of itself."),
        key("limits", Form::Record(&LIMITS), "How much one apply may remove, and standing consent to risks."),
    ],
    attributes_of: None,
};

pub static ENDPOINTS: Record = Record {
    name: "endpoints",
    keys: &[key(
        "swr",
        Form::Text(TextForm::Url),
        "The image registry's management API; `{region}` stands for the region.",
    )],
    attributes_of: None,
};

pub static TARGET: Record = Record {
    name: "target",
    keys: &[
        required("region", REGION, "The region that images are copied to."),
        required("organization", ORGANIZATION_NAME, "The organization there."),
    ],
    attributes_of: Some(&SYNC_RULE),
};

pub static DEFAULTS: Record = Record {
    name: "defaults",
    keys: &[
        key("repository", Form::Record(&REPOSITORY_DEFAULTS), "For repositories."),
        key("sync_rule", Form::Record(&SYNC_RULE_DEFAULTS), "For rules."),
    ],
    attributes_of: None,
};

pub static REPOSITORY_DEFAULTS: Record = Record {
    name: "defaults of repositories",
    keys: &[nullable("sync", Form::List(&Form::Record(&SYNC_ITEM)), SYNC)],
    attributes_of: Some(&REPOSITORY),
};

pub static SYNC_RULE_DEFAULTS: Record =
    Record { name: "defaults of rules", keys: &[], attributes_of: Some(&SYNC_RULE) };

pub static ORGANIZATION_ENTRY: Record = Record {
    name: "organization",
    keys: &[
        key("state", STATES, STATE),
        key(
            "unlisted",
            Form::OneOf(&["ignore", "report", "delete"]),
            "What happens to repositories that no file lists. `report` is the default.",
        ),
        key("defaults", Form::Record(&DEFAULTS), "Values for this organization; they beat the document's."),
        key("repositories", Form::Dictionary(Name::Repository, &REPOSITORY_ENTRY), "The repositories."),
    ],
    attributes_of: Some(&ORGANIZATION),
};

pub static REPOSITORY_ENTRY: Record = Record {
    name: "repository",
    keys: &[key("state", STATES, STATE), nullable("sync", Form::List(&Form::Record(&SYNC_ITEM)), SYNC)],
    attributes_of: Some(&REPOSITORY),
};

pub static SYNC_ITEM: Record = Record {
    name: "rule",
    keys: &[
        key("target", Form::Text(TextForm::Name(Name::Target)), "One of the chart's `targets`."),
        key("target_region", REGION, "The region that images are copied to."),
        key("target_organization", ORGANIZATION_NAME, "The organization there."),
    ],
    attributes_of: Some(&SYNC_RULE),
};

pub static LINTS: Record = Record {
    name: "lints",
    keys: &[key(
        "allow",
        Form::List(&Form::Text(TextForm::Lint)),
        "Codes of lints that are not told in this document.",
    )],
    attributes_of: None,
};

pub static LIMITS: Record = Record {
    name: "limits",
    keys: &[
        key("deletes", Form::Number(1_000_000), "The most resources that one apply may delete. 10 is the default."),
        key(
            "delete_percent",
            Form::Number(100),
            "The most repositories of an organization of ten or more that one apply may delete, in percent. 30 is the default.",
        ),
        key(
            "allow",
            Form::List(&Form::Text(TextForm::Consent)),
            "Standing consent: `CLASS` or `CLASS=N`, as for `--allow`.",
        ),
    ],
    attributes_of: None,
};
