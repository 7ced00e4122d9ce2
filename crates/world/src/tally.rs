//! What was seen in a world and how often, so that it can be asserted that worlds see everything they are for.

use std::{collections::BTreeMap, fmt};

use suona_client::{
    client::{Output, Status},
    link::Frame,
};

use crate::schedule::OWN;

/// How often each kind of thing was seen, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<String, u64>);

impl Tally {
    /// How often this was seen.
    pub fn count(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// Adds what was seen elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            self.see(what, *times);
        }
    }

    /// A client wants this done.
    pub fn told(&mut self, output: &Output) {
        match output {
            Output::Dial { .. } => self.see("dial", 1),
            Output::Close { .. } => self.see("close", 1),
            Output::Send(_) => self.see("send", 1),
            Output::Ask { channel: None, .. } => self.see("ask", 1),
            Output::Ask { channel: Some(_), .. } => self.see("ask for a channel", 1),
            Output::Status(Status { state, fault, .. }) => {
                self.see(&format!("status {}", state.name()), 1);
                if let Some(fault) = fault {
                    self.see(&format!("fault {}", fault.code), 1);
                }
            }
            Output::Subscribed { channel, how } => {
                let whose = if OWN.contains(&channel.as_str()) { "served" } else { "subscribed" };
                self.see(&format!("{whose} {}", how.name()), 1);
            }
            Output::Publication { .. } => self.see("publication", 1),
            Output::Position { .. } => self.see("position", 1),
            Output::Join { .. } => self.see("join", 1),
            Output::Leave { .. } => self.see("leave", 1),
            Output::Unsubscribed { .. } => self.see("unsubscribed", 1),
            Output::Message(_) => self.see("message", 1),
            Output::Settle { outcome, doubtful, .. } => {
                match outcome {
                    Ok(_) => self.see("settle done", 1),
                    Err(fault) => self.see(&format!("settle {}", fault.code), 1),
                }
                self.see("settle doubtful", u64::from(*doubtful));
            }
        }
    }

    /// A client heard a frame: those that end a subscription, and what asks the client to come back, show nowhere else.
    pub fn heard(&mut self, frame: &Frame) {
        let Frame::Text(text) = frame else { return };
        if let Some(code) = number_after(text, r#""unsubscribe":{"code":"#) {
            self.see(&format!("unsubscribe push {code}"), 1);
        }
        if text.contains(r#""sub_refresh":{"#) {
            self.see("sub_refresh reply", 1);
        }
    }

    /// So many answers and orders came too late for a connection whose slot another one had by then.
    pub fn strayed(&mut self, times: u64) {
        self.see("stray", times);
    }

    /// What a gateway counted in its life, as its metrics have it.
    pub fn counted(&mut self, metrics: &str) {
        for line in metrics.lines() {
            let times = line.rsplit(' ').next().and_then(|times| times.parse().ok()).unwrap_or_default();
            for (name, kind) in [("_closes_total{", "disconnect"), ("_errors_total{", "error")] {
                if let Some(code) = number_after(line, "code=\"").filter(|_| line.contains(name)) {
                    self.see(&format!("{kind} {code}"), times);
                }
            }
            if let Some((_, rest)) = line.split_once("_commands_total{method=\"")
                && let Some((method, _)) = rest.split_once('"')
            {
                self.see(&format!("command {method}"), times);
            }
        }
    }

    fn see(&mut self, what: &str, times: u64) {
        match self.0.get_mut(what) {
            Some(count) => *count += times,
            None => drop(self.0.insert(what.to_owned(), times)),
        }
    }
}

/// One line for each kind.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, times) in &self.0 {
            writeln!(f, "{times:>12}  {what}")?;
        }
        Ok(())
    }
}

fn number_after(text: &str, mark: &str) -> Option<u32> {
    let (_, rest) = text.split_once(mark)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_and_counted_is_seen() {
        let mut tally = Tally::default();
        let push = r#"{"push":{"channel":"news","unsubscribe":{"code":2500,"reason":"insufficient state"}}}"#;
        tally.heard(&Frame::Text(push.to_owned()));
        tally.counted("suona_closes_total{code=\"3010\"} 2\nsuona_commands_total{method=\"rpc\"} 7\n");
        assert_eq!(tally.count("unsubscribe push 2500"), 1);
        assert_eq!(tally.count("disconnect 3010"), 2);
        assert_eq!(tally.count("command rpc"), 7);
    }
}
