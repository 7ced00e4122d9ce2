//! The gateway that is measured, and what its process uses.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader},
    net::SocketAddr,
    process::{self, Child, Command, Stdio},
    time::Duration,
};

use suona_server::config::Secret;

use super::BenchTrouble;

/// A gateway. One that was started for the measurement ends with this value.
pub(super) struct Server {
    address: SocketAddr,
    pid: Option<u32>,
    key: Option<Secret>,
    secret: Option<Secret>,
    child: Option<Child>,
}

impl Server {
    /// One that runs already.
    pub(super) fn running(
        address: SocketAddr,
        pid: Option<u32>,
        key: Option<Secret>,
        secret: Option<Secret>,
    ) -> Self {
        Self { address, pid, key, secret, child: None }
    }

    /// Starts one, whose channels keep a short history and announce no joins.
    pub(super) fn spawn(pin: bool, channel: &str) -> Result<Self, BenchTrouble> {
        let failed = |error: io::Error| BenchTrouble::Spawn(error.to_string());
        if channel.contains(':') {
            return Err(BenchTrouble::Spawn(
                "its channels have no namespace; name one without `:`".to_owned(),
            ));
        }
        let random = || Secret::new(format!("{:032x}", rand::random::<u128>()));
        let (key, secret) = (random(), random());
        let exe = env::current_exe().map_err(failed)?;
        let mut command = Command::new(&exe);
        if pin {
            pin_ourselves()?;
            command = Command::new("taskset");
            command.args(["-c", "0"]).arg(exe);
        }
        command.args(["serve", "--address", "127.0.0.1", "--port", "0"]);
        let without_namespace = "SUONA_CHANNEL_WITHOUT_NAMESPACE_";
        for (name, value) in [
            ("ALLOW_SUBSCRIBE_FOR_CLIENT", "true"),
            ("HISTORY_SIZE", "100"),
            ("HISTORY_TTL", "300s"),
            ("ALLOW_RECOVERY", "true"),
        ] {
            command.env(format!("{without_namespace}{name}"), value);
        }
        command
            .env("SUONA_CLIENT_TOKEN_HMAC_SECRET_KEY", secret.expose())
            .env("SUONA_HTTP_API_KEY", key.expose())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let address = listening(&mut child)?;
        Ok(Self { address, pid: Some(child.id()), key: Some(key), secret: Some(secret), child: Some(child) })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its API key.
    pub(super) fn key(&self) -> Option<&Secret> {
        self.key.as_ref()
    }

    /// What it verifies tokens with.
    pub(super) fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// Reads what it uses, if its process is known, and the system tells.
    pub(super) fn probe(&self) -> Option<Probe> {
        self.pid.filter(|_| cfg!(target_os = "linux")).map(Probe)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Moves this thread, which will be the generator, to processor 1.
fn pin_ourselves() -> Result<(), BenchTrouble> {
    let pid = process::id().to_string();
    let pinned = Command::new("taskset").args(["-cp", "1", &pid]).stdout(Stdio::null()).status();
    match pinned {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(BenchTrouble::Spawn(format!("taskset ended with {status}; leave --pin out"))),
        Err(error) => Err(BenchTrouble::Spawn(format!("taskset: {error}; leave --pin out"))),
    }
}

/// Where a gateway says that it listens. What it says later is thrown away, so that it never waits for us.
fn listening(child: &mut Child) -> Result<SocketAddr, BenchTrouble> {
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    for line in lines.by_ref() {
        let line = line.map_err(|error| BenchTrouble::Spawn(error.to_string()))?;
        if let Some(address) = line.strip_prefix("listening on http://") {
            let address = address.parse().map_err(|_| BenchTrouble::Spawn(line.clone()))?;
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(address);
        }
        said.push_str(&line);
    }
    Err(BenchTrouble::Spawn(said))
}

/// Reads what a process uses. Only Linux tells.
#[derive(Clone, Copy)]
pub(super) struct Probe(u32);

impl Probe {
    /// This process.
    pub(super) fn ourselves() -> Self {
        Self(process::id())
    }

    /// The time that its threads have run, in user mode and for it in the kernel, to the nanosecond.
    ///
    /// Time of threads that have ended is missing; those that do the work do not end.
    pub(super) fn cpu(&self) -> Result<Duration, BenchTrouble> {
        let mut sum = 0;
        for thread in fs::read_dir(self.path("task")).map_err(|error| self.unread(error))? {
            let stat = thread.and_then(|thread| fs::read_to_string(thread.path().join("schedstat")));
            let Ok(stat) = stat else { continue };
            sum += stat.split_whitespace().next().and_then(|ran| ran.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(sum))
    }

    /// What a process has run since it had run for `then`.
    pub(super) fn cpu_since(
        probe: Option<&Self>,
        then: Option<Duration>,
    ) -> Result<Option<Duration>, BenchTrouble> {
        let now = probe.map(Self::cpu).transpose()?;
        Ok(now.zip(then).map(|(now, then)| now.saturating_sub(then)))
    }

    /// Bytes of memory that it holds (`VmRSS`).
    pub(super) fn memory(&self) -> Result<u64, BenchTrouble> {
        let status = fs::read_to_string(self.path("status")).map_err(|error| self.unread(error))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.map(|kib| kib * 1024).ok_or_else(|| self.unread(io::ErrorKind::InvalidData.into()))
    }

    fn path(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.0)
    }

    fn unread(&self, error: io::Error) -> BenchTrouble {
        BenchTrouble::Probe { pid: self.0, error }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let probe = Probe::ourselves();
        assert!(probe.memory().unwrap() > 100_000);
        assert!(probe.cpu().unwrap() > Duration::ZERO);
        assert!(Probe(u32::MAX).cpu().is_err());
    }
}
