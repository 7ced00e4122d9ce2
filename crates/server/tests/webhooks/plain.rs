//! Plain clients, whose replies do not say which request they answer.

use std::time::Instant;

use super::*;

/// Requests of one client, all sent before any is answered.
const REQUESTS: u64 = 12;

/// Sends its requests at once, the slowest first, and reads the replies; answers how long that took.
fn ask_all(socket: &mut WebSocket<TcpStream>, user: &str) -> Duration {
    let begun = Instant::now();
    for number in 0..REQUESTS {
        let millis = (REQUESTS - number) * 3;
        let request = json!({ "method": "leisurely", "number": number, "millis": millis });
        socket.send(Message::text(request.to_string())).unwrap();
    }
    let mut replies = Vec::new();
    while replies.len() < REQUESTS as usize {
        if let Message::Text(text) = socket.read().expect("the connection lives") {
            replies.push(serde_json::from_str::<Value>(&text).unwrap());
        }
    }
    for (number, reply) in replies.iter().enumerate() {
        let expected = json!({ "method": "leisurely", "result": [user, number] });
        assert_eq!(reply, &expected, "{user} of {replies:?}");
    }
    begun.elapsed()
}

#[test]
fn replies_of_a_slow_backend_never_cross() {
    let world = World::new();
    let clients: Vec<_> = (0..24)
        .map(|number| match number % 2 {
            0 => (world.open("/app"), String::new()),
            _ => (world.open(&format!("/backend?user=u{number}")), format!("u{number}")),
        })
        .collect();
    let asking: Vec<_> = clients
        .into_iter()
        .map(|(mut socket, user)| std::thread::spawn(move || ask_all(&mut socket, &user)))
        .collect();
    let took: Vec<_> = asking.into_iter().map(|one| one.join().expect("all in order")).collect();
    let total = took.len() as u64 * REQUESTS;
    figure!(
        "{total} requests of {} plain clients in order, the last after {:?}",
        took.len(),
        took.iter().max()
    );
}

#[test]
fn a_request_that_times_out_before_the_next_takes_no_reply_of_it() {
    let world = World::new();
    let mut socket = world.open("/backend?user=ann");
    let slow = json!({ "method": "hasty:slow" });
    let quick = |number| json!({ "method": "leisurely", "number": number, "millis": 1 });
    for request in [slow.clone(), quick(1), slow, quick(2), quick(3)] {
        socket.send(Message::text(request.to_string())).unwrap();
    }
    let mut reply = || loop {
        if let Message::Text(text) = socket.read().expect("the connection lives") {
            return serde_json::from_str::<Value>(&text).unwrap();
        }
    };
    let timed_out = |reply: Value| reply["method"] == "hasty:slow" && reply["error"]["code"] == 100;
    let answered = |number| json!({ "method": "leisurely", "result": ["ann", number] });
    assert!(timed_out(reply()));
    // One for the backend that may still wait for the first, and one for the second.
    world.held.add_permits(2);
    assert_eq!(reply(), answered(1));
    assert_eq!(reply(), json!({ "method": "hasty:slow", "result": "ann" }));
    assert_eq!(reply(), answered(2));
    assert_eq!(reply(), answered(3));
}
