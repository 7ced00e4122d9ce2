//! Publications that a subscriber does not get in full: kept from it by their publisher or its own filter, or
//! shortened to what has changed.
//!
//! Whatever is withheld, the subscriber's position moves on, and what comes next is no delta to it. A recovery
//! leaves it out only after it was found complete.

use std::sync::Arc;

use suona_protocol::{ClientInfo, Encoded, ErrorCode, Exclude, FilterNode, Form, Publication, TagsFilter};

use super::{Session, joining::Joined, subscription::Features};
use crate::config::ChannelOptions;

/// What of the publications in a channel a subscriber reads.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Only those whose tags match; `None` for all.
    pub filter: Option<Arc<TagsFilter>>,
    /// In which form it gets the next one.
    pub form: Form,
}

/// Whether `client` does not get `publication` at all.
pub fn is_withheld(publication: &Publication, client: &ClientInfo, filter: Option<&TagsFilter>) -> bool {
    let is_excluded = publication.exclude.as_ref().is_some_and(|exclude| exclude.names(client));
    is_excluded || filter.is_some_and(|filter| !filter.matches(&publication.tags))
}

impl Reading {
    /// What the client asks for, as far as the namespace grants it. Only a positioned subscription gets deltas:
    /// no other would notice that it missed their base.
    pub(super) fn granted(
        filter: Option<FilterNode>,
        delta: &str,
        options: &ChannelOptions,
        features: Features,
    ) -> Result<Self, ErrorCode> {
        let filter = match filter {
            None => None,
            Some(_) if !options.allow_tags_filter => return Err(ErrorCode::BadRequest),
            Some(tree) => Some(Arc::new(TagsFilter::new(tree).map_err(|error| {
                tracing::debug!(%error, "tag filter refused");
                ErrorCode::BadRequest
            })?)),
        };
        let reads_deltas = delta == "fossil" && options.allows_fossil() && features.positioned;
        Ok(Self { filter, form: if reads_deltas { Form::Full } else { Form::Plain } })
    }

    /// Whether the client reads deltas.
    pub(super) fn reads_deltas(&self) -> bool {
        self.form != Form::Plain
    }

    /// Whether `client` gets this.
    pub(super) fn shows(&self, one: &Encoded, client: &ClientInfo) -> bool {
        !is_withheld(one.publication(), client, self.filter.as_deref())
    }

    /// Leaves out of what came late what `client` does not get; of what it missed that is left out already. The
    /// last publication before what comes live, if it got that, is the base of the next.
    pub(super) fn sieve(mut self, mut joined: Joined, client: &ClientInfo) -> Joined {
        joined.result.delta = self.reads_deltas();
        joined.late.retain(|one| self.shows(one, client));
        let last = joined.late.last().or(joined.result.publications.last());
        let stands_at = joined.position.map(|position| position.offset);
        let has_base = last.is_some_and(|last| Some(last.publication().offset) == stands_at);
        if self.reads_deltas() && has_base {
            self.form = Form::Delta;
        }
        Joined { reading: self, ..joined }
    }
}

impl Session {
    /// Who is not to hear what this client publishes.
    pub(super) fn exclude(&self, others: Option<Exclude>, itself: bool) -> Option<Arc<Exclude>> {
        let exclude = match (others, itself) {
            (others, true) => Some(others.unwrap_or_default().and_client(self.info.client.clone())),
            (others, false) => others,
        };
        exclude.map(Arc::new)
    }
}
