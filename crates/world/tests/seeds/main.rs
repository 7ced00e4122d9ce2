//! Ten thousand worlds. `SEED=7` lives through one of them and tells what happens there, `SEEDS=100` through the
//! first hundred.
#![allow(clippy::print_stdout, reason = "it tells how far it is")]

mod coverage;

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

use suona_world::{World, server, tally::Tally, trace::Trace, world::Failure};

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
    let progress = Progress {
        began: Instant::now(),
        seeds,
        next: AtomicU64::new(0),
        failed: Mutex::default(),
        tally: Mutex::default(),
    };
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
    tally: Mutex<Tally>,
}

impl Progress {
    /// Lives through worlds until all are done, or one has failed.
    fn work(&self) {
        let (rules, mut tally) = (server::rules(), Tally::default());
        while self.failed.lock().expect("nobody panics with it").is_none() {
            let seed = self.next.fetch_add(1, Relaxed);
            if seed >= self.seeds {
                break;
            }
            let lived = panic::catch_unwind(AssertUnwindSafe(|| {
                let (world, verdict) = World::live(seed, &rules, Trace::default());
                verdict.map(|()| world.tally)
            }));
            match lived.unwrap_or_else(|panic| Err(Failure::panicked(seed, &*panic))) {
                Ok(seen) => tally.add(&seen),
                // The first to fail is as good as any other.
                Err(failure) => {
                    self.failed.lock().expect("nobody panics with it").get_or_insert(failure);
                }
            }
            if (seed + 1).is_multiple_of(1000) && seed + 1 < self.seeds {
                println!("{} worlds, {} s", seed + 1, self.began.elapsed().as_secs());
            }
        }
        self.tally.lock().expect("nobody panics with it").add(&tally);
    }

    fn conclude(self) -> ExitCode {
        let took = self.began.elapsed().as_secs_f32();
        let tally = self.tally.into_inner().expect("nobody panics with it");
        if let Some(failure) = self.failed.into_inner().expect("nobody panics with it") {
            println!("{failure}");
            println!("to see it happen: SEED={} cargo test -p suona-world --test seeds", failure.seed);
            println!("test result: FAILED. 0 passed; 1 failed, in {took:.1} s");
            return ExitCode::FAILURE;
        }
        println!("seen in {} worlds:\n{tally}", self.seeds);
        // Fewer worlds see less.
        let lacking = if self.seeds < SEEDS { Vec::new() } else { coverage::lacking(&tally) };
        if !lacking.is_empty() {
            println!("too rarely: {}", lacking.join("; "));
            println!("test result: FAILED. 0 passed; 1 failed, in {took:.1} s");
            return ExitCode::FAILURE;
        }
        println!("test result: ok. 1 passed; 0 failed; all {} worlds hold, in {took:.1} s", self.seeds);
        ExitCode::SUCCESS
    }
}
