//! What the switches are set to: one truth for everybody who has the page open.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};

/// Whose phones the page shows; each has a line of its own.
pub(crate) const USERS: [&str; 2] = ["hongda", "yuanhang"];

/// How long the gateway is away when it is stopped.
pub(crate) const AWAY: Duration = Duration::from_secs(10);

/// A switch that somebody has turned.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Switch {
    /// The line of one user is cut or mended.
    Line { user: String, whole: bool },
    /// The gateway is stopped for [`AWAY`].
    Stop,
    /// The supplier that bids by itself.
    Robot(bool),
    /// The scanner at the gate.
    Scanner(bool),
}

/// How everything stands.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    /// Names this run of the demo: to a page of an earlier one everything here is new, the keys too.
    run: u32,
    cut: BTreeSet<&'static str>,
    /// When the gateway comes back, if it is away.
    back_at: Option<Instant>,
    pub(crate) robot: bool,
    pub(crate) scanner: bool,
    /// The lot on which everybody bids.
    lot: Option<String>,
}

impl Scene {
    /// Whether the line of that user is whole.
    pub(crate) fn is_whole(&self, user: &str) -> bool {
        !self.cut.contains(user)
    }

    /// Whether bytes get from that user to the gateway.
    pub(crate) fn carries(&self, user: &str) -> bool {
        self.is_whole(user) && self.back_at.is_none()
    }

    /// When the gateway comes back, if it is away.
    pub(crate) fn back_at(&self) -> Option<Instant> {
        self.back_at
    }

    /// The lot on which everybody bids; empty before there is one.
    pub(crate) fn lot(&self) -> &str {
        self.lot.as_deref().unwrap_or_default()
    }

    /// As the page reads it.
    pub(crate) fn shown(&self, now: Instant) -> Value {
        let back_in = self.back_at.map(|at| at.saturating_duration_since(now).as_millis());
        json!({
            "run": self.run,
            "cut": self.cut,
            "backIn": back_in,
            "robot": self.robot,
            "scanner": self.scanner,
            "lot": self.lot,
        })
    }
}

/// The scene, for those who change it and those who wait for a change.
pub(crate) struct Stage {
    scene: watch::Sender<Scene>,
    audience: Arc<()>,
}

/// Somebody who watches. Without an audience nobody plays.
pub(crate) struct Seat {
    pub(crate) scene: watch::Receiver<Scene>,
    _seated: Arc<()>,
}

impl Stage {
    /// Everything works, and everybody plays.
    pub(crate) fn new() -> Self {
        let cut = BTreeSet::new();
        let scene = Scene { run: rand::random(), cut, back_at: None, robot: true, scanner: true, lot: None };
        Self { scene: watch::Sender::new(scene), audience: Arc::default() }
    }

    /// Turns a switch; `false` if there is no such user.
    pub(crate) fn turn(&self, switch: &Switch, now: Instant) -> bool {
        let user = match switch {
            Switch::Line { user, .. } => match USERS.into_iter().find(|known| known == user) {
                Some(known) => known,
                None => return false,
            },
            _ => "",
        };
        self.scene.send_modify(|scene| match *switch {
            Switch::Line { whole: true, .. } => _ = scene.cut.remove(user),
            Switch::Line { whole: false, .. } => _ = scene.cut.insert(user),
            Switch::Stop => _ = scene.back_at.get_or_insert(now + AWAY),
            Switch::Robot(on) => scene.robot = on,
            Switch::Scanner(on) => scene.scanner = on,
        });
        true
    }

    /// The gateway serves again.
    pub(crate) fn gateway_is_back(&self) {
        self.scene.send_modify(|scene| scene.back_at = None);
    }

    /// From now on everybody bids on this lot.
    pub(crate) fn show_lot(&self, lot: &str) {
        self.scene.send_modify(|scene| scene.lot = Some(lot.to_owned()));
    }

    /// How everything stands now, and what changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Scene> {
        self.scene.subscribe()
    }

    /// The same for a page.
    pub(crate) fn seat(&self) -> Seat {
        let mut scene = self.watch();
        // Who comes in sees the scene as it is.
        scene.mark_changed();
        Seat { scene, _seated: self.audience.clone() }
    }

    /// Whether a page is open, and `plays` holds.
    pub(crate) fn on(&self, plays: impl Fn(&Scene) -> bool) -> bool {
        Arc::strong_count(&self.audience) > 1 && plays(&self.scene.borrow())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(user: &str, whole: bool) -> Switch {
        Switch::Line { user: user.to_owned(), whole }
    }

    #[test]
    fn a_cut_line_carries_nothing_until_it_is_mended() {
        let (stage, now) = (Stage::new(), Instant::now());
        assert!(stage.turn(&line("hongda", false), now));
        let scene = stage.watch();
        assert!(!scene.borrow().carries("hongda") && scene.borrow().carries("yuanhang"));
        assert!(stage.turn(&line("hongda", true), now));
        assert!(scene.borrow().carries("hongda"));
    }

    #[test]
    fn a_user_that_is_not_there_has_no_line() {
        assert!(!Stage::new().turn(&line("nobody", false), Instant::now()));
    }

    #[test]
    fn a_gateway_that_is_away_is_stopped_no_longer_by_another_stop() {
        let (stage, now) = (Stage::new(), Instant::now());
        stage.turn(&Switch::Stop, now);
        stage.turn(&Switch::Stop, now + AWAY / 2);
        assert_eq!(stage.watch().borrow().back_at(), Some(now + AWAY));
        assert_eq!(stage.watch().borrow().shown(now + AWAY / 2)["backIn"], 5_000);
        stage.gateway_is_back();
        assert_eq!(stage.watch().borrow().back_at(), None);
    }

    #[test]
    fn without_an_audience_nobody_plays() {
        let stage = Stage::new();
        assert!(!stage.on(|_| true));
        let seat = stage.seat();
        assert!(stage.on(|scene| scene.robot) && !stage.on(|_| false));
        drop(seat);
        assert!(!stage.on(|_| true));
    }
}
