//! The plan as a JSON document: what `plan --format json` prints and `plan --out` saves.
//!
//! Only values: the commands read and write files. The digest of a saved plan guards against
//! accidents, not against attackers, who can recompute it.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    Action, Change, Finding, Gap, Outcome, Plan, Precondition, Reason, Run, Scope, Stop, Summary,
    Uncompared, Unlisted, Withheld,
    cloud::EndpointDocument,
    risk::{Risk, RiskClass},
    run::RunDocument,
    saved,
};
use crate::{
    address::Address,
    diagnostics::{Source, View, visible},
    diff::FieldChange,
    mask::Hidden,
    state::{Attributes, ChartStamp, ReadFailure},
};

/// A minor version adds keys, a major one breaks readers.
pub(crate) const FORMAT_VERSION: &str = "1.1";

/// The document's name, for `portolan schema --document`.
pub const NAME: &str = "plan";

/// The document. The keys that only a saved plan has are optional.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlanDocument {
    pub format_version: String,
    /// The name of its schema. Format 1.0 has none.
    #[serde(default)]
    pub document: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    pub outcome: Outcome,
    pub summary: Summary,
    pub changes: Vec<ChangeDocument>,
    pub stopped: Vec<Stop>,
    pub unlisted: Vec<Unlisted>,
    /// Documents of format 1.0 have none.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What a plan from a snapshot leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_in_snapshot: Vec<Gap>,
    /// Whether only a part of the chart was selected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncompared: Vec<Uncompared>,
    pub diagnostics: Vec<View>,
    pub chart: ChartStamp,
    /// Null if no service returned it, or there are several.
    #[serde(default)]
    pub account: Option<String>,
    #[serde(default)]
    pub endpoints: Vec<EndpointDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// One change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeDocument {
    pub address: Address,
    pub actions: Vec<String>,
    pub reason: Reason,
    pub risks: Vec<RiskClass>,
    pub before: Option<IndexMap<String, Value>>,
    pub after: Option<IndexMap<String, Value>>,
    pub fields: Vec<FieldChange>,
    pub source: Option<Source>,
    pub withheld: Option<Withheld>,
    pub precondition: Precondition,
    /// The run that follows. What it copies is in `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunDocument>,
    /// For a replace: the attributes to restore if the create is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<IndexMap<String, Value>>,
    /// A clause for each risk, from the live state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<RiskClass, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// An unlisted resource in JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct UnlistedDocument {
    address: Address,
    /// The number of things in it, under the name of the fact. Null if unknown.
    #[serde(flatten)]
    held: IndexMap<String, Option<u64>>,
}

impl PlanDocument {
    /// The printed document. `diagnostics` are those of the chart; failed reads are added.
    pub fn new(plan: &Plan, mut diagnostics: Vec<View>) -> PlanDocument {
        diagnostics.extend(plan.failures.iter().map(View::unreadable));
        diagnostics.extend(plan.gaps.iter().map(Gap::view));
        PlanDocument {
            format_version: FORMAT_VERSION.to_owned(),
            document: NAME.to_owned(),
            tool: None,
            outcome: plan.outcome(),
            summary: plan.summary(),
            changes: plan.changes.iter().map(ChangeDocument::from).collect(),
            stopped: plan.stopped.clone(),
            unlisted: plan.unlisted.clone(),
            findings: plan.findings.clone(),
            not_in_snapshot: plan.gaps.clone(),
            partial: plan.scope.selection.is_partial(),
            uncompared: plan.uncompared.clone(),
            diagnostics,
            chart: plan.chart.clone(),
            account: plan.scope.account_name().map(str::to_owned),
            endpoints: plan.scope.endpoint_documents(),
            scope: None,
            digest: None,
        }
    }

    /// The text of a plan file: the document with tool, scope and digest.
    pub fn to_file(mut self, plan: &Plan) -> String {
        self.tool = Some(format!("portolan {}", env!("CARGO_PKG_VERSION")));
        self.scope = Some(plan.scope.clone());
        // The digest covers the document without itself; `read` removes it as well before it
        // compares.
        self.digest = None;
        self.digest = Some(digest(&self));
        pretty(&self)
    }
}

