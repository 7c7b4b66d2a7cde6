//! Everything that a group's page shows, at one moment.

use std::sync::Arc;

use control_plane::{ControlPlane, Fleet, Group, HistoryQuery, Problem};

use super::{
    GroupQuery,
    convert::{head, why},
    curves::charts,
    hold::Hold,
    model::{Head, Why},
};
use crate::{
    chart::Chart,
    console::{
        history::{self, HistoryView},
        instances::{self, InstanceTable},
        overview::troubles,
    },
    live::stream::{Part, part},
    parts::Trouble,
    session::Session,
};

/// Entries of history on one page.
const HISTORY_ROWS: u32 = 20;

/// A group's page as data.
#[derive(Debug)]
pub struct Snapshot {
    /// The fleet that the group belongs to.
    pub fleet: Arc<Fleet>,
    /// The sentence and the key numbers.
    pub head: Head,
    /// Why this size.
    pub why: Why,
    /// The charts; `None` while metrics cannot be read.
    pub charts: Option<Vec<Chart>>,
    /// A page of instances.
    pub instances: InstanceTable,
    /// A page of history; `None` while it cannot be read.
    pub history: Option<HistoryView>,
    /// The next page of history.
    pub older: Option<String>,
    index: usize,
}

impl Snapshot {
    /// Reads everything; `None` if there is no such group. A source that fails leaves its part out
    /// and a trouble on the page.
    pub async fn gather(
        control: &ControlPlane,
        query: &GroupQuery,
        session: &Session,
        drills: bool,
    ) -> Option<Self> {
        let fleet = control.fleet().await;
        let index = fleet
            .groups
            .iter()
            .position(|group| group.id == query.group)?;
        let group = &fleet.groups[index];
        let hold = Hold::of(control, group).await;
        let mut head = head(&fleet, group, hold);
        let rows = HistoryQuery {
            kind: query.kind.map(Into::into),
            page_token: query.history.clone(),
            page_size: HISTORY_ROWS,
        };
        let (curves, entries) = tokio::join!(
            control.charts(&query.group, query.window),
            control.history(&query.group, rows)
        );
        let now = fleet.taken_at.0;
        let curves = curves
            .map_err(|error| fails(&mut head, "Metrics", &error))
            .ok();
        if let Some(curves) = &curves {
            add_troubles(&mut head, &curves.problems);
        }
        let entries = entries
            .map_err(|error| fails(&mut head, "History", &error))
            .ok();
        Some(Self {
            why: why(&fleet, group, hold),
            charts: curves.map(|curves| charts(&curves)),
            instances: instances::table(group, now, query.page, session, drills),
            older: entries
                .as_ref()
                .and_then(|page| page.next_page_token.clone()),
            history: entries.map(|page| history::view(&page, now)),
            head,
            index,
            fleet,
        })
    }

    /// The group in its fleet.
    pub fn group(&self) -> &Group {
        &self.fleet.groups[self.index]
    }

    /// The parts of a stream. An older page of history does not move, so it is left out.
    pub fn parts(&self, query: &GroupQuery) -> Vec<Part> {
        let mut parts = part("head", &self.head);
        parts.extend(part("why", &self.why));
        parts.extend(part("instances", &self.instances));
        parts.extend(self.charts.iter().flat_map(|charts| part("charts", charts)));
        if query.history.is_none() {
            parts.extend(
                self.history
                    .iter()
                    .flat_map(|history| part("history", history)),
            );
        }
        parts
    }
}

/// Adds what the charts miss, unless the fleet's snapshot missed it already.
fn add_troubles(head: &mut Head, problems: &[Problem]) {
    for trouble in troubles(problems) {
        if head
            .troubles
            .iter()
            .all(|known| known.source != trouble.source)
        {
            head.troubles.push(trouble);
        }
    }
}

fn fails(head: &mut Head, source: &str, error: &control_plane::Error) {
    tracing::warn!(source, %error, "a part of the page cannot be read");
    let since = head.now;
    head.troubles.push(Trouble {
        source: source.to_owned(),
        message: error.to_string(),
        since,
    });
}
