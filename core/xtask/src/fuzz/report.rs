//! The result of a libFuzzer run, parsed from its output.

use std::fmt;

use crate::figures::Mib;

/// How many lines of the log are printed with a finding.
const TAIL: usize = 40;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    runs: u64,
    runs_per_second: u64,
    coverage: u64,
    /// Inputs that were kept because they reach new code.
    corpus: u64,
    /// The peak memory of reading one input.
    peak: u64,
    pub(crate) is_finding: bool,
    /// The end of the log.
    pub(crate) tail: String,
}

impl Report {
    pub(crate) fn read(log: &str, succeeded: bool) -> Self {
        let stat = |name: &str| {
            let line = log.lines().rev().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
            line.and_then(|rest| rest.trim_start_matches(':').trim().parse().ok()).unwrap_or(0)
        };
        let lines: Vec<&str> = log.lines().collect();
        Self {
            runs: stat("number_of_executed_units"),
            runs_per_second: stat("average_exec_per_sec"),
            coverage: last_after(log, " cov: "),
            corpus: last_after(log, " corp: "),
            peak: log.lines().filter_map(|line| number(line.strip_prefix("peak ")?)).max().unwrap_or(0),
            is_finding: !succeeded,
            tail: lines[lines.len().saturating_sub(TAIL)..].join("\n"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, runs_per_second, coverage, corpus, .. } = self;
        let verdict = if self.is_finding { "FINDING" } else { "no finding" };
        let peak = Mib(Some(self.peak));
        write!(
            f,
            "{runs:>9} runs {runs_per_second:>7}/s  coverage {coverage:>5}  corpus {corpus:>5}  peak {peak:>10}  {verdict}"
        )
    }
}

/// The number after the last `mark`.
fn last_after(log: &str, mark: &str) -> u64 {
    log.rfind(mark).and_then(|at| number(&log[at + mark.len()..])).unwrap_or(0)
}

/// The number at the start of a text.
fn number(text: &str) -> Option<u64> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
INFO: Seed: 1
#2\tINITED cov: 12 ft: 20 corp: 1/1b exec/s: 0 rss: 30Mb
peak 1048576 bytes
peak 3145728 bytes
#512\tNEW    cov: 345 ft: 900 corp: 17/12Kb lim: 4 exec/s: 0 rss: 31Mb
#512\tDONE   cov: 345 ft: 900 corp: 17/12Kb lim: 4 exec/s: 51 rss: 31Mb
stat::number_of_executed_units: 512
stat::average_exec_per_sec:     51
";

    #[test]
    fn reads_last_figures() {
        let report = Report::read(LOG, true);
        assert_eq!((report.runs, report.runs_per_second, report.coverage, report.corpus), (512, 51, 345, 17));
        assert_eq!((report.peak, report.is_finding), (3 << 20, false));
        assert!(report.to_string().contains("peak    3.0 MiB  no finding"), "{report}");
    }

    #[test]
    fn reports_early_end_as_finding() {
        let report = Report::read("", false);
        assert!(report.is_finding && report.to_string().ends_with("FINDING"));
    }
}
