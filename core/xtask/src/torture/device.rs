//! A device: the `fieldcast` command with its own data folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Stdio;

use fieldcast_model::{KeyRange, Record, RecordId};
use fieldcast_sandbox::Moment;
use fieldcast_store::Store;

use crate::process::{Ended, Process};
use crate::{Outcome, sample};

/// The record hashes of each village, by village code. Records outside all villages are under the empty code.
pub(super) type Holdings = BTreeMap<String, BTreeSet<[u8; 32]>>;

/// Returns the hash of a record without its household, which each device computes itself.
fn rootless(record: Record) -> [u8; 32] {
    Record { root: record.id.clone(), ..record }.hash().0
}

/// Returns the server's records, without roots.
pub(super) fn truth(moment: &Moment) -> Outcome<Holdings> {
    let mut truth = Holdings::new();
    for (leaf, boundary) in moment.leaves().iter().enumerate() {
        let hashes = sample::boundary(moment, leaf)?.map(rootless);
        truth.insert(boundary.code.clone(), hashes.collect());
    }
    let outside = moment.hf_referrals(&moment.projects()[0].id)?.into_iter();
    let outside = outside.map(|record| rootless(sample::convert(record, RecordId::parse(""))));
    truth.insert(String::new(), outside.collect());
    Ok(truth)
}

#[derive(Clone)]
pub(super) struct Device {
    pub(super) binary: PathBuf,
    pub(super) dir: PathBuf,
}

impl Device {
    /// Returns the same command with another folder next to this one.
    pub(super) fn beside(&self, name: &str) -> Self {
        Self { binary: self.binary.clone(), dir: self.dir.with_file_name(name) }
    }

    pub(super) fn start(&self, args: &[&str]) -> Outcome<Process> {
        Process::start(&self.binary, self.dir.clone(), args, Stdio::null())
    }

    /// Runs a command to its end, successful or not.
    pub(super) fn run(&self, args: &[&str]) -> Outcome<Ended> {
        self.start(args)?.end()
    }

    /// Runs a command that must succeed.
    pub(super) fn done(&self, args: &[&str]) -> Outcome<Ended> {
        self.start(args)?.finish()
    }

    /// Reads the records from its database and computes their hashes again. No process may use the database meanwhile.
    pub(super) fn holdings(&self) -> Outcome<Holdings> {
        self.hashed(|record| record.hash().0)
    }

    /// The same without roots, for comparison with the server.
    pub(super) fn rootless(&self) -> Outcome<Holdings> {
        self.hashed(rootless)
    }

    fn hashed(&self, hash: impl Fn(Record) -> [u8; 32]) -> Outcome<Holdings> {
        let store = Store::open(&self.dir)?.store;
        let mut holdings = Holdings::new();
        for status in store.datasets()? {
            let dataset = status.summary.dataset;
            let hashes = store.records_in_range(&dataset, KeyRange::ALL)?.into_iter().map(&hash).collect();
            holdings.insert(dataset.boundary.unwrap_or_default(), hashes);
        }
        Ok(holdings)
    }
}
