//! The floor as a process: `suona-floor json`, on a port of its own choice.

use std::{
    error::Error,
    io::{self, Write as _},
};

use clap::ValueEnum as _;
use suona_bench::{Door, Floor};

fn main() -> Result<(), Box<dyn Error>> {
    let door = std::env::args().nth(1).unwrap_or_default();
    let mut floor = Floor::listen(Door::from_str(&door, true)?)?;
    writeln!(io::stderr(), "listening on http://{}", floor.local_addr()?)?;
    Ok(floor.run()?)
}
