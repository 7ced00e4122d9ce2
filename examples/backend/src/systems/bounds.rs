//! What people and devices write down does not grow without end.

use deadpool_sqlite::rusqlite::Connection;
use serde_json::{Value, json, value::RawValue};

use super::{Method, Methods};
use crate::{
    database::in_memory,
    refusal::Refusal,
    request::{Caller, Failure, Request},
};

const NOW: i64 = 1_000_000;

/// All systems, on a database of their own.
struct Systems {
    database: Connection,
    methods: Methods,
}

impl Systems {
    /// With `count` rows in a table, selected from the numbers `n` from 1.
    fn with(count: i64, insert: &str) -> Self {
        let database = in_memory();
        let device = "INSERT INTO devices (serial, title, key_hash) VALUES ('pump', '水泵', x'00')";
        database.execute(device, []).unwrap();
        let systems = Self { database, methods: Methods::all() };
        systems.add(count, insert);
        systems
    }

    fn add(&self, count: i64, insert: &str) {
        let numbers =
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)";
        self.database.execute(&format!("{numbers} {insert} FROM numbers"), [count]).unwrap();
    }

    fn ask(&mut self, user: &str, method: &str, data: &Value) -> Result<Value, Failure> {
        let transaction = self.database.transaction().unwrap();
        let request = Request { transaction: &transaction, caller: Caller::of(user), now: NOW };
        let (Method::Reads(act) | Method::Writes(act) | Method::Replaces(act)) =
            self.methods.find(method).unwrap();
        let answer = act(&request, &RawValue::from_string(data.to_string()).unwrap())?;
        transaction.commit().unwrap();
        Ok(answer)
    }

    fn number(&self, select: &str) -> i64 {
        self.database.query_row(select, [], |row| row.get(0)).unwrap()
    }
}

fn is_too_many(outcome: &Result<Value, Failure>) -> bool {
    matches!(outcome, Err(Failure::Refused(Refusal::TooMany)))
}

#[test]
fn the_oldest_lots_go_with_their_bids_once_they_have_ended() {
    // The first is still open, all others have ended.
    let lot = "INSERT INTO lots (title, best, bids, end_at) SELECT 'x', 100, 1, iif(n = 1, 2000000, 1)";
    let mut systems = Systems::with(1500, lot);
    systems.add(1500, "INSERT INTO bids SELECT n, 1, 100, 'ann', 1");
    systems.ask("ann", "open", &json!({ "title": "x", "ceiling": 1, "seconds": 60 })).unwrap();
    // The new one, the open one, and the thousand before the new one.
    assert_eq!(systems.number("SELECT count(*) FROM lots"), 1001);
    assert_eq!(systems.number("SELECT min(id) FROM lots WHERE id > 1"), 502);
    assert_eq!(systems.number("SELECT count(*) FROM bids"), 1000);
    assert!(systems.ask("ann", "lot", &json!({ "lot": "1" })).is_ok());
}

#[test]
fn of_the_bids_on_a_lot_the_best_are_kept_and_all_are_counted() {
    let lot = "INSERT INTO lots (title, best, bids, end_at) SELECT 'x', 1000000, 1000, 2000000";
    let mut systems = Systems::with(1, lot);
    systems.add(1000, "INSERT INTO bids SELECT 1, n, 2000000 - n, 'ann', 1");
    for price in [9, 8] {
        systems.ask("bob", "bid", &json!({ "lot": "1", "price": price })).unwrap();
    }
    assert_eq!(systems.number("SELECT count(*) FROM bids"), 1000);
    assert_eq!(systems.number("SELECT max(price) FROM bids"), 2_000_000 - 3);
    let bids = systems.ask("bob", "bids", &json!({ "lot": "1", "limit": 2 })).unwrap();
    assert_eq!((&bids[0]["price"], &bids[1]["price"]), (&json!(8), &json!(9)));
    assert_eq!(systems.ask("bob", "lot", &json!({ "lot": "1" })).unwrap()["bids"], 1002);
}

