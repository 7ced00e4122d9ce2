//! How much a shard does before it looks at its sockets again, so that nobody waits for long.

/// Reads in a turn, and writes, each about a millisecond's; after as many, the sockets are looked at again.
pub(super) const TURN: usize = 256;

/// Connections taken in a turn while nobody else waits; each costs a few microseconds.
pub(super) const NEWCOMERS: usize = 64;

/// The same while somebody does.
pub(super) const NEWCOMERS_TO_A_CROWD: usize = 16;

/// As much as so many short reads takes one that used up its budget.
pub(super) const FULL_READ: usize = 32;

/// Connections closed in a turn because their peers are gone: when thousands go at once, those who stay shall not
/// notice.
pub(super) const BURIALS: usize = 32;

/// As much as so many short reads takes each of them, some ten microseconds.
pub(super) const BURIAL: usize = 4;

/// Deliveries taken at once: publishers that never rest shall not keep sockets waiting.
pub(super) const DELIVERIES: usize = 1024;
