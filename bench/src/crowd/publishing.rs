//! How publications are handed in: what a request looks like, and whether its answer is good.

mod pusher;

use std::net::SocketAddr;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Trouble;
pub use pusher::App;

/// The API through which a server takes publications.
#[derive(Clone)]
pub enum Publishing {
    /// `POST /api/batch` as Suona has it, with its key if it wants one.
    Batch(Option<String>),
    /// Pusher's.
    Pusher(App),
}

/// As much of the answer to a batch as matters.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    replies: Vec<Value>,
    /// The floor says how often it wrote.
    writes: Option<u64>,
}

impl Publishing {
    /// The request that publishes pairs of channel and text at `host`.
    pub(super) fn request(&self, host: SocketAddr, publications: &[(String, String)]) -> Vec<u8> {
        let (target, header, body) = match self {
            Self::Batch(key) => {
                let header = key.as_ref().map(|key| format!("X-API-Key: {key}\r\n"));
                ("/api/batch".to_owned(), header.unwrap_or_default(), batch(publications))
            }
            Self::Pusher(app) => {
                let body = pusher::events(publications);
                (app.target(&body), String::new(), body)
            }
        };
        let length = body.len();
        format!(
            "POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{header}\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// Checks that all was published, and says how often the floor wrote for it.
    pub(super) fn check(&self, answer: &[u8], publications: usize) -> Result<Option<u64>, Trouble> {
        match self {
            Self::Batch(_) => check_batch(answer, publications),
            // Its status, which was good, is all that it says.
            Self::Pusher(_) => Ok(None),
        }
    }
}

fn batch(publications: &[(String, String)]) -> String {
    let publish =
        |(channel, data): &(String, String)| json!({ "publish": { "channel": channel, "data": data } });
    json!({ "commands": publications.iter().map(publish).collect::<Vec<_>>() }).to_string()
}

fn check_batch(body: &[u8], commands: usize) -> Result<Option<u64>, Trouble> {
    let refused = || Trouble::Publish(String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned());
    let answer: Answer = serde_json::from_slice(body).map_err(|_| refused())?;
    let all = answer.replies.iter().all(|reply| reply.get("publish").is_some());
    if all && answer.replies.len() == commands { Ok(answer.writes) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_was_not_wholly_published_is_refused() {
        let check = |answer: &[u8], publications| Publishing::Batch(None).check(answer, publications);
        assert_eq!(check(br#"{"replies":[{"publish":{}}],"writes":7}"#, 1).unwrap(), Some(7));
        assert!(check(br#"{"replies":[{"publish":{}}]}"#, 2).is_err());
        let error = check(br#"{"replies":[{"error":{"code":107}}]}"#, 1).unwrap_err();
        assert!(error.to_string().contains("107"), "{error}");
    }
}
