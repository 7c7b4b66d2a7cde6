//! The balancer and the prober against real sockets: backends are web servers that live and die in
//! the test, clients are connections of their own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]
#![allow(
    unreachable_pub,
    reason = "nothing in a test program is reachable from elsewhere"
)]

mod draining;
mod failures;
mod following;
mod frontends;
mod probes;
mod protocol;
mod secure;
mod services;
mod streams;
mod support;
mod traffic;
mod url_maps;
