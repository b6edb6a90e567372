//! Why no credentials can be used. A message names variables, files and profiles, never a value.

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    #[error(
        "no credentials found: set `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`, \
        or `HW_ACCESS_KEY` and `HW_SECRET_KEY`, or `HW_AUTH_TOKEN`, or those for OIDC; \
        docs/credentials.md lists all sources; `--emulator` needs none"
    )]
    Missing,
    #[error(
        "`HUAWEICLOUD_OIDC_PROVIDER_URN` and `HUAWEICLOUD_OIDC_AGENCY_URN` are set, but there is no \
        id token: set `HUAWEICLOUD_OIDC_TOKEN_FILE` or `HUAWEICLOUD_OIDC_ID_TOKEN`, or give the \
        job of GitHub `permissions: id-token: write`"
    )]
    NoIdToken,
    #[error("{origin} is empty")]
    EmptyIdToken { origin: String },
    #[error("`{variable}` is no whole number of seconds")]
    NoNumber { variable: &'static str },
    #[error(
        "`PORTOLAN_ASSUME_AGENCY` is neither the URN of an agency, such as \
        `iam::ACCOUNT_ID:agency:NAME`, nor `ACCOUNT/AGENCY`"
    )]
    BadAgency,
    #[error("no credentials found for `--credentials {source_name}`: {expected}")]
    MissingSource {
        source_name: &'static str,
        expected: &'static str,
    },
    #[error("`{given}` is set, but `{missing}` is not: set it too, or unset `{given}`")]
    HalfASet {
        given: &'static str,
        missing: &'static str,
    },
    #[error(
        "`HW_AUTH_TOKEN` and {keys} are both set, and may belong to different accounts: unset the \
        token or the keys"
    )]
    Ambiguous { keys: &'static str },
    #[error(
        "`{first}` and `{second}` are both set, with different keys, which may belong to different \
        accounts: unset one of the two sets"
    )]
    TwoSets {
        first: &'static str,
        second: &'static str,
    },
    #[error("{place} contains a line break: set it again as one line")]
    LineBreak { place: String },
    #[error(
        "{place} contains a character that no credential has (a blank, a control character, \
        or not ASCII): set it again"
    )]
    BadCharacter { place: String },
    #[error(
        "`HW_AUTH_TOKEN` is valid in one region, but the chart has {regions}: use access keys, or \
        one region at a time"
    )]
    TokenForRegions { regions: usize },
    #[error(
        "{by} names a profile, and `--credentials {source_name}` another source: use one of them"
    )]
    ProfileElsewhere {
        by: &'static str,
        source_name: &'static str,
    },
    #[error("{file} cannot be read: {problem}")]
    Unreadable { file: String, problem: String },
    #[error("{file} is not valid: {problem}")]
    Malformed { file: String, problem: String },
    #[error("{file} has no profile {name}{known}")]
    NoProfile {
        file: String,
        name: String,
        /// The profiles that there are, for the end of the sentence.
        known: String,
    },
    #[error("{place} has `{given}`, but no `{missing}`: write it, or remove `{given}`")]
    HalfAProfile {
        place: String,
        given: &'static str,
        missing: &'static str,
    },
    #[error(
        "the keys of {place} are encrypted, so only KooCLI can read them: write them in plain text \
        with `hcloud configure set --cli-auth-encrypt=false`, or use other credentials"
    )]
    Encrypted { place: String },
    #[error("{place} has the mode `{mode}`, whose keys are not in the file: {instead}")]
    Mode {
        place: String,
        mode: String,
        instead: &'static str,
    },
}
