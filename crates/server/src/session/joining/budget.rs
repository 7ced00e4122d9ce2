//! How much of what was missed a reply has room for.

use std::sync::Arc;

use suona_protocol::{ClientInfo, Encoded};

use crate::session::{Reading, Rules};

/// What a reply may give back of what was missed.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Budget {
    /// In all channels together.
    pub(in crate::session) bytes: usize,
    /// In each channel.
    pub(in crate::session) publications: usize,
}

impl Budget {
    /// What a reply may give back that holds nothing else.
    pub(in crate::session) fn of(rules: &Rules) -> Self {
        let publications = rules.config.client.recovery_max_publication_limit;
        Self { bytes: rules.max_reply_bytes(), publications }
    }

    /// Takes room for those of `missed` that the client gets; `None` as soon as it does not suffice.
    pub(super) fn sieve(
        &mut self,
        missed: Vec<Arc<Encoded>>,
        reading: &Reading,
        client: &ClientInfo,
    ) -> Option<Vec<Arc<Encoded>>> {
        // As a JSON string, each byte may take two.
        let factor = if reading.reads_deltas() { 2 } else { 1 };
        let mut left = *self;
        let mut shown = Vec::new();
        for one in missed.into_iter().filter(|one| reading.shows(one, client)) {
            left.publications = left.publications.checked_sub(1)?;
            left.bytes = left.bytes.checked_sub(one.len() * factor)?;
            shown.push(one);
        }
        self.bytes = left.bytes;
        Some(shown)
    }
}
