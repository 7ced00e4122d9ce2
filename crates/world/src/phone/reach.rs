//! What a phone can reach while something happens to it.

use crate::{
    agenda::Agenda, chronicle::SharedChronicle, network::Network, tally::Tally, trace::Trace, world::Event,
};

/// What a phone can reach while something happens to it.
pub struct Reach<'a> {
    /// What is due when.
    pub agenda: &'a mut Agenda<Event>,
    /// The network.
    pub network: &'a mut Network,
    /// What really happened, for the judge.
    pub chronicle: &'a SharedChronicle,
    /// What happens, for people.
    pub trace: &'a mut Trace,
    /// What was seen.
    pub tally: &'a mut Tally,
}
