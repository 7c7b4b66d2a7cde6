//! From health checks to proxies: what a load balancer is made of.

use super::{BLANK, GLOBAL_OR_REGIONAL, IMMUTABLE, Row};
use crate::{
    compute::{
        kinds,
        references::holds,
        schema::{flag, integer, list, number, object, one_of, text},
    },
    resource::Kind,
};

/// The schemes of Application Load Balancers: those that have proxies.
pub(super) const SCHEMES: &[&str] = &["EXTERNAL", "EXTERNAL_MANAGED", "INTERNAL_MANAGED"];

/// The schemes that only other sorts of load balancers have.
pub(super) const OTHER_SCHEMES: &[&str] =
    &["EXTERNAL_PASSTHROUGH", "INTERNAL", "INTERNAL_SELF_MANAGED"];

pub(super) const HEALTH_CHECK: Row = Row {
    kind: Kind::HealthCheck,
    noun: "health_check",
    places: GLOBAL_OR_REGIONAL,
    required: &["name", "type"],
    fields: &[
        text("description"),
        one_of("type", &["HTTP", "HTTPS", "HTTP2", "TCP", "SSL", "GRPC"])
            .unlike(&["GRPC_WITH_TLS"]),
        integer("checkIntervalSec", 1..=300).or(5),
        integer("timeoutSec", 1..=300).or(5),
        integer("healthyThreshold", 1..=10).or(2),
        integer("unhealthyThreshold", 1..=10).or(2),
        flag("logConfig/enable"),
        object("httpHealthCheck"),
        integer("httpHealthCheck/port", 1..=65_535),
        text("httpHealthCheck/host"),
        text("httpHealthCheck/response"),
        text("httpHealthCheck/requestPath").or_word("/"),
        one_of("httpHealthCheck/proxyHeader", &["NONE", "PROXY_V1"]),
        one_of(
            "httpHealthCheck/portSpecification",
            &["USE_FIXED_PORT", "USE_NAMED_PORT", "USE_SERVING_PORT"],
        ),
    ],
    immutable: &["type"],
    behaviour: &kinds::HealthCheck,
    ..BLANK
};

pub(super) const BACKEND_SERVICE: Row = Row {
    kind: Kind::BackendService,
    noun: "backend_service",
    places: GLOBAL_OR_REGIONAL,
    fields: &[
        text("description"),
        one_of("loadBalancingScheme", SCHEMES)
            .unlike(OTHER_SCHEMES)
            .or_word("EXTERNAL"),
        one_of(
            "protocol",
            &["HTTP", "HTTPS", "HTTP2", "H2C", "TCP", "SSL", "GRPC"],
        )
        .unlike(&["UDP", "UNSPECIFIED"])
        .or_word("HTTP"),
        text("portName").or_word("http"),
        integer("timeoutSec", 1..=2_147_483_647).or(30),
        integer("connectionDraining/drainingTimeoutSec", 0..=3600),
        one_of(
            "sessionAffinity",
            &[
                "NONE",
                "CLIENT_IP",
                "GENERATED_COOKIE",
                "HEADER_FIELD",
                "HTTP_COOKIE",
            ],
        )
        .unlike(&[
            "CLIENT_IP_NO_DESTINATION",
            "CLIENT_IP_PORT_PROTO",
            "CLIENT_IP_PROTO",
            "STRONG_COOKIE_AFFINITY",
        ])
        .or_word("NONE"),
        integer("affinityCookieTtlSec", 0..=1_209_600),
        one_of(
            "localityLbPolicy",
            &[
                "ROUND_ROBIN",
                "LEAST_REQUEST",
                "RING_HASH",
                "RANDOM",
                "ORIGINAL_DESTINATION",
                "MAGLEV",
                "WEIGHTED_MAGLEV",
                "WEIGHTED_ROUND_ROBIN",
                "WEIGHTED_GCP_RENDEZVOUS",
            ],
        ),
        flag("enableCDN").or_flag(false),
        list("customRequestHeaders"),
        list("customResponseHeaders"),
        flag("logConfig/enable"),
        number("logConfig/sampleRate", 0.0..=1.0),
        object("iap"),
        flag("iap/enabled"),
        text("iap/oauth2ClientId"),
        text("iap/oauth2ClientSecret"),
        list("backends"),
        one_of("backends/*/balancingMode", &["UTILIZATION", "RATE"]).unlike(&[
            "CONNECTION",
            "CUSTOM_METRICS",
            "IN_FLIGHT",
        ]),
        number("backends/*/maxUtilization", 0.0..=1.0),
        number("backends/*/capacityScaler", 0.0..=1.0),
        integer("backends/*/maxRate", 0..=2_147_483_647),
        number("backends/*/maxRatePerInstance", 0.0..=f64::MAX),
        list("healthChecks"),
    ],
    references: &[
        holds("healthChecks/*", Kind::HealthCheck),
        holds("backends/*/group", Kind::InstanceGroup),
    ],
    immutable: &["loadBalancingScheme"],
    output_only: &["usedBy"],
    secret: &["iap/oauth2ClientSecret"],
    fingerprint: true,
    behaviour: &kinds::BackendService,
    ..BLANK
};

