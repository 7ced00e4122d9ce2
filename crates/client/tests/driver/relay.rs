//! A line that can be cut, and one that carries nothing back.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What a relay does with its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It carries everything.
    Open,
    /// What comes from the server is lost.
    Deaf,
    /// All lines are cut, and new ones too.
    Cut,
}

pub(crate) struct Relay {
    address: SocketAddr,
    /// Where new lines lead.
    to: Arc<watch::Sender<SocketAddr>>,
    mode: Arc<watch::Sender<(Mode, u32)>>,
}

impl Relay {
    /// Starts on the current runtime.
    pub(crate) fn start(to: SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let (mode, watched) = watch::channel((Mode::Open, 0));
        let (to, leads_to) = watch::channel(to);
        let (to, mode) = (Arc::new(to), Arc::new(mode));
        let relay = Self { address: listener.local_addr().unwrap(), to, mode };
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let watched = watched.clone();
                if watched.borrow().0 != Mode::Cut {
                    let to = *leads_to.borrow();
                    tokio::spawn(carry(near, to, watched));
                }
            }
        });
        relay
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lines that are there stay as they are.
    pub(crate) fn lead_to(&self, to: SocketAddr) {
        self.to.send_replace(to);
    }

    /// Lines that were there before `Cut` stay cut.
    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_modify(|(now, cuts)| {
            *now = mode;
            *cuts += u32::from(mode == Mode::Cut);
        });
    }
}

async fn carry(near: TcpStream, to: SocketAddr, mut mode: watch::Receiver<(Mode, u32)>) {
    let cuts = mode.borrow().1;
    let Ok(far) = TcpStream::connect(to).await else { return };
    let ((near_in, near_out), (far_in, far_out)) = (split(near), split(far));
    let back = mode.clone();
    tokio::select! {
        _ = pass(near_in, far_out, || true) => {}
        _ = pass(far_in, near_out, move || back.borrow().0 == Mode::Open) => {}
        _ = mode.wait_for(|(_, now)| *now != cuts) => {}
    }
}

async fn pass(
    mut from: ReadHalf<TcpStream>,
    mut to: WriteHalf<TcpStream>,
    carries: impl Fn() -> bool,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        if carries() {
            to.write_all(&buffer[..length]).await?;
        }
    }
}
