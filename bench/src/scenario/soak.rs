//! Everything at once for a long time, with clients that go at random and come back: memory shall stay flat,
//! nothing be lost, and nothing go wrong but what was done on purpose.

mod party;
mod trend;

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{Reading, Trial};
use crate::{Trouble, layout::Layout, report::Metric};
use party::{Count, Party};
use trend::Trend;

/// How often chances are taken.
const TICK: Duration = Duration::from_millis(10);

/// How many clients go in a second, at most. Of fewer than a thousand, each goes every ten seconds or so.
const GOING: f64 = 100.0;

/// Channels of those who do not hear the one big channel; each client hears two.
const CHANNELS: usize = 100;

pub(super) fn run(trial: &Trial<'_>) -> Result<Vec<Reading>, Trouble> {
    let seed = trial.plan.seed.unwrap_or_else(rand::random);
    // Whoever wants this very soak again needs its seed; who cannot read it does not.
    let _ = writeln!(io::stderr(), "soak: --seed {seed}");
    let mut soak = Soak::begin(trial, seed)?;
    let began = Instant::now();
    let usage = trial.watch(|| soak.last(trial.plan.soak()))?;
    soak.village.come_home()?;
    soak.circles.come_home()?;
    Ok(soak.readings(began.elapsed().min(usage.elapsed)))
}

/// What goes on during a soak.
struct Soak<'t> {
    trial: &'t Trial<'t>,
    /// They all hear one channel, in which the API publishes.
    village: Party<'t>,
    /// They hear two of many channels each, in which they publish themselves.
    circles: Party<'t>,
    trend: Trend,
    dice: StdRng,
}

impl<'t> Soak<'t> {
    /// All come in.
    fn begin(trial: &'t Trial<'t>, seed: u64) -> Result<Self, Trouble> {
        let (prefix, clients) = (&trial.plan.prefix, trial.load.clients.div_ceil(2));
        let channels = CHANNELS.min(clients);
        let circles = Layout {
            prefix: format!("{prefix}-circle-"),
            channels,
            each: (2 * clients / channels).min(clients),
            clients,
        };
        let size = trial.plan.size as usize;
        let village = Party::new(
            trial.crowd_inside(Layout::one(&format!("{prefix}-village-"), clients))?,
            clients,
            1,
            size,
        );
        let circles = Party::new(trial.crowd_inside(circles)?, clients, channels, size);
        let (trend, dice) = (Trend::new(trial.plan.soak()), StdRng::seed_from_u64(seed));
        Ok(Self { trial, village, circles, trend, dice })
    }

    /// Goes on for so long.
    fn last(&mut self, duration: Duration) -> Result<(), Trouble> {
        let (began, mut ticked) = (Instant::now(), Instant::now());
        while began.elapsed() < duration {
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                self.tick()?;
                self.trend.read(self.trial.server.probe)?;
                self.trial.progress.show("seconds", began.elapsed().as_secs(), duration.as_secs());
            }
            self.village.turn()?;
            self.circles.turn()?;
        }
        Ok(())
    }

    /// Lets happen what chance wants.
    fn tick(&mut self) -> Result<(), Trouble> {
        let Self { village, circles, dice, .. } = self;
        if dice.random_bool(0.1) {
            village.announce(dice)?;
        }
        for _ in 0..3 {
            circles.speak(dice)?;
        }
        for party in [village, circles] {
            party.ask(dice)?;
            let going = (party.clients() as f64 / 10.0).min(GOING / 2.0) * TICK.as_secs_f64();
            if dice.random_bool(going) {
                party.send_away(dice)?;
            }
            party.return_due()?;
        }
        Ok(())
    }

    fn readings(&self, elapsed: Duration) -> Vec<Reading> {
        let Count { published, asked, cut, left, rejoined } = self.village.count + self.circles.count;
        let delivered = self.village.crowd.tally().delivered + self.circles.crowd.tally().delivered;
        let per_second = |count: u64| count as f64 / elapsed.as_secs_f64();
        let reading = |case, metric, value| Reading { case, metric, value };
        let mut readings = self.trend.readings(self.trial.load.clients);
        readings.extend([
            reading("", Metric::PublicationsPerSecond, per_second(published)),
            reading("", Metric::DeliveriesPerSecond, per_second(delivered)),
            reading("", Metric::RoundTripsPerSecond, per_second(asked)),
            reading("cut off", Metric::Departures, cut as f64),
            reading("said goodbye", Metric::Departures, left as f64),
            reading("left their channels", Metric::Departures, rejoined as f64),
        ]);
        readings
    }
}
