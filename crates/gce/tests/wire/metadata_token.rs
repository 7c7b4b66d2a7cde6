//! The token of the metadata server that `GCE_METADATA_HOST` names.

use std::process::Command;

use crate::support::{Server, ok};
use futures::future::join_all;
use gce::{GoogleToken, TokenSource};
use serde_json::json;

/// The variable of the process may not be changed while other threads run, so the test runs itself
/// again with the variable set.
const CHILD: &str = "GCE_TOKEN_TEST_CHILD";

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_share_one_token() {
    if std::env::var_os(CHILD).is_some() {
        return ask_often().await;
    }
    let token = ok(json!({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}));
    let (server, base) = Server::listen([token]).await;
    let host = base.trim_start_matches("http://").to_owned();
    let child = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "metadata_token::many_requests_share_one_token"])
            .env("GCE_METADATA_HOST", host)
            .env(CHILD, "1")
            .output()
            .unwrap()
    });
    let output = child.await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].headers["metadata-flavor"], "Google");
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    assert_eq!(asked[0].uri.path(), path);
}

async fn ask_often() {
    let source = GoogleToken::from_env().unwrap();
    for token in join_all((0..20).map(|_| source.token())).await {
        assert!(token.unwrap().is_some());
    }
}
