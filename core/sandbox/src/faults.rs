//! Faults on purpose: each fires on a stated downsync request, so a failing test fails again.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Which downsync requests a fault spoils.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The n-th downsync request since the sandbox started, counted from 1.
    Request(u64),
    /// The n-th download of a pre-generated file, counted from 1. Only `ServerError`, `Slow`, `Truncated`, `Dropped`
    /// and `Expanded` mean something there.
    Download(u64),
    /// Requests for the leaf boundary of this code.
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
    /// HTTP 401, and the token is forgotten: only a new login helps.
    TokenExpired,
    /// A complete HTTP response whose JSON stops in the middle.
    Truncated,
    /// The right answer, late.
    Slow {
        /// Milliseconds to wait before answering.
        ms: u64,
    },
    /// The connection is cut in the middle of the body.
    Dropped,
    /// `limit + 1` rows from the second page on, the first of them sent before (matview `BETWEEN`).
    Overlap,
    /// The page begins this many rows later than asked (rows before it vanished: some are skipped), or earlier where
    /// negative (rows appeared: some come twice).
    Shifted {
        /// Rows; what would begin before the first begins there.
        by: i64,
    },
    /// The criteria and beneficiaries of the other project, as a page cache without the project in its key serves them (A.5).
    OtherProject,
    /// `totalCount` off by this many households.
    TotalCount {
        /// Added to the true count; never below 0.
        by: i64,
    },
    /// Every list null, the count right.
    NullLists,
    /// A small gzip body that expands: the list of households, or the lines of a file, repeat one text.
    Expanded {
        /// The text, as it stands.
        item: String,
        /// Bytes it expands to, about.
        bytes: u64,
    },
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which requests.
    pub when: When,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How often it fires at most.
    #[serde(default = "once")]
    pub times: u32,
}

impl Fault {
    /// A fault that fires once.
    pub fn once(when: When, kind: FaultKind) -> Self {
        Self { when, kind, times: 1 }
    }
}

fn once() -> u32 {
    1
}

/// The faults that are still to come, and the count of requests they are told by.
#[derive(Debug)]
pub(crate) struct FaultPlan(Mutex<Plan>);

#[derive(Debug)]
struct Plan {
    requests: u64,
    downloads: u64,
    faults: Vec<Fault>,
}

impl FaultPlan {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(Plan { requests: 0, downloads: 0, faults }))
    }

    /// Adds faults to those still to come.
    pub(crate) fn add(&self, faults: Vec<Fault>) {
        self.with(|plan| plan.faults.extend(faults));
    }

    /// Forgets all faults still to come.
    pub(crate) fn clear(&self) {
        self.with(|plan| plan.faults.clear());
    }

    /// Downsync requests seen so far.
    pub(crate) fn requests(&self) -> u64 {
        self.with(|plan| plan.requests)
    }

    /// Counts one downsync request for `locality` and says what goes wrong with it.
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

    /// Counts one download of a file and says what goes wrong with it.
    pub(crate) fn next_download(&self) -> Vec<FaultKind> {
        self.with(|plan| {
            plan.downloads += 1;
            let number = plan.downloads;
            plan.fire(|when| *when == When::Download(number))
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Plan) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Plan {
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
