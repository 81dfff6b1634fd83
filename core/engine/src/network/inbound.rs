//! Inbound connections: a limited number at a time. Proven connections take precedence over unproven ones.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::task::AbortOnDropHandle;

use crate::task;

/// The maximum from one address. A phone needs one, and may not have noticed that its earlier connections are over.
const MAX_PER_ADDRESS: usize = 4;

/// Whether a connection is proven: by an invite, by the key of a trusted device, or by an exchange that the user
/// accepted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proven(Arc<AtomicBool>);

impl Proven {
    pub(crate) fn prove(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_proven(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The inbound connections on one network, oldest first.
pub(crate) struct InboundConnections {
    most: usize,
    open: Vec<Inbound>,
}

struct Inbound {
    from: IpAddr,
    proven: Proven,
    task: AbortOnDropHandle<()>,
}

impl InboundConnections {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Vec::new() }
    }

    /// Serves a connection. If there are too many, it replaces the oldest unproven one. Never waits.
    pub(crate) fn accept<W: Future<Output = ()> + Send + 'static>(
        &mut self,
        from: IpAddr,
        serve: impl FnOnce(Proven) -> W,
    ) {
        self.open.retain(|inbound| !inbound.task.is_finished());
        let open: Vec<_> = self.open.iter().map(|inbound| (inbound.from, inbound.proven.is_proven())).collect();
        match room(&open, from, self.most) {
            Room::Free => {}
            Room::Instead(at) => drop(self.open.remove(at)),
            Room::None => return tracing::warn!("a connection was closed: too many are open"),
        }
        let proven = Proven::default();
        let task = AbortOnDropHandle::new(task::spawn(serve(proven.clone())));
        self.open.push(Inbound { from, proven, task });
    }

    /// Waits until all connections have ended.
    pub(crate) async fn finished(self) {
        for Inbound { task, .. } in self.open {
            let _ended = task.await;
        }
    }
}

/// Whether one more connection can be accepted.
#[derive(Debug, PartialEq, Eq)]
enum Room {
    Free,
    /// This open connection (index) is closed instead.
    Instead(usize),
    None,
}

/// Whether there is room for one more connection from `from`. `open` holds the address of each open connection and
/// whether it is proven. On loopback all devices share one address, so only the total counts there.
fn room(open: &[(IpAddr, bool)], from: IpAddr, most: usize) -> Room {
    let is_same = |(other, _): &(IpAddr, bool)| *other == from && !from.is_loopback();
    let is_crowded = open.iter().filter(|inbound| is_same(inbound)).count() >= MAX_PER_ADDRESS;
    if !is_crowded && open.len() < most {
        return Room::Free;
    }
    let gives_way = |inbound: &(IpAddr, bool)| !inbound.1 && (!is_crowded || is_same(inbound));
    open.iter().position(gives_way).map_or(Room::None, Room::Instead)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(last: u8) -> IpAddr {
        IpAddr::from([192, 168, 49, last])
    }

    #[test]
    fn replaces_unproven_and_keeps_proven_connections() {
        let silent: Vec<_> = (1..=8).map(|last| (phone(last), false)).collect();
        assert_eq!(room(&silent[..7], phone(99), 8), Room::Free);
        assert_eq!(room(&silent, phone(99), 8), Room::Instead(0), "the oldest");
        let mut mixed = silent;
        (mixed[0].1, mixed[2].1) = (true, true);
        assert_eq!(room(&mixed, phone(99), 8), Room::Instead(1));
        mixed.iter_mut().for_each(|inbound| inbound.1 = true);
        assert_eq!(room(&mixed, phone(99), 8), Room::None);
    }

    #[test]
    fn limits_connections_per_address() {
        let four = [(phone(2), false); 4];
        assert_eq!(room(&four, phone(3), 8), Room::Free);
        assert_eq!(room(&four, phone(2), 8), Room::Instead(0), "its own oldest");
        let proven = [(phone(2), true); 4];
        assert_eq!(room(&proven, phone(2), 8), Room::None);
        let loopback = [(IpAddr::from([127, 0, 0, 1]), false); 7];
        assert_eq!(room(&loopback, IpAddr::from([127, 0, 0, 1]), 8), Room::Free);
    }
}
