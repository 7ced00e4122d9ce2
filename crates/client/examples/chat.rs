//! A chat: says what is typed, and shows what everybody says. `suona serve --dev` in one terminal, then in two others
//! `cargo run -p suona-client --example chat`.
#![expect(clippy::print_stdout, reason = "it is there to be read")]

use suona_client::{ChannelEvent, Suona, client::Standing};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let usual = "ws://127.0.0.1:8000/connection/websocket".to_owned();
    let suona = Suona::connect(&std::env::args().nth(1).unwrap_or(usual)).build()?;
    let (mut chat, mut typed) = (suona.subscribe("chat"), lines());
    loop {
        tokio::select! {
            event = chat.next() => match event {
                Some(ChannelEvent::Publication(said)) => println!("> {}", serde_json::from_slice::<String>(&said.data)?),
                Some(ChannelEvent::Subscribed(Standing::Gap)) => println!("(something was missed)"),
                Some(ChannelEvent::Ended(fault)) => return Err(fault.into()),
                Some(_) => {}
                None => break,
            },
            line = typed.recv() => match line {
                Some(line) => suona.publish("chat", &line).await?,
                None => break,
            },
        }
    }
    suona.close().await;
    Ok(())
}

/// What is typed, line by line.
fn lines() -> mpsc::UnboundedReceiver<String> {
    let (typed, lines) = mpsc::unbounded_channel();
    let pass_on = move |line| typed.send(line);
    std::thread::spawn(|| std::io::stdin().lines().map_while(Result::ok).try_for_each(pass_on));
    lines
}
