//! A filter as it is on the wire, in both codecs.

use prost::Message;
use serde::{Deserialize, Deserializer, Serialize};

/// A condition on tags: either one comparison, or others joined by an operator. Not checked yet: see
/// [`TagsFilter::new`](super::TagsFilter::new).
#[derive(Clone, PartialEq, Message, Deserialize, Serialize)]
pub struct FilterNode {
    /// `and`, `or`, `not`; empty for a comparison.
    #[prost(string, tag = "1")]
    #[serde(default, deserialize_with = "nullable")]
    pub op: String,
    /// The tag that is compared.
    #[prost(string, tag = "2")]
    #[serde(default, deserialize_with = "nullable")]
    pub key: String,
    /// How: `eq`, `neq`, `in`, `nin`, `ex`, `nex`, `sw`, `ew`, `ct`, `gt`, `gte`, `lt`, `lte`.
    #[prost(string, tag = "3")]
    #[serde(default, deserialize_with = "nullable")]
    pub cmp: String,
    /// With what.
    #[prost(string, tag = "4")]
    #[serde(default, deserialize_with = "nullable")]
    pub val: String,
    /// With what, for `in` and `nin`.
    #[prost(string, repeated, tag = "5")]
    #[serde(default, deserialize_with = "nullable")]
    pub vals: Vec<String>,
    /// What is joined.
    #[prost(message, repeated, tag = "6")]
    #[serde(default, deserialize_with = "nullable")]
    pub nodes: Vec<FilterNode>,
}

fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
