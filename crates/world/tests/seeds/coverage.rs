//! What ten thousand worlds must have seen, or they prove less than they seem to.

use suona_world::tally::Tally;

/// How often each must be seen in [`SEEDS`](super::SEEDS) worlds, at least.
const FLOORS: &[(&str, u64)] = &[
    // What clients do.
    ("dial", 100_000),
    ("close", 30_000),
    ("send", 200_000),
    ("ask", 30_000),
    ("ask for a channel", 10_000),
    ("status offline", 15_000),
    ("status hidden", 4_000),
    ("status waiting", 60_000),
    ("status opening", 100_000),
    ("status online", 50_000),
    // What they are told of channels.
    ("subscribed fresh", 60_000),
    ("subscribed recovered", 60_000),
    ("subscribed gap", 40_000),
    ("served fresh", 10_000),
    ("served recovered", 5_000),
    ("served gap", 3_000),
    ("publication", 800_000),
    ("position", 800_000),
    ("join", 40_000),
    ("leave", 10_000),
    ("unsubscribed", 1_000),
    ("unsubscribe push 2000", 1_000),
    ("unsubscribe push 2500", 300),
    ("sub_refresh reply", 1_500),
    // What comes of their commands.
    ("settle done", 60_000),
    ("settle expired", 1_000),
    ("settle outbox-full", 5_000),
    ("settle server-trouble", 3_000),
    ("settle stopped", 2_000),
    ("settle too-many-requests", 150),
    ("settle unknown-outcome", 1_000),
    ("settle doubtful", 4_000),
    // What goes wrong with connections.
    ("fault connection-lost", 20_000),
    ("fault no-answer", 8_000),
    ("fault token-expired", 100),
    ("fault token-failed", 1_500),
    ("fault token-slow", 500),
    ("fault unreachable", 50_000),
    // What the gateway is asked.
    ("command connect", 50_000),
    ("command history", 3_000),
    ("command ping", 5_000),
    ("command pong", 20_000),
    ("command presence", 3_000),
    ("command presence_stats", 2_000),
    ("command publish", 20_000),
    ("command refresh", 3_000),
    ("command rpc", 30_000),
    ("command send", 300),
    ("command sub_refresh", 2_000),
    ("command subscribe", 150_000),
    ("command unsubscribe", 2_000),
    // Answers that come when the connection is gone, and another one has its slot.
    ("stray", 5_000),
    // What it refuses, and how it ends connections: for shutting down, slow readers, lost publications, an order of the
    // backend, missing pongs, a connect that never came, a takeover, and messages that it does not take.
    ("error 100", 3_000),
    ("error 109", 100),
    ("error 111", 150),
    ("disconnect 3001", 3_000),
    ("disconnect 3008", 5_000),
    ("disconnect 3010", 100),
    ("disconnect 3011", 2_000),
    ("disconnect 3012", 800),
    ("disconnect 3502", 400),
    ("disconnect 3503", 5_000),
    ("disconnect 3508", 300),
];

/// Each kind that was seen less often than it must be, in as many words.
pub(crate) fn lacking(tally: &Tally) -> Vec<String> {
    let rare = FLOORS.iter().filter(|(what, least)| tally.count(what) < *least);
    rare.map(|(what, least)| format!("{what} was seen {} times, not {least}", tally.count(what))).collect()
}
