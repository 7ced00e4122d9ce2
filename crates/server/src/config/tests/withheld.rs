//! What withholds publications from subscribers.

use super::*;

#[test]
fn a_namespace_says_what_may_be_withheld() {
    let text = r#"
        [channel.without_namespace]
        delta_publish = true
        allowed_delta_types = ["fossil"]
        allow_tags_filter = true
        [[channel.namespaces]]
        name = "tick"
        conflate = "200ms"
    "#;
    let reading = File::new("a.toml", text).read();
    assert_eq!(problems(&reading), [""; 0]);
    let of = |channel: &str| reading.config.channels.get(&channel.into()).unwrap();
    let (lot, tick) = (of("lot"), of("tick:1"));
    assert!(lot.delta_publish && lot.allows_fossil() && lot.allow_tags_filter && lot.conflate.is_zero());
    assert!(!tick.delta_publish && !tick.allows_fossil() && !tick.allow_tags_filter);
    assert_eq!(show_duration(tick.conflate), "200ms");
}

#[test]
fn what_cannot_be_is_refused() {
    let said = toml(
        r#"
        [channel.without_namespace]
        allowed_delta_types = ["fosil", "xdelta"]
        [[channel.namespaces]]
        name = "tick"
        conflate = "200ms"
        delta_publish = true
        [[channel.namespaces]]
        name = "lot"
        conflate = "200ms"
        allowed_delta_types = ["fossil"]
    "#,
    );
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("did you mean \"fossil\"?"), "{said:?}");
    assert!(said[1].contains("remove delta_publish or conflate"), "{said:?}");
    assert!(said[2].contains("remove allowed_delta_types or conflate"), "{said:?}");
}
