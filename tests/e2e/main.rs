//! End-to-end tests of the `fieldcast` binary. They run it as separate processes and check its JSON lines, exit codes
//! and databases. tests/README.md lists the modules.

// With `cfg(test)`, clippy treats the helpers here as test code.
#[cfg(test)]
mod bundle_files;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod help;
#[cfg(test)]
mod history;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod journey;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod namespaces;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod profile;
#[cfg(test)]
mod provenance;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod second_round;
#[cfg(test)]
mod shared_key;
#[cfg(test)]
mod support;
#[cfg(test)]
mod without_mdns;
