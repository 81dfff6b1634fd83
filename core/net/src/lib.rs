//! Interfaces, mDNS, TLS and sockets; the only crate that opens one.
//!
//! A device is its Ed25519 key ([`Identity`]); a [`Connection`] is TCP on one chosen [`Interface`] under TLS 1.3 with
//! both keys proven, and carries frames. [`announce`] and [`browse`] let devices on that interface find each other, and so
//! does [`search`], by the system's own means.
//! What is found is a hint that anybody can forge: only a connection proves who the other side is.

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
mod platform;
mod service;
mod socket;
mod tls;
mod traffic;
mod verifier;
mod waiting;
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
