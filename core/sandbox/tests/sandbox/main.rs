//! What a client of the sandbox may rely on.

// `cfg(test)` tells clippy that helpers here are test code too.
#[cfg(test)]
mod data;
#[cfg(test)]
mod downsync;
#[cfg(test)]
mod epochs;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod files;
#[cfg(test)]
mod services;
#[cfg(test)]
mod support;
