//! `cargo xtask torture`: flips bits in a device's files. Each of many copies of one phone's folder is damaged
//! differently, then runs several `fieldcast` commands. The rules: a command succeeds or says what to do; edits and
//! policy are kept, or their loss is reported; no wrong data is sent; the next download or bundle repairs the device.

mod device;
mod flip;
mod template;
mod trial;

use std::process::ExitCode;

use self::flip::Target;
use self::template::TortureTemplate;
use self::trial::{Export, Fate, Findings, OpenOutcome};
use crate::Outcome;
use crate::args::Torture;

pub(crate) fn run(options: &Torture) -> Outcome {
    let template = TortureTemplate::prepare(options)?;
    let mut found: Vec<(Target, Findings)> = Vec::new();
    let numbers = options.only.map_or(0..options.databases, |only| only..only + 1);
    for number in numbers {
        let (target, flips) = template.areas.flips(options.seed, number);
        let findings = trial::run(&template, number, target, &flips)?;
        if !findings.broken.is_empty() || options.only.is_some() {
            let flips: Vec<String> = flips.iter().map(ToString::to_string).collect();
            println!("database {number} ({target}): {}", flips.join(", "));
            findings.broken.iter().for_each(|rule| println!("  BROKEN: {rule}"));
        }
        found.push((target, findings));
    }
    print(options, &found);
    if found.iter().all(|(_, findings)| findings.broken.is_empty()) {
        return Ok(ExitCode::SUCCESS);
    }
    println!("the folders are kept in {}; use --only NUMBER to repeat one", template.keep().display());
    Ok(ExitCode::FAILURE)
}

/// Prints one row for each target, and one for all.
fn print(options: &Torture, found: &[(Target, Findings)]) {
    println!("seed {}, {} households; databases with flipped bits, by target:", options.seed, options.households);
    println!(
        "{:18} {:>6} | {:>8} {:>9} {:>7} | {:>5} {:>5} | {:>6} {:>5} | {:>6} {:>4} {:>7} | {:>6} | {:>6}",
        "",
        "number",
        "silently",
        "recovered",
        "refused",
        "edits",
        "lost",
        "policy",
        "lost",
        "export",
        "part",
        "refused",
        "healed",
        "broken"
    );
    for target in Target::ALL {
        let hit: Vec<_> = found.iter().filter(|(hit, _)| *hit == target).map(|(_, findings)| findings).collect();
        row(&target.to_string(), &hit);
    }
    row("all", &found.iter().map(|(_, findings)| findings).collect::<Vec<_>>());
}

fn row(name: &str, found: &[&Findings]) {
    let count = |is: &dyn Fn(&Findings) -> bool| found.iter().filter(|findings| is(findings)).count();
    let opened = |how: OpenOutcome| count(&|it| it.opened == how);
    let open = |is: &dyn Fn(&Findings) -> bool| count(&|it| it.opened != OpenOutcome::Refused && is(it));
    println!(
        "{name:18} {:>6} | {:>8} {:>9} {:>7} | {:>5} {:>5} | {:>6} {:>5} | {:>6} {:>4} {:>7} | {:>6} | {:>6}",
        found.len(),
        opened(OpenOutcome::Silently),
        opened(OpenOutcome::Recovered),
        opened(OpenOutcome::Refused),
        open(&|it| it.edits == Fate::Kept),
        open(&|it| it.edits == Fate::Reported),
        open(&|it| it.policy == Fate::Kept),
        open(&|it| it.policy == Fate::Reported),
        open(&|it| it.export == Export::Whole),
        open(&|it| it.export == Export::Part),
        open(&|it| it.export == Export::Refused),
        count(&|it| it.is_healed),
        count(&|it| !it.broken.is_empty()),
    );
}
