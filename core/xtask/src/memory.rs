//! The process's peak memory, where the system tells it.

use std::fs;

/// Where the measurement began.
pub(crate) struct Baseline(Option<u64>);

impl Baseline {
    /// Forgets the peak so far and takes what is in use now as the baseline.
    pub(crate) fn take() -> Self {
        forget_peak();
        Self(status("VmRSS:"))
    }

    /// Forgets the peak so far and keeps the baseline: what an allocator has not given back counts.
    pub(crate) fn begin_again(&self) {
        forget_peak();
    }

    /// Bytes in use at the highest since then, less the baseline.
    pub(crate) fn peak_above(&self) -> Option<u64> {
        Some(status("VmHWM:")?.saturating_sub(self.0?))
    }
}

fn forget_peak() {
    // Linux: 5 resets VmHWM. Where it cannot be reset a peak may only come out too high.
    _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most bytes another process has had in use so far.
pub(crate) fn peak_of(pid: u32) -> Option<u64> {
    value(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "VmHWM:")
}

fn status(field: &str) -> Option<u64> {
    fs::read_to_string("/proc/self/status").ok().and_then(|status| value(&status, field))
}

/// Bytes of a field that is given in kB.
fn value(status: &str, field: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_in_bytes() {
        let status = "Name:\txtask\nVmHWM:\t    2048 kB\nVmRSS:\t 7 pages\n";
        assert_eq!(value(status, "VmHWM:"), Some(2 << 20));
        assert_eq!([value(status, "VmRSS:"), value(status, "VmData:")], [None, None]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_peak_stays_after_its_memory_is_given_back() {
        let baseline = Baseline::take();
        let taken = vec![1u8; 32 << 20];
        assert_eq!(taken.iter().map(|byte| u64::from(*byte)).sum::<u64>(), 32 << 20);
        drop(taken);
        assert!(baseline.peak_above().is_none_or(|peak| peak >= 24 << 20));
    }
}