impl Gap {
    /// For the diagnostics of a document, and for reports that forges read.
    pub fn view(&self) -> View {
        let message = match &self.address {
            Some(address) => format!("{address}: {}", self.message),
            None => self.message.clone(),
        };
        View {
            address: self.address.as_ref().map(Address::to_string),
            ..View::error(&self.code, message, self.hint.clone())
        }
    }
}

impl View {
    /// A failed read.
    pub fn unreadable(failure: &ReadFailure) -> View {
        View::error(
            "unreadable",
            format!("cannot read the {}: {}", failure.subject, failure.message),
            failure.hint.clone(),
        )
    }
}

/// A document as text that ends with a newline.
pub fn pretty(document: &impl Serialize) -> String {
    // Maps have string keys and nothing here fails to serialize.
    let mut text = crate::text::json(serde_json::to_string_pretty(document).unwrap_or_default());
    text.push('\n');
    text
}

/// The identity of a plan: the digest of its file, saved or not.
pub fn id(plan: &Plan, diagnostics: &[View]) -> String {
    id_of(&PlanDocument::new(plan, diagnostics.to_vec()).to_file(plan))
}

/// The digest in the text of a plan file.
pub(crate) fn id_of(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    value["digest"].as_str().unwrap_or_default().to_owned()
}

/// SHA-256 of the compact text, in hexadecimal.
pub fn digest(document: &impl Serialize) -> String {
    // Maps have string keys and nothing here fails to serialize.
    base16ct::lower::encode_string(&Sha256::digest(
        serde_json::to_vec(document).unwrap_or_default(),
    ))
}

/// Why a text is not a plan that can be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFileError {
    #[error("it is not a plan file: {0}")]
    NotAPlan(String),
    #[error(
        "its format version is {found}, but this portolan reads only up to {FORMAT_VERSION}; \
        plan again with this version"
    )]
    UnknownFormat { found: String },
    #[error("it is damaged: its digest does not match its content; plan again")]
    Damaged,
    #[error("it was printed, not saved: write it with `plan --out FILE`")]
    NotSaved,
    #[error("it is {what}, not a saved plan; {reader}")]
    Other { what: &'static str, reader: String },
    #[error("it is damaged: {0}; plan again")]
    Inconsistent(String),
}

/// A longer message is cut, in characters: it may quote the file.
const LONGEST_MESSAGE: usize = 300;

fn shown(error: &serde_json::Error) -> String {
    visible(&error.to_string())
        .chars()
        .take(LONGEST_MESSAGE)
        .collect()
}

/// Other documents of portolan, by their name in `document`.
const OTHERS: [(&str, &str); 6] = [
    ("receipt", "a receipt of `apply --receipt`"),
    ("report", "a report of `apply --format json`"),
    ("events", "a stream of `apply --events`"),
    ("drift", "a document of `drift --format json`"),
    ("validate", "a document of `validate --format json`"),
    ("list", "a document of `list --format json`"),
];

/// The error for a file that is recognized as something else.
fn other(value: &Value) -> Option<PlanFileError> {
    let name = value.get("document").and_then(Value::as_str);
    if name == Some("snapshot") {
        return Some(PlanFileError::Other {
            what: "a snapshot of `snapshot`",
            reader: "`plan --live FILE` plans from it, and `show FILE` prints it".to_owned(),
        });
    }
    if let Some((name, what)) = OTHERS.iter().find(|(other, _)| Some(*other) == name) {
        let reader =
            format!("it is for programs, and `portolan schema --document {name}` describes it");
        return Some(PlanFileError::Other { what, reader });
    }
    let (what, reader) = if value.get("runs").is_some() {
        ("a SARIF report", "code scanning services read it")
    } else if value
        .get(0)
        .is_some_and(|issue| issue.get("fingerprint").is_some())
    {
        ("a Code Quality report", "GitLab reads it")
    } else if value.get("regions").is_some() {
        ("a state of the emulator", "`--emulator=FILE` reads it")
    } else if value.get("$schema").is_some() {
        ("a JSON Schema", "editors read it")
    } else {
        return None;
    };
    Some(PlanFileError::Other {
        what,
        reader: reader.to_owned(),
    })
}

