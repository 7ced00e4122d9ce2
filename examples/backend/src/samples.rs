//! Something to play with, for `--dev`.

use deadpool_sqlite::rusqlite::Transaction;

use crate::{database::DatabaseError, money::Money, systems::devices};

const MINUTE: i64 = 60_000;

/// Title, the most it may cost, minutes until the end.
const LOTS: [(&str, i64, i64); 3] =
    [("办公室空调 12 台", 36_000, 30), ("A4 复印纸 500 箱", 65_000, 12), ("配送电动车 8 辆", 28_800, 75)];

/// Serial number, title, keeper, key. `gate` is the scanning head.
const DEVICES: [(&str, &str, Option<&str>, &str); 3] = [
    ("pump-1", "一号水泵", None, "the-key-of-pump-1"),
    ("vault", "金库门", Some("馆长"), "the-key-of-the-vault"),
    ("gate", "大门扫码头", None, "the-key-of-the-gate"),
];

const ORDERS: [(&str, &str, i64); 4] = [
    ("小型车年检代办", "jdc", 260),
    ("驾驶证到期换证", "jsz", 80),
    ("新车上牌", "jdc", 500),
    ("驾驶证遗失补证", "jsz", 90),
];

const GOODS: [(&str, &str); 4] = [
    ("6900000007919", "矿泉水 24 瓶"),
    ("6900000015838", "抽纸 12 包"),
    ("6900000023757", "方便面 5 连包"),
    ("6900000031676", "大米 10 kg"),
];

/// Adds what is missing. Lots end, and so there are new ones at each start that finds none open.
pub(crate) fn fill(transaction: &Transaction<'_>, now: i64) -> Result<(), DatabaseError> {
    let is_empty = |sql: &str| transaction.prepare(sql)?.exists([]).map(|some| !some);
    if is_empty(&format!("SELECT 1 FROM lots WHERE end_at > {now}"))? {
        for (title, ceiling, minutes) in LOTS {
            let values = (title, Money::yuan(ceiling), now + minutes * MINUTE);
            transaction.execute("INSERT INTO lots (title, best, end_at) VALUES (?, ?, ?)", values)?;
        }
    }
    if is_empty("SELECT 1 FROM orders")? {
        for (title, kind, yuan) in ORDERS {
            let values = (title, kind, Money::yuan(yuan), now);
            transaction
                .execute("INSERT INTO orders (title, kind, amount, at) VALUES (?, ?, ?, ?)", values)?;
        }
    }
    for (serial, title, keeper, key) in DEVICES {
        let sql = "INSERT OR IGNORE INTO devices (serial, title, keeper, key_hash) VALUES (?, ?, ?, ?)";
        transaction.execute(sql, (serial, title, keeper, devices::hash(key)))?;
    }
    for good in GOODS {
        transaction.execute("INSERT OR IGNORE INTO goods VALUES (?, ?)", good)?;
    }
    Ok(())
}
