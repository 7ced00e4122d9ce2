//! Messages of JSON commands.

use suona_protocol::json::decode_commands;

use super::client;

/// Feeds one message to the decoder.
pub fn check(message: &[u8]) {
    let found: Vec<_> = decode_commands(message).collect();
    let lines = message.iter().filter(|byte| **byte == b'\n').count() + 1;
    assert!(!found.is_empty() && found.len() <= lines, "a line is a command or an error");

    let (last, others) = found.split_last().expect("just seen");
    assert!(others.iter().all(Result::is_ok), "nothing is read beyond an error");
    let commands: Vec<_> = others.iter().chain([last]).flatten().collect();
    let weight: usize = commands.iter().map(|command| client::weight(command)).sum();
    assert!(weight <= message.len(), "a command holds no more than was sent");

    for command in commands {
        let again: Vec<_> = decode_commands(&client::json(command)).collect();
        assert_eq!(again, [Ok(command.clone())]);
    }
}
