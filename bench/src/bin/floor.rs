//! The floor as a process: `suona-floor json`, on a port of its own choice; `suona-floor json 8000` on that one.

use std::{
    error::Error,
    io::{self, Write as _},
};

use clap::ValueEnum as _;
use suona_bench::{Door, Floor};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let door = arguments.next().unwrap_or_default();
    let port = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let mut floor = Floor::listen(Door::from_str(&door, true)?, port)?;
    writeln!(io::stderr(), "listening on http://{}", floor.local_addr()?)?;
    Ok(floor.run()?)
}
