//! What holds for all connections of a user.

use serde_json::json;

use super::*;

const FEW: &str = r#"
    [client.rate_limit.user_command]
    enabled = true
    total = { enabled = true, buckets = [{ interval = "1s", rate = 3 }] }
"#;

const ALONE: &str = r#"
    [client.subscribe_to_user_personal_channel]
    enabled = true
    single_connection = true
"#;

impl World {
    /// A connection of this user, `and` whatever it says in its first message after connecting.
    fn enters(&mut self, user: &str, and: &str) -> (ConnectionId, Vec<String>) {
        let id = self.enter();
        let connect = json!({ "id": 1, "connect": { "token": token(&json!({ "sub": user })) } });
        self.says(id, &format!("{connect}{and}"));
        (id, self.hears(id))
    }

    fn pings(&mut self, id: ConnectionId, times: usize) -> (usize, usize) {
        for _ in 0..times {
            self.says(id, r#"{"id":7,"ping":{}}"#);
        }
        granted(&self.hears(id))
    }
}

/// How many pings were answered, and how many refused.
fn granted(heard: &[String]) -> (usize, usize) {
    let count = |reply: &str| heard.iter().filter(|message| message.starts_with(reply)).count();
    (count(r#"{"id":7,"ping""#), count(r#"{"id":7,"error":{"code":111"#))
}

#[test]
fn a_user_has_one_bucket_for_all_its_connections() {
    let mut world = World::new(FEW);
    let ((one, _), (two, _), (other, _)) =
        (world.enters("ann", ""), world.enters("ann", ""), world.enters("bob", ""));
    assert_eq!(world.pings(one, 2), (2, 0));
    assert_eq!(world.pings(two, 2), (1, 1));
    assert_eq!(world.pings(other, 4), (3, 1));
    world.after(Duration::from_secs(1));
    assert_eq!(world.pings(two, 4), (3, 1));
}

#[test]
fn coming_again_and_again_gives_nobody_more() {
    // With a channel to be made first, what is sent along comes before anybody knows who sends it.
    let mut world = World::new(&format!("{FEW}[client.subscribe_to_user_personal_channel]\nenabled = true"));
    let pings = "\n{\"id\":7,\"ping\":{}}".repeat(4);
    let (_, heard) = world.enters("ann", &pings);
    assert_eq!(granted(&heard), (4, 0), "nobody knew yet whose they were");
    let (again, _) = world.enters("ann", "");
    assert_eq!(world.pings(again, 1), (0, 1), "and then they are owed");
}

#[test]
fn anonymous_clients_have_nothing_in_common() {
    let mut world = World::new(FEW);
    for _ in 0..3 {
        let (id, _) = world.enters("", "");
        assert_eq!(world.pings(id, 9), (9, 0));
    }
}

#[test]
fn where_users_are_connected_once_the_latest_connection_stays() {
    let mut world = World::new(ALONE);
    let ((first, _), (other, _)) = (world.enters("ann", ""), world.enters("bob", ""));
    let (second, heard) = world.enters("ann", "");
    assert!(heard[0].contains(r##""subs":{"#ann":{}}"##), "{heard:?}");
    assert_eq!(world.hears(first), ["close 3504 connection limit"]);
    world.cut(first);
    assert!(world.hears(second).is_empty() && world.hears(other).is_empty());
    assert_eq!(world.shard.commons.users.find("ann").len(), 1);
}
