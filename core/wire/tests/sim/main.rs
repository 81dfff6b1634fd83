//! A deterministic simulator of exchanges: one distributor, up to eight receivers, virtual time and all faults that
//! occur in the field. It drives the state machines that the engine drives, with simulated networks, disks and users.
//!
//! `FIELDCAST_SIM_SEED=n` replays one schedule and prints every event. `FIELDCAST_SIM_RUNS=n` sets the number of
//! schedules.

// `cfg(test)` marks these helpers as test code for clippy.
#[cfg(test)]
mod arbitrary;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod conn;
#[cfg(test)]
mod data;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod distributor_side;
#[cfg(test)]
mod driver;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod receiver_device;
#[cfg(test)]
mod regressions;
#[cfg(test)]
mod rng;
#[cfg(test)]
mod schedule;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod world;
