//! A plain HTTP client. Nothing here speaks TLS, yet the client wants to know how it would.

pub(crate) fn client() -> reqwest::Client {
    // Whichever test comes first installs it.
    _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
