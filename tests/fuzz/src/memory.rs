//! Counts what is allocated, and ends the process where a decoder takes more than it may.
//!
//! libFuzzer's own limit on allocations needs a sanitizer and looks at each alone; this needs none and looks at the sum.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The most that reading one input may hold at once: docs/BUNDLE.md promises less than 300 MiB for a chunk.
pub(crate) const CAP: usize = 300 << 20;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static ALLOWED: AtomicUsize = AtomicUsize::new(usize::MAX);

/// The system's allocator, counting.
pub(crate) struct Counting;

fn taken(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    if live > PEAK.fetch_max(live, Relaxed) && live > ALLOWED.load(Relaxed) {
        ALLOWED.store(usize::MAX, Relaxed); // printing may allocate
        eprintln!("more than {CAP} bytes allocated for one input: {bytes} at once in the end");
        std::process::abort();
    }
}

// SAFETY: all calls go to the system's allocator unchanged; beside them only counters move.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        taken(size);
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(at, layout) }
    }
}

/// Runs `read` and aborts if it takes more than [`CAP`]. Tells whenever one took clearly more than all before it, as
/// `peak N bytes`, which `cargo xtask fuzz` reads.
pub(crate) fn capped<T>(read: impl FnOnce() -> T) -> T {
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    ALLOWED.store(before + CAP, Relaxed);
    let out = read();
    ALLOWED.store(usize::MAX, Relaxed);
    let peak = PEAK.load(Relaxed).saturating_sub(before);
    let most = MOST.load(Relaxed);
    if peak > most + most / 16 + (64 << 10) {
        MOST.store(peak, Relaxed);
        eprintln!("peak {peak} bytes");
    }
    out
}
