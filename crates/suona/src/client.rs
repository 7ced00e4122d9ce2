//! A client of a running gateway, for the sub-commands that are one.

mod trouble;

use std::path::PathBuf;

use clap::Args;
use suona_client::{Suona, link::State};
use suona_protocol::Token;

pub(crate) use trouble::ClientTrouble;

/// Where a gateway's clients connect, unless somebody says otherwise.
pub(crate) const USUAL_URL: &str = "ws://127.0.0.1:8000/connection/websocket";

/// As whom to connect.
#[derive(Args)]
pub(crate) struct ClientArgs {
    /// The token to connect with; otherwise that of SUONA_TOKEN, or none
    #[arg(long)]
    token: Option<String>,
    /// A file that holds the token
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
}

impl ClientArgs {
    /// Connects. Who does this sits in front of the screen, and is told at once if it does not work.
    pub(crate) async fn connect(&self, url: &str) -> Result<Suona, ClientTrouble> {
        let suona = Suona::connect(url).token(self.token()?).build()?;
        let mut status = suona.status();
        let first = status.wait_for(|status| status.state == State::Online || status.fault.is_some()).await;
        let first = first.map_err(|_| ClientTrouble::Ended)?.clone();
        match first.fault {
            Some(fault) => Err(ClientTrouble::connecting(url, fault)),
            None => Ok(suona),
        }
    }

    /// The token, or an empty one.
    fn token(&self) -> Result<Token, ClientTrouble> {
        let token = match (&self.token, &self.token_file) {
            (Some(token), _) => Some(token.clone()),
            (None, Some(path)) => {
                let unread = |error| ClientTrouble::TokenFile { path: path.display().to_string(), error };
                Some(std::fs::read_to_string(path).map_err(unread)?)
            }
            (None, None) => std::env::var("SUONA_TOKEN").ok(),
        };
        Ok(token.as_deref().map_or("", str::trim).into())
    }
}
