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
    /// `Connection: close`.
    pub closes: bool,
    /// How many bytes the head takes.
    pub end: usize,
}

/// A good response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub body: Vec<u8>,
    /// Whether the connection takes no further request.
    pub closes: bool,
}

/// Nothing here has more.
const HEADERS: usize = 32;

/// Reads a request's head at the front of `bytes`; `None` if it is not all there.
pub fn request(bytes: &[u8]) -> Result<Option<Head>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(end) = request.parse(bytes)? else { return Ok(None) };
    let target = (request.method.unwrap_or("").to_owned(), request.path.unwrap_or("").to_owned());
    let key = header(request.headers, "sec-websocket-key").map(str::to_owned);
    let (length, closes) = (length(request.headers), closes(request.headers));
    Ok(Some(Head { target, status: 0, length, key, closes, end }))
}

fn response(bytes: &[u8]) -> Result<Option<Head>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(end) = response.parse(bytes)? else { return Ok(None) };
    let (length, closes) = (length(response.headers), closes(response.headers));
    let (target, status) = (Default::default(), response.code.unwrap_or(0));
    Ok(Some(Head { target, status, length, key: None, closes, end }))
}

/// Takes a whole response off the front of `bytes`; a sentence if it is not of status 200.
pub fn take_answer(bytes: &mut Vec<u8>) -> Result<Option<Answer>, String> {
    let Some(head) = response(bytes).map_err(|error| error.to_string())? else { return Ok(None) };
    let end = head.end + head.length;
    if bytes.len() < end {
        return Ok(None);
    }
    let rest = bytes.split_off(end);
    let body = std::mem::replace(bytes, rest).split_off(head.end);
    match head.status {
        200 => Ok(Some(Answer { body, closes: head.closes })),
        status => Err(format!("the server answered {status} {}", String::from_utf8_lossy(&body))),
    }
}

fn closes(headers: &[httparse::Header<'_>]) -> bool {
    header(headers, "connection").is_some_and(|connection| connection.eq_ignore_ascii_case("close"))
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
        assert_eq!(take_answer(&mut bytes), Ok(None));
        bytes = whole.to_vec();
        let answer = Answer { body: b"{}".to_vec(), closes: false };
        assert_eq!(take_answer(&mut bytes), Ok(Some(answer)));
        assert_eq!(bytes, b"HTTP");
        let mut last = b"HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n".to_vec();
        assert!(take_answer(&mut last).unwrap().unwrap().closes);
        let mut refused = b"HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nkey".to_vec();
        assert_eq!(take_answer(&mut refused), Err("the server answered 401 key".to_owned()));
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
