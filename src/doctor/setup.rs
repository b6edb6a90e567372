//! The lines about this machine: the chart, the credentials and the settings.

use super::{
    CHART, CREDENTIALS, Line, SETTINGS, Section, Status, duration, refusal,
    seen::{ChartSeen, Credentials, Seen},
    wrong_clock,
};
use crate::{state::Chart, text::counted};

pub(super) fn lines(chart: &Chart, seen: &Seen) -> Vec<Line> {
    let mut lines = vec![of_chart(chart, seen)];
    lines.extend(credentials(seen));
    let settings = seen.settings.iter();
    let setting = |it| Line::problem(&Section::Setup, SETTINGS, Status::Failure, it);
    lines.extend(settings.map(setting));
    lines
}

fn of_chart(chart: &Chart, seen: &Seen) -> Line {
    let line = |status, message: String| Line::new(&Section::Setup, CHART, status, message);
    match &seen.chart {
        ChartSeen::Read { files, resources } => {
            let resources = counted(*resources, ("resource", "resources"));
            let regions = counted(chart.regions.len(), ("region", "regions"));
            line(Status::Ok, format!("{files}: {resources} in {regions}"))
        }
        ChartSeen::Broken => line(Status::Failure, "it has errors".to_owned())
            .hint("`portolan validate` shows them; what follows needs no chart"),
        ChartSeen::None if seen.regions.is_empty() => line(
            Status::Failure,
            "there is none here, and no region is named".to_owned(),
        )
        .hint("`portolan doctor --region cn-north-4` looks at a region without a chart"),
        ChartSeen::None => line(Status::Note, "there is none here".to_owned())
            .hint("what follows needs none; `portolan init` writes one"),
    }
}

fn credentials(seen: &Seen) -> Vec<Line> {
    let line = |status, message: String| Line::new(&Section::Setup, CREDENTIALS, status, message);
    let mut lines = match &seen.credentials {
        Credentials::NotLookedFor => Vec::new(),
        Credentials::NotNeeded => {
            vec![line(Status::Ok, "the emulator needs none".to_owned())]
        }
        Credentials::Unusable(reason) => vec![line(Status::Failure, reason.clone())],
        Credentials::Found {
            what,
            left,
            is_renewed,
            ends,
        } => {
            let time = match (left, is_renewed, ends) {
                (Some(left), true, _) => {
                    let minutes = left.div_ceil(60) * 60;
                    format!(" (valid for {}, then renewed)", duration(minutes))
                }
                (_, false, true) => " (short-lived, not renewed)".to_owned(),
                _ => String::new(),
            };
            vec![line(Status::Ok, format!("{what}{time}"))]
        }
    };
    if let Some(variable) = seen.ignored {
        lines.push(
            line(
                Status::Warning,
                format!("`{variable}` is set, and only Terraform reads it"),
            )
            .hint("set `PORTOLAN_ASSUME_AGENCY` to `DOMAIN/AGENCY` to assume that agency here too"),
        );
    }
    if let Some(problem) = refusal(seen) {
        let line = line(Status::Failure, format!("refused: {}", problem.message));
        lines.push(match wrong_clock(seen) {
            Some(off) => line.hint(format!(
                "because of the clock, which is {off}: a signature is valid for minutes"
            )),
            None => line.hint("check the key and its secret, and whether the key is still active"),
        });
    }
    lines
}
