//! A filter as it is on the wire, in both codecs.

use prost::Message;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{BadFilter, Budget, MAX_DEPTH, sketch::Sketch};

/// More than any op or comparison has, in bytes.
const MAX_NAME: usize = 256;

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

impl FilterNode {
    /// How many bytes of memory it keeps, itself included.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.content()
    }

    /// What lies outside of the node itself.
    fn content(&self) -> usize {
        let texts = [&self.op, &self.key, &self.cmp, &self.val].into_iter().chain(&self.vals);
        texts.map(String::capacity).sum::<usize>()
            + self.vals.capacity() * size_of::<String>()
            + self.nodes.capacity() * size_of::<Self>()
            + self.nodes.iter().map(Self::content).sum::<usize>()
    }

    /// Reads a tree that a client sent; one beyond the limits is not built.
    pub(crate) fn from_json(json: &RawValue) -> serde_json::Result<Self> {
        if Sketch::of_json(json.get()).is_too_large() {
            return Ok(Self::too_large());
        }
        serde_json::from_str(json.get()).map(Self::bounded)
    }

    /// The same in Protobuf. What cannot be read is an empty tree, which is refused as well.
    pub(crate) fn from_protobuf(message: &[u8]) -> Self {
        if Sketch::of_protobuf(message).is_too_large() {
            return Self::too_large();
        }
        Self::decode(message).map_or_else(|_| Self::default(), Self::bounded)
    }

    /// What a command keeps of it, for as long as that may have to wait.
    pub(super) fn bounded(self) -> Self {
        let mut budget = Budget::WHOLE;
        if self.fit(MAX_DEPTH, &mut budget).is_ok() { self } else { Self::too_large() }
    }

    /// A small tree that stands for a large one, and is refused as that would be.
    fn too_large() -> Self {
        (0..MAX_DEPTH).fold(Self::default(), |inner, _| Self {
            op: "or".to_owned(),
            nodes: vec![inner],
            ..Self::default()
        })
    }

    fn fit(&self, depth: usize, budget: &mut Budget) -> Result<(), BadFilter> {
        budget.take(self)?;
        // What it means is looked at later; no valid op or comparison is longer than that.
        let depth = depth.checked_sub(1).filter(|_| self.op.len().max(self.cmp.len()) <= MAX_NAME);
        let depth = depth.ok_or(BadFilter::TooLarge)?;
        self.nodes.iter().try_for_each(|node| node.fit(depth, budget))
    }
}

fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
