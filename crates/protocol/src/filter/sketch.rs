//! What a tree on the wire would take, found before anything of it is built.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::{MAX_BYTES, MAX_DEPTH, MAX_NODES, VALUE};

/// How many texts a tree within the limits may have: in JSON a node has six names, and four values beside those
/// of `vals`.
const MAX_TEXTS: usize = 10 * MAX_NODES + MAX_BYTES / VALUE;

/// A count of what a tree consists of, never too low.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sketch {
    nodes: usize,
    texts: usize,
}

impl Sketch {
    /// Counts the objects and texts of valid JSON.
    pub(super) fn of_json(json: &str) -> Self {
        let mut sketch = Self::default();
        let (mut in_text, mut escaped) = (false, false);
        for byte in json.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    in_text = !in_text;
                    sketch.texts += usize::from(in_text);
                }
                b'{' if !in_text => sketch.nodes += 1,
                _ => {}
            }
        }
        sketch
    }

    /// Counts the nodes and values of a message, up to where it cannot be read.
    pub(super) fn of_protobuf(message: &[u8]) -> Self {
        let mut sketch = Self::default();
        sketch.add(message, MAX_DEPTH);
        sketch
    }

    /// Adds a node and those below it; deeper ones than are allowed count as too many.
    fn add(&mut self, mut node: &[u8], depth: usize) {
        self.nodes += if depth == 0 { MAX_NODES + 1 } else { 1 };
        while !node.is_empty() && !self.is_too_large() {
            let Ok((tag, wire_type)) = decode_key(&mut node) else { return };
            if wire_type != WireType::LengthDelimited {
                let Ok(()) = skip_field(wire_type, tag, &mut node, DecodeContext::default()) else { return };
                continue;
            }
            let len = decode_varint(&mut node).ok().and_then(|len| usize::try_from(len).ok());
            let Some((field, rest)) = len.and_then(|len| node.split_at_checked(len)) else { return };
            node = rest;
            match tag {
                5 => self.texts += 1,
                6 => self.add(field, depth - 1),
                _ => {}
            }
        }
    }

    /// Whether a tree like this is beyond the limits, whatever its texts are.
    pub(super) fn is_too_large(&self) -> bool {
        self.nodes > MAX_NODES || self.texts > MAX_TEXTS
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::{super::FilterNode, *};

    #[test]
    fn what_stands_in_texts_is_no_node() {
        let json = r#"{"key":"a{\"{","cmp":"in","vals":["{","\\",""]}"#;
        assert_eq!(Sketch::of_json(json), Sketch { nodes: 1, texts: 8 });
    }

    #[test]
    fn each_node_and_value_of_a_message_counts() {
        let leaf = FilterNode { key: "a".into(), vals: vec![String::new(); 3], ..FilterNode::default() };
        let tree = FilterNode { op: "or".into(), nodes: vec![leaf; 5], ..FilterNode::default() };
        assert_eq!(Sketch::of_protobuf(&tree.encode_to_vec()), Sketch { nodes: 6, texts: 15 });
    }

    #[test]
    fn counting_ends_where_a_message_ends_or_is_too_large() {
        let deep = (0..5000).fold(FilterNode::default(), |inner, _| FilterNode {
            nodes: vec![inner],
            ..FilterNode::default()
        });
        for message in
            [&deep.encode_to_vec()[..], &[6 << 3 | 2, 0].repeat(30_000), &[5 << 3 | 2, 0].repeat(30_000)]
        {
            let sketch = Sketch::of_protobuf(message);
            assert!(
                sketch.is_too_large() && sketch.nodes <= 2 * MAX_NODES + 1 && sketch.texts <= MAX_TEXTS + 1
            );
        }
        for broken in [&[6 << 3 | 2, 9][..], &[255; 20], &[3, 3, 3]] {
            assert!(!Sketch::of_protobuf(broken).is_too_large());
        }
    }
}
