//! `suona tail`: what happens in some channels, as it happens.

mod show;

use std::{
    future::poll_fn,
    io::{self, Write as _},
    pin::Pin,
    process::ExitCode,
    task::{Context, Poll},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::Args;
use futures_core::Stream as _;
use suona_client::{
    ChannelEvent, Code, Subscription, Suona,
    client::{Position, Standing, Status, SubscribeOptions},
    link::State,
};
use tokio::{runtime::Builder, sync::watch};

use crate::{
    Outcome,
    client::{ClientArgs, ClientTrouble, USUAL_URL},
};
use show::{Show, When};

/// Prints what is published in channels.
#[derive(Args)]
pub(crate) struct Tail {
    /// The channels
    #[arg(required = true, value_name = "CHANNEL")]
    channels: Vec<String>,
    /// Where the gateway's clients connect
    #[arg(long, default_value = USUAL_URL)]
    url: String,
    #[command(flatten)]
    client: ClientArgs,
    /// Print each push as the JSON that came, one a line
    #[arg(long)]
    json: bool,
    /// End after this many publications
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Print up to this many recent publications of each channel first; they count too
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i32).range(0..))]
    recent: i32,
}

impl Tail {
    pub(crate) fn run(self) -> Outcome {
        match Builder::new_current_thread().enable_all().build()?.block_on(self.follow()) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            // Whoever read our output has seen enough.
            Err(ClientTrouble::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(ExitCode::SUCCESS)
            }
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Follows until as many publications came as were asked for, or until there is no sense in going on.
    async fn follow(&self) -> Result<(), ClientTrouble> {
        let suona = self.client.connect(&self.url).await?;
        let mut show = Show::new(self.json, self.count);
        let mut subscriptions = Vec::new();
        for channel in &self.channels {
            let since = self.recall(&suona, channel, &mut show).await?;
            let options = SubscribeOptions { since, join_leave: true, ..SubscribeOptions::default() };
            subscriptions.push(suona.subscribe_with(channel, options));
        }
        let mut status = suona.status();
        status.mark_unchanged();
        while !show.is_done() {
            tokio::select! {
                (channel, event) = any(&mut subscriptions) => heard(&channel, event, &mut show)?,
                changed = status.changed() => self.tell(changed, &mut status)?,
            }
        }
        suona.close().await;
        Ok(())
    }

    /// Prints what was published before we came, and says up to where.
    async fn recall(
        &self,
        suona: &Suona,
        channel: &str,
        show: &mut Show,
    ) -> Result<Option<Position>, ClientTrouble> {
        if self.recent == 0 {
            return Ok(None);
        }
        let history = match suona.latest(channel, self.recent).await {
            Ok(history) => history,
            Err(fault) if matches!(fault.code, Code::PermissionDenied | Code::NotAvailable) => {
                let why = "nothing recent can be read; the namespace needs history that clients may read";
                let _ = writeln!(io::stderr(), "{channel}: {why}");
                return Ok(None);
            }
            Err(fault) => return Err(ClientTrouble::refused(channel, fault)),
        };
        for publication in history.publications.iter().rev() {
            show.publication(channel, publication, When::Earlier)?;
        }
        Ok(Some(history.top))
    }

    /// Says on standard error what becomes of the connection. Who does not look there need not know.
    fn tell(
        &self,
        changed: Result<(), watch::error::RecvError>,
        status: &mut watch::Receiver<Status>,
    ) -> Result<(), ClientTrouble> {
        changed.map_err(|_| ClientTrouble::Ended)?;
        let Status { state, reason, fault } = status.borrow_and_update().clone();
        match (state, fault) {
            (State::Offline, Some(fault)) => return Err(ClientTrouble::connecting(&self.url, fault)),
            (State::Waiting { until }, fault) => {
                let (why, wait) =
                    (fault.map_or(reason, |fault| fault.to_string()), until.saturating_sub(now()));
                let why = why.escape_debug();
                let _ = writeln!(io::stderr(), "{why}; trying again in {:.1} s", wait.as_secs_f32());
            }
            _ => {}
        }
        Ok(())
    }
}

/// The next event of any channel; none comes after the last.
async fn any(subscriptions: &mut [Subscription]) -> (String, ChannelEvent) {
    let poll = |context: &mut Context<'_>| {
        let ready = subscriptions.iter_mut().find_map(|one| match Pin::new(&mut *one).poll_next(context) {
            Poll::Ready(Some(event)) => Some((one.channel().to_string(), event)),
            Poll::Ready(None) | Poll::Pending => None,
        });
        ready.map_or(Poll::Pending, Poll::Ready)
    };
    poll_fn(poll).await
}

fn heard(channel: &str, event: ChannelEvent, show: &mut Show) -> Result<(), ClientTrouble> {
    match event {
        ChannelEvent::Publication(publication) => show.publication(channel, &publication, When::Now)?,
        ChannelEvent::Subscribed(Standing::Gap) => show.gap(channel)?,
        ChannelEvent::Join(info) => show.company(channel, "join", "joined", &info)?,
        ChannelEvent::Leave(info) => show.company(channel, "leave", "left", &info)?,
        ChannelEvent::Ended(fault) => return Err(ClientTrouble::refused(channel, fault)),
        _ => {}
    }
    Ok(())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
