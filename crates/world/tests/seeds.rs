//! Ten thousand worlds. `SEED=7` lives through one of them and tells what happens there, `SEEDS=100` through the
//! first hundred.
#![allow(clippy::print_stdout, reason = "it tells how far it is")]

use std::{
    env,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Instant,
};

use suona_world::{World, server, trace::Trace, world::Failure};

/// Seeds, unless somebody asks for fewer or more.
const SEEDS: u64 = 10_000;

/// What the usual harness would call it, for whoever asks for tests by name.
const NAME: &str = "ten_thousand_worlds_hold";

fn main() -> ExitCode {
    let mut names = env::args().skip(1).filter(|arg| !arg.starts_with('-')).peekable();
    if names.peek().is_some() && !names.any(|name| NAME.contains(&name)) {
        return ExitCode::SUCCESS;
    }
    let asked = |name| env::var(name).ok().map(|value| value.parse().expect("a number"));
    match asked("SEED") {
        Some(seed) => replay(seed),
        None => live_all(asked("SEEDS").unwrap_or(SEEDS)),
    }
}

/// One world, with everything that happens in it.
fn replay(seed: u64) -> ExitCode {
    let (world, verdict) = World::live(seed, &server::rules(), Trace::told());
    let (told, _) = world.trace.digest();
    match verdict {
        Ok(()) => {
            println!("seed {seed} holds, in {told} lines");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn live_all(seeds: u64) -> ExitCode {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    println!("living through {seeds} worlds on {threads} threads");
    let progress =
        Progress { began: Instant::now(), seeds, next: AtomicU64::new(0), failed: Mutex::default() };
    // A world that panics is told of below, by its seed.
    panic::set_hook(Box::new(|_| ()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| progress.work());
        }
    });
    progress.conclude()
}

struct Progress {
    began: Instant,
    seeds: u64,
    next: AtomicU64,
    failed: Mutex<Option<Failure>>,
}

impl Progress {
    /// Lives through worlds until all are done, or one has failed.
    fn work(&self) {
        let rules = server::rules();
        while self.failed.lock().expect("nobody panics with it").is_none() {
            let seed = self.next.fetch_add(1, Relaxed);
            if seed >= self.seeds {
                return;
            }
            let lived =
                panic::catch_unwind(AssertUnwindSafe(|| World::live(seed, &rules, Trace::default()).1));
            let verdict = lived.unwrap_or_else(|panic| Err(Failure::panicked(seed, &*panic)));
            if let Err(failure) = verdict {
                // The first to fail is as good as any other.
                self.failed.lock().expect("nobody panics with it").get_or_insert(failure);
            }
            if (seed + 1).is_multiple_of(1000) && seed + 1 < self.seeds {
                println!("{} worlds, {} s", seed + 1, self.began.elapsed().as_secs());
            }
        }
    }

    fn conclude(self) -> ExitCode {
        let took = self.began.elapsed().as_secs_f32();
        match self.failed.into_inner().expect("nobody panics with it") {
            None => {
                println!(
                    "test result: ok. 1 passed; 0 failed; all {} worlds hold, in {took:.1} s",
                    self.seeds
                );
                ExitCode::SUCCESS
            }
            Some(failure) => {
                println!("{failure}");
                println!("to see it happen: SEED={} cargo test -p suona-world --test seeds", failure.seed);
                println!("test result: FAILED. 0 passed; 1 failed, in {took:.1} s");
                ExitCode::FAILURE
            }
        }
    }
}
