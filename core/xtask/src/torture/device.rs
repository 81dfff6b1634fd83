//! A device: the `fieldcast` command with a folder of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Stdio;

use fieldcast_model::{KeyRange, Record, RecordId};
use fieldcast_sandbox::Moment;
use fieldcast_store::Store;

use crate::process::{Ended, Process};
use crate::{Outcome, sample};

/// The hashes of the records of each village by its code; what is outside all villages is under the empty one.
pub(super) type Holdings = BTreeMap<String, BTreeSet<[u8; 32]>>;

/// The hash of a record but for the household it hangs off, which devices work out.
fn rootless(record: Record) -> [u8; 32] {
    Record { root: record.id.clone(), ..record }.hash().0
}

/// What the server has, without roots.
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
    /// The same command with another folder beside this one's.
    pub(super) fn beside(&self, name: &str) -> Self {
        Self { binary: self.binary.clone(), dir: self.dir.with_file_name(name) }
    }

    pub(super) fn start(&self, args: &[&str]) -> Outcome<Process> {
        Process::start(&self.binary, self.dir.clone(), args, Stdio::null())
    }

    /// Runs a command to its end, whatever that is.
    pub(super) fn run(&self, args: &[&str]) -> Outcome<Ended> {
        self.start(args)?.end()
    }

    /// Runs a command that must succeed.
    pub(super) fn done(&self, args: &[&str]) -> Outcome<Ended> {
        self.start(args)?.finish()
    }

    /// What its database holds, each record hashed anew. Only while no process uses it.
    pub(super) fn holdings(&self) -> Outcome<Holdings> {
        self.hashed(|record| record.hash().0)
    }

    /// The same without roots, as the server tells it.
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
