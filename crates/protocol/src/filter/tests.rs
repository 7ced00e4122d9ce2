use super::*;

fn filter(json: &str) -> Result<TagsFilter, BadFilter> {
    TagsFilter::new(serde_json::from_str(json).expect(json))
}

fn matches(json: &str, tags: &[(&str, &str)]) -> bool {
    let tags: Vec<_> = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    filter(json).expect(json).matches(&tags)
}

#[test]
fn each_comparison_compares_as_its_name_says() {
    let tags = [("lot", "A-17"), ("price", "1050.5"), ("empty", "")];
    for (wanted, unwanted) in [
        (r#""key":"lot","cmp":"eq","val":"A-17""#, r#""key":"lot","cmp":"eq","val":"A-18""#),
        (r#""key":"lot","cmp":"neq","val":"A-18""#, r#""key":"lot","cmp":"neq","val":"A-17""#),
        (r#""key":"lot","cmp":"in","vals":["B","A-17"]"#, r#""key":"lot","cmp":"in","vals":["B"]"#),
        (r#""key":"lot","cmp":"nin","vals":["B"]"#, r#""key":"lot","cmp":"nin","vals":["B","A-17"]"#),
        (r#""key":"empty","cmp":"ex""#, r#""key":"missing","cmp":"ex""#),
        (r#""key":"missing","cmp":"nex""#, r#""key":"empty","cmp":"nex""#),
        (r#""key":"lot","cmp":"sw","val":"A-""#, r#""key":"lot","cmp":"sw","val":"-1""#),
        (r#""key":"lot","cmp":"ew","val":"17""#, r#""key":"lot","cmp":"ew","val":"-1""#),
        (r#""key":"lot","cmp":"ct","val":"-1""#, r#""key":"lot","cmp":"ct","val":"--""#),
        (r#""key":"price","cmp":"gt","val":"999""#, r#""key":"price","cmp":"gt","val":"1050.50""#),
        (r#""key":"price","cmp":"gte","val":"1050.50""#, r#""key":"price","cmp":"gte","val":"1050.51""#),
        (r#""key":"price","cmp":"lt","val":"2000""#, r#""key":"price","cmp":"lt","val":"1050.5""#),
        (r#""key":"price","cmp":"lte","val":"1050.5""#, r#""key":"price","cmp":"lte","val":"1050""#),
    ] {
        assert!(matches(&format!("{{{wanted}}}"), &tags), "{wanted}");
        assert!(!matches(&format!("{{{unwanted}}}"), &tags), "{unwanted}");
    }
}

#[test]
fn a_tag_that_is_missing_is_unlike_every_value() {
    for (filter, expected) in [
        (r#"{"key":"a","cmp":"eq","val":"x"}"#, false),
        (r#"{"key":"a","cmp":"neq","val":"x"}"#, true),
        (r#"{"key":"a","cmp":"in","vals":["x"]}"#, false),
        (r#"{"key":"a","cmp":"in","vals":["x",""]}"#, true),
        (r#"{"key":"a","cmp":"nin","vals":["x",""]}"#, false),
        (r#"{"key":"a","cmp":"ct","val":"x"}"#, false),
        (r#"{"key":"a","cmp":"lt","val":"1"}"#, false),
    ] {
        assert_eq!(matches(filter, &[("b", "x")]), expected, "{filter}");
    }
}

#[test]
fn what_is_no_number_is_neither_less_nor_more() {
    for comparison in ["gt", "gte", "lt", "lte"] {
        let filter = |value| format!(r#"{{"key":"n","cmp":"{comparison}","val":"{value}"}}"#);
        assert!(!matches(&filter("1"), &[("n", "many")]));
        assert!(!matches(&filter("many"), &[("n", "1")]));
    }
}

#[test]
fn conditions_are_joined() {
    let (a, b) = (r#"{"key":"a","cmp":"ex"}"#, r#"{"key":"b","cmp":"ex"}"#);
    let joined = |op: &str, nodes: &str| format!(r#"{{"op":"{op}","nodes":[{nodes}]}}"#);
    let both = joined("and", &format!("{a},{b}"));
    let either = joined("or", &format!("{a},{b}"));
    let neither = joined("not", &either);
    for (tags, expected) in [
        (&[("a", "1"), ("b", "1")][..], [true, true, false]),
        (&[("b", "1")], [false, true, false]),
        (&[], [false, false, true]),
    ] {
        assert_eq!([&both, &either, &neither].map(|filter| matches(filter, tags)), expected, "{tags:?}");
    }
}

#[test]
fn a_malformed_tree_is_refused() {
    use BadFilter::{UnknownComparison, UnknownOp, WrongNodes, WrongOperands};
    for (json, expected) in [
        (r#"{}"#, WrongOperands),
        (r#"{"key":"a"}"#, UnknownComparison),
        (r#"{"key":"a","cmp":"like","val":"x"}"#, UnknownComparison),
        (r#"{"cmp":"eq","val":"x"}"#, WrongOperands),
        (r#"{"key":"a","cmp":"eq"}"#, WrongOperands),
        (r#"{"key":"a","cmp":"eq","val":"x","vals":["y"]}"#, WrongOperands),
        (r#"{"key":"a","cmp":"in","val":"x"}"#, WrongOperands),
        (r#"{"key":"a","cmp":"ex","val":"x"}"#, WrongOperands),
        (r#"{"op":"xor","nodes":[{"cmp":"ex"}]}"#, UnknownOp),
        (r#"{"op":"and"}"#, WrongNodes),
        (r#"{"op":"not","nodes":[{"cmp":"ex"},{"cmp":"ex"}]}"#, WrongNodes),
        (r#"{"op":"or","nodes":[{"cmp":"ex"},{"op":"or","nodes":null}]}"#, WrongNodes),
    ] {
        assert_eq!(filter(json), Err(expected), "{json}");
    }
}

#[test]
fn a_filter_is_small() {
    let leaf = || FilterNode { cmp: "ex".into(), ..FilterNode::default() };
    let join = |nodes| FilterNode { op: "and".into(), nodes, ..FilterNode::default() };
    let nested = |levels| (1..levels).fold(leaf(), |inner, _| join(vec![inner]));
    assert!(TagsFilter::new(nested(MAX_DEPTH)).is_ok());
    assert_eq!(TagsFilter::new(nested(MAX_DEPTH + 1)), Err(BadFilter::TooLarge));

    let wide = |nodes| join(vec![leaf(); nodes - 1]);
    assert!(TagsFilter::new(wide(MAX_NODES)).is_ok());
    assert_eq!(TagsFilter::new(wide(MAX_NODES + 1)), Err(BadFilter::TooLarge));

    let long = |vals| FilterNode { key: "a".into(), cmp: "in".into(), vals, ..FilterNode::default() };
    assert!(TagsFilter::new(long(vec!["x".repeat(MAX_BYTES - VALUE - 1)])).is_ok());
    assert_eq!(TagsFilter::new(long(vec!["x".repeat(MAX_BYTES - VALUE)])), Err(BadFilter::TooLarge));
    let most = MAX_BYTES / VALUE - 1;
    assert!(TagsFilter::new(long(vec![String::new(); most])).is_ok());
    assert_eq!(TagsFilter::new(long(vec![String::new(); most + 1])), Err(BadFilter::TooLarge));
}

#[test]
fn a_tree_beyond_the_limits_is_not_kept_and_still_refused() {
    let (empty, json) = (FilterNode::default(), |nodes: usize| {
        format!(
            r#"{{"id":1,"subscribe":{{"channel":"c","tf":{{"op":"and","nodes":[{}]}}}}}}"#,
            vec!["{}"; nodes].join(",")
        )
    });
    let sent = FilterNode { op: "and".into(), nodes: vec![empty; 20_000], ..FilterNode::default() };
    let filter = prost::Message::encode_to_vec(&sent);
    let mut subscribe = vec![13 << 3 | 2];
    prost::encoding::encode_varint(filter.len() as u64, &mut subscribe);
    subscribe.extend(filter);
    let mut command = vec![8, 1, 5 << 3 | 2];
    prost::encoding::encode_varint(subscribe.len() as u64, &mut command);
    command.extend(subscribe);
    let mut message = Vec::new();
    prost::encoding::encode_varint(command.len() as u64, &mut message);
    message.extend(command);
    let of_json = crate::json::decode_commands(json(20_000).as_bytes()).next();
    let of_protobuf = crate::protobuf::decode_commands(&message, 65_536).next();
    for command in [of_json, of_protobuf] {
        let Some(Ok(crate::Command { request: crate::Request::Subscribe(subscribe), .. })) = command else {
            panic!("no subscribe: {command:?}")
        };
        let kept = subscribe.tags_filter.expect("a filter was sent");
        assert!(kept.weight() < 4096, "{}", kept.weight());
        assert_eq!(kept.clone().bounded(), kept);
        assert_eq!(TagsFilter::new(kept), Err(BadFilter::TooLarge));
    }
}

#[test]
fn a_tree_within_the_limits_is_kept_as_it_is_and_weighs_what_it_takes() {
    let leaf = FilterNode { key: "a".repeat(60), cmp: "ex".into(), ..FilterNode::default() };
    let tree = FilterNode { op: "and".into(), nodes: vec![leaf; MAX_NODES - 1], ..FilterNode::default() };
    assert_eq!(tree.clone().bounded(), tree);
    assert!(tree.weight() >= MAX_NODES * size_of::<FilterNode>() + (MAX_NODES - 1) * 60);
    let named = FilterNode { op: "x".repeat(60_000), ..FilterNode::default() };
    assert!(named.bounded().weight() < 4096);
}
