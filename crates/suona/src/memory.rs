//! The allocator, and what it has given out.

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Bytes that the process has allocated and not freed; `None` where the allocator does not count.
#[cfg(not(target_env = "msvc"))]
pub(crate) fn allocated() -> Option<u64> {
    // The statistics are those of the last epoch.
    tikv_jemalloc_ctl::epoch::advance().ok()?;
    u64::try_from(tikv_jemalloc_ctl::stats::allocated::read().ok()?).ok()
}

/// Bytes that the process has allocated and not freed; `None` where the allocator does not count.
#[cfg(target_env = "msvc")]
pub(crate) fn allocated() -> Option<u64> {
    None
}
