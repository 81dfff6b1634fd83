//! Tests of the behaviour that clients of the sandbox rely on.

// With `cfg(test)` clippy treats the helpers here as test code.
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
