//! How a question to the backend is written.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::value::RawValue;
use suona_protocol::{Channel, Payload};

use super::{Consultation, Inquiry, Visit};
use crate::config::Webhook;

/// The client's payload is no JSON, and the webhook takes nothing else.
#[derive(Debug)]
pub(super) struct NotJson;

/// The members of all questions; those that one does not have are left out.
#[derive(Default, Serialize)]
struct Body<'a> {
    client: &'a str,
    transport: &'a str,
    protocol: &'a str,
    encoding: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b64data: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    channels: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    idempotency_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<&'a RawValue>,
}

/// The JSON of a question.
pub(super) fn body(webhook: &Webhook, asked: &Consultation, visit: &Visit) -> Result<Vec<u8>, NotJson> {
    let mut body = Body {
        client: &asked.info.client,
        transport: visit.transport,
        protocol: visit.protocol,
        encoding: if webhook.binary_encoding { "binary" } else { "json" },
        ..Body::default()
    };
    let data = body.ask(&asked.inquiry);
    match data {
        Some(data) if webhook.binary_encoding => body.b64data = Some(STANDARD.encode(data)),
        Some(data) => body.data = Some(raw(data)?),
        None => {}
    }
    if !matches!(asked.inquiry, Inquiry::Connect(_)) {
        body.user = Some(&asked.info.user);
        let meta = asked.backstage.as_ref().and_then(|backstage| backstage.meta.as_ref());
        body.meta = meta.filter(|_| webhook.include_connection_meta).map(raw).transpose()?;
    }
    Ok(serde_json::to_vec(&body).expect("texts and JSON are JSON"))
}

impl<'a> Body<'a> {
    /// Fills in what is asked, and gives the payload that goes along.
    fn ask(&mut self, inquiry: &'a Inquiry) -> Option<&'a Payload> {
        match inquiry {
            Inquiry::Connect(stranger) => {
                self.name = &stranger.name;
                self.version = &stranger.version;
                self.channels = stranger.channels.iter().map(Channel::as_str).collect();
                self.query = stranger.query.as_deref();
                stranger.data.as_ref()
            }
            Inquiry::Refresh => None,
            Inquiry::Subscribe { channel, data } => {
                self.channel = Some(channel);
                data.as_ref()
            }
            Inquiry::Publish { channel, data } => {
                self.channel = Some(channel);
                Some(data)
            }
            Inquiry::Rpc { method, data, idempotency_key } => {
                self.method = Some(method);
                self.idempotency_key = idempotency_key;
                data.as_ref()
            }
            Inquiry::SubRefresh(channel) => {
                self.channel = Some(channel);
                None
            }
        }
    }
}

fn raw(json: &Payload) -> Result<&RawValue, NotJson> {
    serde_json::from_slice(json).map_err(|_| NotJson)
}

/// The headers of a question: the webhook's own, then those of the connect command, then those of the
/// client's HTTP request. The later ones win.
pub(super) fn headers(webhook: &Webhook, asked: &Consultation, visit: &Visit) -> HeaderMap {
    let mut headers = webhook.static_headers.clone();
    let emulated = asked.backstage.as_ref().map(|backstage| backstage.emulated.as_slice());
    for (name, value) in emulated.unwrap_or_default() {
        let name = name.parse::<HeaderName>().ok().filter(|name| webhook.emulated_headers.contains(name));
        if let Some((name, value)) = name.zip(HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    for name in &webhook.http_headers {
        let values = visit.headers.as_ref().map(|given| given.get_all(name).iter());
        for (index, value) in values.into_iter().flatten().enumerate() {
            match index {
                0 => drop(headers.insert(name, value.clone())),
                _ => drop(headers.append(name, value.clone())),
            }
        }
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers
}
