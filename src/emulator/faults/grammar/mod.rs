//! Faults as text: one grammar for the command line, for files and for the control endpoint.
//!
//! A fault is a set of fields, of which one says what happens and the others to whom. On the
//! command line they are joined with commas, `cut-after,method=POST`; in a file each fault is a
//! mapping of the same fields.

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
    state::regions,
};
use fields::Fields;

/// What may happen: the field, its value, and what it means.
const EFFECTS: [(&str, &str, &str); 14] = [
    (
        "status",
        "=STATUS",
        "answers with an error of that status, without doing anything",
    ),
    (
        "expired-token",
        "[=SHAPE]",
        "answers 401: gateway (the default), service, codearts-v4 or codearts-v1",
    ),
    ("cut-before", "", "closes the connection; nothing was done"),
    ("cut-after", "", "closes the connection; it was done"),
    ("hang-before", "", "never answers; nothing was done"),
    ("hang-after", "", "never answers; it was done"),
    (
        "truncate",
        "=BYTES",
        "closes the connection after so many bytes of the body; it was done",
    ),
    (
        "delay",
        "=TIME",
        "answers late, such as `250ms` or `2s`; it was done at once",
    ),
    ("drop-items", "=N", "leaves the last N items of a list out"),
    (
        "repeat-page",
        "",
        "answers with the page before, where there is one",
    ),
    (
        "wrong-total",
        "=N",
        "says that a list has N items more than it has; fewer with a minus",
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
        "somebody else does EDIT right before the request, which is then served",
    ),
];

/// Which requests are struck.
const CHOICES: [(&str, &str, &str); 9] = [
    ("route", "=NAME", "only that operation"),
    ("method", "=METHOD", "only that method"),
    (
        "path",
        "=PATTERN",
        "only where the escaped path contains that; `*` stands for anything",
    ),
    ("region", "=REGION", "only that region"),
    ("skip", "=N", "not the first N of them"),
    ("every", "=N", "of the rest each N-th only"),
    (
        "probability",
        "=P",
        "of these each with that probability, from 0 to 1",
    ),
    (
        "seed",
        "=N",
        "for `probability`: the same seed strikes the same requests; 0 if left out",
    ),
    (
        "times",
        "=N|all",
        "at most N requests; 1, or with `every` or `probability` all, if left out",
    ),
];

/// What an error of `status` looks like.
const DETAILS: [(&str, &str, &str); 7] = [
    (
        "body",
        "=BODY",
        "in which words; if left out those of whoever says that status mostly",
    ),
    (
        "code",
        "=CODE",
        "the error code in it; if left out a documented one of that status",
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
        "a `Retry-After` header with the date in so many seconds; past with a minus",
    ),
    (
        "committed",
        "",
        "the service did what it was asked before the answer was lost",
    ),
];

