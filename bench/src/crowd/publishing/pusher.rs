//! Pusher's HTTP API: several events in one request, which is signed.

use hmac::{Hmac, Mac as _};
use jsonwebtoken::get_current_timestamp;
use md5::{Digest as _, Md5};
use serde_json::json;
use sha2::Sha256;

/// Those who publish and hear the same channels.
#[derive(Clone)]
pub struct App {
    /// What paths of the API call it.
    pub id: String,
    /// What clients call it.
    pub key: String,
    /// What requests are signed with.
    pub secret: String,
}

impl App {
    /// Path and query of a request that publishes `body` now.
    pub(super) fn target(&self, body: &str) -> String {
        self.signed(&format!("/apps/{}/batch_events", self.id), body, get_current_timestamp())
    }

    /// The same at a time, in seconds since 1970.
    fn signed(&self, path: &str, body: &str, now: u64) -> String {
        let (key, md5) = (&self.key, Md5::digest(body));
        let query = format!("auth_key={key}&auth_timestamp={now}&auth_version=1.0&body_md5={md5:x}");
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("keys may be of any length");
        mac.update(format!("POST\n{path}\n{query}").as_bytes());
        format!("{path}?{query}&auth_signature={:x}", mac.finalize().into_bytes())
    }
}

pub(super) fn events(publications: &[(String, String)]) -> String {
    let event = |(channel, data): &(String, String)| json!({ "name": "publication", "channel": channel, "data": data });
    json!({ "batch": publications.iter().map(event).collect::<Vec<_>>() }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_signed_as_in_the_example_of_pusher() {
        // From the "worked authentication example" of its documentation of the HTTP API.
        let app = App {
            id: "3".to_owned(),
            key: "278d425bdf160c739803".to_owned(),
            secret: "7ad3773142a6692b25b8".to_owned(),
        };
        let body = r#"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#;
        assert_eq!(
            app.signed("/apps/3/events", body, 1_353_088_179),
            "/apps/3/events?auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0\
             &body_md5=ec365a775a4cd0599faeb73354201b6f\
             &auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
        );
    }
}
