//! The pump: does what it is told, says so, and says how it is.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use suona_client::{ChannelEvent, Fault, Suona, client::Standing};
use tokio::time;

use crate::stage::Stage;

pub(super) const SERIAL: &str = "pump-1";
/// As the backend's samples have it.
pub(super) const KEY: &str = "the-key-of-pump-1";

/// How long a valve takes.
const TURNING: Duration = Duration::from_millis(900);
/// How often the gauge is read.
const READING: Duration = Duration::from_secs(2);

/// What is said in its channel. What it says itself is there too.
#[derive(Deserialize)]
struct News {
    command: Option<Command>,
}

#[derive(Deserialize)]
struct Command {
    id: String,
    turn: String,
    status: String,
}

struct Pump {
    suona: Suona,
    running: bool,
    /// In bar.
    pressure: f64,
    /// The number of the last command that was carried out: one may come again.
    done: u64,
    /// The backend may wait for something that it has not heard of, or has not managed to say.
    is_behind: bool,
}

/// Lives for as long as its client.
pub(super) async fn live(suona: Suona, stage: &Stage) {
    let mut news = suona.subscribe(&format!("device:{SERIAL}"));
    let mut pump = Pump { suona, running: false, pressure: 0.4, done: 0, is_behind: false };
    let mut gauge = time::interval(READING);
    loop {
        let outcome = tokio::select! {
            event = news.next() => match event {
                Some(event) => pump.hear(event).await,
                None => return,
            },
            _ = gauge.tick() => pump.look(stage.on(|_| true)).await,
        };
        if let Err(fault) = outcome {
            tracing::debug!(%fault, "the pump was not heard");
            pump.is_behind = true;
        }
    }
}

impl Pump {
    async fn hear(&mut self, event: ChannelEvent) -> Result<(), Fault> {
        match event {
            // Nobody knows what was said before, so it asks.
            ChannelEvent::Subscribed(Standing::Fresh | Standing::Gap) => self.catch_up().await,
            ChannelEvent::Publication(publication) => match serde_json::from_slice(&publication.data) {
                Ok(News { command: Some(command) }) if command.status == "queued" => self.obey(command).await,
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Time has passed.
    async fn look(&mut self, is_watched: bool) -> Result<(), Fault> {
        if self.is_behind {
            self.catch_up().await?;
        }
        if is_watched { self.read_gauge().await } else { Ok(()) }
    }

    /// Carries out what the backend still waits for.
    async fn catch_up(&mut self) -> Result<(), Fault> {
        for command in self.suona.rpc::<Vec<Command>>("pending", &json!({})).await? {
            self.obey(command).await?;
        }
        self.is_behind = false;
        Ok(())
    }

    async fn obey(&mut self, Command { id, turn, .. }: Command) -> Result<(), Fault> {
        let number = id.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX);
        // It may only be that nobody has heard of it.
        if number > self.done {
            self.acknowledge(&id, "delivered").await?;
            time::sleep(TURNING).await;
            self.running = turn == "on";
            self.done = number;
        }
        self.acknowledge(&id, "done").await?;
        self.report().await
    }

    async fn acknowledge(&self, id: &str, status: &str) -> Result<(), Fault> {
        self.suona.rpc::<Value>("acknowledge", &json!({ "id": id, "status": status })).await.map(|_| ())
    }

    /// Says how it is, if that is news.
    async fn read_gauge(&mut self) -> Result<(), Fault> {
        let (towards, wobble) = if self.running { (4.2, 0.06) } else { (0.4, 0.0) };
        let now = self.pressure + (towards - self.pressure) * 0.45 + rand::random_range(-wobble..=wobble);
        let before = rounded(self.pressure);
        self.pressure = now;
        if rounded(now) == before { Ok(()) } else { self.report().await }
    }

    async fn report(&self) -> Result<(), Fault> {
        let state = json!({ "running": self.running, "pressure": rounded(self.pressure) });
        self.suona.rpc::<Value>("report", &state).await.map(|_| ())
    }
}

/// As the gauge shows it: tenths of a bar.
fn rounded(pressure: f64) -> f64 {
    (pressure * 10.0).round() / 10.0
}
