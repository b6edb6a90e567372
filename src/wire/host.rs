//! The kind of an endpoint, from its host.

use serde::{Deserialize, Serialize};

/// The domains of Huawei Cloud's own endpoints.
const DOMAINS: [&str; 2] = [".myhuaweicloud.com", ".myhuaweicloud.eu"];

/// The prefix that replaces the URL for the emulator in this process; its state file follows.
pub(crate) const EMULATED: &str = "emulator:";

/// What answers at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointKind {
    HuaweiCloud,
    /// The emulator in this process. One that is served on a port is [`EndpointKind::Other`].
    Emulator,
    Other,
}

impl EndpointKind {
    pub const ALL: [EndpointKind; 3] = [
        EndpointKind::HuaweiCloud,
        EndpointKind::Emulator,
        EndpointKind::Other,
    ];

    /// The kind of an endpoint, which is written as in a plan.
    pub fn of(endpoint: &str) -> EndpointKind {
        match host(endpoint) {
            None => EndpointKind::Emulator,
            // For an IPv6 address this cuts inside the brackets, which does no harm: it is not
            // Huawei's.
            Some(host) if is_huawei(host.rsplit_once(':').map_or(host, |(name, _)| name)) => {
                EndpointKind::HuaweiCloud
            }
            Some(_) => EndpointKind::Other,
        }
    }

    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            EndpointKind::HuaweiCloud => "huawei-cloud",
            EndpointKind::Emulator => "emulator",
            EndpointKind::Other => "other",
        }
    }
}

/// The host of an endpoint as in a plan, with the port if it is not the scheme's default. The
/// emulator in this process has none.
pub fn host(endpoint: &str) -> Option<&str> {
    if endpoint.starts_with(EMULATED) {
        return None;
    }
    let rest = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest);
    Some(rest.split('/').next().unwrap_or(rest))
}

/// Whether a host, without a port, is Huawei Cloud's.
pub(crate) fn is_huawei(host: &str) -> bool {
    DOMAINS.iter().any(|domain| host.ends_with(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_decides_the_kind() {
        for (endpoint, kind, expected) in [
            (
                "https://swr-api.cn-north-4.myhuaweicloud.com",
                "huawei-cloud",
                Some("swr-api.cn-north-4.myhuaweicloud.com"),
            ),
            (
                "https://iam.eu-west-101.myhuaweicloud.eu:8443/x",
                "huawei-cloud",
                Some("iam.eu-west-101.myhuaweicloud.eu:8443"),
            ),
            (
                "https://myhuaweicloud.com.example.com/.myhuaweicloud.com",
                "other",
                Some("myhuaweicloud.com.example.com"),
            ),
            ("http://[::1]:8080/r", "other", Some("[::1]:8080")),
            (
                "emulator:.portolan/https://x.myhuaweicloud.com",
                "emulator",
                None,
            ),
        ] {
            assert_eq!(
                (EndpointKind::of(endpoint).name(), host(endpoint)),
                (kind, expected),
                "{endpoint}"
            );
        }
    }
}
