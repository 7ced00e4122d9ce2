//! The life of the device: what it is told, it does and acknowledges; how it is, it reports.

use std::time::Duration;

use serde::{Serialize, de::IgnoredAny};
use serde_json::json;
use suona_client::{
    ChannelEvent, Code, Fault, Suona,
    client::{Standing, Status},
    link::State,
};
use tokio::{sync::mpsc::Receiver, time};

use crate::{
    command::{Command, News, Outcomes},
    pump::Pump,
};

/// A device and its connection.
pub(crate) struct Device {
    suona: Suona,
    serial: String,
    pump: Pump,
    outcomes: Outcomes,
    /// The backend may wait for something that we have not heard of, or have not managed to say.
    is_behind: bool,
}

impl Device {
    pub(crate) fn new(suona: Suona, serial: String, pump: Pump) -> Self {
        Self { suona, serial, pump, outcomes: Outcomes::default(), is_behind: false }
    }

    /// Works until it is told to go. Start reading here.
    pub(crate) async fn run(mut self, every: Duration, mut codes: Receiver<String>) -> Result<(), Fault> {
        let mut channel = self.suona.subscribe(&format!("device:{}", self.serial));
        let mut status = self.suona.status();
        let mut looks = time::interval(every);
        looks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(event) = channel.next() => self.hear(event).await?,
                Ok(()) = status.changed() => tell(&status.borrow_and_update())?,
                _ = looks.tick(), if is_online(&self.suona) => self.look().await,
                Some(code) = codes.recv() => self.scan(&code).await,
                else => return Ok(()),
            }
        }
    }

    async fn hear(&mut self, event: ChannelEvent) -> Result<(), Fault> {
        match event {
            ChannelEvent::Subscribed(Standing::Recovered) => tracing::info!("nothing was missed"),
            ChannelEvent::Subscribed(how) => {
                let why = if how == Standing::Gap { "something was missed" } else { "just begun" };
                tracing::info!("{why}: asking what is to be done");
                self.catch_up().await;
            }
            ChannelEvent::Publication(publication) => {
                let news = serde_json::from_slice::<News>(&publication.data).ok();
                if let Some(command) = news.and_then(News::command) {
                    self.obey(&command).await;
                }
            }
            ChannelEvent::Ended(fault) => return Err(fault),
            _ => {}
        }
        Ok(())
    }

    /// Carries out what the backend still waits for.
    async fn catch_up(&mut self) {
        match self.suona.rpc::<Vec<Command>>("pending", &json!({})).await {
            Ok(commands) => {
                self.is_behind = false;
                for command in &commands {
                    self.obey(command).await;
                }
            }
            Err(fault) => {
                tracing::warn!("what is to be done cannot be asked: {fault}");
                self.is_behind = true;
            }
        }
    }

    /// Carries a command out, unless that has been done, and says what became of it.
    async fn obey(&mut self, command: &Command) {
        let Command { id, turn, by, .. } = command;
        let known = self.outcomes.of(id).cloned();
        let outcome = match known {
            Some(outcome) => outcome,
            None => {
                self.acknowledge(&json!({ "id": id, "status": "delivered" })).await;
                let outcome = self.pump.turn(*turn);
                tracing::info!("carried out {id}: {turn:?} for {by}: {outcome:?}");
                self.outcomes.keep(id, outcome.clone());
                outcome
            }
        };
        let mut said = serde_json::to_value(outcome).expect("an outcome is JSON");
        said["id"] = json!(id);
        self.acknowledge(&said).await;
        self.report().await;
    }

    async fn acknowledge(&mut self, said: &impl Serialize) {
        match self.suona.rpc::<IgnoredAny>("acknowledge", said).await {
            Ok(_) => {}
            // The backend has decided.
            Err(fault) if matches!(fault.code, Code::Server(_)) && !fault.temporary => {
                tracing::warn!("{fault}");
            }
            Err(fault) => {
                tracing::warn!("not acknowledged, to be said again: {fault}");
                self.is_behind = true;
            }
        }
    }

    /// Time has passed.
    async fn look(&mut self) {
        if self.is_behind {
            self.catch_up().await;
        }
        self.report().await;
    }

    /// The next report tells more than this one, so none is sent again.
    async fn report(&mut self) {
        let state = self.pump.look();
        if let Err(fault) = self.suona.rpc::<IgnoredAny>("report", &state).await {
            tracing::warn!("not reported: {fault}");
        }
    }

    async fn scan(&self, code: &str) {
        match self.suona.rpc::<IgnoredAny>("scan", &json!({ "code": code })).await {
            Ok(_) => tracing::info!("scanned {code}"),
            Err(fault) => tracing::warn!("{code} is no task: {fault}"),
        }
    }
}

fn is_online(suona: &Suona) -> bool {
    suona.status().borrow().state == State::Online
}

/// Says what becomes of the connection; one that will not come back ends the device.
fn tell(Status { state, reason, fault }: &Status) -> Result<(), Fault> {
    match (state, fault) {
        (State::Offline, Some(fault)) => return Err(fault.clone()),
        (State::Online, _) => tracing::info!("connected"),
        (State::Waiting { .. }, Some(fault)) => tracing::warn!("no connection: {fault}"),
        (State::Waiting { .. }, None) => tracing::warn!("no connection: {reason}"),
        _ => {}
    }
    Ok(())
}
