//! The order desk: orders come in and are accepted. That the list has changed is heard in `orders`.

use deadpool_sqlite::rusqlite::{self, OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Methods;
use crate::{
    checked::{Page, Title, number},
    money::Money,
    refusal::Refusal,
    request::{Failure, Request},
};

/// So many orders wait to be accepted.
const MAX_OPEN: i64 = 1000;

/// Of those that are accepted, the latest are kept.
const MAX_ACCEPTED: i64 = 1000;

/// 机动车 (vehicles) or 驾驶证 (licences).
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Jdc,
    Jsz,
}

#[derive(Serialize)]
struct Order {
    id: String,
    title: String,
    amount: Money,
    at: i64,
    #[serde(rename = "acceptedBy", skip_serializing_if = "Option::is_none")]
    accepted_by: Option<String>,
}

/// What the desk shows: sums over all orders that are kept, and a page of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Overview {
    all_amount: Money,
    order_num: i64,
    jdc_amount: Money,
    jsz_amount: Money,
    list: Vec<Order>,
}

#[derive(Deserialize)]
struct New {
    title: Title,
    kind: Kind,
    amount: Money,
}

#[derive(Deserialize)]
struct Which {
    id: String,
}

pub(super) fn methods(methods: &mut Methods) {
    methods.reads("list", list);
    methods.writes("order", order);
    methods.writes("accept", accept);
}

/// Newest first. Whoever can open the order desk's door may ask, without a name.
fn list(request: &Request<'_>, page: &Page) -> Result<Overview, Failure> {
    let sql = "SELECT * FROM orders WHERE id < ? ORDER BY id DESC LIMIT ?";
    let mut statement = request.transaction.prepare_cached(sql)?;
    let list = statement.query_map((page.below(), page.limit()), read)?.collect::<Result<_, _>>()?;
    let sql = "SELECT ifnull(sum(amount), 0), count(*),
        ifnull(sum(amount) FILTER (WHERE kind = 'jdc'), 0),
        ifnull(sum(amount) FILTER (WHERE kind = 'jsz'), 0) FROM orders";
    Ok(request.transaction.query_row(sql, [], |row| {
        let (all_amount, order_num) = (row.get(0)?, row.get(1)?);
        Ok(Overview { all_amount, order_num, jdc_amount: row.get(2)?, jsz_amount: row.get(3)?, list })
    })?)
}

fn order(request: &Request<'_>, new: &New) -> Result<Order, Failure> {
    request.person()?;
    let New { title: Title(title), kind, amount } = new;
    if *amount <= Money(0) {
        return Err(Refusal::NoPrice.into());
    }
    let sql = "SELECT count(*) FROM orders WHERE accepted_by IS NULL";
    if request.transaction.query_row(sql, [], |row| row.get::<_, i64>(0))? >= MAX_OPEN {
        return Err(Refusal::TooMany.into());
    }
    let kind = if matches!(kind, Kind::Jdc) { "jdc" } else { "jsz" };
    request.transaction.execute(
        "INSERT INTO orders (title, kind, amount, at) VALUES (?, ?, ?, ?)",
        (title, kind, amount, request.now),
    )?;
    notify(request, request.transaction.last_insert_rowid())
}

/// The first to accept an order has it.
fn accept(request: &Request<'_>, Which { id }: &Which) -> Result<Order, Failure> {
    let me = request.person()?;
    let id = id.strip_prefix('o').and_then(number).ok_or(Refusal::NoSuchOrder)?;
    match load(request, id)?.accepted_by {
        Some(other) if other != me => return Err(Refusal::OrderAccepted(other).into()),
        Some(_) => return load(request, id),
        None => {}
    }
    let sql = "UPDATE orders SET accepted_by = ?, accepted = ? WHERE id = ?";
    request.transaction.execute(sql, (me, request.now, id))?;
    let order = notify(request, id)?;
    let sql = "DELETE FROM orders WHERE accepted_by IS NOT NULL AND id <=
        (SELECT id FROM orders WHERE accepted_by IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?)";
    request.transaction.execute(sql, [MAX_ACCEPTED])?;
    Ok(order)
}

fn notify(request: &Request<'_>, id: i64) -> Result<Order, Failure> {
    let order = load(request, id)?;
    request.publish("orders", &json!({ "method": "notify", "id": order.id }))?;
    Ok(order)
}

fn load(request: &Request<'_>, id: i64) -> Result<Order, Failure> {
    let found = request.transaction.query_row("SELECT * FROM orders WHERE id = ?", [id], read).optional()?;
    Ok(found.ok_or(Refusal::NoSuchOrder)?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Order> {
    Ok(Order {
        id: format!("o{}", row.get::<_, i64>("id")?),
        title: row.get("title")?,
        amount: row.get("amount")?,
        at: row.get("at")?,
        accepted_by: row.get("accepted_by")?,
    })
}
