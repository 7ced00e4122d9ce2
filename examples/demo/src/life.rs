//! Those who live in the demo beside its two users: a pump, a scanner, a supplier and a buyer, each with the Rust client.

mod buyer;
mod pump;
mod robot;
mod scanner;

use std::{error::Error, net::SocketAddr, ops::Range, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};
use suona_client::{Suona, link};
use tokio::time;

use crate::stage::Stage;

/// They come back soon after the gateway: somebody is watching.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The demo lives as long as this does.
pub(crate) struct Life {
    stage: Arc<Stage>,
    gateway: SocketAddr,
    backend: SocketAddr,
}

#[derive(Deserialize)]
struct Issued {
    token: String,
}

impl Life {
    /// For a gateway and a backend at these addresses.
    pub(crate) fn new(stage: Arc<Stage>, gateway: SocketAddr, backend: SocketAddr) -> Self {
        Self { stage, gateway, backend }
    }

    /// Lets all of them live. Returns only if one cannot even begin.
    pub(crate) async fn live(self) -> Result<(), Box<dyn Error>> {
        let http = http_client()?;
        let enter = |proof| self.enter(&http, proof);
        let pump = enter(json!({ "serial": pump::SERIAL, "key": pump::KEY }))?;
        let gate = enter(json!({ "serial": scanner::SERIAL, "key": scanner::KEY }))?;
        let robot = enter(json!({ "name": robot::NAME }))?;
        let buyer = enter(json!({ "name": buyer::NAME }))?;
        tokio::join!(
            pump::live(pump, &self.stage),
            scanner::live(gate, &self.stage),
            robot::live(robot, &self.stage),
            buyer::live(buyer, &self.stage),
        );
        Ok(())
    }

    /// A client that shows the backend `proof` of who it is whenever it needs a token.
    fn enter(&self, http: &reqwest::Client, proof: Value) -> Result<Suona, Box<dyn Error>> {
        let (http, url) = (http.clone(), format!("http://{}/login", self.backend));
        let builder = Suona::connect(&format!("ws://{}/connection/websocket", self.gateway));
        let builder = builder.link(link::Options { longest_wait: LONGEST_WAIT, ..link::Options::default() });
        let find = move |_| {
            let request = http.post(&url).json(&proof);
            async move {
                let issued: Issued = request.send().await?.error_for_status()?.json().await?;
                Ok::<_, reqwest::Error>(Some(issued.token))
            }
        };
        Ok(builder.get_token(find).build()?)
    }
}

/// For neighbours, whatever the environment says about proxies to the world.
fn http_client() -> reqwest::Result<reqwest::Client> {
    // Somebody may have been faster; it is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build()
}

/// Waits for so many seconds, or a few more.
async fn pause(seconds: Range<f64>) {
    time::sleep(Duration::from_secs_f64(rand::random_range(seconds))).await;
}
