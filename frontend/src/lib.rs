//! Hydration of the islands in the browser.

// An island is found by its exported name; without this import nothing of `app` would be linked.
#[allow(
    unused_imports,
    reason = "links the islands, which are exported functions"
)]
use app::*;

/// Starts the reactive system; the page's script then hydrates each island.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