impl Fault {
    /// Reads the faults of a file: a list of mappings, in YAML or JSON. The error names the item.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        let expected = "expected a list of faults, such as `- { cut-after: true, method: POST }`";
        let document: serde_yaml::Value =
            serde_yaml::from_str(text).map_err(|error| format!("{expected}: {error}"))?;
        let items = document.as_sequence().ok_or(expected)?;
        let numbered =
            |(at, item)| Self::of(item).map_err(|error| format!("fault {}: {error}", at + 1));
        items.iter().enumerate().map(numbered).collect()
    }

    /// The fault of one mapping.
    fn of(value: &serde_yaml::Value) -> Result<Self, String> {
        Self::read(Fields::of_mapping(value)?)
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
            return Err("`seed` belongs to `probability`".to_owned());
        }
        let every = fields.number("every", |number: &usize| *number > 0, "a number from 1 on")?;
        let count =
            match fields.take("times") {
                Some(times) if times == "all" => None,
                Some(times) => Some(times.parse().map_err(|_| {
                    format!("`times` cannot be `{times}`: expected a number or `all`")
                })?),
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
        match fields.rest() {
            None => Ok(fault),
            Some(name) => Err(misplaced(&name)),
        }
    }

    /// The fields, as a file has them.
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

    /// The grammar, for people.
    pub fn help() -> String {
        let line = |(name, value, about): &(&str, &str, &str)| {
            format!("  {:<26}{about}\n", format!("{name}{value}"))
        };
        let table = |fields: &[(&str, &str, &str)]| fields.iter().map(line).collect::<String>();
        format!(
            "FIELD[=VALUE],...; a comma in a value is written `\\,`\n\n\
             what happens, exactly one of:\n{}\nto which requests:\n{}\nwith `status`:\n{}\n\
             bodies:\n  {}\n\nroutes:\n  {}\n\nedits:\n  {}\n",
            table(&EFFECTS),
            table(&CHOICES),
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

/// Why a field is left when everything was read.
fn misplaced(name: &str) -> String {
    let names = |fields: &[(&str, &str, &str)]| {
        fields
            .iter()
            .map(|(name, ..)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match DETAILS.iter().any(|(known, ..)| *known == name) {
        true => format!("`{name}` belongs to `status`"),
        false => format!(
            "there is no field `{name}`; with an effect there are {}",
            names(&CHOICES)
        ),
    }
}

fn method(name: &str) -> Result<String, String> {
    let name = name.to_ascii_uppercase();
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"].contains(&name.as_str());
    known
        .then(|| name.clone())
        .ok_or_else(|| format!("`{name}` is no method"))
}

fn region(name: String) -> Result<String, String> {
    if regions::exists(&name) {
        Ok(name)
    } else {
        Err(format!("the emulator knows no region `{name}`"))
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
        .ok_or_else(|| match fields.unknown(&[&CHOICES, &DETAILS]) {
            Some(name) => format!(
                "nothing is called `{name}`; what happens is one of {}",
                all()
            ),
            None => format!("it does not say what happens, which is one of {}", all()),
        })?;
    if let Some(other) = given.next() {
        return Err(format!("`{name}` and `{other}` are two faults"));
    }
    let count = |fields: &mut Fields| {
        let number = fields.number(name, |number: &usize| *number > 0, "a number from 1 on")?;
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
        "stale-writes" => count(fields).map(|number| Effect::Stale(Lag::Writes(number))),
        "stale-reads" => count(fields).map(|number| Effect::Stale(Lag::Reads(number))),
        "wrong-total" => {
            let by = fields.number(name, |by: &i64| *by != 0, "a number such as `3` or `-1`")?;
            Ok(Effect::WrongTotal(by.unwrap_or_default()))
        }
        _ => fields
            .take(name)
            .unwrap_or_default()
            .parse()
            .map(Effect::Stranger),
    }
}

fn expired_token(shape: &str) -> Result<Effect, String> {
    match shape {
        "true" | "gateway" => Ok(Effect::unauthorized()),
        "service" => Ok(Effect::expired_token()),
        "codearts-v4" => Ok(Effect::codearts_expired_token(CodeArtsShape::V4)),
        "codearts-v1" => Ok(Effect::codearts_expired_token(CodeArtsShape::V1)),
        _ => Err(format!(
            "`expired-token` is one of gateway, service, codearts-v4, codearts-v1, and not \
            `{shape}`"
        )),
    }
}

fn delay(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').unwrap_or_default(), 1000),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("`delay` is a time such as `250ms` or `2s`, and not `{text}`"))?;
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
        | Effect::Stale(Lag::Writes(number) | Lag::Reads(number)) => number.to_string(),
        Effect::Delay(time) => format!("{}ms", time.as_millis()),
        Effect::WrongTotal(by) => by.to_string(),
        Effect::Stranger(edit) => edit.to_string(),
    };
    vec![(effect.name(), value)]
}

#[cfg(test)]
mod tests;
