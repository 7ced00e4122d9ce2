//! The secrets of one run. Nobody needs to know them: they are made at the start and forgotten at the end.

use suona_example_backend::{Config as BackendConfig, WeChatConfig};

/// A database in memory that all connections of this process share; the pages of a demo need not outlive it.
const DATABASE: &str = "file:/suona-demo?vfs=memdb";

/// What gateway and backend know each other by.
pub(crate) struct Keys {
    token: String,
    api: String,
    webhook: String,
}

impl Keys {
    /// New ones, of 128 random bits each.
    pub(crate) fn random() -> Self {
        let key = || format!("{:032x}", rand::random::<u128>());
        Self { token: key(), api: key(), webhook: key() }
    }

    /// The gateway's configuration, for a backend at that address.
    pub(crate) fn fill_in(&self, template: &str, backend: &str) -> String {
        template
            .replace("<token key>", &self.token)
            .replace("<api key>", &self.api)
            .replace("<webhook key>", &self.webhook)
            .replace("<backend>", backend)
    }

    /// The backend's configuration, for a gateway at that address.
    pub(crate) fn backend(&self, gateway: String) -> BackendConfig {
        BackendConfig {
            database: DATABASE.into(),
            gateway,
            api_key: self.api.clone().into(),
            token_key: self.token.clone().into(),
            webhook_key: self.webhook.clone().into(),
            wechat: WeChatConfig {
                app_id: None,
                app_secret: None,
                wechat_url: String::new(),
                wechat_timeout: Default::default(),
            },
            // People log in by a name alone, and there are devices and orders to play with.
            dev: true,
        }
    }
}
