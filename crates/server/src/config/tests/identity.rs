//! Who users are, as operators write it.

use super::*;

#[test]
fn an_endpoint_of_keys_is_one_url_and_makes_other_keys_useless() {
    let said = |endpoint: &str| toml(&format!("[client.token]\njwks_public_endpoint = \"{endpoint}\""));
    assert!(said("https://login.example.com/keys").is_empty());
    assert!(said("login.example.com")[0].contains("is no URL"));
    assert!(said("file:///keys")[0].contains("is no URL"));
    assert!(said("https://{{tenant}}.example.com/keys")[0].contains("write one URL"));
    let beside = toml(
        "[client.token]\njwks_public_endpoint = \"https://a.example/\"\nhmac_secret_key = \"0123456789abcdef0123456789abcdef\"",
    );
    assert_eq!(beside.len(), 1);
    assert!(beside[0].contains("hmac_secret_key: has no effect beside jwks_public_endpoint"), "{beside:?}");
}

#[test]
fn a_channel_of_ones_own_needs_its_namespace() {
    let section = "[client.subscribe_to_user_personal_channel]\nenabled = true\n";
    assert!(toml(section).is_empty());
    let wrong = toml(&format!("{section}personal_channel_namespace = \"mine\""));
    assert!(wrong[0].contains("is the name of no namespace"), "{wrong:?}");
}

#[test]
fn what_makes_users_doubtful_is_a_danger() {
    let dangers = |toml: &str| config_of(toml).dangers();
    let header = "[client]\nuser_id_http_header = \"X-User-Id\"";
    assert!(dangers(header)[0].contains("name your proxies in trusted_proxies"));
    assert!(dangers(&format!("trusted_proxies = [\"10.0.0.0/8\"]\n{header}")).is_empty());
    assert!(toml("[client]\nuser_id_http_header = \"X User\"")[0].contains("is no name of a header"));
    let unsigned = dangers("[client]\ninsecure_skip_token_signature_verify = true");
    assert!(unsigned[0].contains("everybody may claim to be anybody"));
    let endpoint = |url: &str| dangers(&format!("[client.token]\njwks_public_endpoint = \"{url}\""));
    assert!(endpoint("http://login.example.com/keys")[0].contains("can forge tokens"));
    for fine in ["https://login.example.com/", "http://127.0.0.1:3000/", "http://[::1]/", "http://localhost/"]
    {
        assert!(endpoint(fine).is_empty(), "{fine}");
    }
}

#[test]
fn a_personal_channel_that_others_get_at_is_a_danger() {
    let dangers = |namespace: &str, options: &str| {
        let personal = "[client.subscribe_to_user_personal_channel]\nenabled = true";
        let name = if namespace.is_empty() { "" } else { "personal_channel_namespace = \"own\"" };
        let place = if namespace.is_empty() {
            "[channel.without_namespace]"
        } else {
            "[[channel.namespaces]]\nname = \"own\""
        };
        config_of(&format!("{personal}\n{name}\n{place}\n{options}")).dangers()
    };
    for namespace in ["", "own"] {
        let dangers = |options: &str| dangers(namespace, options);
        let open = dangers("allow_subscribe_for_client = true");
        assert!(open.len() == 1 && open[0].contains("#42; set allow_user_limited_channels"), "{open:?}");
        assert!(dangers("allow_subscribe_for_client = true\nallow_user_limited_channels = true").is_empty());
        assert!(
            dangers("allow_publish_for_client = true\nallow_history_for_client = true").is_empty(),
            "none is kept"
        );
        let kept =
            "allow_user_limited_channels = true\nhistory_size = 9\nhistory_ttl = \"9s\"\npresence = true\n";
        let read =
            dangers(&format!("{kept}allow_history_for_client = true\nallow_presence_for_client = true"));
        assert!(
            read.len() == 2 && read[0].contains("read the history") && read[1].contains("see who is in"),
            "{read:?}"
        );
        assert!(dangers(&format!("{kept}allow_history_for_subscriber = true")).is_empty());
    }
}
