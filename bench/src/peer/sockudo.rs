//! sockudo, a server of Pusher's protocol.

use std::path::Path;

use super::{Process, Running, secret};
use crate::{
    Plan, Trouble,
    crowd::{App, Publishing},
    wire,
};

/// The app that takes part.
const APP: &str = "bench";

/// No limits that a measurement would meet, and no metrics, which would have a port of their own.
const KEYS: [(&str, &str); 6] = [
    ("METRICS_ENABLED", "false"),
    ("RATE_LIMITER_ENABLED", "false"),
    ("SOCKUDO_DEFAULT_APP_MAX_CONNECTIONS", "1000000"),
    ("SOCKUDO_DEFAULT_APP_MAX_EVENT_BATCH_SIZE", "1000"),
    ("SOCKUDO_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SECOND", "1000000000"),
    ("RUST_LOG", "error"),
];

pub(super) fn start(exe: &Path, plan: &Plan, port: u16) -> Result<Running, Trouble> {
    let app = App { id: APP.to_owned(), key: APP.to_owned(), secret: secret() };
    let process = Process::start_at("sockudo", exe, plan.pin, port, |command, address| {
        command
            .envs(KEYS)
            .env("HOST", address.ip().to_string())
            .env("PORT", address.port().to_string())
            .env("SOCKUDO_DEFAULT_APP_ID", &app.id)
            .env("SOCKUDO_DEFAULT_APP_KEY", &app.key)
            .env("SOCKUDO_DEFAULT_APP_SECRET", &app.secret)
            .env("SOCKUDO_DEFAULT_APP_ENABLED", "true")
    })?;
    let wire = wire::Pusher(app.key.clone());
    Ok(process.running(Publishing::Pusher(app), Box::new(wire), false))
}
