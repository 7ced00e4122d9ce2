//! The flags by which every sub-command finds its configuration.

use std::path::PathBuf;

use clap::Args;
use suona_server::config::{Config, Reading, Sources, Unusable};

/// Where the configuration comes from.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ConfigArgs {
    /// The configuration file: TOML, JSON or YAML
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Only warn of keys that this gateway does not serve
    #[arg(long)]
    pub(crate) lenient: bool,
}

impl ConfigArgs {
    /// Reads file and environment; `dev` and `flags` as in [`Sources`].
    pub(crate) fn read(&self, dev: bool, flags: &[(&'static str, &str, String)]) -> Reading {
        // Variables that are not UTF-8 are none of ours.
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let environment: Vec<_> = std::env::vars_os().filter_map(text).collect();
        Sources { dev, file: self.config.as_deref(), environment: &environment, flags }.read()
    }

    /// The configuration for a sub-command that only looks something up in it.
    pub(crate) fn load(&self) -> Result<Config, Unusable> {
        Ok(self.read(false, &[]).accept(self.lenient)?.0)
    }
}
