//! How often somebody may try a password.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZero,
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Attempts of one client before it has to wait, and how soon one comes back: about 20 a minute.
/// At that pace the weakest password that is allowed outlasts everybody.
const CLIENT: (NonZero<u32>, Duration) = (NonZero::new(20).unwrap(), Duration::from_secs(3));
/// The same for the whole instance, so that a thousand clients cannot keep it hashing.
const INSTANCE: (NonZero<u32>, Duration) = (NonZero::new(60).unwrap(), Duration::from_secs(1));
/// Clients that are remembered before those with a full bucket are forgotten.
const REMEMBERED: usize = 4096;

/// Token buckets, asked before any hashing. There is no lock on the account: it would let strangers
/// lock out the owner.
#[derive(Debug)]
pub(crate) struct LoginLimiter {
    clients: DefaultKeyedRateLimiter<IpAddr>,
    instance: DefaultDirectRateLimiter,
}

impl LoginLimiter {
    /// Full buckets.
    pub(crate) fn new() -> Self {
        Self {
            clients: RateLimiter::keyed(quota(CLIENT)),
            instance: RateLimiter::direct(quota(INSTANCE)),
        }
    }

    /// Takes one attempt of this client, if it has one left.
    pub(crate) fn allow(&self, client: IpAddr) -> bool {
        if self.clients.len() > REMEMBERED {
            self.clients.retain_recent();
        }
        self.clients.check_key(&household(client)).is_ok() && self.instance.check().is_ok()
    }
}

fn quota((burst, period): (NonZero<u32>, Duration)) -> Quota {
    Quota::with_period(period)
        .unwrap_or_else(|| Quota::per_second(burst))
        .allow_burst(burst)
}

/// One customer of a provider usually holds a whole /64, so its addresses count as one client.
fn household(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_runs_dry_without_taking_the_others_along() {
        let limiter = LoginLimiter::new();
        let stranger = IpAddr::from([203, 0, 113, 7]);
        assert!((0..CLIENT.0.get()).all(|_| limiter.allow(stranger)));
        assert!(!limiter.allow(stranger));
        assert!(limiter.allow(IpAddr::from([198, 51, 100, 1])));
    }

    #[test]
    fn many_clients_together_run_into_the_limit_of_the_instance() {
        let limiter = LoginLimiter::new();
        let allowed = (0..200u8)
            .filter(|last| limiter.allow(IpAddr::from([203, 0, 113, *last])))
            .count();
        assert!(allowed < 70, "{allowed}");
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_share_a_bucket() {
        let limiter = LoginLimiter::new();
        let address = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
        assert!((0..20).all(|last| limiter.allow(address(last))));
        assert!(!limiter.allow(address(99)));
    }
}
