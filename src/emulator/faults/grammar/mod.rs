//! Faults as text: one grammar for the command line, for files and for the control endpoint.
//!
//! A fault is a set of fields: one is the effect, the others select requests. On the command line
//! they are joined with commas, `cut-after,method=POST`; in a file each fault is a mapping of the
//! same fields.

mod error;
mod fields;

use std::{fmt, str::FromStr, time::Duration};

use crate::emulator::{
    faults::{
        Chance, Fault,
        bodies::CodeArtsShape,
        effects::{Effect, Lag},
        stranger::Edit,
    },
    gateway::routes::{self, Route},
    state::{jobs::JobEnding, regions},
};
use fields::Fields;

/// The effects: the field, its value, and what it does.
const EFFECTS: [(&str, &str, &str); 16] = [
    (
        "status",
        "=STATUS",
        "answers with an error of that status; the request is not executed",
    ),
    (
        "expired-token",
        "[=SHAPE]",
        "answers 401: gateway (the default), service, codearts-v4 or codearts-v1",
    ),
    (
        "cut-before",
        "",
        "closes the connection; the request is not executed",
    ),
    (
        "cut-after",
        "",
        "closes the connection; the request is executed",
    ),
    (
        "hang-before",
        "",
        "never answers; the request is not executed",
    ),
    ("hang-after", "", "never answers; the request is executed"),
    (
        "truncate",
        "=BYTES",
        "closes the connection after BYTES of the body; the request is executed",
    ),
    (
        "delay",
        "=TIME",
        "answers late, such as `250ms` or `2s`; the request is executed at once",
    ),
    ("drop-items", "=N", "omits the last N items of a list"),
    ("drop-first", "=N", "omits the first N items of a list"),
    (
        "repeat-page",
        "",
        "answers with the previous page; not a first page",
    ),
    (
        "wrong-total",
        "=N",
        "adds N to the total of a list; N may be negative",
    ),
    (
        "stale-writes",
        "=N",
        "answers a read from the state before the last N writes",
    ),
    (
        "stale-reads",
        "=N",
        "hides each write from the N reads that follow it",
    ),
    (
        "stranger",
        "=EDIT",
        "another client makes EDIT right before the request, which is then served",
    ),
    (
        "job",
        "=ENDING",
        "a job that copies a tag ends without a copy: failed, timeout, cancel, or hang (never)",
    ),
];

/// How a job can end.
const ENDINGS: [(&str, JobEnding); 4] = [
    ("failed", JobEnding::Failed),
    ("timeout", JobEnding::Timeout),
    ("cancel", JobEnding::Cancel),
    ("hang", JobEnding::Hang),
];

/// The fields that select requests.
const SELECTORS: [(&str, &str, &str); 9] = [
    ("route", "=NAME", "only that operation"),
    ("method", "=METHOD", "only that method"),
    (
        "path",
        "=PATTERN",
        "only escaped paths that contain it; `*` matches any text",
    ),
    ("region", "=REGION", "only that region"),
    ("skip", "=N", "not the first N of them"),
    ("every", "=N", "of the rest only each N-th"),
    (
        "probability",
        "=P",
        "each of these with that probability, from 0 to 1",
    ),
    (
        "seed",
        "=N",
        "for `probability`: the same seed strikes the same requests; default 0",
    ),
    (
        "times",
        "=N|all",
        "at most N requests; default 1, with `every` or `probability` all",
    ),
];

/// The fields of an error response.
const DETAILS: [(&str, &str, &str); 7] = [
    (
        "body",
        "=BODY",
        "the shape of the body; default the usual one of that status",
    ),
    (
        "code",
        "=CODE",
        "the error code in it; default a documented one of that status",
    ),
    (
        "message",
        "=TEXT",
        "the message in it, or the whole text of `text` and `html`",
    ),
    ("content-type", "=TYPE", "the header, for `text` and `html`"),
    (
        "retry-after",
        "=SECONDS",
        "a `Retry-After` header in seconds",
    ),
    (
        "retry-after-date",
        "=SECONDS",
        "a `Retry-After` header with the date in SECONDS; negative for the past",
    ),
    (
        "committed",
        "",
        "the request is executed, and only its answer is replaced",
    ),
];