/// Reads a plan file.
pub fn read(text: &str) -> Result<Plan, PlanFileError> {
    // As a plain value first: another document must be named as such, and not as a plan with a
    // missing field.
    let mut value: Value = serde_json::from_str(text).map_err(|error| {
        // A stream has one document per line; the first identifies it.
        let first = text
            .lines()
            .next()
            .and_then(|line| serde_json::from_str(line).ok());
        first
            .as_ref()
            .and_then(other)
            .unwrap_or_else(|| PlanFileError::NotAPlan(shown(&error)))
    })?;
    if let Some(other) = other(&value) {
        return Err(other);
    }
    let version = value.get("format_version").and_then(Value::as_str);
    let version =
        version.ok_or_else(|| PlanFileError::NotAPlan("it has no `format_version`".to_owned()))?;
    if !is_known(version) {
        return Err(PlanFileError::UnknownFormat {
            found: crate::text::escaped(version),
        });
    }
    let fields = value
        .as_object_mut()
        .ok_or_else(|| PlanFileError::NotAPlan("it is not an object".to_owned()))?;
    // A printed plan has the same format, but neither scope nor digest.
    let Some(written) = fields.shift_remove("digest") else {
        return Err(PlanFileError::NotSaved);
    };
    // Before the document is decoded, so that a damaged file is not explained by a field.
    if written != Value::String(digest(&value)) {
        return Err(PlanFileError::Damaged);
    }
    let document: PlanDocument = serde_json::from_value(value)
        .map_err(|error| PlanFileError::Inconsistent(shown(&error)))?;
    plan_of(document)
}

/// The chart's diagnostics in a plan file.
pub fn diagnostics(text: &str) -> Result<Vec<View>, PlanFileError> {
    let document: PlanDocument =
        serde_json::from_str(text).map_err(|error| PlanFileError::Inconsistent(shown(&error)))?;
    Ok(document.diagnostics)
}

/// An older minor version only lacks keys. A newer one may have keys that change the meaning, so it
/// is refused.
pub(crate) fn is_known(version: &str) -> bool {
    let parts = |text: &str| -> Option<(u32, u32)> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let known = parts(FORMAT_VERSION);
    parts(version)
        .zip(known)
        .is_some_and(|(found, known)| found.0 == known.0 && found.1 <= known.1)
}

fn plan_of(document: PlanDocument) -> Result<Plan, PlanFileError> {
    let changes: Result<Vec<Change>, String> =
        document.changes.into_iter().map(Change::try_from).collect();
    let plan = Plan {
        changes: changes.map_err(PlanFileError::Inconsistent)?,
        unchanged: document.summary.unchanged,
        unlisted: document.unlisted,
        findings: document.findings,
        kept: Vec::new(),
        uncompared: document.uncompared,
        stopped: document.stopped,
        failures: Vec::new(),
        gaps: Vec::new(),
        chart: document.chart,
        scope: document.scope.ok_or(PlanFileError::NotSaved)?,
    };
    // The digest is no signature, so each change is checked as if a person had written it.
    if let Some((change, problem)) = plan
        .changes
        .iter()
        .find_map(|change| Some((change, saved::problem(change)?)))
    {
        return Err(PlanFileError::Inconsistent(format!(
            "{}: {problem}",
            change.address
        )));
    }
    if !saved::in_order(&plan.changes) {
        return Err(PlanFileError::Inconsistent(
            "its changes are not sorted by unique addresses".to_owned(),
        ));
    }
    // A reviewer may have read only the summary.
    if plan.outcome() != document.outcome || plan.summary() != document.summary {
        return Err(PlanFileError::Inconsistent(
            "its summary does not match its changes".to_owned(),
        ));
    }
    Ok(plan)
}

