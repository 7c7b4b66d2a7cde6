//! HTTPS in front: handshakes, names, and what a backend learns of them.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::*;
use gce_emulator::balancer::{
    Balancer, Certificate, Frontend, Redirect, RoutingTable, Target, UrlMap,
};
use http::{Method, StatusCode};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A client that asks nobody whether to trust a certificate, and looks at it itself.
#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A client after its handshake, and the certificate that it was shown.
async fn connect(site: SocketAddr, name: &str) -> (Client, CertificateDer<'static>) {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting))
        .with_no_client_auth();
    let stream = TcpStream::connect(site).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let stream = guarded("the handshake", handshake).await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    (Client::over(stream).await, shown.into_owned())
}

fn managed(domain: &str) -> Certificate {
    Certificate::Managed {
        domains: vec![domain.to_owned()],
    }
}

/// A rule that serves `instance` with these certificates.
fn secured(rule: &str, instance: &Instance, certificates: Vec<Certificate>) -> Frontend {
    Frontend {
        certificates,
        ..frontend(rule, 0, unchecked(vec![instance.backend()]))
    }
}

fn apply(balancer: &Balancer, frontends: Vec<Frontend>) {
    balancer.apply(&RoutingTable { frontends }).unwrap();
}

#[tokio::test]
async fn a_backend_learns_that_its_client_came_securely() {
    let a = Instance::start("a");
    let balancer = Balancer::start(1).unwrap();
    apply(&balancer, vec![secured(RULE, &a, vec![managed("a.test")])]);
    let (mut client, _) = connect(addr(&balancer, RULE), "a.test").await;
    for _ in 0..3 {
        let answer = client.get("/echo").await;
        assert_eq!(answer.status, StatusCode::OK);
        let proto = r#""x-forwarded-proto": "https""#;
        assert!(answer.body.contains(proto), "{}", answer.body);
    }
    let large = "x".repeat(300_000);
    let answer = client
        .send(request(Method::POST, "/echo", large.clone()))
        .await;
    assert!(answer.body.ends_with(&large));
}

#[tokio::test]
async fn the_name_asked_for_chooses_the_certificate_and_the_first_one_is_for_the_rest() {
    let a = Instance::start("a");
    let balancer = Balancer::start(1).unwrap();
    let given = rcgen::generate_simple_self_signed(vec!["given.test".to_owned()]).unwrap();
    let first = Certificate::Given {
        chain: given.cert.pem(),
        key: given.signing_key.serialize_pem(),
    };
    let frontend = secured(RULE, &a, vec![first, managed("b.test")]);
    apply(&balancer, vec![frontend.clone()]);
    let site = addr(&balancer, RULE);
    let (_, of_b) = connect(site, "b.test").await;
    let (_, of_others) = connect(site, "other.test").await;
    assert_eq!(&of_others, given.cert.der());
    assert_ne!(of_b, of_others);

    // A change of the table must not make a browser ask again whether to trust the site.
    apply(&balancer, vec![frontend]);
    assert_eq!(connect(site, "b.test").await.1, of_b);
}

#[tokio::test]
async fn a_client_without_tls_does_not_disturb_a_secure_rule() {
    let a = Instance::start("a");
    let balancer = Balancer::start(1).unwrap();
    apply(&balancer, vec![secured(RULE, &a, vec![managed("a.test")])]);
    let site = addr(&balancer, RULE);
    let mut plain = Client::connect(site).await;
    assert!(plain.try_send(request(Method::GET, "/", "")).await.is_err());
    let (mut client, _) = connect(site, "a.test").await;
    assert_eq!(client.get("/").await.body, "a");
}

#[tokio::test]
async fn a_redirect_to_https_leads_to_the_secure_rule_of_the_same_address() {
    let a = Instance::start("a");
    let balancer = Balancer::start(1).unwrap();
    let redirect = Redirect {
        status: 301,
        https: true,
        ..Redirect::default()
    };
    let plain = Frontend {
        secure_twin: Some("secure".to_owned()),
        ..routing(RULE, 0, UrlMap::to(Target::Redirect(redirect)))
    };
    let secure = secured("secure", &a, vec![managed("a.test")]);
    apply(&balancer, vec![plain, secure]);
    let site = addr(&balancer, RULE);
    let mut asked = request(Method::GET, "/page?a=b", "");
    let host = site.to_string().parse().unwrap();
    asked.headers_mut().insert("host", host);
    let answer = Client::connect(site).await.send(asked).await;
    assert_eq!(answer.status, StatusCode::MOVED_PERMANENTLY);
    let there = format!("https://{}/page?a=b", addr(&balancer, "secure"));
    assert_eq!(answer.header("location"), there);
}
