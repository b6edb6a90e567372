//! `portolan schema`: the JSON Schema of the chart.

use super::output;
use crate::{exit::Exit, plan::document::pretty, schema};

pub(super) fn run() -> anyhow::Result<Exit> {
    output::document(&pretty(&schema::chart()))?;
    Ok(Exit::Done)
}
