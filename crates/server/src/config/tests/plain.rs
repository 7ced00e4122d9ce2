//! Plain doors, right and wrong.

use super::*;

#[test]
fn plain_doors_are_read_as_designed() {
    let text = include_str!("plain.toml");
    let reading = File::new("a.toml", text).read();
    assert_eq!(reading.problems.len(), 1, "{:?}", problems(&reading));
    assert!(problems(&reading)[0].contains("plain[2].rpc: has no backend to ask"));
    let [bids, device, app] = reading.config.plain.as_slice() else { panic!("three doors") };

    let Identify::Query { parameter, pattern: Some(pattern), user } = &bids.identify else {
        panic!("a query")
    };
    assert_eq!(parameter, "userid");
    let names = pattern.captures("7_acme_1700000000").unwrap();
    assert_eq!(user.fill(|name| names.name(name).map(|m| m.as_str())).unwrap(), "acme");
    assert_eq!(bids.channels[0].fill(|name| names.name(name).map(|m| m.as_str())).unwrap(), "lot:7");
    assert!(bids.trust_names && bids.greeting.as_deref() == Some("SUCCESS"));
    let heartbeat = bids.heartbeat.as_ref().unwrap();
    assert_eq!((heartbeat.request.as_str(), heartbeat.reply.as_deref()), ("header", Some("header")));
    assert_eq!(bids.idle_timeout.map(|t| t.as_secs()), Some(60));

    assert!(
        matches!(&device.identify, Identify::Message { token: Some(token), user: None } if token == "token")
    );
    assert_eq!(device.heartbeat.as_ref().unwrap().reply, None);
    assert!(matches!(app.identify, Identify::Anonymous));
    assert_eq!(app.rpc.as_ref().unwrap().method, "method");
    assert_eq!(app.idle_timeout, None);
}

#[test]
fn plain_doors_that_cannot_work_are_refused() {
    let text = r#"
[[plain]]
path = "/connection/websocket"
identify = { from = "query:userid", pattern = "^(?<lot>", token = "x" }
[[plain]]
path = "app"
channels = ["lot:{lot}"]
[[plain]]
path = "/api/app"
identify = { from = "query:userid", pattern = "^(?<lot>.+)$", user = "{supplier}" }
[[plain]]
path = "/one"
identify = { from = "cookie" }
[[plain]]
path = "/one"
identify = { from = "query:userid", pattern = "^(?<lot>.+)$" }
channels = ["lot:{supplier}", "lot:{"]
heartbeat = { reply = "x" }
[[plain]]
path = "/two"
identify = { from = "backend" }
"#;
    let told = toml(text);
    let expected = [
        "plain[0].path: \"/connection/websocket\" is a path of websocket already; choose another",
        "plain[0].identify.token: means nothing with from = \"query:userid\"; remove it",
        "plain[0].identify.pattern: \"^(?<lot>\" is no regular expression: unclosed group",
        "plain[1].path: \"app\" is no path; it begins with \"/\" and has no '?', '#' or space",
        "plain[1].channels: \"lot:{lot}\" uses {lot}, but anonymous clients have no names",
        "plain[2].path: \"/api/app\" is a path of http_api already; choose another",
        "plain[2].identify.user: \"{supplier}\" uses {supplier}; define it in identify.pattern as (?<supplier>…)",
        "plain[3].identify.from: \"cookie\" is no choice; use \"anonymous\", \"message\", \"backend\", or \"query:\" and the parameter's name",
        "plain[4].path: \"/one\" is a path of plain[3] already; choose another",
        "plain[4].channels: \"lot:{supplier}\" uses {supplier}; define it in identify.pattern as (?<supplier>…)",
        "plain[4].channels: \"lot:{\" has a brace without its partner; names stand in braces, like \"lot:{lot}\"",
        "plain[4].heartbeat.request: needs request, the text that clients send; or remove heartbeat",
        "client.proxy.connect.endpoint: needs the URL of the backend, like \"http://127.0.0.1:3000/suona\"",
    ];
    for sentence in expected {
        assert!(told.iter().any(|line| line.ends_with(sentence)), "missing: {sentence}\n{}", told.join("\n"));
    }
    assert_eq!(told.len(), expected.len(), "{}", told.join("\n"));
}