fn named(attributes: &Attributes) -> IndexMap<String, Value> {
    attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

/// What a change sends: its attributes, and what its run copies.
fn sent(change: &Change) -> Option<IndexMap<String, Value>> {
    let mut sent = named(change.action.after()?);
    let copies = change.action.run().and_then(Run::copies);
    if let (Some(copying), Some(copies)) = (change.address.kind().copying, copies) {
        sent.insert(copying.items.to_owned(), copies.items.clone().into());
    }
    Some(sent)
}

impl From<Unlisted> for UnlistedDocument {
    fn from(Unlisted { address, held }: Unlisted) -> UnlistedDocument {
        let held = address
            .kind()
            .holds
            .map(|holds| (holds.fact.name.to_owned(), held));
        UnlistedDocument {
            address,
            held: held.into_iter().collect(),
        }
    }
}

impl From<UnlistedDocument> for Unlisted {
    fn from(UnlistedDocument { address, held }: UnlistedDocument) -> Unlisted {
        let held = address
            .kind()
            .holds
            .and_then(|holds| held.get(holds.fact.name).copied().flatten());
        Unlisted { address, held }
    }
}

impl From<&Change> for ChangeDocument {
    fn from(change: &Change) -> ChangeDocument {
        let restore = matches!(change.action, Action::Replace { .. });
        ChangeDocument {
            address: change.address.clone(),
            actions: change
                .verbs()
                .iter()
                .map(|verb| (*verb).to_owned())
                .collect(),
            reason: change.reason,
            risks: change.risks.iter().map(|risk| risk.class).collect(),
            before: change.action.before().map(named),
            after: sent(change),
            fields: change.fields.clone(),
            source: change.source.clone(),
            withheld: change.withheld.clone(),
            precondition: change.precondition.clone(),
            run: change.action.run().map(Run::document),
            restore: change.action.before().filter(|_| restore).map(named),
            evidence: change
                .risks
                .iter()
                .filter(|risk| !risk.evidence.is_empty())
                .map(|risk| (risk.class, risk.evidence.clone()))
                .collect(),
            notes: change.notes.clone(),
        }
    }
}

impl TryFrom<ChangeDocument> for Change {
    type Error = String;

    fn try_from(mut document: ChangeDocument) -> Result<Change, String> {
        let kind = document.address.kind();
        let after = document.after.as_mut();
        let items = after.and_then(|after| after.shift_remove(kind.copying?.items));
        let at = |problem: String| format!("{}: {problem}", document.address);
        let before = document
            .before
            .map(|named| kind.attributes_from(named))
            .transpose()
            .map_err(at)?;
        let after = document
            .after
            .map(|named| kind.attributes_from(named))
            .transpose()
            .map_err(at)?;
        let verbs: Vec<&str> = document.actions.iter().map(String::as_str).collect();
        let is_run = verbs.last() == Some(&"run");
        if document.run.is_some() != is_run {
            return Err(at(format!("`run` does not match {:?}", document.actions)));
        }
        let items = items.map(serde_json::from_value::<Vec<String>>).transpose();
        let items = items.map_err(|_| at("what is copied is not a list of texts".to_owned()))?;
        let then = match (document.run, items) {
            (Some(run), items) => Some(Box::new(run.with(items).map_err(at)?)),
            (None, None) => None,
            (None, Some(_)) => return Err(at("nothing is run, but something copied".to_owned())),
        };
        let written = verbs.strip_suffix(&["run"]).unwrap_or(&verbs);
        let action = match (written, before, after, then) {
            (["create"], None, Some(after), then) => Action::Create { after, then },
            (["update"], Some(before), Some(after), then) => Action::Update {
                before,
                after,
                then,
            },
            (["delete", "create"], Some(before), Some(after), then) => Action::Replace {
                before,
                after,
                then,
            },
            (["delete"], Some(before), None, None) => Action::Delete { before },
            // Both are written for a run, and both are the live attributes.
            ([], Some(before), Some(_), Some(run)) => Action::Run {
                attributes: before,
                run,
            },
            _ => {
                return Err(at(format!(
                    "`before` and `after` do not match {:?}",
                    document.actions
                )));
            }
        };
        if let Some(field) = document
            .fields
            .iter()
            .find(|field| kind.attribute(field.name).is_none())
        {
            return Err(at(format!(
                "a {} has no attribute `{}`",
                kind.name, field.name
            )));
        }
        let mut evidence = document.evidence;
        let risks = document
            .risks
            .into_iter()
            .map(|class| Risk {
                class,
                evidence: evidence.remove(&class).unwrap_or_default(),
            })
            .collect();
        Ok(Change {
            fields: document.fields,
            risks,
            action,
            reason: document.reason,
            source: document.source,
            withheld: document.withheld,
            precondition: document.precondition,
            notes: document.notes,
            // Plan files contain no secrets.
            hidden: Hidden::new(),
            address: document.address,
        })
    }
}
