//! Where the files of the site are: found from the program, never from the working directory.

use std::path::{Path, PathBuf};

use leptos::prelude::{Env, LeptosOptions, ReloadWSProtocol};

/// The root of the built site: `$LEPTOS_SITE_ROOT`, else `site` beside the program, else beside its folder.
///
/// The first is what cargo-leptos sets, the second the container's layout, the third `target/release`.
pub(crate) fn root() -> PathBuf {
    if let Some(root) = std::env::var_os("LEPTOS_SITE_ROOT") {
        return std::path::absolute(&root).unwrap_or_else(|_| root.into());
    }
    let folder = std::env::current_exe()
        .ok()
        .and_then(|program| program.parent().map(Path::to_owned));
    beside(&folder.unwrap_or_default())
}

fn beside(folder: &Path) -> PathBuf {
    let own = folder.join("site");
    if own.is_dir() {
        own
    } else {
        folder.join("../site")
    }
}

/// What Leptos needs to know to name the files in a page.
pub(crate) fn leptos_options(root: &Path) -> LeptosOptions {
    let watched = watched();
    LeptosOptions::builder()
        .output_name("flaskscale")
        .site_root(root.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .env(if watched { Env::DEV } else { Env::PROD })
        .reload_port(reload_port())
        .reload_ws_protocol(ReloadWSProtocol::WS)
        .hash_files(hashed_names())
        .build()
}

/// Whether `cargo leptos watch` runs this program.
pub(crate) fn watched() -> bool {
    std::env::var_os("LEPTOS_WATCH").is_some()
}

/// Whether the names under `/pkg` carry a hash of their content.
pub(crate) fn hashed_names() -> bool {
    std::env::var("LEPTOS_HASH_FILES").is_ok_and(|value| value == "true")
}

/// The port on which cargo-leptos tells the page to load again.
pub(crate) fn reload_port() -> u32 {
    std::env::var("LEPTOS_RELOAD_PORT")
        .ok()
        .and_then(|port| port.parse().ok())
        .unwrap_or(3001)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn the_site_beside_the_program_wins_over_the_one_beside_its_folder() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("release");
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(beside(&folder), folder.join("../site"));
        std::fs::create_dir(folder.join("site")).unwrap();
        assert_eq!(beside(&folder), folder.join("site"));
    }
}
