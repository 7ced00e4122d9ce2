use super::{said, toml};

#[test]
fn an_automatic_cache_needs_a_cache() {
    let namespace = |more: &str| {
        let history = r#""history_size":1,"history_ttl":"60s","auto_cache_recover":true"#;
        said("a.json", &format!(r#"{{"channel":{{"without_namespace":{{{history}{more}}}}}}}"#))
    };
    let sentence = "auto_cache_recover: needs force_recovery, and \"cache\" as force_recovery_mode";
    for without in ["", r#","force_recovery":true"#, r#","force_recovery_mode":"cache""#] {
        let told = namespace(without);
        assert!(told.len() == 1 && told[0].ends_with(sentence), "{told:?}");
    }
    assert_eq!(namespace(r#","force_recovery":true,"force_recovery_mode":"cache""#), [""; 0]);
}

#[test]
fn positions_are_checked_once_a_second_at_most() {
    let told = toml("client.channel_position_check_delay = \"900ms\"");
    assert!(told[0].contains("client.channel_position_check_delay: must be at least"), "{told:?}");
    assert_eq!(toml("client.channel_position_check_delay = 0"), [""; 0]);
    assert_eq!(toml("client.channel_position_check_delay = \"1s\""), [""; 0]);
}
