//! The network of a session: its interface, its endpoint, how devices find each other, and connections.

mod connection;
mod discovery;
mod endpoint;
mod inbound;
mod interface_monitor;
mod new_group;
mod shared_key;
mod wifi_group;

pub(crate) use connection::{Frame, Link, dial, dial_error};
pub(crate) use discovery::{DiscoverySource, Found};
pub(crate) use endpoint::{Endpoint, EndpointConfig};
pub(crate) use inbound::{InboundConnections, Proven};
pub(crate) use interface_monitor::{ActiveNetwork, NetworkState};
pub use interface_monitor::{InterfaceMonitor, NetworkChange};
pub use new_group::new_group;
pub use shared_key::SharedKey;
pub use wifi_group::WifiGroupMonitor;
