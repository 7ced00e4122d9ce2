//! The server ends while all clients are there. Another starts at the same address, knows nothing of them, and
//! they come back at once.

use super::{Reading, Trial, storm};
use crate::{
    Load, Peer, Plan, Trouble,
    crowd::{Crowd, IN_TURN},
    layout::Layout,
    peer::Running,
    progress::Progress,
    wire::Since,
};

pub(super) fn run(
    plan: &Plan,
    load: Load,
    peer: &Peer,
    first: Running,
    progress: &Progress,
) -> Result<Vec<Reading>, Trouble> {
    let layout = Layout::one(&plan.prefix, load.clients);
    let port = first.entrance.address.port();
    end_under_all(first, layout.clone(), plan, progress)?;
    let second = peer.start_at(plan, port)?;
    let trial = Trial { plan, load, server: &second, progress };
    let mut crowd = trial.crowd(layout)?;
    // The streams went with the first server. For publications to be recovered all the same, clients come as if
    // they had been there when the second began.
    crowd.return_to(beginning(&trial)?);
    storm::come_back(&trial, &mut crowd)
}

/// Lets all come in and hear something, and ends the server while they are there.
fn end_under_all(server: Running, layout: Layout, plan: &Plan, progress: &Progress) -> Result<(), Trouble> {
    let (wire, clients) = (server.wire.clone(), layout.clients);
    let mut crowd = Crowd::new(server.entrance.clone(), &*wire, layout)?;
    crowd.grow(clients, IN_TURN, |there| progress.show("connected", there as u64, clients as u64))?;
    crowd.publish(&[0], plan.size as usize)?;
    crowd.settle()?;
    crowd.verify()?;
    drop(server);
    Ok(())
}

/// Where the new stream stands before anything is published, as a first client is told.
fn beginning(trial: &Trial<'_>) -> Result<Vec<Option<Since>>, Trouble> {
    let layout = Layout::one(&trial.plan.prefix, 1);
    let mut first = trial.crowd(layout)?;
    first.grow(1, IN_TURN, |_| ())?;
    Ok(first.positions().to_vec())
}
