//! Free ports for instances.
//!
//! A port must be known before the program is started, so it is found by binding it and letting it
//! go. Between that and the program's own bind somebody else could take it. Two measures make that
//! rare: a port is never given to two of our instances, and all come from below the range that the
//! kernel gives to outgoing connections. When it happens all the same, the instance is started
//! again with another port.

use std::{
    collections::HashSet,
    io,
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
};

/// Below the kernel's range for outgoing connections, which begins at 32768.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// How many ports of the range are tried before the kernel is asked for any.
const ATTEMPTS: usize = 100;

#[derive(Clone, Debug, Default)]
pub(super) struct Ports(Arc<Mutex<HashSet<u16>>>);

/// A port that no other instance gets while this lives.
#[derive(Debug)]
pub(super) struct Port {
    number: u16,
    ports: Ports,
}

impl Ports {
    pub(super) fn take(&self) -> io::Result<Port> {
        for _ in 0..ATTEMPTS {
            let number = rand::random_range(RANGE);
            if is_free(number) && self.reserve(number) {
                return Ok(Port {
                    number,
                    ports: self.clone(),
                });
            }
        }
        loop {
            let number = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
                .local_addr()?
                .port();
            if self.reserve(number) {
                return Ok(Port {
                    number,
                    ports: self.clone(),
                });
            }
        }
    }

    fn reserve(&self, number: u16) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(number)
    }
}

impl Port {
    pub(super) fn number(&self) -> u16 {
        self.number
    }

    /// Whether somebody listens on it.
    pub(super) fn is_taken(&self) -> bool {
        !is_free(self.number)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.ports
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.number);
    }
}

/// A program may listen on all addresses, so a port counts as free only if all of them have it.
fn is_free(number: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, number)).is_ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn no_port_is_given_twice_while_it_is_in_use() {
        let ports = Ports::default();
        let taken: Vec<Port> = (0..50).map(|_| ports.take().unwrap()).collect();
        let numbers: HashSet<u16> = taken.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), 50);
        drop(taken);
        assert!(ports.0.lock().unwrap().is_empty());
    }
}
