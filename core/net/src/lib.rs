//! Interfaces, mDNS, TLS and sockets; the only crate that opens one.
