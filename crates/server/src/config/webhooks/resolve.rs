//! One webhook made ready: its URL, headers and statuses checked.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use suona_protocol::{Disconnect, ErrorReply};

use super::{Transform, Webhook};
use crate::config::{
    check::Check,
    proxy::{Proxy, StaticHeaders, StatusTransform},
};

/// `None` if it cannot be asked; then `check` knows why.
pub(super) fn webhook(at: &str, proxy: &Proxy, check: &mut Check<'_>) -> Option<Webhook> {
    if let Err(message) = check_endpoint(proxy.endpoint.expose()) {
        check.wrong(at, &["endpoint"], message);
        return None;
    }
    if proxy.timeout.is_zero() {
        check.wrong(at, &["timeout"], "must be longer than nothing; the default is \"1s\"");
    }
    let http = format!("{at}.http");
    let transforms = proxy.http.status_to_code_transforms.iter();
    let transforms = transforms.filter_map(|one| transform(one, check, &http)).collect();
    Some(Webhook {
        at: at.to_owned(),
        endpoint: proxy.endpoint.clone(),
        timeout: proxy.timeout,
        static_headers: static_headers(&proxy.http.static_headers, check, &http),
        http_headers: names(&proxy.http_headers, check, at, "http_headers"),
        emulated_headers: names(&proxy.emulated_headers, check, at, "emulated_headers"),
        binary_encoding: proxy.binary_encoding,
        include_connection_meta: proxy.include_connection_meta,
        transforms,
    })
}

/// Whether a URL can be asked.
pub(in crate::config) fn check_endpoint(endpoint: &str) -> Result<(), &'static str> {
    let uri = endpoint.parse::<Uri>().ok().filter(|uri| uri.authority().is_some());
    match uri.as_ref().and_then(Uri::scheme_str) {
        Some("http" | "https") => Ok(()),
        _ if endpoint.is_empty() => Err("needs the URL of the backend, like \"http://127.0.0.1:3000/suona\""),
        _ => Err(
            "is no URL that can be asked; it begins with \"http://\" or \"https://\" (gRPC is not spoken)",
        ),
    }
}

/// What HTTP itself says by headers: nobody may pass it on.
const OF_THE_MESSAGE: [&str; 8] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

fn names(written: &[String], check: &mut Check<'_>, at: &str, key: &str) -> Vec<HeaderName> {
    let name = |written: &String| match written.parse::<HeaderName>() {
        Ok(name) if !OF_THE_MESSAGE.contains(&name.as_str()) => Some(name),
        Ok(_) => {
            check.wrong(at, &[key], &format!("{written:?} belongs to each request itself; remove it"));
            None
        }
        Err(_) => {
            check.wrong(at, &[key], &format!("{written:?} is no name of a header"));
            None
        }
    };
    written.iter().filter_map(name).collect()
}

/// Headers with their values, which are not printed from then on.
pub(in crate::config) fn static_headers(
    written: &StaticHeaders,
    check: &mut Check<'_>,
    at: &str,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &written.0 {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value.expose())) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
            _ => {
                let message = format!("{name:?} is no header, or its value has letters that none may have");
                check.wrong(at, &["static_headers"], &message);
            }
        }
    }
    headers
}

fn transform(written: &StatusTransform, check: &mut Check<'_>, at: &str) -> Option<(u16, Transform)> {
    let to_error = written.to_error.as_ref().filter(|error| error.code > 0);
    let to_disconnect = written.to_disconnect.as_ref().filter(|disconnect| disconnect.code > 0);
    let transform = match (to_error, to_disconnect) {
        (Some(error), None) => Transform::Error(ErrorReply {
            code: error.code.into(),
            message: error.message.clone(),
            temporary: error.temporary,
        }),
        (None, Some(end)) if (3000..5000).contains(&end.code) => {
            Transform::Disconnect(Disconnect::custom(end.code.into(), &end.reason))
        }
        _ => {
            let message = "needs either to_error, or to_disconnect with a code from 3000 to 4999";
            check.wrong(at, &["status_to_code_transforms"], message);
            return None;
        }
    };
    Some((written.status_code, transform))
}
