//! How the device gets a token: from the backend, by its serial number and its key.

use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use serde_json::json;

/// The client asks again if it gets no token within eight seconds.
const TIMEOUT: Duration = Duration::from_secs(7);

/// What the device logs in with.
pub(crate) struct Login {
    http: Client,
    url: String,
    serial: String,
    key: String,
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    error: Option<ErrorAnswer>,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    code: String,
    message: String,
}

impl Login {
    pub(crate) fn new(backend: &str, serial: &str, key: &str) -> reqwest::Result<Self> {
        // The one that the client has, too.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().timeout(TIMEOUT).build()?;
        let url = format!("{}/login", backend.trim_end_matches('/'));
        Ok(Self { http, url, serial: serial.to_owned(), key: key.to_owned() })
    }

    /// A token; `None` if the backend knows no such device, and so asking again is of no use.
    pub(crate) async fn token(&self) -> Result<Option<String>, String> {
        let proof = json!({ "serial": self.serial, "key": self.key });
        let answer = self.http.post(&self.url).json(&proof).send().await;
        let answer = answer.map_err(|error| format!("the backend cannot be reached: {error}"))?;
        match answer.json().await.map_err(|error| error.to_string())? {
            Answer { token: Some(token), .. } => Ok(Some(token)),
            Answer { error: Some(error), .. } if error.code == "not_that_device" => {
                tracing::error!("the backend does not let us in: {}", error.message);
                Ok(None)
            }
            Answer { error: Some(error), .. } => Err(error.message),
            Answer { .. } => Err("the backend gave neither token nor error".to_owned()),
        }
    }
}
