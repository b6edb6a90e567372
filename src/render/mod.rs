//! Formats values as text, one format for each file. Nothing here prints, and nothing here decides.

mod change;
pub mod chart;
pub mod checkout;
mod cloud;
pub mod codes;
pub mod doctor;
pub mod drift;
pub mod findings;
pub mod fit;
mod fold;
pub mod gitlab;
pub mod init;
pub mod markdown;
pub mod metrics;
mod outline;
pub mod plan;
mod plan_findings;
pub mod question;
pub mod reference;
pub mod report;
pub mod sarif;
pub mod style;
mod unlisted;
pub mod version;
pub mod words;
mod yaml;
pub mod yaml_diff;
