//! The PROXY protocol, versions 1 and 2: a load balancer tells the client's address before the first byte.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use tokio::{io::AsyncReadExt, net::TcpStream};

/// The longest header of version 1, its line end included (the specification's figure).
const V1_MAX: usize = 107;
const V2_SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const V2_FIXED: usize = 16;
/// What version 2 may append: addresses and extensions; 216 bytes is the longest address.
const V2_REST_MAX: usize = 4096;

/// A header is no PROXY header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trusted proxy sent no valid PROXY header; switch it on there, or `proxy_protocol` off here")]
pub(super) struct BadHeader;

/// What the bytes read so far amount to.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Incomplete,
    Complete {
        /// How many bytes belong to the header.
        length: usize,
        /// The client; `None` if the proxy speaks for itself, as in its health checks.
        client: Option<IpAddr>,
    },
}

/// Reads the header from `socket` and not one byte more.
pub(super) async fn read(socket: &mut TcpStream) -> io::Result<Option<IpAddr>> {
    let mut header = Vec::with_capacity(V1_MAX);
    let mut ahead = [0; 256];
    loop {
        let peeked = socket.peek(&mut ahead).await?;
        if peeked == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let known = header.len();
        header.extend_from_slice(&ahead[..peeked]);
        match parse(&header).map_err(|bad| io::Error::new(ErrorKind::InvalidData, bad))? {
            // Consumed, so that the next peek waits for what is missing.
            Parsed::Incomplete => socket.read_exact(&mut ahead[..peeked]).await?,
            Parsed::Complete { length, client } => {
                socket.read_exact(&mut ahead[..length - known]).await?;
                return Ok(client);
            }
        };
    }
}

fn parse(bytes: &[u8]) -> Result<Parsed, BadHeader> {
    let begins_like = |start: &[u8]| bytes.iter().zip(start).all(|(a, b)| a == b);
    if begins_like(V2_SIGNATURE) {
        parse_v2(bytes)
    } else if begins_like(b"PROXY ") {
        parse_v1(bytes)
    } else {
        Err(BadHeader)
    }
}

fn parse_v1(bytes: &[u8]) -> Result<Parsed, BadHeader> {
    let within = &bytes[..bytes.len().min(V1_MAX)];
    let Some(end) = within.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < V1_MAX { Ok(Parsed::Incomplete) } else { Err(BadHeader) };
    };
    let line = str::from_utf8(&bytes[..end]).map_err(|_| BadHeader)?;
    let mut words = line.split(' ').skip(1);
    let client = match words.next() {
        Some("UNKNOWN") => None,
        Some("TCP4") => Some(v1_source::<Ipv4Addr>(words)?.into()),
        Some("TCP6") => Some(v1_source::<Ipv6Addr>(words)?.into()),
        _ => return Err(BadHeader),
    };
    Ok(Parsed::Complete { length: end + 2, client })
}

/// The source's address, if what follows are two addresses of one family and two ports.
fn v1_source<'a, A: FromStr>(words: impl Iterator<Item = &'a str>) -> Result<A, BadHeader> {
    let words: Vec<_> = words.take(5).collect();
    let &[source, destination, source_port, destination_port] = &words[..] else { return Err(BadHeader) };
    let legible = destination.parse::<A>().is_ok()
        && source_port.parse::<u16>().is_ok()
        && destination_port.parse::<u16>().is_ok();
    source.parse().ok().filter(|_| legible).ok_or(BadHeader)
}

