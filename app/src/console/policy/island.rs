//! The form: judged while somebody types where there is a script, and by the server where there is none.

use leptos::prelude::*;

use super::{Check, Field, Fields, PolicyForm, model::Change};
use crate::console::backtest::{Backtest, Opened, SpanButtons, Workbench};

/// The policy's form and the difference it would make.
#[island]
pub fn PolicyEditor(
    /// The policy, and what was typed so far.
    form: PolicyForm,
    /// What the typed policy would have done, where somebody asked.
    opened: Option<Opened>,
) -> impl IntoView {
    let typed = RwSignal::new(form.typed.clone());
    let form = StoredValue::new(form);
    let check = Memo::new(move |_| form.with_value(|form| typed.with(|typed| form.check(typed))));
    let workbench = Workbench::new(opened, form, typed);
    let review = RwSignal::new(form.with_value(|form| form.review));
    let overtaken = RwSignal::new(form.with_value(|form| form.overtaken));
    let (own, fields): (Vec<_>, Vec<_>) = Field::ALL.into_iter().partition(|field| field.is_own());
    let rows = move |fields: Vec<Field>| {
        let row = |field| view! { <FieldRow field=field typed=typed check=check show=review /> };
        fields.into_iter().map(row).collect::<Vec<_>>()
    };
    let is_own_used =
        typed.with_untracked(|typed| own.iter().any(|field| !typed.get(*field).is_empty()));
    let seen: Vec<_> = Field::ALL
        .into_iter()
        .map(|field| {
            let value = form.with_value(|form| form.current.get(field).to_owned());
            view! { <input type="hidden" name=field.seen_name() value=value /> }
        })
        .collect();
    let (path, window, base, may_edit) =
        form.with_value(|f| (f.path.clone(), f.window.clone(), f.base.clone(), f.may_edit));
    view! {
        <form
            class="policy"
            method="get"
            action=format!("{path}#policy")
            novalidate
            on:submit=move |event| {
                event.prevent_default();
                overtaken.set(false);
                review.set(true);
            }
        >
            <input type="hidden" name="window" value=window />
            <input type="hidden" name="review" value="1" />
            <input type="hidden" name="base" value=base />
            {seen}
            <fieldset disabled=!may_edit>
                <legend class="sr-only">"Autoscaling policy"</legend>
                {rows(fields)}
                <details class="own-metrics" open=is_own_used>
                    <summary>"Signals that FlaskScale's own instances write"</summary>
                    <p class="muted">
                        "The group follows whichever signal asks for most. Leave a target empty to not follow it; a group that runs another program writes none of them."
                    </p>
                    <div class="fields">{rows(own)}</div>
                </details>
            </fieldset>
            <div class="actions">
                {may_edit.then(|| view! { <button type="submit">"Review changes"</button> })}
                <SpanButtons workbench />
            </div>
        </form>
        <Review form=form check=check review=review overtaken=overtaken />
        <Backtest workbench check />
    }
}

/// One field with its label, unit, help and error.
#[component]
fn FieldRow(
    field: Field,
    typed: RwSignal<Fields>,
    check: Memo<Check>,
    /// Whether errors are shown for fields that nobody touched.
    show: RwSignal<bool>,
) -> impl IntoView {
    let touched = RwSignal::new(false);
    let error = Memo::new(move |_| {
        (touched.get() || show.get())
            .then(|| check.with(|check| check.error(field)))
            .flatten()
    });
    let id = format!("policy-{}", field.name());
    let (help_id, error_id) = (format!("{id}-help"), format!("{id}-error"));
    let described = format!("{help_id} {error_id}");
    let input = if field == Field::Mode {
        let described = described.clone();
        view! { <ModeSelect id=id.clone() typed=typed described=described /> }.into_any()
    } else {
        view! {
            <input
                id=id.clone()
                name=field.name()
                type="text"
                inputmode=if field.is_decimal() { "decimal" } else { "numeric" }
                placeholder=field.is_own().then_some("not followed")
                autocomplete="off"
                aria-describedby=described
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                value=typed.with_untracked(|typed| typed.get(field).to_owned())
                prop:value=move || typed.with(|typed| typed.get(field).to_owned())
                on:input=move |event| {
                    touched.set(true);
                    typed.update(|typed| typed.set(field, event_target_value(&event)));
                }
            />
        }
        .into_any()
    };
    view! {
        <div class="field" class:wrong=move || error.with(Option::is_some)>
            <label for=id>{field.label()}</label>
            <span class="input">{input} <span class="unit">{field.unit()}</span></span>
            <p class="help" id=help_id>{field.help()}</p>
            <p class="error" id=error_id aria-live="polite">{error}</p>
        </div>
    }
}

