//! `kill -9` of either side at fifty random instants: whatever is killed and started again, both end equal, nothing is
//! half applied, what was told to be on disk is never sent again, and little else is.
//!
//! `FIELDCAST_KILL_SEED` replays what was drawn. `FIELDCAST_KILL_HOUSEHOLDS` makes the bundle larger, on a link that is
//! faster by as much; from about 5,000 on it is larger than what may be sent again.

mod plan;
mod transfer;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use std::{env, thread};

use self::plan::{Instants, Side};
use self::transfer::Transfer;
use crate::namespaces::can_run;
use crate::support::{Device, Field, Group, Holdings, Server, config};

/// Groups that transfer at the same time, each with an air of its own.
const LANES: [usize; 7] = [8, 7, 7, 7, 7, 7, 7];
const HOUSEHOLDS: u64 = 600;
/// What may be sent again after one interruption.
const MOST: u64 = 4 << 20;

#[test]
fn fifty_kills_of_either_side_end_equal_and_send_little_again() {
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

    let lanes: Vec<Vec<Hit>> = thread::scope(|scope| {
        let lane = |number: usize| {
            let (field, source, truth) = (&field, &source, &truth);
            scope.spawn(move || Lane::new(field, source, truth, number, households).run(seed))
        };
        let lanes: Vec<_> = (0..LANES.len()).map(lane).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|_| panic!("FIELDCAST_KILL_SEED={seed}"))).collect()
    });
    let hits: Vec<Hit> = lanes.into_iter().flatten().collect();
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    hits.iter().for_each(|hit| *states.entry(format!("{:?} {}", hit.side, hit.state)).or_default() += 1);
    println!("{} kills: {states:?}; at most {:?} B again", hits.len(), hits.iter().map(|hit| hit.again).max());
    assert_eq!(hits.len(), 50);
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|value| value.parse().expect("a whole number"))
}

/// What one kill met, and what it cost.
#[derive(Debug)]
struct Hit {
    side: Side,
    /// How the transfer stood when the signal was sent, as far as it had told.
    state: String,
    /// Bytes on the medium beyond those that brought it further, until the next exchange knew what was lacking. Kills
    /// that come before that share one figure.
    again: u64,
}

/// A group of two, in which one transfer after the other is played, and killed in.
struct Lane<'a> {
    group: Group,
    field: &'a Field,
    source: &'a Device,
    truth: &'a Holdings,
    number: usize,
}

impl<'a> Lane<'a> {
    fn new(field: &'a Field, source: &'a Device, truth: &'a Holdings, number: usize, households: u64) -> Self {
        // A transfer takes about two seconds whatever its size, twice what arrived chunks wait to be committed.
        let group = Group::up(&format!("k{number}"), 1, (households * 5) as u32);
        Self { group, field, source, truth, number }
    }

    fn run(&self, seed: u64) -> Vec<Hit> {
        let mut kills = Instants::new(seed, self.number as u64).take(LANES[self.number]).peekable();
        let (mut hits, mut applying) = (Vec::new(), Duration::ZERO);
        for number in 0.. {
            let mut transfer = self.begin(number);
            while let Some(kill) = kills.peek_mut() {
                let is_hit;
                (transfer, is_hit) = transfer.strike(*kill, applying);
                if !is_hit {
                    kill.advance(); // in the next transfer
                    break;
                }
                kills.next();
            }
            let (more, took) = transfer.finish();
            hits.extend(more);
            applying = took;
            if kills.peek().is_none() {
                break;
            }
        }
        hits
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
