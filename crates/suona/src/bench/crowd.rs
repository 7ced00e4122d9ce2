//! All clients together: they come in a few at a time, and count what they hear.

use std::{
    cell::{Cell, RefCell},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
    time::{SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use suona_server::config::Secret;
use tokio::{
    sync::{Notify, Semaphore},
    task, time,
};

use super::{
    BenchTrouble, PATIENCE,
    member::{Buffer, Heard, Member},
};

/// How many clients come in at once; far below what a listener lets wait.
const AT_ONCE: usize = 32;

/// How many connections one source address gets. Linux gives out 28,000 ports by default, every other one
/// first; when those are used up, each search for a free one is long.
const PER_SOURCE: u32 = 10_000;

/// For how long tokens are good, in seconds: longer than any measurement.
const TOKEN_TTL: u64 = 24 * 3600;

/// How clients come in.
pub(super) struct Entrance {
    pub(super) address: SocketAddr,
    pub(super) channel: String,
    /// What tokens are signed with; without it, clients have none.
    pub(super) secret: Option<Secret>,
    pub(super) recoverable: bool,
}

/// The clients.
pub(super) struct Crowd {
    shared: Rc<Shared>,
}

/// What all clients count in.
struct Shared {
    entrance: Entrance,
    /// How a publication begins.
    prefix: String,
    doorway: Semaphore,
    buffer: Buffer,
    /// Publications by client.
    counts: RefCell<Vec<u64>>,
    /// How many clients are in.
    there: Cell<u32>,
    total: Cell<u64>,
    goal: Cell<u64>,
    reads: Cell<u64>,
    trouble: Cell<Option<BenchTrouble>>,
    changed: Notify,
}

impl Crowd {
    /// Nobody yet.
    pub(super) fn new(entrance: Entrance) -> Self {
        let prefix = format!("{{\"push\":{{\"channel\":{},\"pub\":", Value::from(entrance.channel.as_str()));
        let shared = Shared {
            entrance,
            prefix,
            doorway: Semaphore::new(AT_ONCE),
            buffer: RefCell::new(vec![0; 256 * 1024]),
            counts: RefCell::default(),
            there: Cell::new(0),
            total: Cell::new(0),
            goal: Cell::new(0),
            reads: Cell::new(0),
            trouble: Cell::new(None),
            changed: Notify::new(),
        };
        Self { shared: Rc::new(shared) }
    }

    /// Lets clients in until there are `upto`, all of them subscribed.
    pub(super) async fn grow(&self, upto: u32, progress: impl Fn(u32)) -> Result<(), BenchTrouble> {
        let there = self.shared.there.get();
        self.shared.counts.borrow_mut().resize(upto as usize, 0);
        for number in there..upto {
            let shared = self.shared.clone();
            task::spawn_local(async move { shared.live(number).await });
        }
        while self.shared.there.get() < upto {
            self.change(|shared| shared.there.get().into(), upto.into()).await?;
            progress(self.shared.there.get());
        }
        Ok(())
    }

    /// Each client is to hear so many more. Returns how many that makes for all together since the beginning.
    pub(super) fn expect(&self, publications: u64) -> u64 {
        let more = publications * u64::from(self.shared.there.get());
        self.shared.goal.set(self.shared.goal.get() + more);
        self.shared.goal.get()
    }

    /// Waits until all clients together have heard so many.
    pub(super) async fn heard(&self, goal: u64) -> Result<(), BenchTrouble> {
        while self.shared.total.get() < goal {
            self.change(|shared| shared.total.get(), goal).await?;
        }
        Ok(())
    }

    /// How many reads brought something.
    pub(super) fn reads(&self) -> u64 {
        self.shared.reads.get()
    }

    /// Checks that every client heard exactly so many.
    pub(super) fn verify(&self, each: u64) -> Result<(), BenchTrouble> {
        match self.shared.counts.borrow().iter().filter(|count| **count != each).count() {
            0 => Ok(()),
            wrong => Err(BenchTrouble::Miscounted(wrong, each)),
        }
    }

    /// Waits for news of the crowd; fails if what `counted` counts stays as it is for too long.
    async fn change(&self, counted: impl Fn(&Shared) -> u64, expected: u64) -> Result<(), BenchTrouble> {
        let mut before = counted(&self.shared);
        while time::timeout(PATIENCE, self.shared.changed.notified()).await.is_err() {
            let now = counted(&self.shared);
            if now == before {
                return Err(BenchTrouble::Missing { missing: expected - now, expected });
            }
            before = now;
        }
        self.shared.trouble.take().map_or(Ok(()), Err)
    }
}

impl Shared {
    /// The life of one client.
    async fn live(&self, number: u32) {
        let joined = {
            let _place = self.doorway.acquire().await;
            let joined = time::timeout(PATIENCE, self.join(number)).await;
            joined.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        };
        let trouble = match joined {
            Ok(mut member) => {
                self.there.set(self.there.get() + 1);
                self.changed.notify_one();
                let Err(error) = self.listen(&mut member, number).await;
                BenchTrouble::Lost(error.to_string())
            }
            Err(error) => BenchTrouble::Join(error.to_string()),
        };
        self.trouble.set(Some(trouble));
        self.changed.notify_one();
    }

    /// Comes in: upgrade, connect, subscribe.
    async fn join(&self, number: u32) -> io::Result<Member> {
        let entrance = &self.entrance;
        let mut member = Member::dial(entrance.address, source(entrance.address, number)).await?;
        let token = self.token(number).map_err(io::Error::other)?;
        let subscribe = json!({ "channel": entrance.channel, "recoverable": entrance.recoverable });
        for command in
            [json!({ "id": 1, "connect": { "token": token } }), json!({ "id": 2, "subscribe": subscribe })]
        {
            member.say(&command.to_string()).await?;
            self.answered(&mut member, number).await?;
        }
        Ok(member)
    }

    async fn answered(&self, member: &mut Member, number: u32) -> io::Result<()> {
        loop {
            let Some(reply) = self.hear(member, number).await? else { continue };
            let reply: Value = serde_json::from_str(&reply)?;
            if let Some(error) = reply.get("error") {
                return Err(io::Error::other(format!("refused: {error}")));
            }
            if reply.get("id").is_some() {
                return Ok(());
            }
        }
    }

    async fn listen(&self, member: &mut Member, number: u32) -> io::Result<std::convert::Infallible> {
        loop {
            self.hear(member, number).await?;
        }
    }

    /// Hears and counts; gives back a reply, if there was one.
    async fn hear(&self, member: &mut Member, number: u32) -> io::Result<Option<String>> {
        let Heard { publications, reply, pinged } = member.hear(&self.buffer, &self.prefix).await?;
        if pinged {
            member.say("{}").await?;
        }
        if publications > 0 {
            self.counts.borrow_mut()[number as usize] += publications;
            self.reads.set(self.reads.get() + 1);
            self.total.set(self.total.get() + publications);
            if self.total.get() >= self.goal.get() {
                self.changed.notify_one();
            }
        }
        Ok(reply)
    }

    fn token(&self, number: u32) -> Result<String, jsonwebtoken::errors::Error> {
        let Some(secret) = &self.entrance.secret else { return Ok(String::new()) };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = json!({ "sub": format!("user-{number}"), "exp": now + TOKEN_TTL });
        let key = EncodingKey::from_secret(secret.expose().as_bytes());
        jsonwebtoken::encode(&Header::default(), &claims, &key)
    }
}

/// The address to connect from: beyond one address's ports, the next of the loopback network.
fn source(to: SocketAddr, number: u32) -> Option<SocketAddr> {
    let further = number / PER_SOURCE;
    let from = Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + further);
    (further > 0 && to.is_ipv4() && to.ip().is_loopback()).then(|| (IpAddr::V4(from), 0).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_connections_come_from_several_addresses() {
        let gateway: SocketAddr = "127.0.0.1:8000".parse().unwrap();
        assert_eq!(source(gateway, 9_999), None);
        assert_eq!(source(gateway, 10_000), Some("127.0.0.2:0".parse().unwrap()));
        assert_eq!(source(gateway, 29_999), Some("127.0.0.3:0".parse().unwrap()));
        assert_eq!(source("192.0.2.1:8000".parse().unwrap(), 20_000), None);
    }
}
