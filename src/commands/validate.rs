//! `portolan validate`: decode and check the chart, offline.

use super::{asked::Asked, checkout, output, session};
use crate::{
    cli::{FindingsFormat, Global, ValidateArgs},
    exit::Exit,
    render::{chart, findings, gitlab, sarif},
    text::counted,
};

pub(super) fn run(global: &Global, args: &ValidateArgs) -> anyhow::Result<Exit> {
    if global.file_is_typed && !args.files.is_empty() {
        let message = "name the files either after `validate` or with `--file`, not both";
        return Err(super::UsageError(message.to_owned()).into());
    }
    let file = if args.files.is_empty() {
        global.file.clone()
    } else {
        args.files.clone()
    };
    // From here on the files are those of `--file`, for paths in reports too.
    let global = &Global {
        file,
        ..global.clone()
    };
    let loaded = session::load_chart(global).and_then(|mut loaded| {
        loaded.conclude(global, None, &Asked::default())?;
        Ok(loaded)
    });
    let views = match &loaded {
        Ok(loaded) => &loaded.views,
        Err(session::Unready(views)) => views,
    };
    // Without errors, all findings are warnings.
    let denied = args.deny.is_some() && !views.is_empty();
    match (args.format, &loaded) {
        (FindingsFormat::Text, Err(_)) => {}
        (FindingsFormat::Text, Ok(_)) if denied => {}
        (FindingsFormat::Text, Ok(loaded)) if args.print => {
            output::paged(global, &chart::text(&loaded.chart))?;
        }
        (FindingsFormat::Text, Ok(loaded)) => {
            let resources = counted(loaded.chart.resources.len(), ("resource", "resources"));
            output::document(&format!("The chart is valid: {resources}.\n"))?;
        }
        (FindingsFormat::Json, _) => output::document(&findings::json(views))?,
        (FindingsFormat::Sarif, _) => {
            output::document(&sarif::sarif(views, &[], &checkout::of(global)?))?;
        }
        (FindingsFormat::Github, _) => output::document(&findings::github(views))?,
        (FindingsFormat::Gitlab, _) => {
            output::document(&gitlab::gitlab(views, &checkout::of(global)?))?;
        }
    }
    if denied && loaded.is_ok() {
        output::print_line("warnings are denied");
    }
    Ok(if loaded.is_ok() && !denied {
        Exit::Done
    } else {
        Exit::Failed
    })
}