impl Fault {
    /// Reads the faults of a file: a list of mappings, in YAML or JSON. The error names the item.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        let expected = "expected a list of faults, such as `- { cut-after: true, method: POST }`";
        // JSON is YAML as well, so one parser reads both.
        let document: serde_yaml::Value =
            serde_yaml::from_str(text).map_err(|error| format!("{expected}: {error}"))?;
        let items = document.as_sequence().ok_or(expected)?;
        items
            .iter()
            .enumerate()
            .map(|(at, item)| {
                Fields::of_mapping(item)
                    .and_then(Self::read)
                    .map_err(|error| format!("fault {}: {error}", at + 1))
            })
            .collect()
    }

    fn read(mut fields: Fields) -> Result<Self, String> {
        let effect = effect(&mut fields)?;
        let probability = fields.number(
            "probability",
            |number: &f64| (0.0..=1.0).contains(number),
            "from 0 to 1",
        )?;
        let seed = fields.number("seed", |_: &u64| true, "a whole number")?;
        if probability.is_none() && seed.is_some() {
            return Err("`seed` needs `probability`".to_owned());
        }
        let every = fields.number("every", |number: &usize| *number > 0, "a number from 1 on")?;
        let count =
            match fields.take("times") {
                Some(times) if times == "all" => None,
                Some(times) => Some(times.parse().map_err(|_| {
                    format!("`times` cannot be `{times}`: expected a number or `all`")
                })?),
                // A periodic or random fault that ended after one strike would be useless.
                None => (every.is_none() && probability.is_none()).then_some(1),
            };
        let fault = Self {
            route: fields
                .take("route")
                .map(|name| Route::named(&name))
                .transpose()?,
            method: fields
                .take("method")
                .map(|name| method(&name))
                .transpose()?,
            path: fields.take("path"),
            region: fields.take("region").map(region).transpose()?,
            skip: fields
                .number("skip", |_: &usize| true, "a number")?
                .unwrap_or(0),
            every: every.unwrap_or(1),
            chance: probability.map(|probability| Chance {
                probability,
                seed: seed.unwrap_or(0),
            }),
            count,
            effect,
        };
        // All known fields are taken by now.
        match fields.rest() {
            None => Ok(fault),
            Some(name) => Err(unexpected(&name)),
        }
    }

    /// The fields of the fault, as in a file.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = effect_fields(&self.effect);
        let texts = [
            ("route", self.route.map(|route| route.name().to_owned())),
            ("method", self.method.clone()),
            ("path", self.path.clone()),
            ("region", self.region.clone()),
            ("skip", (self.skip > 0).then(|| self.skip.to_string())),
            ("every", (self.every > 1).then(|| self.every.to_string())),
            (
                "probability",
                self.chance.map(|chance| chance.probability.to_string()),
            ),
            ("seed", self.chance.map(|chance| chance.seed.to_string())),
            (
                "times",
                Some(
                    self.count
                        .map_or_else(|| "all".to_owned(), |count| count.to_string()),
                ),
            ),
        ];
        fields.extend(
            texts
                .into_iter()
                .filter_map(|(name, text)| Some((name, text?))),
        );
        fields
    }

    /// The help of the grammar.
    pub fn help() -> String {
        let line = |(name, value, about): &(&str, &str, &str)| {
            format!("  {:<26}{about}\n", format!("{name}{value}"))
        };
        let table = |fields: &[(&str, &str, &str)]| fields.iter().map(line).collect::<String>();
        format!(
            "FIELD[=VALUE],...; a comma in a value is written `\\,`\n\n\
             effect, exactly one of:\n{}\nrequests:\n{}\nwith `status`:\n{}\n\
             bodies:\n  {}\n\nroutes:\n  {}\n\nedits:\n  {}\n",
            table(&EFFECTS),
            table(&SELECTORS),
            table(&DETAILS),
            error::bodies(),
            routes::table(),
            Edit::forms().join("\n  "),
        )
    }
}

impl FromStr for Fault {
    type Err = String;

    /// Reads `FIELD[=VALUE],...`.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::read(Fields::of_text(text)?)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&fields::joined(&self.fields()))
    }
}

