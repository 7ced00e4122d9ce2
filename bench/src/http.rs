//! As much of HTTP/1.1 as the generator, its backend and the floor need: heads, and bodies of a known length.

/// What a head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Method and path of a request; empty of a response.
    pub target: (String, String),
    /// The status of a response; 0 of a request.
    pub status: u16,
    /// `Content-Length`.
    pub length: usize,
    /// `Sec-WebSocket-Key`.
    pub key: Option<String>,
    /// How many bytes the head takes.
    pub end: usize,
}

/// Nothing here has more.
const HEADERS: usize = 32;

/// Reads a request's head at the front of `bytes`; `None` if it is not all there.
pub fn request(bytes: &[u8]) -> Result<Option<Head>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(end) = request.parse(bytes)? else { return Ok(None) };
    let target = (request.method.unwrap_or("").to_owned(), request.path.unwrap_or("").to_owned());
    let (length, key) = (length(request.headers), header(request.headers, "sec-websocket-key"));
    Ok(Some(Head { target, status: 0, length, key: key.map(str::to_owned), end }))
}

fn response(bytes: &[u8]) -> Result<Option<Head>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(end) = response.parse(bytes)? else { return Ok(None) };
    let length = length(response.headers);
    Ok(Some(Head { target: Default::default(), status: response.code.unwrap_or(0), length, key: None, end }))
}

/// Takes a whole response off the front of `bytes`, and gives its body; a sentence if it is not of status 200.
pub fn take_body(bytes: &mut Vec<u8>) -> Result<Option<Vec<u8>>, String> {
    let Some(head) = response(bytes).map_err(|error| error.to_string())? else { return Ok(None) };
    let end = head.end + head.length;
    if bytes.len() < end {
        return Ok(None);
    }
    let rest = bytes.split_off(end);
    let body = std::mem::replace(bytes, rest).split_off(head.end);
    match head.status {
        200 => Ok(Some(body)),
        status => Err(format!("the server answered {status} {}", String::from_utf8_lossy(&body))),
    }
}

fn length(headers: &[httparse::Header<'_>]) -> usize {
    header(headers, "content-length").and_then(|length| length.trim().parse().ok()).unwrap_or(0)
}

fn header<'h>(headers: &[httparse::Header<'h>], name: &str) -> Option<&'h str> {
    let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
    str::from_utf8(header.value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_taken_when_it_is_whole() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP";
        let mut bytes = whole[..39].to_vec();
        assert_eq!(take_body(&mut bytes), Ok(None));
        bytes = whole.to_vec();
        assert_eq!(take_body(&mut bytes), Ok(Some(b"{}".to_vec())));
        assert_eq!(bytes, b"HTTP");
        let mut refused = b"HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nkey".to_vec();
        assert_eq!(take_body(&mut refused), Err("the server answered 401 key".to_owned()));
    }

    #[test]
    fn a_request_says_what_it_wants() {
        let head =
            request(b"GET /floor?since=3 HTTP/1.1\r\nSec-WebSocket-Key: abc\r\n\r\n").unwrap().unwrap();
        assert_eq!(head.target, ("GET".to_owned(), "/floor?since=3".to_owned()));
        assert_eq!((head.key.as_deref(), head.length), (Some("abc"), 0));
        assert_eq!(request(b"GET / HT").unwrap(), None);
    }
}
