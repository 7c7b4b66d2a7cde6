//! From the control plane's snapshot to a page of instances.

use control_plane::{Drill, Group, Instance};

use super::model::{DrillRow, InstanceRow, InstanceTable};
use crate::{
    console::overview::reading,
    session::{Role, Session},
};

/// Instances on one page.
const ROWS: usize = 50;

/// The page of `group`'s instances that somebody looks at.
pub fn table(group: &Group, now: i64, page: u32, session: &Session, drills: bool) -> InstanceTable {
    let total = group.instances.len();
    let pages = total.div_ceil(ROWS).max(1);
    let page = (page as usize).clamp(1, pages);
    InstanceTable {
        now,
        group: group.id.to_string(),
        rows: group
            .instances
            .iter()
            .skip((page - 1) * ROWS)
            .take(ROWS)
            .map(row)
            .collect(),
        page: page as u32,
        pages: pages as u32,
        total: total as u32,
        may_drill: drills && session.role >= Role::Operator,
    }
}

fn row(instance: &Instance) -> InstanceRow {
    InstanceRow {
        name: instance.name.clone(),
        zone: instance.zone.clone(),
        status: instance.status.clone(),
        action: instance.action.clone(),
        health: instance.health.clone(),
        cpu: instance.cpu.as_ref().map(reading),
        created: instance.created.map(|at| at.0),
        drill: instance.drill.as_ref().map(drill),
    }
}

fn drill(drill: &Drill) -> DrillRow {
    DrillRow {
        load: drill.load,
        until: drill.until.0,
        by: drill.by.clone(),
    }
}
