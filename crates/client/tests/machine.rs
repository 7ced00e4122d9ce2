//! What no transcript says of the two machines: bounds too large to write down, news that come late, and signs of life
//! that only sockets of this language show.

use std::time::Duration;

use serde_json::{Value, json};
use suona_client::{
    Client, Code, Link, Moment,
    client::{Command, Input, Options, Output},
    link::{self, Frame, State},
};

/// So many seconds after a beginning.
fn at(seconds: u64) -> Moment {
    Moment { now: Duration::from_secs(1_000_000_000 + seconds), luck: 0.5 }
}

fn lines(lines: impl IntoIterator<Item = Value>) -> Frame {
    Frame::Text(lines.into_iter().map(|line| line.to_string()).collect::<Vec<_>>().join("\n"))
}

fn outputs(client: &mut Client) -> Vec<Output> {
    std::iter::from_fn(|| client.poll()).collect()
}

/// Lets a client in on its socket of this generation, and gives what it does then.
fn let_in(client: &mut Client, generation: u64, connect: &Value, moment: Moment) -> Vec<Output> {
    client.handle(link::Input::Opened { generation }, moment);
    let said = outputs(client).into_iter().find_map(said).expect("it introduces itself");
    let frame = lines([json!({ "id": said["id"], "connect": connect })]);
    client.handle(link::Input::Received { generation, frame }, moment);
    outputs(client)
}

/// The first command of what a client sends.
fn said(output: Output) -> Option<Value> {
    let Output::Send(Frame::Text(text)) = output else { return None };
    serde_json::from_str(text.lines().next()?).ok()
}

fn settled(output: &Output) -> Option<(u64, Result<(), Code>, bool)> {
    let Output::Settle { ticket, outcome, doubtful } = output else { return None };
    Some((*ticket, outcome.as_ref().map(|_| ()).map_err(|fault| fault.code), *doubtful))
}

fn started(options: Options, connect: &Value) -> Client {
    let mut client = Client::new(options);
    client.handle(link::Input::Start, at(0));
    outputs(&mut client);
    let_in(&mut client, 1, connect, at(0));
    client
}

/// The client's line falls silent; it has asked whether that lives, was suspended, and is given a command when it runs
/// again: so late that this ends the connection, before the command has left.
fn given_too_late(client: &mut Client, command: Command) -> Vec<Output> {
    client.handle(link::Input::Woke, at(61));
    assert!(outputs(client).into_iter().find_map(said).is_some(), "it asks for a sign");
    client.handle(Input::Command { ticket: 1, command, ttl: Some(Duration::from_secs(60)) }, at(100));
    let given = outputs(client);
    assert!(given.iter().any(|output| matches!(output, Output::Close { .. })), "{given:?}");
    assert!(given.iter().all(|output| !matches!(output, Output::Send(_))), "{given:?}");
    given
}

fn rpc() -> Command {
    Command::Rpc { method: "bid".to_owned(), data: None }
}

/// The next connection, and what is answered there to what is asked on it.
fn asked_again(client: &mut Client, connect: &Value) -> Vec<Output> {
    client.handle(link::Input::Woke, at(101));
    outputs(client);
    let asked = let_in(client, 2, connect, at(101)).into_iter().find_map(said).expect("it is asked");
    let frame = lines([json!({ "id": asked["id"], "rpc": {} })]);
    client.handle(link::Input::Received { generation: 2, frame }, at(102));
    outputs(client)
}

#[test]
fn what_never_left_is_in_no_doubt_when_another_life_of_the_gateway_does_it() {
    let gateway = |node: &str| json!({ "version": "Suona 0.1.0", "node": node });
    let mut client = started(Options::new("s"), &gateway("one"));
    let given = given_too_late(&mut client, rpc());
    assert_eq!(given.iter().find_map(settled), None);
    let told = asked_again(&mut client, &gateway("two"));
    assert_eq!(told.iter().find_map(settled), Some((1, Ok(()), false)));
}

