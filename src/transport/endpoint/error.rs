//! Why an endpoint cannot be used.

use super::Origin;
use crate::names::{self, Name};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("`{0}` is not {rule}", rule = names::rule(Name::Region))]
    Region(String),
    #[error(
        "{}{origin} ({url}) is no usable URL: {problem}; expected such as \
        `https://swr-api.{{region}}.example.com`",
        .origin.place()
    )]
    Url {
        origin: Origin,
        url: String,
        problem: String,
    },
    #[error(
        "{}{origin} ({url}) would send credentials in the clear: use https; plain http is for \
        loopback only",
        .origin.place()
    )]
    PlainHttp { origin: Origin, url: String },
    #[error(
        "{}{origin} would send credentials to `{host}`, outside Huawei Cloud's domains: if that is \
        meant, allow it with `--allow-endpoint {host}` or set `{}`",
        .origin.place(), .origin.variable()
    )]
    Foreign { origin: Origin, host: String },
    #[error(
        "the regions {first} and {second} have the same endpoint {url}{}: put `{{region}}` into \
        it, or use one region",
        .spelling.as_ref().map(|other| format!(", which is also written \
            {other}")).unwrap_or_default()
    )]
    Shared {
        first: String,
        second: String,
        url: String,
        /// The other spelling of the URL, if there are two.
        spelling: Option<String>,
    },
    #[error(
        "`PORTOLAN_ENDPOINT_METADATA` is not on this machine: expected a loopback address, such as \
        `http://127.0.0.1:8080`"
    )]
    NotLoopback,
    #[error(
        "where CodeArts Repo is in {0} is not known: name it in `endpoints.codearts`, or set \
        `PORTOLAN_ENDPOINT_CODEARTS`"
    )]
    UnknownCodeArtsHost(String),
    #[error(
        "the region {region} has two endpoints, {first} and {second}: give the same one in every \
        document"
    )]
    Conflict {
        region: String,
        first: String,
        second: String,
    },
}
