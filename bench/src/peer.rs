//! The servers that are measured: how each is started, and what its clients speak.

mod certificate;
mod gateway;
mod process;
mod sockudo;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    Door, Plan, Scenario, Trouble, backend,
    crowd::{Entrance, Publishing},
    probe::Probe,
    wire::{self, Wire},
};
use certificate::Certificate;
pub use process::pin_ourselves;
use process::{Process, said_by};

/// A server that can be measured.
#[derive(Clone, Debug)]
pub enum Peer {
    /// A Suona of this binary.
    Suona(PathBuf),
    /// The same with TLS.
    SuonaTls(PathBuf),
    /// A gateway that runs already, whoever started it.
    Here(Here),
    /// The floor, of this binary.
    Floor(PathBuf),
    /// npm `ws` with a hand-written broadcast, from this folder.
    Ws(PathBuf),
    /// Socket.IO, from this folder.
    SocketIo(PathBuf),
    /// A Centrifugo of this binary.
    Centrifugo(PathBuf),
    /// A sockudo of this binary.
    Sockudo(PathBuf),
}

/// Where a gateway runs.
#[derive(Clone)]
pub struct Here {
    /// Where it listens, without TLS.
    pub address: SocketAddr,
    /// Its process, if it runs on this machine.
    pub pid: Option<u32>,
    /// Its API key.
    pub key: Option<String>,
    /// What tokens are signed with.
    pub secret: Option<String>,
}

/// Without its secrets.
impl std::fmt::Debug for Here {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Here").field("address", &self.address).field("pid", &self.pid).finish_non_exhaustive()
    }
}

/// A server that runs. One that was started for the measurement ends with this value.
pub struct Running {
    /// Where it listens.
    pub entrance: Entrance,
    /// What its clients speak.
    pub wire: Arc<dyn Wire>,
    /// Its process, if the system tells of it.
    pub probe: Option<Probe>,
    _process: Option<Process>,
    _certificate: Option<Certificate>,
}

impl Peer {
    /// How tables call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Suona(_) => "Suona",
            Self::SuonaTls(_) => "Suona TLS",
            Self::Here(_) => "gateway",
            Self::Floor(_) => "floor",
            Self::Ws(_) => "ws",
            Self::SocketIo(_) => "Socket.IO",
            Self::Centrifugo(_) => "Centrifugo",
            Self::Sockudo(_) => "sockudo",
        }
    }

    /// What it says that it is.
    pub fn version(&self) -> Result<String, Trouble> {
        match self {
            Self::Suona(exe) | Self::SuonaTls(exe) | Self::Sockudo(exe) => {
                said_by(self.name(), exe, "--version")
            }
            Self::Centrifugo(exe) => said_by(self.name(), exe, "version"),
            Self::Here(here) => Ok(format!("at {}", here.address)),
            Self::Floor(_) => Ok(format!("epoll loop of suona-bench {}", env!("CARGO_PKG_VERSION"))),
            Self::Ws(folder) | Self::SocketIo(folder) => {
                said_by(self.name(), "node".as_ref(), &folder.join(self.script()).to_string_lossy())
            }
        }
    }

    fn script(&self) -> &'static str {
        if matches!(self, Self::SocketIo(_)) { "socket-io.mjs" } else { "ws.mjs" }
    }

    /// Whether it has what a scenario measures. A plain door, for one, recovers nothing.
    pub fn can(&self, scenario: Scenario, Plan { door, compress, .. }: &Plan) -> bool {
        let others = matches!(self, Self::Floor(_) | Self::Ws(_) | Self::SocketIo(_) | Self::Sockudo(_));
        let (door, gateway) = (*door, !others);
        let comparable = match self {
            Self::Here(_) if scenario == Scenario::Restart => false,
            _ if !gateway && (scenario == Scenario::Soak || *compress) => false,
            Self::Ws(_) | Self::SocketIo(_) | Self::Sockudo(_) if scenario == Scenario::Flat => false,
            // What it has for those who come back is not Pusher's, and not spoken here.
            Self::Sockudo(_) if matches!(scenario, Scenario::Storm | Scenario::Restart) => false,
            Self::Suona(_) | Self::SuonaTls(_) | Self::Here(_) | Self::Floor(_) => true,
            Self::Centrifugo(_) => door != Door::Plain,
            Self::Ws(_) | Self::SocketIo(_) | Self::Sockudo(_) => door == Door::Json,
        };
        comparable && (door != Door::Plain || !scenario.is_managed())
    }

    /// Starts it, on processor 0 alone if the plan says so.
    pub fn start(&self, plan: &Plan) -> Result<Running, Trouble> {
        self.start_at(plan, 0)
    }

    /// Starts it at a port; 0 for a free one.
    pub fn start_at(&self, plan: &Plan, port: u16) -> Result<Running, Trouble> {
        match self {
            Self::Here(here) => {
                let (address, publishing) = (here.address, Publishing::Batch(here.key.clone()));
                let entrance = Entrance { address, publishing, compress: plan.compress, tls: None };
                let probe = here.pid.filter(|_| cfg!(target_os = "linux")).map(Probe::of);
                let wire = gateway::wire(plan.door, here.secret.clone()).into();
                Ok(Running { entrance, wire, probe, _process: None, _certificate: None })
            }
            Self::Suona(exe) => gateway::suona(exe, plan, port, backend::start()?, None),
            Self::SuonaTls(exe) => {
                gateway::suona(exe, plan, port, backend::start()?, Some(Certificate::new()?))
            }
            Self::Centrifugo(exe) => gateway::centrifugo(exe, plan, port, backend::start()?),
            Self::Sockudo(exe) => sockudo::start(exe, plan, port),
            Self::Floor(exe) => {
                let inner = gateway::wire(plan.door, None);
                let door = match plan.door {
                    Door::Json => "json",
                    Door::Protobuf => "protobuf",
                    Door::Plain => "plain",
                };
                let process = Process::start(self.name(), exe, plan.pin, |command| {
                    command.arg(door).arg(port.to_string())
                })?;
                Ok(process.running(Publishing::Batch(None), Box::new(wire::Floor { inner }), false))
            }
            Self::Ws(folder) => {
                let process = self.node(folder, plan, port)?;
                Ok(process.running(Publishing::Batch(None), Box::new(wire::Json { secret: None }), false))
            }
            Self::SocketIo(folder) => {
                let process = self.node(folder, plan, port)?;
                Ok(process.running(Publishing::Batch(None), Box::new(wire::SocketIo), false))
            }
        }
    }

    fn node(&self, folder: &Path, plan: &Plan, port: u16) -> Result<Process, Trouble> {
        let script = folder.join(self.script());
        Process::start(self.name(), "node".as_ref(), plan.pin, |command| {
            command.arg(script).arg("serve").arg(port.to_string())
        })
    }
}

/// A secret of a server, made anew for each start, and known to nobody else.
fn secret() -> String {
    format!("{:032x}", rand::random::<u128>())
}

impl Process {
    fn running(self, publishing: Publishing, wire: Box<dyn Wire>, compress: bool) -> Running {
        let entrance = Entrance { address: self.address(), publishing, compress, tls: None };
        let probe = cfg!(target_os = "linux").then(|| Probe::of(self.pid()));
        Running { entrance, wire: wire.into(), probe, _process: Some(self), _certificate: None }
    }
}