#[component]
fn ModeSelect(id: String, typed: RwSignal<Fields>, described: String) -> impl IntoView {
    let now = typed.with_untracked(|typed| typed.mode.clone());
    let options: Vec<_> = ["ON", "ONLY_SCALE_OUT", "OFF"]
        .into_iter()
        .map(|mode| {
            let selected = mode == now;
            view! { <option value=mode selected=selected>{Field::Mode.show(mode)}</option> }
        })
        .collect();
    view! {
        <select
            id=id
            name=Field::Mode.name()
            aria-describedby=described
            on:change=move |event| {
                typed.update(|typed| typed.set(Field::Mode, event_target_value(&event)));
            }
        >
            {options}
        </select>
    }
}

/// What will change, and the button that does it.
#[component]
fn Review(
    form: StoredValue<PolicyForm>,
    check: Memo<Check>,
    review: RwSignal<bool>,
    overtaken: RwSignal<bool>,
) -> impl IntoView {
    let may_edit = form.with_value(|form| form.may_edit);
    let content = move || {
        let check = check.get();
        if overtaken.get() || !may_edit {
            None
        } else if check.is_applicable() {
            Some(view! { <Apply form=form changes=check.changes /> }.into_any())
        } else if !review.get() {
            None
        } else if check.is_valid() {
            Some(view! { <p class="muted">"These are the current values: nothing would change."</p> }.into_any())
        } else {
            let others: Vec<_> = check
                .others
                .into_iter()
                .map(|text| view! { <p class="error">{text}</p> })
                .collect();
            Some(
                view! {
                    <p class="error">"Nothing was changed. Correct the marked values first."</p>
                    {others}
                }
                .into_any(),
            )
        }
    };
    view! { <div class="review" aria-live="polite">{content}</div> }
}

#[component]
fn Apply(form: StoredValue<PolicyForm>, changes: Vec<Change>) -> impl IntoView {
    let many = changes.len() as u64;
    // Only what was changed is posted: an empty value leaves its field as it is.
    let hidden: Vec<_> = Field::ALL
        .into_iter()
        .map(|field| {
            let change = changes.iter().find(|change| change.field == field);
            let value = change
                .map(|change| change.typed.clone())
                .unwrap_or_default();
            view! { <input type="hidden" name=field.name() value=value /> }
        })
        .collect();
    let rows: Vec<_> = changes
        .into_iter()
        .map(|change| {
            view! {
                <tr>
                    <th scope="row">{change.field.label()}</th>
                    <td><del>{change.before}</del></td>
                    <td><ins>{change.after}</ins></td>
                </tr>
            }
        })
        .collect();
    let (group, base) = form.with_value(|form| (form.group.clone(), form.base.clone()));
    view! {
        <form method="post" action="/api/admin/policy/apply">
            <h3>"What will change"</h3>
            <table class="diff">
                <thead>
                    <tr><th scope="col">"Value"</th><th scope="col">"Now"</th><th scope="col">"New"</th></tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <input type="hidden" name="group" value=group />
            <input type="hidden" name="base" value=base />
            {hidden}
            <label for="policy-note">"Note for the history"</label>
            <input id="policy-note" name="note" type="text" maxlength="200" autocomplete="off" />
            <button type="submit" class="primary">
                {format!("Apply {}", crate::text::plural(many, "change", "changes"))}
            </button>
        </form>
    }
}
