//! Devices: who they are, what they are told and what they say. All of it is heard in `device:<serial>`.

mod command;

use deadpool_sqlite::rusqlite::{self, OptionalExtension as _};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use sha2::{Digest as _, Sha256};

use self::command::{Command, Status, Turn};
use super::Methods;
use crate::{
    checked::{Code, Page, Title, number},
    database::DatabaseError,
    refusal::Refusal,
    request::{Caller, Failure, Request},
};

/// So many commands wait for a device that is away; then people are told to wait for it.
const MAX_UNDER_WAY: i64 = 20;

/// Of the commands that have ended, a device's latest are kept.
const MAX_ENDED: i64 = 200;

/// One person's devices.
const MAX_KEPT: i64 = 100;

/// Everybody's.
const MAX_DEVICES: i64 = 10_000;

/// What a device is doing.
#[derive(Clone, Copy, Deserialize, Serialize)]
struct State {
    running: bool,
    /// In bar.
    pressure: f64,
}

#[derive(Serialize)]
struct Device {
    serial: String,
    title: String,
    state: State,
    commands: Vec<Command>,
}

/// What is heard in a device's channel.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum News<'a> {
    Command(&'a Command),
    State(State),
}

#[derive(Deserialize)]
struct Of {
    serial: String,
    #[serde(flatten)]
    page: Page,
}

#[derive(Deserialize)]
struct Order {
    serial: String,
    turn: Turn,
}

#[derive(Deserialize)]
struct Acknowledgement {
    id: String,
    status: Status,
    reason: Option<Title>,
}

#[derive(Deserialize)]
struct Registration {
    serial: Code,
    title: Title,
    /// What the device will log in with; it stands on the device, for instance as a QR code.
    key: String,
}

pub(super) fn methods(methods: &mut Methods) {
    methods.reads("devices", devices);
    methods.reads("device", device);
    methods.writes("register", register);
    methods.writes("turn", turn);
    methods.reads("pending", pending);
    methods.writes("acknowledge", acknowledge);
    methods.replaces("report", report);
}

/// Whether `caller` may watch and control a device. Anybody can write down a serial number.
pub(super) fn may_hear(
    transaction: &rusqlite::Connection,
    caller: &Caller,
    serial: &str,
) -> Result<bool, DatabaseError> {
    let name = match caller {
        Caller::Nobody => return Ok(false),
        Caller::Device(own) if own != serial => return Ok(false),
        Caller::Device(_) => None,
        Caller::Person(name) => Some(name),
    };
    let sql = "SELECT 1 FROM devices WHERE serial = ?1 AND (?2 IS NULL OR keeper IS NULL OR keeper = ?2)";
    Ok(transaction.prepare_cached(sql)?.exists((serial, name))?)
}

/// The hash under which the key of a device is kept.
pub(crate) fn hash(key: &str) -> Vec<u8> {
    Sha256::digest(key).to_vec()
}

/// Those that the person may watch and control, with the latest command of each.
fn devices(request: &Request<'_>, page: &Page) -> Result<Vec<Device>, Failure> {
    let name = request.person()?;
    let mut statement = request.transaction.prepare_cached(
        "SELECT serial FROM devices WHERE keeper IS NULL OR keeper = ? ORDER BY keeper, serial LIMIT ?",
    )?;
    let serials = statement.query_map((name, page.limit()), |row| row.get::<_, String>(0))?;
    serials.map(|serial| load(request, &serial?, i64::MAX, 1)).collect()
}

fn device(request: &Request<'_>, of: &Of) -> Result<Device, Failure> {
    watched(request, &of.serial)?;
    load(request, &of.serial, of.page.below(), of.page.limit())
}