/// The error for a field that is left when all known fields were taken.
fn unexpected(name: &str) -> String {
    let names = |fields: &[(&str, &str, &str)]| {
        fields
            .iter()
            .map(|(name, ..)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match DETAILS.iter().any(|(known, ..)| *known == name) {
        true => format!("`{name}` needs `status`"),
        false => format!(
            "unknown field `{name}`; expected, beside an effect, {}",
            names(&SELECTORS)
        ),
    }
}

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

fn method(name: &str) -> Result<String, String> {
    let name = name.to_ascii_uppercase();
    if METHODS.contains(&name.as_str()) {
        Ok(name)
    } else {
        let known = METHODS.join(", ");
        Err(format!("unknown method `{name}`; expected one of {known}"))
    }
}

fn region(name: String) -> Result<String, String> {
    if regions::exists(&name) {
        Ok(name)
    } else {
        Err(format!(
            "unknown region `{name}`; expected an id such as `cn-north-4`"
        ))
    }
}

fn effect(fields: &mut Fields) -> Result<Effect, String> {
    let mut given = EFFECTS
        .iter()
        .filter(|(name, ..)| fields.has(name))
        .map(|(name, ..)| *name);
    let all = || {
        EFFECTS
            .map(|(name, value, _)| format!("{name}{value}"))
            .join(", ")
    };
    let name = given
        .next()
        .ok_or_else(|| match fields.unknown(&[&SELECTORS, &DETAILS]) {
            Some(name) => format!("unknown effect `{name}`; expected one of {}", all()),
            None => format!("no effect is given; expected one of {}", all()),
        })?;
    if let Some(other) = given.next() {
        return Err(format!(
            "`{name}` and `{other}` are two effects; expected one"
        ));
    }
    let count = |fields: &mut Fields| {
        let number = fields.number(name, |number: &usize| *number > 0, "a number from 1 on")?;
        // The field exists: it has selected the effect.
        Ok::<_, String>(number.unwrap_or_default())
    };
    match name {
        "status" => error::read(fields),
        "expired-token" => expired_token(&fields.take(name).unwrap_or_default()),
        "cut-before" => fields.flag(name, Effect::CutBefore),
        "cut-after" => fields.flag(name, Effect::CutAfter),
        "hang-before" => fields.flag(name, Effect::HangBefore),
        "hang-after" => fields.flag(name, Effect::HangAfter),
        "repeat-page" => fields.flag(name, Effect::RepeatPage),
        "truncate" => Ok(Effect::Truncate(
            fields
                .number(name, |_| true, "a number of bytes")?
                .unwrap_or_default(),
        )),
        "delay" => delay(&fields.take(name).unwrap_or_default()).map(Effect::Delay),
        "drop-items" => count(fields).map(Effect::DropItems),
        "drop-first" => count(fields).map(Effect::DropFirst),
        "job" => job(&fields.take(name).unwrap_or_default()).map(Effect::Job),
        "stale-writes" => count(fields).map(|number| Effect::Stale(Lag::Writes(number))),
        "stale-reads" => count(fields).map(|number| Effect::Stale(Lag::Reads(number))),
        "wrong-total" => {
            let by = fields.number(name, |by: &i64| *by != 0, "a number such as `3` or `-1`")?;
            Ok(Effect::WrongTotal(by.unwrap_or_default()))
        }
        // Only `stranger` is left.
        _ => fields
            .take(name)
            .unwrap_or_default()
            .parse()
            .map(Effect::Stranger),
    }
}

fn expired_token(shape: &str) -> Result<Effect, String> {
    match shape {
        // A field without a value is `true`.
        "true" | "gateway" => Ok(Effect::unauthorized()),
        "service" => Ok(Effect::expired_token()),
        "codearts-v4" => Ok(Effect::codearts_expired_token(CodeArtsShape::V4)),
        "codearts-v1" => Ok(Effect::codearts_expired_token(CodeArtsShape::V1)),
        _ => Err(format!(
            "`expired-token` cannot be `{shape}`: expected gateway, service, codearts-v4 or \
            codearts-v1"
        )),
    }
}

fn job(text: &str) -> Result<JobEnding, String> {
    let found = ENDINGS.into_iter().find(|(name, _)| *name == text);
    found.map(|(_, ending)| ending).ok_or_else(|| {
        let names = ENDINGS.map(|(name, _)| name).join(", ");
        format!("`job` cannot be `{text}`: expected one of {names}")
    })
}

fn delay(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').unwrap_or_default(), 1000),
    };
    let number: u64 = number.parse().map_err(|_| {
        format!("`delay` cannot be `{text}`: expected a time such as `250ms` or `2s`")
    })?;
    Ok(Duration::from_millis(number.saturating_mul(unit)))
}

fn effect_fields(effect: &Effect) -> Vec<(&'static str, String)> {
    let value = match effect {
        Effect::Status {
            body,
            retry_after,
            committed,
        } => return error::fields(body, *retry_after, *committed),
        Effect::CutBefore
        | Effect::CutAfter
        | Effect::HangBefore
        | Effect::HangAfter
        | Effect::RepeatPage => "true".to_owned(),
        Effect::Truncate(number)
        | Effect::DropItems(number)
        | Effect::DropFirst(number)
        | Effect::Stale(Lag::Writes(number) | Lag::Reads(number)) => number.to_string(),
        Effect::Delay(time) => format!("{}ms", time.as_millis()),
        Effect::WrongTotal(by) => by.to_string(),
        Effect::Stranger(edit) => edit.to_string(),
        Effect::Job(ending) => {
            let found = ENDINGS.iter().find(|(_, known)| known == ending);
            found.map_or_else(String::new, |(name, _)| (*name).to_owned())
        }
    };
    vec![(effect.name(), value)]
}

#[cfg(test)]
mod tests;