pub(super) const URL_MAP: Row = Row {
    kind: Kind::UrlMap,
    noun: "url_map",
    places: GLOBAL_OR_REGIONAL,
    fields: &[
        text("description"),
        text("defaultService"),
        list("hostRules"),
        list("hostRules/*/hosts"),
        text("hostRules/*/pathMatcher"),
        list("pathMatchers"),
        text("pathMatchers/*/name"),
        list("pathMatchers/*/pathRules"),
        list("pathMatchers/*/pathRules/*/paths"),
        list("tests"),
        one_of("defaultUrlRedirect/redirectResponseCode", REDIRECTS),
        flag("defaultUrlRedirect/httpsRedirect"),
        flag("defaultUrlRedirect/stripQuery"),
        one_of(
            "pathMatchers/*/defaultUrlRedirect/redirectResponseCode",
            REDIRECTS,
        ),
        one_of(
            "pathMatchers/*/pathRules/*/urlRedirect/redirectResponseCode",
            REDIRECTS,
        ),
        number(
            "defaultRouteAction/faultInjectionPolicy/abort/percentage",
            0.0..=100.0,
        ),
    ],
    references: &[
        holds("defaultService", Kind::BackendService),
        holds("pathMatchers/*/defaultService", Kind::BackendService),
        holds("pathMatchers/*/pathRules/*/service", Kind::BackendService),
        holds("tests/*/service", Kind::BackendService),
    ],
    fingerprint: true,
    behaviour: &kinds::UrlMap,
    ..BLANK
};

const REDIRECTS: &[&str] = &[
    "MOVED_PERMANENTLY_DEFAULT",
    "FOUND",
    "SEE_OTHER",
    "TEMPORARY_REDIRECT",
    "PERMANENT_REDIRECT",
];

pub(super) const TARGET_HTTP_PROXY: Row = Row {
    kind: Kind::TargetHttpProxy,
    noun: "target_http_proxy",
    places: GLOBAL_OR_REGIONAL,
    required: &["name", "urlMap"],
    fields: &[
        text("description"),
        text("urlMap"),
        integer("httpKeepAliveTimeoutSec", 5..=1200),
    ],
    references: &[holds("urlMap", Kind::UrlMap)],
    fingerprint: true,
    behaviour: &kinds::TargetProxy,
    ..BLANK
};

pub(super) const TARGET_HTTPS_PROXY: Row = Row {
    kind: Kind::TargetHttpsProxy,
    noun: "target_https_proxy",
    places: GLOBAL_OR_REGIONAL,
    required: &["name", "urlMap", "sslCertificates"],
    fields: &[
        text("description"),
        text("urlMap"),
        list("sslCertificates"),
        text("sslPolicy"),
        one_of("quicOverride", &["NONE", "ENABLE", "DISABLE"]).or_word("NONE"),
        one_of(
            "tlsEarlyData",
            &["STRICT", "PERMISSIVE", "UNRESTRICTED", "DISABLED"],
        ),
        integer("httpKeepAliveTimeoutSec", 5..=1200),
    ],
    references: &[
        holds("urlMap", Kind::UrlMap),
        holds("sslCertificates/*", Kind::SslCertificate),
        holds("sslPolicy", Kind::SslPolicy),
    ],
    fingerprint: true,
    behaviour: &kinds::TargetProxy,
    ..BLANK
};

pub(super) const SSL_CERTIFICATE: Row = Row {
    kind: Kind::SslCertificate,
    noun: "ssl_certificate",
    places: GLOBAL_OR_REGIONAL,
    allowed: IMMUTABLE,
    fields: &[
        text("description"),
        one_of("type", &["MANAGED", "SELF_MANAGED"]).or_word("SELF_MANAGED"),
        text("certificate"),
        text("privateKey"),
        object("selfManaged"),
        object("managed"),
        text("selfManaged/certificate"),
        text("selfManaged/privateKey"),
        list("managed/domains"),
    ],
    output_only: &["expireTime", "subjectAlternativeNames"],
    secret: &["privateKey", "selfManaged/privateKey"],
    behaviour: &kinds::SslCertificate,
    ..BLANK
};

pub(super) const SSL_POLICY: Row = Row {
    kind: Kind::SslPolicy,
    noun: "ssl_policy",
    places: GLOBAL_OR_REGIONAL,
    fields: &[
        text("description"),
        one_of(
            "profile",
            &[
                "COMPATIBLE",
                "MODERN",
                "RESTRICTED",
                "CUSTOM",
                "FIPS_202205",
            ],
        )
        .or_word("COMPATIBLE"),
        // The local balancer speaks TLS 1.2 to whoever does not speak 1.3.
        one_of("minTlsVersion", &["TLS_1_0", "TLS_1_1", "TLS_1_2"])
            .unlike(&["TLS_1_3"])
            .or_word("TLS_1_0"),
        one_of(
            "postQuantumKeyExchange",
            &["DEFAULT", "DEFERRED", "ENABLED"],
        ),
        list("customFeatures"),
        text("customFeatures/*"),
    ],
    output_only: &["enabledFeatures", "warnings"],
    fingerprint: true,
    behaviour: &kinds::SslPolicy,
    ..BLANK
};
