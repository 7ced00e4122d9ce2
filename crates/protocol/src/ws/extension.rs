//! Agreeing on compression: the header `Sec-WebSocket-Extensions` (RFC 7692, 7.1).

use std::borrow::Cow;

/// How far back in a message its compressed form may refer: as far as its reader remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// 32 KiB, the most there is, for a reader that set no limit.
    Full,
    /// `1 << bits` bytes, for a reader that asked for these 8 to 15 bits.
    Limited {
        /// From `server_max_window_bits`.
        bits: u8,
    },
}

impl Window {
    /// The window of the first offer in this line of the header that we accept; `None` without any.
    pub fn offered(line: &str) -> Option<Self> {
        line.split(',').find_map(accepted)
    }

    /// What the header answers. A limit is repeated, as whoever sets one wants to see it kept.
    pub fn answer(self) -> Cow<'static, str> {
        const DEFLATE: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        match self {
            Self::Full => DEFLATE.into(),
            Self::Limited { bits } => format!("{DEFLATE}; server_max_window_bits={bits}").into(),
        }
    }

    /// From 8 to 15.
    pub fn bits(self) -> u8 {
        match self {
            Self::Full => 15,
            Self::Limited { bits } => bits,
        }
    }

    /// From 256 to 32,768.
    pub fn bytes(self) -> usize {
        1 << self.bits()
    }
}

fn accepted(offer: &str) -> Option<Window> {
    let mut words = offer.split(';').map(str::trim);
    if !words.next()?.eq_ignore_ascii_case("permessage-deflate") {
        return None;
    }
    let (mut window, mut seen) = (Window::Full, Vec::new());
    for word in words {
        let (key, value) = parameter(word);
        match (key, value) {
            _ if seen.contains(&key) => return None,
            ("server_no_context_takeover" | "client_no_context_takeover", None) => {}
            ("client_max_window_bits", bits) if bits.is_none_or(|bits| window_bits(bits).is_some()) => {}
            ("server_max_window_bits", Some(bits)) => window = Window::Limited { bits: window_bits(bits)? },
            _ => return None,
        }
        seen.push(key);
    }
    Some(window)
}

fn parameter(word: &str) -> (&str, Option<&str>) {
    match word.split_once('=') {
        Some((key, value)) => (key.trim_end(), Some(unquoted(value.trim_start()))),
        None => (word, None),
    }
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// Without zeros in front (RFC 7692, 7.1.2.1).
fn window_bits(text: &str) -> Option<u8> {
    (8..=15).find(|bits: &u8| bits.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn what_clients_offer_is_accepted() {
        for offer in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "x-webkit-deflate-frame, Permessage-Deflate ; client_max_window_bits = \"10\"",
            "permessage-deflate;server_no_context_takeover;client_no_context_takeover",
            "permessage-deflate; server_max_window_bits=7, permessage-deflate",
        ] {
            assert_eq!(Window::offered(offer), Some(Window::Full), "{offer}");
        }
        let answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        assert_eq!(Window::Full.answer(), answer);
    }

    #[test]
    fn who_remembers_less_is_promised_to_be_spared() {
        for (offer, bits, bytes) in [
            ("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", 12, 4096),
            ("permessage-deflate; server_max_window_bits=\"8\"", 8, 256),
            ("permessage-deflate; server_max_window_bits=15", 15, 32_768),
            ("permessage-deflate; server_max_window_bits=9, permessage-deflate", 9, 512),
        ] {
            let window = Window::offered(offer).unwrap();
            assert_eq!((window, window.bytes()), (Window::Limited { bits }, bytes), "{offer}");
            assert!(window.answer().ends_with(&format!("; server_max_window_bits={bits}")));
        }
    }

    #[test]
    fn what_is_malformed_or_unknown_is_not_accepted() {
        for offer in [
            "",
            "permessage-bzip2",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=+9",
            "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=08",
            "permessage-deflate; client_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; level=9",
            "permessage-deflate;",
        ] {
            assert_eq!(Window::offered(offer), None, "{offer}");
        }
    }
}
