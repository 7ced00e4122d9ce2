//! The gateway of the demo, which can be stopped: another one takes its place and remembers nothing.

use std::{error::Error, fs, sync::Arc, time::Duration};

use suona_server::{
    config::{Config, Sources},
    serve::{Gateway, StartError},
};
use tokio::time;

use crate::{keys::Keys, stage::Stage};

/// When the port of the gateway before is not free yet.
const NEXT_TRY: Duration = Duration::from_millis(200);

/// The running gateway, and what it takes to start another at the same address.
pub(crate) struct Keeper {
    config: Config,
    gateway: Gateway,
}

impl Keeper {
    /// Starts the first gateway, for a backend at that address.
    pub(crate) fn start(keys: &Keys, backend: &str) -> Result<Self, Box<dyn Error>> {
        let mut config = configuration(&keys.fill_in(include_str!("../gateway.toml"), backend))?;
        let gateway = Gateway::start(config.clone())?;
        config.http_server.port = gateway.local_addr().port();
        Ok(Self { config, gateway })
    }

    /// Where it listens, now and after each stop.
    pub(crate) fn port(&self) -> u16 {
        self.config.http_server.port
    }

    /// Stops and starts it whenever the stage says so; ends it when `end` is ready.
    pub(crate) async fn keep(self, stage: Arc<Stage>, end: impl Future<Output = ()>) {
        let Self { config, mut gateway } = self;
        let mut scene = stage.watch();
        tokio::pin!(end);
        loop {
            let back_at = tokio::select! {
                stopped = scene.wait_for(|scene| scene.back_at().is_some()) => match stopped {
                    Ok(scene) => scene.back_at(),
                    Err(_) => None,
                },
                () = &mut end => None,
            };
            gateway.drain().await;
            let Some(back_at) = back_at else { return };
            tokio::select! {
                () = time::sleep_until(back_at) => {}
                () = &mut end => return,
            }
            gateway = tokio::select! {
                another = start_again(&config) => another,
                () = &mut end => return,
            };
            stage.gateway_is_back();
        }
    }
}

/// Another gateway at the same address.
async fn start_again(config: &Config) -> Gateway {
    loop {
        match Gateway::start(config.clone()) {
            Ok(gateway) => return gateway,
            Err(error) => complain(&error),
        }
        time::sleep(NEXT_TRY).await;
    }
}

fn complain(error: &StartError) {
    tracing::warn!(%error, "the gateway does not start again yet");
}

/// Reads the configuration as the gateway does, from a file. It holds the keys: only its owner can read it, and it goes
/// at once.
fn configuration(text: &str) -> Result<Config, Box<dyn Error>> {
    let folder = tempfile::Builder::new().prefix("suona-demo-").tempdir()?;
    let file = folder.path().join("gateway.toml");
    fs::write(&file, text)?;
    let reading = Sources { file: Some(&file), ..Sources::default() }.read();
    folder.close()?;
    Ok(reading.accept(false)?.0)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};

    use tokio::{sync::oneshot, task::yield_now, time::Instant};

    use super::*;
    use crate::stage::Switch;

    /// Waits until somebody listens at that port, or nobody.
    async fn until(port: u16, listens: bool) {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() != listens {
            yield_now().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn while_the_gateway_is_stopped_nobody_listens_at_its_address() {
        let keeper = Keeper::start(&Keys::random(), "http://127.0.0.1:9").unwrap();
        let (port, stage) = (keeper.port(), Arc::new(Stage::new()));
        let (end, ended) = oneshot::channel::<()>();
        let keeping = tokio::spawn(keeper.keep(stage.clone(), async { _ = ended.await }));
        until(port, true).await;
        stage.turn(&Switch::Stop, Instant::now());
        until(port, false).await;
        assert!(stage.watch().borrow().back_at().is_some());
        end.send(()).unwrap();
        keeping.await.unwrap();
    }
}
