//! Interfaces, mDNS, TLS and sockets. Only this crate opens sockets.
//!
//! The identity of a device is its Ed25519 key ([`Identity`]). A [`Connection`] carries frames over TCP and TLS 1.3 on
//! one chosen [`Interface`], with both keys proven. Devices on this interface find each other with [`announce`] and
//! [`browse`], or with [`search`], which uses the system's service discovery. A discovered device is only a hint, which
//! anyone can forge: only a connection proves its identity.

mod announce;
mod browse;
mod connection;
mod dial;
mod error;
mod frames;
mod identity;
mod interface;
mod key_file;
mod key_wrap;
mod listener;
mod mdns;
mod name_table;
mod pending_handshakes;
mod platform;
mod service;
mod socket;
mod tls;
mod traffic;
mod verifier;
mod weak_key;

pub use announce::{Announced, Announcement, announce};
pub use browse::{Browser, browse};
pub use connection::Connection;
pub use dial::dial;
pub use error::Error;
pub use frames::{FrameReader, FrameWriter};
pub use identity::{Identity, fingerprint_of, random, verify};
pub use interface::{Interface, choose_again, choose_interface, interfaces};
pub use key_wrap::KeyWrap;
pub use listener::Listener;
pub use name_table::Wanted;
pub use platform::{DiscoveredService, Discovery, DiscoverySink, PlatformSearch, Service, search};
pub use service::{DiscoveryEvent, Peer};
pub use traffic::Traffic;

#[cfg(test)]
mod tests;
