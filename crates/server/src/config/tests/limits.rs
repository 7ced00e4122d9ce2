//! How often clients may do something, as operators write it.

use super::*;
use crate::limits::{Limit, Rate};

fn a_second(count: u32) -> Limit {
    Limit([Rate { count, interval: std::time::Duration::from_secs(1) }].into())
}

#[test]
fn only_what_is_enabled_is_heeded() {
    let with = |outer: bool, inner: bool| {
        let toml = format!(
            "[client.rate_limit.client_command]\nenabled = {outer}\n\
             total = {{ enabled = {inner}, buckets = [{{ interval = \"1s\", rate = 5 }}] }}"
        );
        Sources { file: Some(&File::new("suona.toml", &toml).0), ..Sources::default() }.read().config
    };
    assert_eq!(with(true, true).client.command_limit, a_second(5));
    assert!(with(false, true).client.command_limit.is_none());
    assert!(with(true, false).client.command_limit.is_none());
    let config = config_of(
        "[channel.without_namespace.rate_limit]\nenabled = true\nbuckets = [{ rate = 7 }]\n\
         [[channel.namespaces]]\nname = \"chat\"",
    );
    assert_eq!(config.channels.get(&"news".into()).unwrap().command_limit, Some((0, a_second(7))));
    assert_eq!(config.channels.get(&"chat:1".into()).unwrap().command_limit, None);
}

#[test]
fn a_limit_that_limits_nothing_is_a_mistake() {
    let at = "[client.rate_limit.user_command]\n";
    assert!(toml(&format!("{at}enabled = true"))[0].contains("limits nothing"));
    assert!(toml(&format!("{at}total = {{ enabled = true }}"))[0].contains("needs buckets"));
    assert!(toml("[client.rate_limit.ip_connect]\nenabled = true")[0].contains("limits nothing"));
    assert!(toml("[client.rate_limit.ip_connect]\nenabled = true\nmax_concurrent_per_ip = 5").is_empty());
    let bucket = |bucket: &str| toml(&format!("[client.rate_limit.ip_connect]\nbuckets = [{{ {bucket} }}]"));
    assert!(bucket("interval = \"1s\"")[0].contains("rate: must be from 1"));
    assert!(bucket("interval = \"1ms\", rate = 1")[0].contains("interval: must be from"));
    assert!(bucket("interval = \"1h\", rate = 1").is_empty());
}
