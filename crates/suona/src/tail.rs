//! `suona tail`: what happens in some channels, as it happens.

mod backoff;
mod line;
mod show;
mod trouble;
mod wire;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use serde_json::{Value, json};
use suona_server::config::Secret;
use tokio::{runtime::Builder, time};

use crate::Outcome;
use backoff::Backoff;
use line::{Line, Url};
use show::{Show, When};
use trouble::TailTrouble;
use wire::{History, Publication, Push, Subscription};

/// Prints what is published in channels.
#[derive(Args)]
pub(crate) struct Tail {
    /// The channels
    #[arg(required = true, value_name = "CHANNEL")]
    channels: Vec<String>,
    /// Where the gateway's clients connect
    #[arg(long, default_value = "ws://127.0.0.1:8000/connection/websocket")]
    url: Url,
    /// The token to connect with; otherwise that of SUONA_TOKEN, or none
    #[arg(long)]
    token: Option<String>,
    /// A file that holds the token
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// Print each push as the JSON that came, one a line
    #[arg(long)]
    json: bool,
    /// End after this many publications
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Print up to this many recent publications of each channel first; they count too
    #[arg(long, value_name = "N", default_value_t = 0)]
    recent: u32,
}

impl Tail {
    pub(crate) fn run(self) -> Outcome {
        let token = self.token()?;
        let channels = self.channels.iter().map(|name| Followed::new(name)).collect();
        let show = Show::new(self.json, self.count);
        let mut follower = Follower {
            url: self.url,
            token,
            recent: self.recent,
            channels,
            show,
            backoff: Backoff::default(),
        };
        match Builder::new_current_thread().enable_all().build()?.block_on(follower.follow()) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            // Whoever read our output has seen enough.
            Err(TailTrouble::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(ExitCode::SUCCESS)
            }
            Err(trouble) => Err(trouble.into()),
        }
    }

    fn token(&self) -> Result<Option<Secret>, TailTrouble> {
        let token = match (&self.token, &self.token_file) {
            (Some(token), _) => Some(token.clone()),
            (None, Some(path)) => {
                let unread = |error| TailTrouble::TokenFile { path: path.display().to_string(), error };
                Some(std::fs::read_to_string(path).map_err(unread)?)
            }
            (None, None) => std::env::var("SUONA_TOKEN").ok(),
        };
        Ok(token.map(|token| Secret::new(token.trim())).filter(|token| !token.is_empty()))
    }
}

/// A channel, and where we stand in it.
struct Followed {
    name: String,
    position: Option<(String, u64)>,
    greeted: bool,
    /// Its subscription has ended, and may begin anew.
    over: bool,
}

impl Followed {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), position: None, greeted: false, over: false }
    }
}

/// Stays connected, and prints what it hears.
struct Follower {
    url: Url,
    token: Option<Secret>,
    recent: u32,
    channels: Vec<Followed>,
    show: Show,
    backoff: Backoff,
}

impl Follower {
    /// Follows until as many publications came as were asked for, or until there is no sense in going on.
    async fn follow(&mut self) -> Result<(), TailTrouble> {
        let mut was_there = false;
        loop {
            let trouble = match self.connection(&mut was_there).await {
                Ok(()) => return Ok(()),
                Err(trouble) if trouble.is_final(was_there) => return Err(trouble),
                Err(trouble) => trouble,
            };
            let delay = self.backoff.next_delay(rand::random());
            // Who does not look at standard error need not know.
            let _ = writeln!(io::stderr(), "{trouble}; trying again in {:.1} s", delay.as_secs_f32());
            time::sleep(delay).await;
        }
    }

    /// The life of one connection. It ends well only if enough publications came.
    async fn connection(&mut self, was_there: &mut bool) -> Result<(), TailTrouble> {
        let mut line = Line::dial(&self.url, self.token.as_ref()).await?;
        for at in 0..self.channels.len() {
            self.recall(&mut line, at).await?;
            self.subscribe(&mut line, at).await?;
        }
        *was_there = true;
        self.backoff.reset();
        while !self.show.is_done() {
            if let Some(at) = self.channels.iter().position(|channel| channel.over) {
                self.subscribe(&mut line, at).await?;
            } else if let Some(push) = line.next().await?.push {
                self.heard(&push)?;
            }
        }
        Ok(())
    }

