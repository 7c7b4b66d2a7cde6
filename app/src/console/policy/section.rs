//! The form on a group's page.

use leptos::prelude::*;

use super::{Fields, PolicyEditor, PolicyForm};
use crate::{
    console::{
        backtest::Opened,
        group::{GroupQuery, Snapshot},
    },
    parts::Notice,
    session::{Role, Session},
};

/// The policy's form, or why there is none.
#[component]
pub fn PolicySection(
    /// The form; `None` for a group without an autoscaler.
    form: Option<PolicyForm>,
    /// What the typed policy would have done, where somebody asked.
    opened: Option<Opened>,
) -> impl IntoView {
    let overtaken = form.as_ref().is_some_and(|form| form.overtaken);
    view! {
        <section class="card" id="policy" aria-labelledby="policy-title">
            <h2 id="policy-title">"Autoscaling policy"</h2>
            {overtaken.then(|| view! {
                <Notice tone="warn">
                    "The policy was changed while this form was open, and nothing of yours was applied. The form shows the new values with what you typed over them: review the changes again to apply them."
                </Notice>
            })}
            {match form {
                Some(form) => view! { <PolicyEditor form=form opened=opened /> }.into_any(),
                None => view! { <p class="empty">"This group has no autoscaler: its size changes only by hand."</p> }.into_any(),
            }}
        </section>
    }
}

/// The form of the page's group, as far as it has an autoscaler.
pub(crate) fn form(
    snapshot: &Snapshot,
    query: &GroupQuery,
    session: &Session,
) -> Option<PolicyForm> {
    let autoscaler = snapshot.group().autoscaler.as_ref()?;
    let current = Fields::of(&autoscaler.policy);
    let is_another = |base: &String| *base != autoscaler.hash;
    Some(PolicyForm {
        group: query.group.to_string(),
        path: query.path(),
        window: query.window.to_string(),
        base: autoscaler.hash.clone(),
        policy: autoscaler.raw.clone(),
        typed: query.typed_over(&current),
        current,
        review: query.review,
        overtaken: query.review && query.base.as_ref().is_some_and(is_another),
        may_edit: session.role >= Role::Operator,
    })
}
