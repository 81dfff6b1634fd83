//! `kill -9` of either side at fifty random times. After the restarts, both databases are equal and no dataset is half
//! applied. Data that the receiver reported as on disk is never sent again, and at most 4 MiB of other data is.
//!
//! `FIELDCAST_KILL_SEED` repeats the random times. `FIELDCAST_KILL_HOUSEHOLDS` sets the bundle size, and the link gets
//! faster in proportion. From about 5,000 households on, the bundle is larger than the data that may be sent again.

mod plan;
mod transfer;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use std::{env, thread};

use self::plan::{KillPlan, Side};
use self::transfer::Transfer;
use crate::namespaces::can_run;
use crate::support::{Device, Field, Group, Holdings, Server, config};

/// Number of kills in each group. The groups transfer at the same time, each on a separate medium.
const LANES: [usize; 7] = [8, 7, 7, 7, 7, 7, 7];
const HOUSEHOLDS: u64 = 600;
/// Maximum number of bytes that may be sent again after one interruption.
const MAX_RESENT: u64 = 4 << 20;

#[test]
fn survives_fifty_kills_and_resends_little() {
    if !can_run() {
        return;
    }
    let seed = number("FIELDCAST_KILL_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("FIELDCAST_KILL_SEED={seed}");
    let households = number("FIELDCAST_KILL_HOUSEHOLDS").unwrap_or(HOUSEHOLDS);
    let field = Field::new("kills", 180 * households.div_ceil(HOUSEHOLDS));
    let server = Server::start(config(households, 2));
    let source = field.device("source");
    server.fill(&source, &server.villages());
    let truth = source.holdings();
    truth.assert_equal(&server.truth(&server.villages()), "the source and the server");

    let lanes: Vec<Vec<KillResult>> = thread::scope(|scope| {
        let lane = |number: usize| {
            let (field, source, truth) = (&field, &source, &truth);
            scope.spawn(move || Lane::new(field, source, truth, number, households).run(seed))
        };
        let lanes: Vec<_> = (0..LANES.len()).map(lane).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|_| panic!("FIELDCAST_KILL_SEED={seed}"))).collect()
    });
    let results: Vec<KillResult> = lanes.into_iter().flatten().collect();
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    results.iter().for_each(|kill| *states.entry(format!("{:?} {}", kill.side, kill.state)).or_default() += 1);
    let max_resent = results.iter().map(|kill| kill.resent).max();
    println!("{} kills: {states:?}; at most {max_resent:?} B sent again", results.len());
    assert_eq!(results.len(), 50);
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|value| value.parse().expect("a whole number"))
}

/// The state at one kill, and its cost.
#[derive(Debug)]
struct KillResult {
    side: Side,
    /// The last reported state of the transfer before the signal.
    state: String,
    /// Bytes on the medium that made no progress, until the next exchange knew the missing bytes. Several kills before
    /// that exchange share one number.
    resent: u64,
}

/// A group of two devices. It runs transfers one after another and kills a side in each.
struct Lane<'a> {
    group: Group,
    field: &'a Field,
    source: &'a Device,
    truth: &'a Holdings,
    number: usize,
}

impl<'a> Lane<'a> {
    fn new(field: &'a Field, source: &'a Device, truth: &'a Holdings, number: usize, households: u64) -> Self {
        // At this rate every transfer takes about two seconds. Received chunks are committed after one second.
        let group = Group::up(&format!("k{number}"), 1, (households * 5) as u32);
        Self { group, field, source, truth, number }
    }

    fn run(&self, seed: u64) -> Vec<KillResult> {
        let mut kills = KillPlan::new(seed, self.number as u64).take(LANES[self.number]).peekable();
        let (mut results, mut applying) = (Vec::new(), Duration::ZERO);
        for number in 0.. {
            let mut transfer = self.begin(number);
            while let Some(kill) = kills.peek_mut() {
                let was_killed;
                (transfer, was_killed) = transfer.kill_at(*kill, applying);
                if !was_killed {
                    kill.advance(); // retry in the next transfer
                    break;
                }
                kills.next();
            }
            let (more, took) = transfer.finish();
            results.extend(more);
            applying = took;
            if kills.peek().is_none() {
                break;
            }
        }
        results
    }

    /// A distributor with a fresh copy of the data, and an empty receiver.
    fn begin(&self, number: u32) -> Transfer<'_> {
        let device = |role: &str| self.field.device(&format!("{role}-{}-{number}", self.number));
        let distributor = device("d").inside(&self.group.owner());
        let receiver = device("r").inside(&self.group.client(1));
        self.source.copy_to(&distributor.dir);
        Transfer::begin(format!("{}.{number}", self.number), self.truth, distributor, receiver)
    }
}
