//! The backend that answers rpc webhooks during an echo: it gives back what it was sent.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http;

/// As much of a question as matters.
#[derive(Deserialize)]
struct Question<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Starts a backend on threads of its own, for as long as this process lives.
pub(crate) fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // One thread for each connection: gateways keep few of them open, and use them again.
            thread::spawn(move || serve(stream));
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut received, mut buffer) = (Vec::new(), [0; 8 * 1024]);
    loop {
        let length = stream.read(&mut buffer).ok().filter(|length| *length > 0)?;
        received.extend_from_slice(&buffer[..length]);
        while let Some(head) = http::request(&received).ok()? {
            let end = head.end + head.length;
            if received.len() < end {
                break;
            }
            let rest = received.split_off(end);
            let question: Question<'_> = serde_json::from_slice(&received[head.end..]).ok()?;
            let answer = format!(r#"{{"result":{{"data":{}}}}}"#, question.data.get());
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                answer.len()
            );
            stream.write_all((head + &answer).as_bytes()).ok()?;
            received = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_comes_back() {
        let mut stream = TcpStream::connect(start().unwrap()).unwrap();
        let body = r#"{"method":"echo","data":{"n": 7}}"#;
        write!(stream, "POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with(r#"{"result":{"data":{"n": 7}}}"#), "{answer}");
    }
}
