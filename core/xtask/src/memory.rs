//! The peak memory of this process, if the system reports it.

use std::fs;

/// The baseline of a measurement.
pub(crate) struct Baseline(Option<u64>);

impl Baseline {
    /// Resets the peak and takes the memory in use now as the baseline.
    pub(crate) fn take() -> Self {
        forget_peak();
        Self(status("VmRSS:"))
    }

    /// Resets the peak and keeps the baseline. Memory that the allocator has not returned is included.
    pub(crate) fn begin_again(&self) {
        forget_peak();
    }

    /// Peak memory since then, minus the baseline, in bytes.
    pub(crate) fn peak_above(&self) -> Option<u64> {
        Some(status("VmHWM:")?.saturating_sub(self.0?))
    }
}

fn forget_peak() {
    // Linux: 5 resets VmHWM. If the reset fails, a peak can only be too high.
    _ = fs::write("/proc/self/clear_refs", "5");
}

/// The peak memory of another process so far, in bytes.
pub(crate) fn peak_of(pid: u32) -> Option<u64> {
    value(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "VmHWM:")
}

fn status(field: &str) -> Option<u64> {
    fs::read_to_string("/proc/self/status").ok().and_then(|status| value(&status, field))
}

/// The value in bytes of a field that is given in kB.
fn value(status: &str, field: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_field_to_bytes() {
        let status = "Name:\txtask\nVmHWM:\t    2048 kB\nVmRSS:\t 7 pages\n";
        assert_eq!(value(status, "VmHWM:"), Some(2 << 20));
        assert_eq!([value(status, "VmRSS:"), value(status, "VmData:")], [None, None]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn keeps_peak_after_memory_is_freed() {
        // Much more than the other tests of this process may free meanwhile.
        let size = 128 << 20;
        let baseline = Baseline::take();
        let taken = vec![1u8; size];
        assert_eq!(taken.iter().map(|byte| usize::from(*byte)).sum::<usize>(), size);
        drop(taken);
        assert!(baseline.peak_above().is_none_or(|peak| peak >= size as u64 / 2));
    }
}
