//! Quotation: lots, and the bids on them. The lowest price wins; bids are heard in `lot:<lot>`, and how each lot stands
//! in `lots`.

use deadpool_sqlite::rusqlite::{OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};

use super::Methods;
use crate::{
    checked::{Page, Title, number},
    money::Money,
    refusal::Refusal,
    request::{Failure, Request},
};

/// How many lots may be open at a time: they all stand in one list.
const MAX_OPEN: i64 = 100;

/// Of those that have ended, so many of the latest are kept.
const MAX_ENDED: i64 = 1000;

/// So many bids on a lot are kept, the best. The lot itself counts them all.
const MAX_BIDS: i64 = 1000;

/// Where it is heard how each lot stands.
pub(super) const LOTS: &str = "lots";

/// Longest time for bids: a week.
const LONGEST_SECONDS: i64 = 7 * 24 * 3600;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Lot {
    lot: String,
    title: String,
    end_at: i64,
    /// The lowest price so far; before the first bid, what it may cost at most.
    best: Money,
    bids: i64,
}

#[derive(Debug, Serialize)]
struct Bid {
    id: String,
    lot: String,
    price: Money,
    supplier: String,
    at: i64,
}

#[derive(Deserialize)]
struct Of {
    lot: String,
    #[serde(flatten)]
    page: Page,
}

#[derive(Deserialize)]
struct Offer {
    lot: String,
    price: Money,
}

#[derive(Deserialize)]
struct Opening {
    title: Title,
    /// What it may cost at most.
    ceiling: Money,
    /// How long bids are taken.
    seconds: i64,
}

pub(super) fn methods(methods: &mut Methods) {
    methods.reads("lots", lots);
    methods.reads("lot", |request, of: &Of| lot(request, &of.lot));
    methods.reads("bids", bids);
    methods.writes("bid", bid);
    methods.writes("open", open);
}

/// The rule of the game: a bid beats the best, and arrives before the end. Of two that are equal, the first wins.
fn judge(best: Money, end_at: i64, price: Money, now: i64) -> Result<(), Refusal> {
    if now >= end_at {
        Err(Refusal::Ended)
    } else if price <= Money(0) {
        Err(Refusal::NoPrice)
    } else if price >= best {
        Err(Refusal::NotBetter(best))
    } else {
        Ok(())
    }
}

