//! How many connections there may be, in all and from one address. Where one too many comes, the one that would be
//! missed least makes room: so whoever fills the place with idle ones keeps nobody out.

use super::pulse::Pulse;
use crate::counters::{Doorway, Refused};
use ipnet::IpNet;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// Connections that are looked at to find one that makes room, when there are too many in all.
const SAMPLE: usize = 64;

/// The bounds and who is there.
pub struct Caps {
    most: usize,
    most_per_address: usize,
    /// Proxies, behind which there are many clients.
    exempt: Vec<IpNet>,
    there: Mutex<There>,
    gone: Notify,
    doorway: Arc<Doorway>,
}

#[derive(Default)]
struct There {
    next: u64,
    /// Where the last sample ended.
    looked: u64,
    all: BTreeMap<u64, (IpAddr, Arc<Pulse>)>,
    by_address: HashMap<IpAddr, Vec<u64>>,
}

/// A place that a connection has until it drops this.
pub struct Slot {
    caps: Arc<Caps>,
    number: u64,
    /// Of the connection.
    pub pulse: Arc<Pulse>,
}

impl Caps {
    /// With so many in all and from one address.
    pub fn new(most: usize, most_per_address: usize, exempt: Vec<IpNet>, doorway: Arc<Doorway>) -> Self {
        Self { most, most_per_address, exempt, there: Mutex::default(), gone: Notify::new(), doorway }
    }

    fn there(&self) -> MutexGuard<'_, There> {
        self.there.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// A place for a connection from this address; none when all there are busy.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        let slot = self.find(address);
        if slot.is_none() {
            self.doorway.refuse(Refused::Full);
        }
        slot
    }

    fn find(self: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        let key = neighbourhood(address);
        let pulse = Arc::new(Pulse::new());
        let mut there = self.there();
        let has_many = there.by_address.get(&key).is_some_and(|numbers| numbers.len() >= self.most_per_address);
        if has_many && !self.exempt.iter().any(|range| range.contains(&address)) {
            let numbers = there.by_address.get(&key).cloned().unwrap_or_default();
            there.displace(numbers)?;
            self.doorway.refuse(Refused::Displaced);
        }
        if there.all.len() >= self.most {
            let sample = there.sample();
            there.displace(sample)?;
            self.doorway.refuse(Refused::Displaced);
        }
        there.next += 1;
        let number = there.next;
        there.all.insert(number, (key, pulse.clone()));
        there.by_address.entry(key).or_default().push(number);
        self.doorway.count(there.all.len());
        drop(there);
        Some(Slot { caps: self.clone(), number, pulse })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.there().all.len()
    }

    /// Waits until nobody is there.
    pub async fn emptied(&self) {
        loop {
            let gone = self.gone.notified();
            if self.count() == 0 {
                return;
            }
            gone.await;
        }
    }
}

impl There {
    /// Some of those that are there, others each time.
    fn sample(&mut self) -> Vec<u64> {
        let onward = self.all.range(self.looked + 1..).map(|(number, _)| *number);
        let sample: Vec<u64> = onward.chain(self.all.keys().copied()).take(SAMPLE).collect();
        self.looked = sample.last().copied().unwrap_or_default();
        sample
    }

    /// Has one of these make room: one that never asked for anything before one that did, the longest idle first.
    fn displace(&mut self, candidates: Vec<u64>) -> Option<()> {
        let idle = candidates.into_iter().filter_map(|number| {
            let (_, pulse) = self.all.get(&number)?;
            Some((pulse.idleness()?, number))
        });
        let (_, number) = idle.min()?;
        self.all.get(&number)?.1.displace();
        self.leave(number);
        Some(())
    }

    fn leave(&mut self, number: u64) {
        let Some((key, _)) = self.all.remove(&number) else { return };
        if let Some(numbers) = self.by_address.get_mut(&key) {
            numbers.retain(|known| *known != number);
            if numbers.is_empty() {
                self.by_address.remove(&key);
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut there = self.caps.there();
        there.leave(self.number);
        self.caps.doorway.count(there.all.len());
        drop(there);
        self.caps.gone.notify_waiters();
    }
}

/// What counts as one address: whoever has one address of IPv6 usually has all of its /64.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(most: usize, most_per_address: usize) -> Arc<Caps> {
        Arc::new(Caps::new(most, most_per_address, vec!["10.0.0.0/8".parse().unwrap()], Arc::default()))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_too_many_from_an_address_displaces_its_idlest_and_nobody_elses() {
        let caps = caps(100, 3);
        let other = caps.admit(address("192.0.2.2")).unwrap();
        let busy = caps.admit(address("192.0.2.1")).unwrap();
        busy.pulse.begin();
        let used = caps.admit(address("192.0.2.1")).unwrap();
        used.pulse.end(used.pulse.begin());
        let fresh = caps.admit(address("192.0.2.1")).unwrap();
        let next = caps.admit(address("192.0.2.1")).unwrap();
        assert!(fresh.pulse.idleness().is_none(), "it never asked for anything, so it goes first");
        assert!(used.pulse.idleness().is_some() && other.pulse.idleness().is_some());
        next.pulse.begin();
        let last = caps.admit(address("192.0.2.1")).unwrap();
        assert!(used.pulse.idleness().is_none());
        last.pulse.begin();
        assert!(caps.admit(address("192.0.2.1")).is_none(), "all are busy");
        drop(last);
        assert!(caps.admit(address("192.0.2.1")).is_some());
        assert_eq!(caps.there().by_address.len(), 2);
        drop((other, busy, used, fresh, next));
        assert_eq!((caps.count(), caps.there().by_address.len()), (0, 0));
    }

    #[test]
    fn one_too_many_in_all_displaces_whoever_is_idle() {
        let caps = caps(2, 100);
        let first = caps.admit(address("192.0.2.1")).unwrap();
        let second = caps.admit(address("192.0.2.2")).unwrap();
        second.pulse.begin();
        let third = caps.admit(address("192.0.2.3")).unwrap();
        assert!(first.pulse.idleness().is_none() && caps.count() == 2);
        third.pulse.begin();
        assert!(caps.admit(address("192.0.2.4")).is_none());
    }

    #[test]
    fn network_of_ipv6_is_one_address_and_proxies_have_as_many_as_they_like() {
        let caps = caps(100, 1);
        let first = caps.admit(address("2001:db8::1")).unwrap();
        let _second = caps.admit(address("2001:db8::2")).unwrap();
        assert!(first.pulse.idleness().is_none());
        let _third = caps.admit(address("2001:db8:0:1::1")).unwrap();
        let proxied: Vec<_> = (0..20).map(|_| caps.admit(address("10.0.0.1")).unwrap()).collect();
        assert!(proxied.iter().all(|slot| slot.pulse.idleness().is_some()));
        let _mapped = caps.admit(address("::ffff:192.0.2.1")).unwrap();
        assert_eq!(neighbourhood(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