#[test]
fn what_never_left_waits_for_the_next_connection_to_any_server() {
    let server = json!({ "version": "5.0.0 OSS" });
    let mut client = started(Options::new("s"), &server);
    let given = given_too_late(&mut client, rpc());
    assert_eq!(given.iter().find_map(settled), None);
    let told = asked_again(&mut client, &server);
    assert_eq!(told.iter().find_map(settled), Some((1, Ok(()), false)));
}

#[test]
fn what_never_left_expires_and_has_no_unknown_outcome() {
    let mut client = started(Options::new("s"), &json!({ "version": "Suona 0.1.0", "node": "one" }));
    given_too_late(&mut client, rpc());
    client.handle(link::Input::Woke, at(160));
    let told = outputs(&mut client);
    assert_eq!(told.iter().find_map(settled), Some((1, Err(Code::Expired), false)));
}

#[test]
fn a_command_that_comes_with_the_end_is_settled_before_the_call_returns() {
    let mut options = Options::new("s");
    options.link.reconnect = false;
    let mut client = started(options, &json!({ "version": "Suona 0.1.0", "node": "one" }));
    let given = given_too_late(&mut client, rpc());
    let settled: Vec<_> = given.iter().filter_map(settled).collect();
    assert_eq!(settled, [(1, Err(Code::NoAnswer), false)]);
    let ended = |output: &Output| matches!(output, Output::Status(status) if status.state == State::Offline);
    assert!(given.iter().any(ended), "{given:?}");
}

/// Beyond so many no more that the server chooses are heard.
const MOST_CHANNELS: usize = 10_000;

#[test]
fn a_server_chooses_so_many_channels_and_no_more() {
    let mut client = started(Options::new("s"), &json!({ "version": "Suona 0.1.0", "node": "one" }));
    let push = |number: usize, event: Value| {
        let mut push = event;
        push["channel"] = format!("c{number}").into();
        json!({ "push": push })
    };
    let chosen = |number| push(number, json!({ "subscribe": {} }));
    let message = |number| push(number, json!({ "pub": { "data": number } }));
    let hear = |client: &mut Client, frame: Frame| {
        client.handle(link::Input::Received { generation: 1, frame }, at(1));
        outputs(client).len()
    };
    assert_eq!(hear(&mut client, lines((0..MOST_CHANNELS + 5).map(chosen))), MOST_CHANNELS);
    assert_eq!(hear(&mut client, lines([message(MOST_CHANNELS), message(MOST_CHANNELS - 1)])), 1);
    // One that is known may be chosen again, and one that has ended makes room.
    assert_eq!(hear(&mut client, lines([chosen(7), chosen(MOST_CHANNELS)])), 1);
    let ended = push(7, json!({ "unsubscribe": { "code": 2000, "reason": "" } }));
    assert_eq!(hear(&mut client, lines([ended, chosen(MOST_CHANNELS)])), 2);
    // What the app chooses is for the app to bound.
    client.handle(Input::Subscribe { channel: "mine".into(), options: Default::default() }, at(1));
    assert!(
        outputs(&mut client).into_iter().find_map(said).is_some_and(|said| said["subscribe"].is_object())
    );
}

#[test]
fn a_sign_of_life_counts_as_much_as_a_message_if_it_is_of_the_current_socket() {
    let mut link = Link::new(link::Options::default());
    let silence = Some(Duration::from_secs(30));
    for input in [link::Input::Start, link::Input::Opened { generation: 1 }, link::Input::Settled { silence }]
    {
        link.handle(input, at(0));
    }
    link.handle(link::Input::Alive { generation: 1 }, at(20));
    assert_eq!(link.deadline(), Some(at(50).now));
    link.handle(link::Input::Woke, at(50));
    assert!(std::iter::from_fn(|| link.poll()).any(|output| output == link::Output::Probe));
    link.handle(link::Input::Alive { generation: 1 }, at(51));
    assert_eq!(link.deadline(), Some(at(81).now));
    link.handle(link::Input::Alive { generation: 2 }, at(60));
    assert_eq!(link.deadline(), Some(at(81).now));
}
