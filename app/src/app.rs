//! The route table.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

use crate::{
    console::{faults::FaultsPage, group::GroupPage, overview::OverviewPage},
    login::LoginPage,
    public::{HomePage, NotFoundPage},
};

/// All pages. Each is written in one piece once its data is there.
#[component]
pub(crate) fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
                <Route path=path!("/admin/login") view=LoginPage ssr=SsrMode::Async />
                <Route path=path!("/admin") view=OverviewPage ssr=SsrMode::Async />
                <Route path=path!("/admin/faults") view=FaultsPage ssr=SsrMode::Async />
                <Route
                    path=path!("/admin/groups/:location/:name")
                    view=GroupPage
                    ssr=SsrMode::Async
                />
            </Routes>
        </Router>
    }
}
