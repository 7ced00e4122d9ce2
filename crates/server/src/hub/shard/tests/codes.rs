//! Every code that the documentation says we send is provoked here, from the client's first word to the frame;
//! and every code that is provoked is documented as sent.

mod stories;

use serde_json::Value;

use super::*;

const PROTOCOL: &str = include_str!("../../../../../../docs/protocol.md");

/// The codes of the tables that are marked as sent, or as not sent.
fn documented(sent: impl Fn(&str) -> bool) -> BTreeSet<u32> {
    let (_, tables) = PROTOCOL.split_once("\n## Codes\n").expect("the heading stands there");
    let tables = tables.split("\n## ").next().unwrap_or_default();
    let code = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", code, _, mark, _, ""] = cells[..] else { return None };
        code.parse().ok().filter(|_| sent(mark))
    };
    tables.lines().filter_map(code).collect()
}

/// The codes in what a client heard: of errors, unsubscribes and the close.
fn codes(heard: &[String]) -> Vec<u32> {
    let code = |message: &String| {
        if let Some(close) = message.strip_prefix("close ") {
            return close.split(' ').next()?.parse().ok();
        }
        let message: Value = serde_json::from_str(message).expect("JSON");
        let bearer = message.get("error").or_else(|| message["push"].get("unsubscribe"))?;
        bearer["code"].as_u64()?.try_into().ok()
    };
    heard.iter().filter_map(code).collect()
}

#[test]
fn every_code_that_is_documented_as_sent_is_sent_and_no_other() {
    let told: Vec<_> = stories::STORIES.iter().map(|(code, story)| (*code, story())).collect();
    let failed: Vec<_> = told.iter().filter(|(code, heard)| !codes(heard).contains(code)).collect();
    assert!(failed.is_empty(), "stories that ended otherwise: {failed:#?}");
    let provoked: BTreeSet<u32> = told.into_iter().map(|(code, _)| code).collect();
    assert_eq!(provoked, documented(|mark| mark != "no"));
}
