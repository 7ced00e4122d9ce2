//! Conditions on a publication's tags, by which a subscriber says what it wants to hear.

mod decimal;
mod node;
mod sketch;
#[cfg(test)]
mod tests;

pub use node::FilterNode;

use decimal::Decimal;

/// How deep conditions may be nested; hand-written ones have two or three levels.
const MAX_DEPTH: usize = 8;

/// How many conditions there may be, those that join others included.
const MAX_NODES: usize = 64;

/// How many bytes of keys and values there may be: each filter is kept as long as its subscription. Two hundred
/// values of eight letters fit.
const MAX_BYTES: usize = 8192;

/// What a value takes beside its text, in bytes: a `String` and the least that an allocator hands out.
const VALUE: usize = 32;

/// The tree is no filter. Says why for our log, and quotes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    /// Too deep, too many conditions or too long.
    #[error("the filter has more than {MAX_DEPTH} levels, {MAX_NODES} conditions or {MAX_BYTES} bytes")]
    TooLarge,
    /// An `op` that does not exist.
    #[error("the filter has an unknown op")]
    UnknownOp,
    /// A `cmp` that does not exist.
    #[error("the filter has an unknown cmp")]
    UnknownComparison,
    /// A comparison without what it compares, or with what it does not compare.
    #[error("the filter has a comparison with the wrong operands")]
    WrongOperands,
    /// `and` and `or` of nothing, `not` of several.
    #[error("the filter has an and, or or not with the wrong number of nodes")]
    WrongNodes,
}

/// A filter that is known to be well-formed and small.
#[derive(Clone, Debug, PartialEq)]
pub struct TagsFilter {
    root: Condition,
    conditions: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Tag(String, Test),
}

/// What must hold of one tag.
#[derive(Clone, Debug, PartialEq)]
enum Test {
    Equal(String),
    NotEqual(String),
    /// One of these, sorted. A tag that is missing counts as an empty one, here and in `NotIn`.
    In(Box<[String]>),
    NotIn(Box<[String]>),
    Exists,
    Missing,
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    /// A decimal number that compares so to this one; never if either is none.
    Number(Order, Option<Decimal>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Greater,
    NotLess,
    Less,
    NotGreater,
}

impl TagsFilter {
    /// Checks a tree as it came from a client.
    pub fn new(tree: FilterNode) -> Result<Self, BadFilter> {
        let mut budget = Budget::WHOLE;
        let root = condition(tree, MAX_DEPTH, &mut budget)?;
        Ok(Self { root, conditions: MAX_NODES - budget.nodes })
    }

    /// How many conditions there are, those that join others included; at least 1.
    pub fn conditions(&self) -> usize {
        self.conditions
    }

    /// Whether a publication with these tags is wanted.
    pub fn matches(&self, tags: &[(String, String)]) -> bool {
        self.root.holds(tags)
    }
}

impl Condition {
    fn holds(&self, tags: &[(String, String)]) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(tags)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(tags)),
            Self::Not(condition) => !condition.holds(tags),
            Self::Tag(key, test) => {
                test.holds(tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str()))
            }
        }
    }
}

impl Test {
    fn holds(&self, tag: Option<&str>) -> bool {
        let is_in = |values: &[String]| {
            let value = tag.unwrap_or_default();
            values.binary_search_by(|one| one.as_str().cmp(value)).is_ok()
        };
        match self {
            Self::Equal(value) => tag == Some(value),
            Self::NotEqual(value) => tag != Some(value),
            Self::In(values) => is_in(values),
            Self::NotIn(values) => !is_in(values),
            Self::Exists => tag.is_some(),
            Self::Missing => tag.is_none(),
            Self::StartsWith(value) => tag.is_some_and(|tag| tag.starts_with(value.as_str())),
            Self::EndsWith(value) => tag.is_some_and(|tag| tag.ends_with(value.as_str())),
            Self::Contains(value) => tag.is_some_and(|tag| tag.contains(value.as_str())),
            Self::Number(order, number) => {
                let (Some(tag), Some(number)) = (tag.and_then(Decimal::parse), number) else { return false };
                let ordering = tag.cmp(number);
                match order {
                    Order::Greater => ordering.is_gt(),
                    Order::NotLess => ordering.is_ge(),
                    Order::Less => ordering.is_lt(),
                    Order::NotGreater => ordering.is_le(),
                }
            }
        }
    }
}

/// What is left of the limits.
struct Budget {
    nodes: usize,
    bytes: usize,
}

impl Budget {
    const WHOLE: Self = Self { nodes: MAX_NODES, bytes: MAX_BYTES };

    /// Takes what `node` costs without those below it.
    fn take(&mut self, node: &FilterNode) -> Result<(), BadFilter> {
        let bytes = node.key.len() + node.val.len() + node.vals.iter().map(String::len).sum::<usize>();
        self.nodes = self.nodes.checked_sub(1).ok_or(BadFilter::TooLarge)?;
        let bytes = bytes + node.vals.len() * VALUE;
        self.bytes = self.bytes.checked_sub(bytes).ok_or(BadFilter::TooLarge)?;
        Ok(())
    }
}

fn condition(node: FilterNode, depth: usize, budget: &mut Budget) -> Result<Condition, BadFilter> {
    budget.take(&node)?;
    let depth = depth.checked_sub(1).ok_or(BadFilter::TooLarge)?;
    let mut nodes = node.nodes.into_iter().map(|node| condition(node, depth, budget));
    match node.op.as_str() {
        "" => {
            let needs_key = !matches!(node.cmp.as_str(), "ex" | "nex");
            if needs_key && node.key.is_empty() {
                return Err(BadFilter::WrongOperands);
            }
            Ok(Condition::Tag(node.key, test(&node.cmp, node.val, node.vals)?))
        }
        "and" | "or" if nodes.len() == 0 => Err(BadFilter::WrongNodes),
        "and" => nodes.collect::<Result<_, _>>().map(Condition::All),
        "or" => nodes.collect::<Result<_, _>>().map(Condition::Any),
        "not" => match (nodes.next(), nodes.next()) {
            (Some(condition), None) => Ok(Condition::Not(Box::new(condition?))),
            _ => Err(BadFilter::WrongNodes),
        },
        _ => Err(BadFilter::UnknownOp),
    }
}

fn test(comparison: &str, value: String, mut values: Vec<String>) -> Result<Test, BadFilter> {
    let operands = match comparison {
        "ex" | "nex" => (false, false),
        "in" | "nin" => (false, true),
        "eq" | "neq" | "sw" | "ew" | "ct" | "gt" | "gte" | "lt" | "lte" => (true, false),
        _ => return Err(BadFilter::UnknownComparison),
    };
    if operands != (!value.is_empty(), !values.is_empty()) {
        return Err(BadFilter::WrongOperands);
    }
    values.sort_unstable();
    values.dedup();
    let number = |order| Test::Number(order, Decimal::parse(&value));
    Ok(match comparison {
        "ex" => Test::Exists,
        "nex" => Test::Missing,
        "in" => Test::In(values.into()),
        "nin" => Test::NotIn(values.into()),
        "gt" => number(Order::Greater),
        "gte" => number(Order::NotLess),
        "lt" => number(Order::Less),
        "lte" => number(Order::NotGreater),
        "eq" => Test::Equal(value),
        "neq" => Test::NotEqual(value),
        "sw" => Test::StartsWith(value),
        "ew" => Test::EndsWith(value),
        _ => Test::Contains(value),
    })
}
