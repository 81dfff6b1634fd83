//! Counts allocated memory and aborts the process if a decoder exceeds its limit.
//!
//! libFuzzer's own limit needs a sanitizer and checks each allocation alone. This limit needs none and checks the sum.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Maximum memory for reading one input, in bytes. docs/BUNDLE.md promises less than 300 MiB for a chunk.
pub(crate) const CAP: usize = 300 << 20;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static ALLOWED: AtomicUsize = AtomicUsize::new(usize::MAX);

/// The system's allocator with counters.
pub(crate) struct Counting;

fn count(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    if live > PEAK.fetch_max(live, Relaxed) && live > ALLOWED.load(Relaxed) {
        ALLOWED.store(usize::MAX, Relaxed); // printing may allocate
        eprintln!("more than {CAP} bytes allocated for one input; the last allocation was {bytes} bytes");
        std::process::abort();
    }
}

// SAFETY: all calls go unchanged to the system's allocator. Only counters are added.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(at, layout) }
    }
}

/// Runs `read` and aborts if it allocates more than [`CAP`]. Prints each clearly higher peak as `peak N bytes`, which
/// `cargo xtask fuzz` reads.
pub(crate) fn capped<T>(read: impl FnOnce() -> T) -> T {
    static MAX_PEAK: AtomicUsize = AtomicUsize::new(0);
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    ALLOWED.store(before + CAP, Relaxed);
    let out = read();
    ALLOWED.store(usize::MAX, Relaxed);
    let peak = PEAK.load(Relaxed).saturating_sub(before);
    let max_peak = MAX_PEAK.load(Relaxed);
    if peak > max_peak + max_peak / 16 + (64 << 10) {
        MAX_PEAK.store(peak, Relaxed);
        eprintln!("peak {peak} bytes");
    }
    out
}
