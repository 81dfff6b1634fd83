//! Fieldcast for Kotlin and Swift.
//!
//! [`Fieldcast`] is the engine of one device with its own small runtime. Long operations are objects ([`DownsyncJob`],
//! [`OfferSession`], [`ReceiveSession`]). Events ([`Event`]) come through the single [`EventListener`] that is given at
//! opening. All code here delegates to the `fieldcast` crate: the types mirror its types, or are views of them for a
//! screen.
//!
//! No call does its work on the caller's thread. Calls that wait are `async` and run on the runtime; dropping such a
//! call drops its work. The other calls only read or change data in memory.

mod core;
mod delivery;
mod devices;
mod discovery;
mod downsync;
mod error;
mod event;
mod fieldcast;
mod functions;
mod grants;
mod group_changes;
mod groups;
mod mailbox;
mod offer;
mod platform_discovery;
mod ports;
mod receive;
mod runtime;
mod session;
mod throttle;
mod types;

pub use delivery::{EventListener, ListenerError};
pub use discovery::{LocalService, PeerDiscovery, PeerDiscoverySink, RemoteService};
pub use downsync::DownsyncJob;
pub use error::FieldcastError;
pub use event::Event;
pub use fieldcast::Fieldcast;
pub use functions::{doctor, fingerprint_words, interfaces, parse_invite, qr_matrix, read_statement};
pub use group_changes::GroupChanges;
pub use groups::JoinedGroup;
pub use offer::OfferSession;
pub use ports::{KeyStore, MulticastLock, NetworkKind, NetworkMonitor, PlatformPorts, PortError, WifiLink};
pub use receive::ReceiveSession;
pub use types::*;

uniffi::setup_scaffolding!();