/// Those that were opened last first.
fn lots(request: &Request<'_>, page: &Page) -> Result<Vec<Lot>, Failure> {
    let mut statement = request.transaction.prepare_cached(
        "SELECT id, title, end_at, best, bids FROM lots WHERE id < ? ORDER BY id DESC LIMIT ?",
    )?;
    let rows = statement.query_map((page.below(), page.limit()), read_lot)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn lot(request: &Request<'_>, lot: &str) -> Result<Lot, Failure> {
    let sql = "SELECT id, title, end_at, best, bids FROM lots WHERE id = ?";
    let id: i64 = lot.parse().map_err(|_| Refusal::NoSuchLot)?;
    let found = request.transaction.query_row(sql, [id], read_lot).optional()?;
    Ok(found.ok_or(Refusal::NoSuchLot)?)
}

/// Best first, and so newest first.
fn bids(request: &Request<'_>, of: &Of) -> Result<Vec<Bid>, Failure> {
    let Lot { lot, .. } = lot(request, &of.lot)?;
    let mut statement = request.transaction.prepare_cached(
        "SELECT number, price, supplier, at FROM bids WHERE lot = ? AND number < ? ORDER BY number DESC LIMIT ?",
    )?;
    let rows = statement.query_map((number(&lot), of.page.below(), of.page.limit()), |row| {
        let number: i64 = row.get(0)?;
        let (price, supplier, at) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(Bid { id: format!("{lot}-{number}"), lot: lot.clone(), price, supplier, at })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn bid(request: &Request<'_>, offer: &Offer) -> Result<Bid, Failure> {
    let supplier = request.person()?;
    let before = lot(request, &offer.lot)?;
    judge(before.best, before.end_at, offer.price, request.now)?;
    let after = Lot { best: offer.price, bids: before.bids + 1, ..before };
    let (id, number) = (number(&after.lot), after.bids);
    let (price, at) = (offer.price, request.now);
    request.transaction.execute("UPDATE lots SET best = ?, bids = ? WHERE id = ?", (price, number, id))?;
    request
        .transaction
        .execute("INSERT INTO bids VALUES (?, ?, ?, ?, ?)", (id, number, price, supplier, at))?;
    let sql = "DELETE FROM bids WHERE lot = ? AND number <= ?";
    request.transaction.execute(sql, (id, number - MAX_BIDS))?;
    let lot = after.lot.clone();
    let bid = Bid { id: format!("{lot}-{number}"), lot, price, supplier: supplier.to_owned(), at };
    request.publish(&format!("lot:{}", bid.lot), &bid)?;
    request.publish(LOTS, &after)?;
    Ok(bid)
}

fn open(request: &Request<'_>, opening: &Opening) -> Result<Lot, Failure> {
    request.person()?;
    let Opening { title: Title(title), ceiling, seconds } = opening;
    let best = *ceiling;
    if best <= Money(0) {
        return Err(Refusal::NoPrice.into());
    }
    if !(1..=LONGEST_SECONDS).contains(seconds) {
        return Err(Refusal::BadRequest(format!("seconds is 1 to {LONGEST_SECONDS}")).into());
    }
    let sql = "SELECT count(*) FROM lots WHERE end_at > ?";
    if request.transaction.query_row(sql, [request.now], |row| row.get::<_, i64>(0))? >= MAX_OPEN {
        return Err(Refusal::TooMany.into());
    }
    let end_at = request.now + seconds * 1000;
    let sql = "INSERT INTO lots (title, best, end_at) VALUES (?, ?, ?)";
    request.transaction.execute(sql, (title, best, end_at))?;
    let id = request.transaction.last_insert_rowid();
    forget_ended(request, id - MAX_ENDED)?;
    let lot = Lot { lot: id.to_string(), title: title.clone(), end_at, best, bids: 0 };
    request.publish(LOTS, &lot)?;
    Ok(lot)
}

/// Forgets lots up to that one which have ended, and the bids on them.
fn forget_ended(request: &Request<'_>, last: i64) -> Result<(), Failure> {
    let ended = "id <= ?1 AND end_at <= ?2";
    let bids = format!("DELETE FROM bids WHERE lot IN (SELECT id FROM lots WHERE {ended})");
    for sql in [bids, format!("DELETE FROM lots WHERE {ended}")] {
        request.transaction.execute(&sql, (last, request.now))?;
    }
    Ok(())
}

fn read_lot(row: &Row<'_>) -> deadpool_sqlite::rusqlite::Result<Lot> {
    let lot = row.get::<_, i64>(0)?.to_string();
    Ok(Lot { lot, title: row.get(1)?, end_at: row.get(2)?, best: row.get(3)?, bids: row.get(4)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEST: Money = Money::yuan(100);
    const END: i64 = 1_000;

    #[test]
    fn a_bid_beats_the_best() {
        assert_eq!(judge(BEST, END, Money(9_999), 0), Ok(()));
        assert_eq!(judge(BEST, END, Money(10_001), 0), Err(Refusal::NotBetter(BEST)));
    }

    #[test]
    fn of_two_equal_bids_the_first_wins() {
        assert_eq!(judge(BEST, END, BEST, 0), Err(Refusal::NotBetter(BEST)));
    }

    #[test]
    fn a_bid_arrives_before_the_end() {
        assert_eq!(judge(BEST, END, Money(1), END - 1), Ok(()));
        assert_eq!(judge(BEST, END, Money(1), END), Err(Refusal::Ended));
    }

    #[test]
    fn whoever_is_too_late_hears_that_and_nothing_else() {
        assert_eq!(judge(BEST, END, Money(0), END + 1), Err(Refusal::Ended));
    }

    #[test]
    fn nobody_bids_nothing() {
        for price in [Money(0), Money(-100)] {
            assert_eq!(judge(BEST, END, price, 0), Err(Refusal::NoPrice));
        }
    }

    #[test]
    fn the_refusal_says_what_would_do() {
        assert_eq!(Refusal::NotBetter(Money(9_950)).to_string(), "要低于 99.50 元");
    }
}
