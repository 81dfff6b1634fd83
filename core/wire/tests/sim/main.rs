//! A deterministic simulator of exchanges: one distributor, up to eight receivers, virtual time, and everything that goes
//! wrong in a village. The machines are the real ones; the drivers are the engine's, reduced.
//!
//! `FIELDCAST_SIM_SEED=n` replays one schedule and prints every event, `FIELDCAST_SIM_RUNS=n` says how many to run,
//! `FIELDCAST_SIM_POLICY=naive` drives the machines as the engine first did, to see what that breaks (see `world::Policy`).

// `cfg(test)` tells clippy that helpers here are test code too.
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
mod phone;
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