    /// Prints what was published before we came, and remembers up to where.
    async fn recall(&mut self, line: &mut Line, at: usize) -> Result<(), TailTrouble> {
        let channel = &mut self.channels[at];
        if self.recent == 0 || std::mem::replace(&mut channel.greeted, true) {
            return Ok(());
        }
        let name = channel.name.clone();
        let asked = json!({ "history": { "channel": &name, "limit": self.recent, "reverse": true } });
        let history: History = match self.ask(line, asked).await {
            Ok(history) => history,
            Err(TailTrouble::Refused { code: 103 | 108, .. }) => {
                let why = "nothing recent can be read";
                let _ = writeln!(
                    io::stderr(),
                    "{name}: {why}; the namespace needs history that clients may read"
                );
                return Ok(());
            }
            Err(trouble) => return Err(trouble.about(&name)),
        };
        for publication in history.publications.iter().rev() {
            self.show.publication(&name, publication, When::Earlier)?;
        }
        self.channels[at].position = Some((history.epoch, history.offset));
        Ok(())
    }

    async fn subscribe(&mut self, line: &mut Line, at: usize) -> Result<(), TailTrouble> {
        let channel = &mut self.channels[at];
        channel.over = false;
        let name = channel.name.clone();
        let mut request = json!({ "channel": &name, "recoverable": true, "join_leave": true });
        if let Some((epoch, offset)) = &channel.position {
            request["recover"] = Value::Bool(true);
            request["epoch"] = epoch.as_str().into();
            request["offset"] = (*offset).into();
        }
        let answer: Subscription =
            self.ask(line, json!({ "subscribe": request })).await.map_err(|trouble| trouble.about(&name))?;
        if answer.was_recovering && !answer.recovered {
            self.show.gap(&name)?;
        }
        if answer.recoverable {
            self.channels[at].position = Some((answer.epoch, answer.offset));
        }
        for publication in &answer.publications {
            self.publication(&name, publication, When::Earlier)?;
        }
        Ok(())
    }

    /// Asks, and meanwhile hears whatever else comes.
    async fn ask<T: wire::Answer>(&mut self, line: &mut Line, command: Value) -> Result<T, TailTrouble> {
        let id = line.send(command).await?;
        loop {
            let message = line.next().await?;
            if message.id == id {
                return line::answer(message);
            }
            if let Some(push) = &message.push {
                self.heard(push)?;
            }
        }
    }

    /// Prints a push, and notes where a subscription is over and may begin anew.
    fn heard(&mut self, push: &Push) -> Result<(), TailTrouble> {
        if let Some(publication) = &push.publication {
            self.publication(&push.channel, publication, When::Now)?;
        }
        self.show.company(push)?;
        if let Some(disconnect) = &push.disconnect {
            return Err(TailTrouble::closed(disconnect.code, &disconnect.reason));
        }
        match &push.unsubscribe {
            None => {}
            Some(over) if over.code < 2500 => return Err(TailTrouble::Unsubscribed(push.channel.clone())),
            Some(_) => {
                let followed = self.channels.iter_mut().find(|followed| followed.name == push.channel);
                followed.into_iter().for_each(|followed| followed.over = true);
            }
        }
        Ok(())
    }

    fn publication(
        &mut self,
        channel: &str,
        publication: &Publication,
        when: When,
    ) -> Result<(), TailTrouble> {
        self.show.publication(channel, publication, when)?;
        let followed = self.channels.iter_mut().find(|followed| followed.name == channel);
        if let Some((_, offset)) = followed.and_then(|followed| followed.position.as_mut()) {
            *offset = publication.offset.max(*offset);
        }
        Ok(())
    }
}
