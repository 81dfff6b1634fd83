//! Deliberate faults. Each affects a specified downsync request, so that a failing test can be repeated.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Which downsync requests a fault affects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The n-th downsync request since the sandbox started, counted from 1.
    Request(u64),
    /// The n-th download of a pre-generated file, counted from 1. Only `ServerError`, `Slow`, `Truncated`, `Dropped`
    /// and `Expanded` have an effect there.
    Download(u64),
    /// Requests for the leaf boundary with this code.
    Boundary(String),
    /// Every n-th request.
    Every(u64),
    /// Every request.
    Always,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// HTTP 500 with an eGov tracer body.
    ServerError,
    /// HTTP 401. The server also invalidates the token, so the client must log in again.
    TokenExpired,
    /// A complete HTTP response whose JSON stops in the middle.
    Truncated,
    /// The correct answer after a delay.
    Slow {
        /// The delay in milliseconds.
        ms: u64,
    },
    /// The connection breaks in the middle of the body.
    Dropped,
    /// `limit + 1` rows from the second page on. The first of them was already on the page before (matview `BETWEEN`).
    Overlap,
    /// The page begins this many rows later than requested (rows before it disappeared, so some are skipped), or
    /// earlier if negative (rows were added, so some come twice).
    Shifted {
        /// The number of rows. The page never begins before the first row.
        by: i64,
    },
    /// The criteria and beneficiaries of the other project, as from a page cache without the project in its key (A.5).
    OtherProject,
    /// `totalCount` is wrong by this many households.
    TotalCount {
        /// Added to the true count. The result is never below 0.
        by: i64,
    },
    /// All lists are null, but the count is correct.
    NullLists,
    /// A small gzip body that expands to many bytes: the list of households, or the lines of a file, repeat one text.
    Expanded {
        /// The text to repeat, unchanged.
        item: String,
        /// The approximate size after decompression, in bytes.
        bytes: u64,
    },
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The requests it affects.
    pub when: When,
    /// What goes wrong.
    pub kind: FaultKind,
    /// The maximum number of times it occurs.
    #[serde(default = "once")]
    pub times: u32,
}

impl Fault {
    /// A fault that occurs once.
    pub fn once(when: When, kind: FaultKind) -> Self {
        Self { when, kind, times: 1 }
    }
}

fn once() -> u32 {
    1
}

/// The remaining faults, and the request counters that select them.
#[derive(Debug)]
pub(crate) struct FaultPlan(Mutex<FaultState>);

#[derive(Debug)]
struct FaultState {
    requests: u64,
    downloads: u64,
    faults: Vec<Fault>,
}

impl FaultPlan {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(FaultState { requests: 0, downloads: 0, faults }))
    }

    /// Adds faults.
    pub(crate) fn add(&self, faults: Vec<Fault>) {
        self.with(|plan| plan.faults.extend(faults));
    }

    /// Removes all remaining faults.
    pub(crate) fn clear(&self) {
        self.with(|plan| plan.faults.clear());
    }

    /// The number of downsync requests so far.
    pub(crate) fn requests(&self) -> u64 {
        self.with(|plan| plan.requests)
    }

    /// Counts one downsync request for `locality` and returns the faults for it.
    pub(crate) fn next(&self, locality: &str) -> Vec<FaultKind> {
        self.with(|plan| {
            plan.requests += 1;
            let number = plan.requests;
            plan.fire(|when| match when {
                When::Request(n) => *n == number,
                When::Download(_) => false,
                When::Boundary(code) => code == locality,
                When::Every(n) => *n > 0 && number.is_multiple_of(*n),
                When::Always => true,
            })
        })
    }

    /// Counts one download of a file and returns the faults for it.
    pub(crate) fn next_download(&self) -> Vec<FaultKind> {
        self.with(|plan| {
            plan.downloads += 1;
            let number = plan.downloads;
            plan.fire(|when| *when == When::Download(number))
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut FaultState) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl FaultState {
    fn fire(&mut self, hits: impl Fn(&When) -> bool) -> Vec<FaultKind> {
        let mut fired = Vec::new();
        for fault in &mut self.faults {
            if fault.times > 0 && hits(&fault.when) {
                fault.times -= 1;
                fired.push(fault.kind.clone());
            }
        }
        self.faults.retain(|fault| fault.times > 0);
        fired
    }
}