#[test]
fn the_oldest_commands_of_a_device_go_once_they_have_ended() {
    let command = "INSERT INTO commands (serial, number, turn, by, at, status, ended)
        SELECT 'pump', n, 'on', 'ann', 1, iif(n = 1, 'queued', 'done'), iif(n = 1, NULL, 1)";
    let mut systems = Systems::with(300, command);
    systems.database.execute("UPDATE devices SET commands = 300", []).unwrap();
    systems.ask("ann", "turn", &json!({ "serial": "pump", "turn": "off" })).unwrap();
    // The new one, the one that waits, and those of the last two hundred that have ended.
    assert_eq!(systems.number("SELECT count(*) FROM commands"), 201);
    let pending = systems.ask("device:pump", "pending", &json!({})).unwrap();
    assert_eq!((&pending[0]["id"], &pending[1]["id"]), (&json!("pump-1"), &json!("pump-301")));
}

#[test]
fn nobody_fills_the_list_of_devices() {
    let device =
        "INSERT INTO devices (serial, title, keeper, key_hash) SELECT 'd' || n, 'x', 'k' || (n / 50), x'00'";
    let mut systems = Systems::with(9_998, device);
    let new = |serial: &str| json!({ "serial": serial, "title": "x", "key": "0123456789abcdef" });
    systems.ask("ann", "register", &new("last")).unwrap();
    assert!(is_too_many(&systems.ask("ann", "register", &new("too-many"))));
}

#[test]
fn one_person_keeps_a_hundred_devices() {
    let device = "INSERT INTO devices (serial, title, keeper, key_hash) SELECT 'd' || n, 'x', 'ann', x'00'";
    let mut systems = Systems::with(100, device);
    let new = json!({ "serial": "new", "title": "x", "key": "0123456789abcdef" });
    assert!(is_too_many(&systems.ask("ann", "register", &new)));
    systems.ask("bob", "register", &new).unwrap();
}

#[test]
fn a_head_reads_no_more_while_too_much_is_to_be_done() {
    let task = "INSERT INTO tasks (head, code, title, at) SELECT 'gate', 'X', 'x', 1";
    let mut systems = Systems::with(9_999, task);
    let scan = json!({ "code": "X-1" });
    systems.ask("device:gate", "scan", &scan).unwrap();
    assert!(is_too_many(&systems.ask("device:gate", "scan", &scan)));
    systems.ask("device:elsewhere", "scan", &scan).unwrap();
    systems.ask("ann", "finish", &json!({ "id": "t1" })).unwrap();
    systems.ask("device:gate", "scan", &scan).unwrap();
}

#[test]
fn of_the_tasks_that_are_done_the_latest_are_kept() {
    let task = "INSERT INTO tasks (head, code, title, at, assignee, finished)
        SELECT 'gate', 'X', 'x', 1, 'ann', iif(n = 1, NULL, 1)";
    let mut systems = Systems::with(1_200, task);
    let id = systems.ask("device:gate", "scan", &json!({ "code": "X-1" })).unwrap()["id"].clone();
    systems.ask("ann", "finish", &json!({ "id": id })).unwrap();
    let progress = systems.ask("ann", "progress", &json!({ "head": "gate" })).unwrap();
    assert_eq!(progress, json!({ "all": 1001, "assigned": 1001, "finished": 1000 }));
    assert_eq!(systems.number("SELECT min(id) FROM tasks WHERE finished IS NOT NULL"), 202);
}

#[test]
fn so_many_orders_wait_and_of_those_that_are_accepted_the_latest_are_kept() {
    let order = "INSERT INTO orders (title, kind, amount, at, accepted_by, accepted)
        SELECT 'x', 'jdc', 100, 1, iif(n <= 1200, 'ann', NULL), iif(n <= 1200, 1, NULL)";
    let mut systems = Systems::with(2_200, order);
    let new = json!({ "title": "x", "kind": "jdc", "amount": 1 });
    assert!(is_too_many(&systems.ask("ann", "order", &new)));
    systems.ask("ann", "accept", &json!({ "id": "o1201" })).unwrap();
    systems.ask("ann", "order", &new).unwrap();
    let desk = systems.ask("ann", "list", &json!({ "limit": 9_999 })).unwrap();
    // A thousand are open, a thousand accepted, and so the sums end too.
    assert_eq!((&desk["orderNum"], &desk["allAmount"]), (&json!(2_000), &json!(2_000)));
    assert_eq!(desk["list"].as_array().unwrap().len(), 200);
}
