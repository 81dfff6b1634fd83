//! Fieldcast from the outside: the `fieldcast` binary in processes of its own, judged by its JSON lines, its exit codes
//! and the databases it leaves behind. tests/README.md says what is shown where.

// `cfg(test)` tells clippy that helpers here are test code too.
#[cfg(test)]
mod bundle_files;
#[cfg(test)]
mod calls;
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
mod provenance;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod second_round;
#[cfg(test)]
mod shared_key;
#[cfg(test)]
mod support;