/// The person who registers a device keeps it.
fn register(request: &Request<'_>, new: &Registration) -> Result<Device, Failure> {
    let keeper = request.person()?;
    let Registration { serial: Code(serial), title: Title(title), key } = new;
    if !(16..=128).contains(&key.len()) {
        return Err(Refusal::BadRequest("a key has 16 to 128 bytes".to_owned()).into());
    }
    let sql = "SELECT count(*) FILTER (WHERE keeper = ?), count(*) FROM devices";
    let (own, all): (i64, i64) =
        request.transaction.query_row(sql, [keeper], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if own >= MAX_KEPT || all >= MAX_DEVICES {
        return Err(Refusal::TooMany.into());
    }
    let sql = "INSERT OR IGNORE INTO devices (serial, title, keeper, key_hash) VALUES (?, ?, ?, ?)";
    if request.transaction.execute(sql, (serial, title, keeper, hash(key)))? == 0 {
        return Err(Refusal::SerialTaken.into());
    }
    load(request, serial, i64::MAX, 0)
}

fn turn(request: &Request<'_>, order: &Order) -> Result<Command, Failure> {
    let by = request.person()?;
    watched(request, &order.serial)?;
    let sql = "SELECT count(*) FROM commands WHERE serial = ? AND ended IS NULL";
    if request.transaction.query_row(sql, [&order.serial], |row| row.get::<_, i64>(0))? >= MAX_UNDER_WAY {
        return Err(Refusal::TooManyCommands.into());
    }
    let sql = "UPDATE devices SET commands = commands + 1 WHERE serial = ? RETURNING commands";
    let number: i64 = request.transaction.query_row(sql, [&order.serial], |row| row.get(0))?;
    request.transaction.execute(
        "INSERT INTO commands (serial, number, turn, by, at) VALUES (?, ?, ?, ?, ?)",
        (&order.serial, number, order.turn.as_str(), by, request.now),
    )?;
    request.transaction.execute(
        "DELETE FROM commands WHERE serial = ? AND number <= ? AND ended IS NOT NULL",
        (&order.serial, number - MAX_ENDED),
    )?;
    let command = Command::find(request.transaction, &order.serial, number)?;
    tell(request, &order.serial, &News::Command(&command))?;
    Ok(command)
}

/// What the device that asks has not ended yet, oldest first. It asks after a gap.
fn pending(request: &Request<'_>, _: &IgnoredAny) -> Result<Vec<Command>, Failure> {
    let serial = request.device()?;
    let sql = "SELECT * FROM commands WHERE serial = ? AND ended IS NULL ORDER BY number LIMIT ?";
    let mut statement = request.transaction.prepare_cached(sql)?;
    let rows = statement.query_map((serial, MAX_UNDER_WAY), Command::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The device says how far it has come with a command.
fn acknowledge(request: &Request<'_>, said: &Acknowledgement) -> Result<Command, Failure> {
    let serial = request.device()?;
    let number = said.id.strip_prefix(serial).and_then(number).ok_or(Refusal::NoSuchCommand)?;
    let known = Command::find(request.transaction, serial, number)?;
    if known.id != said.id {
        return Err(Refusal::NoSuchCommand.into());
    }
    let Some(status) = known.status.follow(said.status)? else { return Ok(known) };
    request.transaction.execute(
        "UPDATE commands SET status = ?, ended = ?, reason = ? WHERE serial = ? AND number = ?",
        (
            status.as_str(),
            status.is_end().then_some(request.now),
            said.reason.as_ref().map(|Title(reason)| reason).filter(|_| status == Status::Failed),
            serial,
            number,
        ),
    )?;
    let command = Command::find(request.transaction, serial, number)?;
    tell(request, serial, &News::Command(&command))?;
    Ok(command)
}

/// The device says what it is doing.
fn report(request: &Request<'_>, state: &State) -> Result<State, Failure> {
    let serial = request.device()?;
    let sql = "UPDATE devices SET running = ?, pressure = ? WHERE serial = ?";
    if request.transaction.execute(sql, (state.running, state.pressure, serial))? == 0 {
        return Err(Refusal::NoSuchDevice.into());
    }
    tell(request, serial, &News::State(*state))?;
    Ok(*state)
}

/// Refuses whoever may not watch that device. Whether it exists is not told to strangers.
fn watched(request: &Request<'_>, serial: &str) -> Result<(), Failure> {
    match may_hear(request.transaction, &request.caller, serial)? {
        true => Ok(()),
        false => Err(Refusal::NotPermitted.into()),
    }
}

fn load(request: &Request<'_>, serial: &str, below: i64, limit: u32) -> Result<Device, Failure> {
    let sql = "SELECT title, running, pressure FROM devices WHERE serial = ?";
    let found = request.transaction.query_row(sql, [serial], |row| {
        Ok((row.get(0)?, State { running: row.get(1)?, pressure: row.get(2)? }))
    });
    let (title, state) = found.optional()?.ok_or(Refusal::NoSuchDevice)?;
    let sql = "SELECT * FROM commands WHERE serial = ? AND number < ? ORDER BY number DESC LIMIT ?";
    let mut statement = request.transaction.prepare_cached(sql)?;
    let commands = statement.query_map((serial, below, limit), Command::read)?;
    Ok(Device { serial: serial.to_owned(), title, state, commands: commands.collect::<Result<_, _>>()? })
}

fn tell(request: &Request<'_>, serial: &str, news: &News<'_>) -> Result<(), Failure> {
    request.publish(&format!("device:{serial}"), news)
}
