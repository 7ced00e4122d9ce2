//! Agreeing on compression: the header `Sec-WebSocket-Extensions` (RFC 7692, 7.1).

/// What the header answers where compression was agreed on.
pub const DEFLATE: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// Whether one of the offers in this line of the header can be answered with [`DEFLATE`].
///
/// One that limits our window cannot: those who hear a channel share its frames.
pub fn offers_deflate(line: &str) -> bool {
    line.split(',').any(is_acceptable)
}

fn is_acceptable(offer: &str) -> bool {
    let mut words = offer.split(';').map(str::trim);
    let name = words.next().unwrap_or_default();
    let mut seen = Vec::new();
    name.eq_ignore_ascii_case("permessage-deflate")
        && words.all(|word| {
            let (key, value) = match word.split_once('=') {
                Some((key, value)) => (key.trim_end(), Some(unquoted(value.trim_start()))),
                None => (word, None),
            };
            let is_new = !seen.contains(&key);
            seen.push(key);
            is_new
                && match (key, value) {
                    ("server_no_context_takeover" | "client_no_context_takeover", None) => true,
                    ("client_max_window_bits", value) => value.is_none_or(is_window),
                    ("server_max_window_bits", value) => value == Some("15"),
                    _ => false,
                }
        })
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

fn is_window(bits: &str) -> bool {
    matches!(bits, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
}

#[cfg(test)]
mod tests {
    use super::offers_deflate;

    #[test]
    fn what_clients_offer_is_accepted() {
        for offer in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "x-webkit-deflate-frame, Permessage-Deflate ; client_max_window_bits = \"10\"",
            "permessage-deflate;server_no_context_takeover;client_no_context_takeover",
            "permessage-deflate; server_max_window_bits=9, permessage-deflate; server_max_window_bits=15",
        ] {
            assert!(offers_deflate(offer), "{offer}");
        }
    }

    #[test]
    fn what_is_malformed_or_cannot_be_kept_is_not() {
        for offer in [
            "",
            "permessage-bzip2",
            "permessage-deflate; server_max_window_bits=9",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=08",
            "permessage-deflate; client_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; level=9",
            "permessage-deflate;",
        ] {
            assert!(!offers_deflate(offer), "{offer}");
        }
    }
}
