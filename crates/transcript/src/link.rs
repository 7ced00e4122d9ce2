//! What links are told and want done, in words.

use std::time::Duration;

use suona_client::link::{Frame, Input, Loss, Output, State};

use crate::{
    Malformed, span,
    words::{Words, quoted},
};

/// Reads `lost 1 1006 "gone"` and its like.
pub(crate) fn input(line: &str) -> Result<Input, Malformed> {
    let mut words = Words(line);
    let input = match words.word("an input")? {
        "start" => Input::Start,
        "hidden" => Input::Hidden,
        "shown" => Input::Shown,
        "woke" => Input::Woke,
        "settled" => Input::Settled { silence: words.next().map(span::read).transpose()? },
        "stop" => Input::Stop { reason: words.text("reason")?, code: None },
        "opened" => Input::Opened { generation: words.number("socket")? },
        "received" => {
            Input::Received { generation: words.number("socket")?, frame: Frame::Text(words.text("frame")?) }
        }
        "lost" => lost(&mut words)?,
        "network" => Input::Network { online: online(&mut words)? },
        "drop" => Input::Drop {
            reason: words.text("reason")?,
            wait: words.next().map_or(Ok(Duration::ZERO), span::read)?,
        },
        other => return Err(Malformed(format!("no input: {other}"))),
    };
    words.end()?;
    Ok(input)
}

fn online(words: &mut Words<'_>) -> Result<Option<bool>, Malformed> {
    match words.next() {
        None => Ok(None),
        Some("online") => Ok(Some(true)),
        Some("offline") => Ok(Some(false)),
        Some(other) => Err(Malformed(format!("no network: {other}"))),
    }
}

fn lost(words: &mut Words<'_>) -> Result<Input, Malformed> {
    let generation = words.number("socket")?;
    let code = words.next_if(|word| word.parse::<u16>().is_ok()).and_then(|word| word.parse().ok());
    let reason = words.next_if(|word| word.starts_with('"')).map_or(Ok(String::new()), crate::words::text)?;
    let full = words.next_if(|word| word == "full").is_some();
    Ok(Input::Lost { generation, loss: Loss { code, reason, full, kind: None }, is_final: false })
}

/// The other way round; `None` for a sign of life that is no message, which has no word: not every language's sockets
/// show any.
pub(crate) fn written_input(input: &Input) -> Option<String> {
    Some(match input {
        Input::Start => "start".to_owned(),
        Input::Hidden => "hidden".to_owned(),
        Input::Shown => "shown".to_owned(),
        Input::Woke => "woke".to_owned(),
        Input::Settled { silence: None } => "settled".to_owned(),
        Input::Settled { silence: Some(silence) } => format!("settled {}", span::written(*silence)),
        Input::Stop { reason, .. } => format!("stop {}", quoted(reason)),
        Input::Opened { generation } => format!("opened {generation}"),
        Input::Received { generation, frame } => format!("received {generation} {}", quoted(&text(frame))),
        Input::Alive { .. } => return None,
        Input::Lost { generation, loss, .. } => {
            let code = loss.code.map_or_else(String::new, |code| format!(" {code}"));
            let reason =
                if loss.reason.is_empty() { String::new() } else { format!(" {}", quoted(&loss.reason)) };
            let full = if loss.full { " full" } else { "" };
            format!("lost {generation}{code}{reason}{full}")
        }
        Input::Network { online: None } => "network".to_owned(),
        Input::Network { online: Some(true) } => "network online".to_owned(),
        Input::Network { online: Some(false) } => "network offline".to_owned(),
        Input::Drop { reason, wait } if wait.is_zero() => format!("drop {}", quoted(reason)),
        Input::Drop { reason, wait } => format!("drop {} {}", quoted(reason), span::written(*wait)),
    })
}

/// An output that came at `now`.
pub(crate) fn output(output: &Output, now: Duration) -> String {
    match output {
        Output::Dial { generation } => format!("dial {generation}"),
        Output::Close { generation, code, reason } => format!("close {generation} {code} {}", quoted(reason)),
        Output::Heard(frame) => format!("heard {}", quoted(&text(frame))),
        Output::Probe => "probe".to_owned(),
        Output::Changed(change) => format!("state {} {}", state(change.state, now), quoted(&change.reason)),
    }
}

/// A state in words, and how long it waits.
pub(crate) fn state(state: State, now: Duration) -> String {
    match state {
        State::Waiting { until } => format!("waiting {}", span::written(until.saturating_sub(now))),
        other => other.name().to_owned(),
    }
}

/// What a frame says. Transcripts have text only.
pub(crate) fn text(frame: &Frame) -> String {
    match frame {
        Frame::Text(text) => text.clone(),
        Frame::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
