//! The list of branches, with which a client can check what a run copied.

use serde_json::{Value, json};

use super::{Call, OperationResult, Reply};
use crate::emulator::settings::assumptions::{BranchCommit, InvalidValue};
use crate::emulator::state::git::Access;

pub(super) fn list(call: &mut Call<'_>, id: &str) -> OperationResult {
    let (choice, input) = (call.settings.assumptions.branch_commit, call.input());
    let repository = call.repository(id, Access::Read)?;
    let mut input = input?;
    let (offset, limit) = (
        input.number("offset", 0..=2_147_483_647, 0)?,
        input.number("limit", 1..=100, 20)?,
    );
    // The state has no update times of branches, so the other two orders are by name, ascending.
    let sort = input.one_of("sort", &["updated_desc", "updated_asc", "name"])?;
    let all = input.one_of("view", &["basic", "all", "simple"])? == "all";
    let can_push = repository.access == Access::Set;
    let branch = |(name, commit): (&String, &String)| {
        let mut item = json!({
            "name": name,
            "default": *name == repository.default_branch,
            "can_delete": can_push,
            "can_read": true,
            "can_download": true,
            "can_push": can_push,
        });
        // The typed item has no commit; `view=all` promises "all information" without a shape
        // (section 5).
        if all && choice == BranchCommit::Present {
            item["commit"] = json!({ "id": commit });
        }
        item
    };
    let mut branches: Vec<_> = repository.refs.branches.iter().collect();
    if sort == "name" {
        // The parameter's description says "by name, descending".
        branches.reverse();
    }
    let total = branches.len();
    let items: Vec<Value> = branches
        .into_iter()
        .skip(offset)
        .take(limit)
        .map(branch)
        .collect();
    let mut reply = Reply::new(200, json!(items));
    reply.headers.push(("X-Total", total.to_string()));
    Ok(reply
        .assuming_if(all, BranchCommit::NAME)
        .assuming_if(input.ignored, InvalidValue::NAME))
}
