//! What the scanning head reads: what is typed, and goods that pass by themselves.

use std::{io, thread, time::Duration};

use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time,
};

/// Codes of the backend's samples, and one that it does not know.
const PASSING: [&str; 3] = ["6900000007919", "6900000015838", "X-1"];

/// What is typed faster than it is sent waits in the terminal.
const WAITING: usize = 16;

/// Reads from now on. Must be called within a tokio runtime.
pub(crate) fn start(every: Option<Duration>) -> Receiver<String> {
    let (codes, read) = mpsc::channel(WAITING);
    let typed = codes.clone();
    // It ends with the process: reading a terminal cannot be given up.
    thread::spawn(move || forward_lines(&typed));
    if let Some(every) = every {
        tokio::spawn(pass_by(codes, every));
    }
    read
}

fn forward_lines(codes: &Sender<String>) {
    for line in io::stdin().lines().map_while(Result::ok) {
        let code = line.trim();
        if !code.is_empty() && codes.blocking_send(code.to_owned()).is_err() {
            return;
        }
    }
}

async fn pass_by(codes: Sender<String>, every: Duration) {
    let mut interval = time::interval(every);
    for code in PASSING.iter().cycle() {
        interval.tick().await;
        if codes.send((*code).to_owned()).await.is_err() {
            return;
        }
    }
}
