//! The tables of codes in the documentation are those of the code.

use std::collections::BTreeMap;

use suona_protocol::{Disconnect, DisconnectCode, ErrorCode, UnsubscribeCode};

const PROTOCOL: &str = include_str!("../../../docs/protocol.md");
const CHINESE: &str = include_str!("../../../docs/protocol.zh-CN.md");

/// What stands under the heading `### {name}`.
fn section<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, section) = page.split_once(&format!("\n### {name}\n")).expect("the heading stands there");
    section.split("\n#").next().unwrap_or_default()
}

/// The table under the heading `### {name}`: codes with their texts. Each says whether it is sent, and when.
fn table(page: &str, name: &str) -> BTreeMap<u32, String> {
    let mut codes = BTreeMap::new();
    for line in section(page, name).lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", code, text, sent, when, ""] = cells[..] else { continue };
        let Ok(code) = code.parse() else { continue };
        assert!(matches!(sent, "yes" | "no" | "是" | "否" | "api") && !when.is_empty(), "{line}");
        assert!(codes.insert(code, text.to_owned()).is_none(), "{code} stands there twice");
    }
    codes
}

fn of<T: Copy>(all: &[T], row: impl Fn(T) -> (u32, String)) -> BTreeMap<u32, String> {
    all.iter().map(|code| row(*code)).collect()
}

#[test]
fn every_error_is_documented_and_no_other() {
    let errors = of(ErrorCode::ALL, |code| (code.code(), code.message().to_owned()));
    assert_eq!(table(PROTOCOL, "Errors"), errors);
    assert_eq!(table(CHINESE, "错误"), errors);
}

#[test]
fn every_disconnect_is_documented_and_no_other() {
    let disconnects =
        of(DisconnectCode::ALL, |code| (code.code(), Disconnect::from(code).reason().to_owned()));
    assert_eq!(table(PROTOCOL, "Disconnects"), disconnects);
    assert_eq!(table(CHINESE, "断开"), disconnects);
}

#[test]
fn every_unsubscribe_is_documented_and_no_other() {
    let unsubscribes = of(UnsubscribeCode::ALL, |code| (code.code(), code.reason().to_owned()));
    assert_eq!(table(PROTOCOL, "Unsubscribes"), unsubscribes);
    assert_eq!(table(CHINESE, "退订"), unsubscribes);
}

#[test]
fn codes_that_only_other_servers_send_are_named() {
    let foreign = [
        ("Errors", "错误", 113, "concurrent pagination"),
        ("Disconnects", "断开", 3000, "connection closed"),
        ("Disconnects", "断开", 3014, "state invalidated"),
        ("Disconnects", "断开", 3509, "too many errors"),
        ("Unsubscribes", "退订", 2502, "state invalidated"),
    ];
    for (english, chinese, code, reason) in foreign {
        for (page, name) in [(PROTOCOL, english), (CHINESE, chinese)] {
            assert!(section(page, name).contains(&format!("{code} `{reason}`")), "{code} in {name}");
            assert!(!table(page, name).contains_key(&code), "{code} is ours after all");
        }
    }
}
