//! Ten thousand schedules, in two threads.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::world::{Trace, World};

const RUNS: u64 = 10_000;
/// How many of the last events a failure prints.
const SHOWN: usize = 60;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs one schedule. Returns the number of its events, or the failure.
fn run(seed: u64, trace: &Trace) -> Result<u64, String> {
    let run = || {
        let mut world = World::new(seed, trace.clone());
        world.run();
        world.events()
    };
    catch_unwind(AssertUnwindSafe(run)).map_err(|failure| words(failure.as_ref()))
}

fn words(failure: &(dyn Any + Send)) -> String {
    let text = failure.downcast_ref::<String>().cloned();
    text.or_else(|| failure.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

/// Runs one schedule again and prints its last events.
fn replay(seed: u64, last: usize) -> Result<u64, String> {
    let events = Rc::new(RefCell::new(Vec::new()));
    let result = run(seed, &Some(events.clone()));
    let events = events.borrow();
    events.iter().skip(events.len().saturating_sub(last)).for_each(|event| println!("{event}"));
    result
}

fn run_every_second(first: u64) {
    if let Some(seed) = number("FIELDCAST_SIM_SEED") {
        if seed % 2 == first {
            replay(seed, usize::MAX).unwrap();
        }
        return;
    }
    let seeds = (first..number("FIELDCAST_SIM_RUNS").unwrap_or(RUNS)).step_by(2);
    let failed: Vec<_> = seeds.filter_map(|seed| run(seed, &None).err().map(|words| (seed, words))).collect();
    if let Some((seed, words)) = failed.first() {
        let _same_words = replay(*seed, SHOWN);
        failed.iter().for_each(|(seed, words)| println!("seed {seed}: {words}"));
        panic!("{} schedules failed; replay the first with FIELDCAST_SIM_SEED={seed}: {words}", failed.len());
    }
}

#[test]
fn completes_every_even_schedule() {
    run_every_second(0);
}

#[test]
fn completes_every_odd_schedule() {
    run_every_second(1);
}
