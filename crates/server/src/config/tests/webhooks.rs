//! Webhooks, right and wrong.

use super::*;

#[test]
fn each_namespace_finds_its_webhook_and_only_those_in_use_are_kept() {
    let text = r#"
[client.proxy.connect]
enabled = true
endpoint = "https://shop.example.com/hooks?event=connect"
http_headers = ["Cookie", "X-Forwarded-For"]
[client.proxy.refresh]
endpoint = "http://127.0.0.1:3000/unused"
[channel.proxy.subscribe]
endpoint = "http://127.0.0.1:3000/subscribe"
timeout = "250ms"
http_headers = ["cookie"]
[channel.without_namespace]
subscribe_proxy_enabled = true
[[channel.namespaces]]
name = "chat"
subscribe_proxy_enabled = true
publish_proxy_enabled = true
publish_proxy_name = "second"
[rpc.without_namespace]
proxy_name = "second"
[[rpc.namespaces]]
name = "orders"
proxy_enabled = true
proxy_name = "second"
[[proxies]]
name = "second"
endpoint = "http://10.0.0.2/hooks"
[[proxies]]
name = "spare"
"#;
    let reading = File::new("a.toml", text).read();
    assert_eq!(problems(&reading), [""; 0]);
    let Config { webhooks, channels, .. } = &reading.config;
    let places: Vec<_> = webhooks.all.iter().map(|webhook| webhook.at.as_str()).collect();
    assert_eq!(places, ["channel.proxy.subscribe", "proxies[second]", "client.proxy.connect"]);
    let of = |channel: &str| channels.get(&channel.into()).unwrap();
    assert_eq!((of("news").subscribe_webhook, of("news").publish_webhook), (Some(WebhookId(0)), None));
    assert_eq!(of("chat:1").subscribe_webhook, Some(WebhookId(0)));
    assert_eq!(of("chat:1").publish_webhook, Some(WebhookId(1)));
    assert_eq!((webhooks.connect, webhooks.refresh), (Some(WebhookId(2)), None));
    assert_eq!(webhooks.rpc.find("orders:list"), Ok(WebhookId(1)));
    assert_eq!(webhooks.rpc.find("list"), Err(NoRoute::Disabled));
    assert_eq!(webhooks.rpc.find("other:list"), Err(NoRoute::UnknownNamespace));
    assert_eq!(show_duration(webhooks.all[0].timeout), "250ms");
    assert_eq!(webhooks.http_headers(), ["cookie", "x-forwarded-for"]);
    let nobody = "No managed client can connect";
    assert!(!reading.config.remarks().iter().any(|remark| remark.contains(nobody)));
}

#[test]
fn webhooks_that_cannot_work_are_refused() {
    let text = r#"
[client.proxy.connect]
enabled = true
endpoint = "grpc://127.0.0.1:5000"
[channel.proxy.publish]
endpoint = "http://127.0.0.1:3000"
timeout = "0s"
http_headers = ["Content-Length", "a b"]
[channel.proxy.publish.http]
static_headers = { "a b" = "x" }
[[channel.proxy.publish.http.status_to_code_transforms]]
status_code = 404
to_disconnect = { code = 1006 }
[[channel.namespaces]]
name = "chat"
subscribe_proxy_enabled = true
publish_proxy_enabled = true
sub_refresh_proxy_enabled = true
sub_refresh_proxy_name = "nobody"
[[proxies]]
endpoint = "http://127.0.0.1:3000"
[rpc.proxy.grpc]
compression = true
"#;
    let told = toml(text);
    let expected = [
        "client.proxy.connect.endpoint: is no URL that can be asked; it begins with \"http://\" or \"https://\" (gRPC is not spoken)",
        "channel.proxy.publish.timeout: must be longer than nothing; the default is \"1s\"",
        "channel.proxy.publish.http_headers: \"Content-Length\" belongs to each request itself; remove it",
        "channel.proxy.publish.http_headers: \"a b\" is no name of a header",
        "channel.proxy.publish.http.static_headers: \"a b\" is no header, or its value has letters that none may have",
        "channel.proxy.publish.http.status_to_code_transforms: needs either to_error, or to_disconnect with a code from 3000 to 4999",
        "channel.proxy.subscribe.endpoint: needs the URL of the backend, like \"http://127.0.0.1:3000/suona\"",
        "channel.namespaces[chat].sub_refresh_proxy_name: \"nobody\" is the name of no webhook; add it to proxies",
        "proxies[0].name: needs a name of its own, by which namespaces choose it",
    ];
    for sentence in expected {
        assert!(told.iter().any(|line| line.ends_with(sentence)), "missing: {sentence}\n{}", told.join("\n"));
    }
    assert!(told.iter().any(|line| line.contains("rpc.proxy.grpc") && line.contains("not supported yet")));
    assert_eq!(told.len(), expected.len() + 1, "{}", told.join("\n"));
}

#[test]
fn headers_with_passwords_may_come_from_the_environment_and_are_not_shown() {
    let environment = [
        ("SUONA_RPC_PROXY_ENDPOINT", "http://127.0.0.1:3000"),
        ("SUONA_RPC_WITHOUT_NAMESPACE_PROXY_ENABLED", "true"),
        ("SUONA_RPC_PROXY_HTTP_STATIC_HEADERS", r#"{"Authorization":"s3cret"}"#),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let reading = Sources { environment: &environment, ..Sources::default() }.read();
    assert_eq!(problems(&reading), [""; 0]);
    assert_eq!(reading.config.webhooks.all[0].static_headers["authorization"], "s3cret");
    assert!(!reading.settings.to_toml().contains("s3cret"));
}

#[test]
fn passwords_and_keys_in_endpoints_are_used_and_not_shown() {
    let text = r#"
[client.proxy.connect]
enabled = true
endpoint = "https://suona:s3cret@shop.example.com/hooks?key=s3cret"
[events]
endpoint = "https://suona:s3cret@shop.example.com/events?key=s3cret"
"#;
    let reading = File::new("a.toml", text).read();
    assert_eq!(problems(&reading), [""; 0]);
    let shown = format!("{:?}{}", reading.config, reading.settings.to_toml());
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("https://***@shop.example.com/hooks?***"), "{shown}");
    assert!(reading.config.webhooks.all[0].endpoint.expose().ends_with("?key=s3cret"));

    let told = toml(&text.replace("https://", "grpc://")).join("\n");
    assert!(told.contains("gRPC is not spoken") && !told.contains("s3cret"), "{told}");
}

#[test]
fn a_header_that_anybody_may_claim_is_a_danger() {
    let text = "[client.proxy.connect]\nenabled = true\nendpoint = \"http://127.0.0.1\"\n\
         emulated_headers = [\"Authorization\", \"X-User-Id\"]";
    let dangers = File::new("a.toml", text).read().config.dangers();
    assert!(matches!(&dangers[..], [danger] if danger.contains("\"x-user-id\"")), "{dangers:?}");
}
