//! `cargo xtask bench crowd`: one distributor and many receivers, in separate processes on the loopback interface.
//! Measures the distributor's memory, and how much one stopped and one killed receiver delay the others.

mod scene;

use std::process::ExitCode;
use std::time::Duration;

use self::scene::{RoundTimes, Scene};
use crate::Outcome;
use crate::args::BenchCrowd;
use crate::figures::{Mib, median, ratio};

/// The maximum memory, which a phone can provide.
const MOST: u64 = 64 << 20;
/// The maximum delay of the other receivers, in per cent.
const DELAY: f64 = 10.0;
pub(crate) fn run(options: &BenchCrowd) -> Outcome {
    let scene = Scene::prepare(options)?;
    println!(
        "{} households, seed {}: {} B of JSON, {} B sent to each; {} receivers at the same time; \
         medians of {} rounds",
        options.households, options.seed, scene.json, scene.wire, options.receivers, options.rounds
    );
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        // Alternate the two kinds of rounds, so that a slow phase of the machine affects both.
        if round.is_multiple_of(2) {
            without.push(scene.round(false)?);
            with.push(scene.round(true)?);
        } else {
            with.push(scene.round(true)?);
            without.push(scene.round(false)?);
        }
    }
    row("no failure", &without);
    row("one stopped, one killed", &with);
    let peak = without.iter().chain(&with).map(|round| round.peak).max().flatten();
    let is_light = peak.is_none_or(|peak| peak < MOST);
    println!("the distributor's peak memory: {} (goal: below {}: {})", Mib(peak), Mib(Some(MOST)), met(is_light));
    let delays = [delay(&without, &with, |round| round.middle), delay(&without, &with, |round| round.last)];
    let is_prompt = delays.iter().all(|delay| *delay <= DELAY);
    println!(
        "one stopped and one killed receiver delay the others by {:.1} % (median), {:.1} % (last) \
         (goal: at most {DELAY:.0} %: {})",
        delays[0],
        delays[1],
        met(is_prompt)
    );
    Ok(if is_light && is_prompt { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}

fn row(name: &str, rounds: &[RoundTimes]) {
    let of = |time: fn(&RoundTimes) -> Duration| median(rounds.iter().map(time).collect()).as_secs_f64();
    let (middle, last) = (of(|round| round.middle), of(|round| round.last));
    println!("  {name:24} other receivers: the median one saved after {middle:5.2} s, the last after {last:5.2} s");
}

/// Returns the delay in per cent, as the median over all pairs of rounds. Negative if the second round was faster.
fn delay(without: &[RoundTimes], with: &[RoundTimes], time: fn(&RoundTimes) -> Duration) -> f64 {
    let pairs = without.iter().zip(with).map(|(without, with)| (time(without).as_secs_f64(), time(with).as_secs_f64()));
    let mut delays: Vec<f64> = pairs.map(|(without, with)| 100.0 * (ratio(with, without) - 1.0)).collect();
    delays.sort_unstable_by(f64::total_cmp);
    delays.get(delays.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_delay_as_median_of_pairs() {
        let rounds = |times: [u64; 3]| {
            times.map(|time| RoundTimes { middle: Duration::from_secs(time), last: Duration::ZERO, peak: None })
        };
        // The machine was ten times slower during one pair, and had one short stall.
        let (without, with) = (rounds([10, 100, 10]), rounds([11, 110, 90]));
        assert!((delay(&without, &with, |round| round.middle) - 10.0).abs() < 1e-9);
        assert_eq!(delay(&without, &without, |round| round.middle), 0.0);
        assert_eq!(delay(&[], &[], |round| round.middle), 0.0);
    }
}
