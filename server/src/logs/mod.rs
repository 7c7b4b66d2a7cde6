//! Structured logs: text on stderr for a person, Google's JSON on stdout for Cloud Logging.

mod google;

use std::{env, io};

use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{failure::Failure, metadata::Metadata};
use google::GoogleLayer;

/// Says which style is wanted: `json` or `text`.
const FORMAT_VARIABLE: &str = "FLASKSCALE_LOG_FORMAT";
/// Where an instance writes a line for each request that it answers.
pub(crate) const ACCESS: &str = "access";

/// How a log line looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Text on stderr.
    Text,
    /// One JSON object a line on stdout, as Cloud Logging reads it.
    Google {
        /// Completes the names of traces; without it they are bare ids.
        project: Option<String>,
    },
}

impl Style {
    /// The style that `FLASKSCALE_LOG_FORMAT` names, else JSON on one of Google's machines and text
    /// elsewhere. `google` says whether Google is the cloud, which a laptop may also look after.
    pub(crate) async fn choose(google: bool) -> Result<Self, Failure> {
        match env::var(FORMAT_VARIABLE).unwrap_or_default().as_str() {
            "json" => Ok(Self::Google {
                project: project(google).await,
            }),
            "" if google => Ok(on_machine()
                .await
                .map_or(Self::Text, |project| Self::Google {
                    project: Some(project),
                })),
            "text" | "" => Ok(Self::Text),
            other => Err(Failure::input(format!(
                "{FORMAT_VARIABLE} is {other:?}; json or text is allowed"
            ))),
        }
    }
}

async fn project(google: bool) -> Option<String> {
    let named = env::var("GOOGLE_CLOUD_PROJECT").ok();
    if let Some(project) = named.filter(|project| !project.is_empty()) {
        return Some(project);
    }
    if google {
        return on_machine().await;
    }
    Metadata::named()?.value("project/project-id").await
}

async fn on_machine() -> Option<String> {
    Metadata::google().value("project/project-id").await
}

/// Starts the text of a command at a terminal. `RUST_LOG` overrides `default_filter`.
///
/// Calling it twice keeps the first, which is what an embedded server wants.
pub(crate) fn start(default_filter: &str) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(default_filter))
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_writer(io::stderr);
    if builder.try_init().is_err() {
        tracing::debug!("logging had been started before");
    }
}

/// Starts the log of an instance. A person who watches one gets no line for each request unless
/// `RUST_LOG` asks for it; Cloud Logging does.
pub(crate) fn start_instance(style: Style) {
    match style {
        Style::Text => start(&format!("info,{ACCESS}=off")),
        Style::Google { project } => {
            let layers = tracing_subscriber::registry()
                .with(filter("info"))
                .with(GoogleLayer::new(project, io::stdout));
            if layers.try_init().is_err() {
                tracing::debug!("logging had been started before");
            }
        }
    }
}

fn filter(default: &str) -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default))
}
