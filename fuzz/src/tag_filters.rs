//! A filter as a tree of JSON, a line feed, and tags as a JSON object.

use std::collections::BTreeMap;

use suona_protocol::{FilterNode, TagsFilter};

/// What is accepted holds at most so many conditions, on so many levels, of so many bytes.
const LIMITS: (usize, usize, usize) = (64, 8, 8192);

/// Checks a tree, and holds it against tags.
pub fn check(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (tree, tags) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let Ok(tree) = serde_json::from_slice::<FilterNode>(tree) else { return };
    let tags: BTreeMap<String, String> = serde_json::from_slice(tags).unwrap_or_default();

    let Ok(filter) = TagsFilter::new(tree.clone()) else { return };
    let (nodes, levels, bytes) = size(&tree);
    assert!(nodes <= LIMITS.0 && levels <= LIMITS.1 && bytes <= LIMITS.2, "what is kept is small");
    let list: Vec<_> = tags.clone().into_iter().collect();
    assert_eq!(filter.matches(&list), holds(&tree, &tags), "the filter means what the tree says");
}

fn size(node: &FilterNode) -> (usize, usize, usize) {
    let vals: usize = node.vals.iter().map(String::len).sum();
    let own = (1, 1, node.key.len() + node.val.len() + vals);
    node.nodes
        .iter()
        .map(size)
        .fold(own, |sum, (nodes, levels, bytes)| (sum.0 + nodes, sum.1.max(levels + 1), sum.2 + bytes))
}

/// The tree, read word by word.
fn holds(node: &FilterNode, tags: &BTreeMap<String, String>) -> bool {
    let mut nodes = node.nodes.iter().map(|node| holds(node, tags));
    let tag = tags.get(&node.key);
    let is_in = node.vals.contains(tag.unwrap_or(&String::new()));
    match (node.op.as_str(), node.cmp.as_str()) {
        ("and", _) => nodes.all(|holds| holds),
        ("or", _) => nodes.any(|holds| holds),
        ("not", _) => !nodes.all(|holds| holds),
        (_, "eq") => tag == Some(&node.val),
        (_, "neq") => tag != Some(&node.val),
        (_, "in") => is_in,
        (_, "nin") => !is_in,
        (_, "ex") => tag.is_some(),
        (_, "nex") => tag.is_none(),
        (_, "sw") => tag.is_some_and(|tag| tag.starts_with(&node.val)),
        (_, "ew") => tag.is_some_and(|tag| tag.ends_with(&node.val)),
        (_, "ct") => tag.is_some_and(|tag| tag.contains(&node.val)),
        (_, comparison) => {
            let (Some(tag), Some(val)) = (tag.and_then(|tag| scaled(tag)), scaled(&node.val)) else {
                return false;
            };
            match comparison {
                "gt" => tag > val,
                "gte" => tag >= val,
                "lt" => tag < val,
                _ => tag <= val,
            }
        }
    }
}

/// A decimal number as its sign and its digits around the point, filled up with zeros to the same length: so
/// that numbers compare as these do.
fn scaled(text: &str) -> Option<(bool, Vec<i8>)> {
    let is_negative = text.starts_with('-');
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) || fraction.len() > 19 || text.len() > 200 {
        return None;
    }
    let factor = if is_negative { -1 } else { 1 };
    let all = format!("{whole:0>200}{fraction:0<19}");
    let digits: Vec<_> = all.bytes().map(|digit| factor * (digit - b'0').cast_signed()).collect();
    Some((digits.iter().any(|digit| *digit > 0), digits))
}