fn parse_v2(bytes: &[u8]) -> Result<Parsed, BadHeader> {
    let Some(fixed) = bytes.first_chunk::<V2_FIXED>() else { return Ok(Parsed::Incomplete) };
    let rest = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if rest > V2_REST_MAX {
        return Err(BadHeader);
    }
    let length = V2_FIXED + rest;
    let Some(addresses) = bytes.get(V2_FIXED..length) else { return Ok(Parsed::Incomplete) };
    let client = match (fixed[12], fixed[13] >> 4) {
        (0x20, _) => None, // LOCAL: the proxy speaks for itself
        (0x21, 0x1) if rest >= 12 => {
            addresses.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets).into())
        }
        (0x21, 0x2) if rest >= 36 => {
            addresses.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets).into())
        }
        (0x21, 0x0 | 0x3) => None, // unspecified, or a Unix socket
        _ => return Err(BadHeader),
    };
    Ok(Parsed::Complete { length, client })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::{io::AsyncWriteExt, net::TcpListener};

    use super::*;

    fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [V2_SIGNATURE, &[command, family][..], &length, rest].concat()
    }

    fn complete(bytes: &[u8], client: Option<&str>) {
        let client = client.map(|client| client.parse().unwrap());
        let more = [bytes, b"GET / HTTP/1.1\r\n"].concat();
        assert_eq!(parse(&more), Ok(Parsed::Complete { length: bytes.len(), client }));
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), Ok(Parsed::Incomplete), "the first {cut} bytes");
        }
    }

    #[test]
    fn both_versions_tell_the_client() {
        complete(b"PROXY TCP4 203.0.113.5 10.0.0.1 4711 443\r\n", Some("203.0.113.5"));
        complete(b"PROXY TCP6 2001:db8::7 fd00::1 4711 443\r\n", Some("2001:db8::7"));
        complete(&v2(0x21, 0x11, &[203, 0, 113, 5, 10, 0, 0, 1, 0x12, 0x67, 1, 0xbb]), Some("203.0.113.5"));
        let mut six = [0; 36];
        six[15] = 1;
        complete(&v2(0x21, 0x21, &six), Some("::1"));
        let with_extension =
            [&[203, 0, 113, 5, 10, 0, 0, 1, 0x12, 0x67, 1, 0xbb][..], &[4, 0, 2, 0, 0]].concat();
        complete(&v2(0x21, 0x11, &with_extension), Some("203.0.113.5"));
    }

    #[test]
    fn a_proxy_may_speak_for_itself() {
        complete(b"PROXY UNKNOWN\r\n", None);
        complete(b"PROXY UNKNOWN whatever may stand here\r\n", None);
        complete(&v2(0x20, 0x00, &[]), None);
        complete(&v2(0x20, 0x11, &[0; 12]), None);
        complete(&v2(0x21, 0x31, &[0; 216]), None);
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"PROXY TCP4 203.0.113.5 10.0.0.1 4711\r\n",
            b"PROXY TCP4 203.0.113.5 10.0.0.1 4711 443 1\r\n",
            b"PROXY TCP4 2001:db8::7 fd00::1 4711 443\r\n",
            b"PROXY TCP4 203.0.113.5 10.0.0.1 4711 65536\r\n",
            b"PROXY TCP5 203.0.113.5 10.0.0.1 4711 443\r\n",
            &[&b"PROXY UNKNOWN "[..], &[b'x'; V1_MAX]].concat(),
            &v2(0x11, 0x11, &[0; 12]),
            &v2(0x22, 0x11, &[0; 12]),
            &v2(0x21, 0x11, &[0; 11]),
            &v2(0x21, 0x21, &[0; 35]),
            &v2(0x21, 0x11, &[0; V2_REST_MAX + 1]),
        ] {
            assert_eq!(parse(bad), Err(BadHeader), "{:?}", String::from_utf8_lossy(bad));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_wait_forever(begin in prop::sample::select(vec![&b""[..], b"PROXY ", V2_SIGNATURE]), rest: Vec<u8>) {
            let bytes = [begin, &rest].concat();
            match parse(&bytes) {
                Ok(Parsed::Incomplete) => prop_assert!(bytes.len() < V2_FIXED + V2_REST_MAX),
                Ok(Parsed::Complete { length, .. }) => prop_assert!(length <= bytes.len()),
                Err(BadHeader) => {}
            }
        }
    }

    #[tokio::test]
    async fn not_a_byte_after_the_header_is_consumed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut proxy = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut socket, _) = listener.accept().await.unwrap();
        let header = v2(0x21, 0x11, &[&[203, 0, 113, 5][..], &[7; 600]].concat());
        let writing = async {
            for piece in [&header, &b"GET /"[..]].concat().chunks(99) {
                proxy.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let (client, ()) = tokio::join!(read(&mut socket), writing);
        assert_eq!(client.unwrap(), Some("203.0.113.5".parse().unwrap()));
        let mut rest = [0; 5];
        socket.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"GET /");
    }
}
