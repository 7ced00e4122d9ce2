//! A server as a child process.

use std::{
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{self, Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use crate::{Trouble, trouble::PATIENCE};

/// A server that was started for the measurement, and ends with this value.
pub(super) struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts a server and waits until it says on standard error where it listens. `configure` adds what it is
    /// to know; what the environment says about other configurations is kept from it.
    pub(super) fn start(
        name: &'static str,
        exe: &Path,
        pin: bool,
        configure: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<Self, Trouble> {
        let failed = |reason: String| Trouble::Spawn { name, reason };
        let mut child = spawn(name, exe, pin, configure)?;
        let (tell, told) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        // It reads on to the end, so that the server never waits for us.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let mut said = String::new();
        while let Ok(line) = told.recv_timeout(PATIENCE) {
            let address = line.strip_prefix("listening on ").and_then(|url| url.split_once("://"));
            if let Some((_, address)) = address {
                let address = address.parse().map_err(|_| failed(line.clone()))?;
                return Ok(Self { child, address });
            }
            said = said + &line + "\n";
        }
        end(&mut child);
        Err(failed(said))
    }

    /// Starts a server that cannot be asked to choose a port, at this one, or, if it is 0, at one that was free a
    /// moment ago.
    pub(super) fn start_at(
        name: &'static str,
        exe: &Path,
        pin: bool,
        port: u16,
        configure: impl FnOnce(&mut Command, SocketAddr) -> &mut Command,
    ) -> Result<Self, Trouble> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.local_addr()?;
        let mut child = spawn(name, exe, pin, |command| configure(command, address))?;
        drop(child.stderr.take());
        let began = std::time::Instant::now();
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > PATIENCE || child.try_wait()?.is_some() {
                end(&mut child);
                return Err(Trouble::Spawn { name, reason: format!("nothing listens at {address}") });
            }
            thread::yield_now();
        }
        Ok(Self { child, address })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // It may have ended already.
    let _ = child.kill();
    let _ = child.wait();
}

fn spawn(
    name: &'static str,
    exe: &Path,
    pin: bool,
    configure: impl FnOnce(&mut Command) -> &mut Command,
) -> Result<Child, Trouble> {
    let mut command = Command::new(exe);
    if pin {
        command = Command::new("taskset");
        command.args(["-c", "0"]).arg(exe);
    }
    for (variable, _) in std::env::vars_os() {
        let variable = variable.to_string_lossy();
        if ["SUONA_", "CENTRIFUGO_", "SOCKUDO_"].iter().any(|prefix| variable.starts_with(prefix)) {
            command.env_remove(&*variable);
        }
    }
    // Questions to the backend stay on this machine.
    command.env("NO_PROXY", "127.0.0.1").stdout(Stdio::null()).stderr(Stdio::piped());
    let spawned = configure(&mut command).spawn();
    spawned.map_err(|error| Trouble::Spawn { name, reason: format!("{}: {error}", exe.display()) })
}

/// What a program prints when asked for its version.
pub(super) fn said_by(name: &'static str, exe: &Path, argument: &str) -> Result<String, Trouble> {
    let failed = |reason: String| Trouble::Spawn { name, reason };
    let output = Command::new(exe).arg(argument).output();
    let output = output.map_err(|error| failed(format!("{}: {error}", exe.display())))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Moves this thread, and those that it will start, to processor 1.
pub fn pin_ourselves() -> Result<(), Trouble> {
    let failed = |reason| Trouble::Spawn { name: "taskset", reason };
    let pid = process::id().to_string();
    let pinned = Command::new("taskset").args(["-cp", "1", &pid]).stdout(Stdio::null()).status();
    match pinned {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("it ended with {status}; leave --pin out"))),
        Err(error) => Err(failed(format!("{error}; leave --pin out"))),
    }
}
