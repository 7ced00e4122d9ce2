//! The order of a hash map, out of the shard's dice like all else that is random about it.

use std::hash::{BuildHasher, DefaultHasher, Hasher};

/// Hashes as the standard library does, behind a secret of 64 bits: nobody outside can tell what collides, and a
/// shard that begins with the same dice does everything in the same order.
#[derive(Clone, Copy)]
pub(super) struct HashOrder(pub(super) u64);

impl BuildHasher for HashOrder {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}
