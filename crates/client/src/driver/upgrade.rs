//! The HTTP request that opens a WebSocket, and what is answered; also for proxies.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use suona_protocol::ws::accept_key;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{dial::DialError, dial::Stream};

/// No response to an upgrade needs longer headers, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// What was answered, and what came behind it.
struct Answer {
    status: u16,
    accept: Option<String>,
    protocol: Option<String>,
    rest: Vec<u8>,
}

/// Opens a WebSocket over a stream, and gives what came right behind the answer.
pub(super) async fn open(
    stream: &mut Stream,
    host: &str,
    target: &str,
    protocol: Option<&str>,
    headers: &[(String, String)],
) -> Result<Vec<u8>, DialError> {
    let key = BASE64_STANDARD.encode(rand::random::<[u8; 16]>());
    let mut request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
    );
    if let Some(protocol) = protocol {
        request += &format!("Sec-WebSocket-Protocol: {protocol}\r\n");
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    let answer = ask(stream, request + "\r\n").await?;
    let is_ours = answer.accept.as_deref() == Some(accept_key(&key).as_str());
    match answer.status {
        101 if is_ours && answer.protocol.as_deref() == protocol => Ok(answer.rest),
        101 if is_ours => Err(DialError::SubProtocol),
        101 => Err(DialError::Handshake),
        status => Err(DialError::Status(status)),
    }
}

/// Lets a proxy open a tunnel.
pub(super) async fn tunnel(
    stream: &mut Stream,
    to: &str,
    authorization: Option<&str>,
) -> Result<(), DialError> {
    let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
    if let Some(authorization) = authorization {
        request += &format!("Proxy-Authorization: {authorization}\r\n");
    }
    match ask(stream, request + "\r\n").await?.status {
        200..=299 => Ok(()),
        status => Err(DialError::Proxy(status)),
    }
}

async fn ask(stream: &mut Stream, request: String) -> Result<Answer, DialError> {
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut read = Vec::new();
    loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(DialError::Handshake);
        }
        if let Some(answer) = parse(&read)? {
            return Ok(answer);
        }
        if read.len() > LONGEST_HEAD {
            return Err(DialError::Handshake);
        }
    }
}

fn parse(read: &[u8]) -> Result<Option<Answer>, DialError> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(read).map_err(|_| DialError::Handshake)?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let header = |name: &str| {
        let found = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        str::from_utf8(found.value).ok().map(|value| value.trim().to_owned())
    };
    Ok(Some(Answer {
        status: response.code.unwrap_or(0),
        accept: header("Sec-WebSocket-Accept"),
        protocol: header("Sec-WebSocket-Protocol"),
        rest: read[length..].to_vec(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_or_not_yet_and_what_comes_behind_it_is_kept() {
        let whole = b"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: abc\r\n\r\n\x81\x02hi";
        for length in 0..whole.len() - 4 {
            assert!(parse(&whole[..length]).unwrap().is_none(), "{length}");
        }
        let answer = parse(whole).unwrap().unwrap();
        assert_eq!((answer.status, answer.accept.as_deref()), (101, Some("abc")));
        assert_eq!(answer.rest, b"\x81\x02hi");
        assert!(parse(b"SSH-2.0-OpenSSH\r\n").is_err());
    }
}
