//! The four systems: which methods there are, and who may hear which channel.

#[cfg(test)]
mod bounds;
pub(crate) mod devices;
mod orders;
mod quotation;
mod scans;

use std::collections::HashMap;

use deadpool_sqlite::rusqlite;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::{
    database::DatabaseError,
    refusal::Refusal,
    request::{Caller, Failure, Request},
};

/// What a client can ask for, by the name of the method.
pub(crate) struct Methods(HashMap<&'static str, Method>);

/// One of them.
pub(crate) enum Method {
    /// It only looks something up.
    Reads(Act),
    /// It changes something. The same request, come again, must not do so twice.
    Writes(Act),
    /// It replaces something, which twice is as once: no outcome is kept, so it may come often and without end.
    Replaces(Act),
}

type Act = Box<dyn Fn(&Request<'_>, &RawValue) -> Result<Value, Failure> + Send + Sync>;

impl Methods {
    /// Those of all systems.
    pub(crate) fn all() -> Self {
        let mut methods = Self(HashMap::new());
        scans::methods(&mut methods);
        quotation::methods(&mut methods);
        devices::methods(&mut methods);
        orders::methods(&mut methods);
        methods
    }

    /// The method of that name.
    pub(crate) fn find(&self, name: &str) -> Result<&Method, Refusal> {
        self.0.get(name).ok_or(Refusal::UnknownMethod)
    }

    fn reads<A: DeserializeOwned, R: Serialize>(
        &mut self,
        name: &'static str,
        act: impl Fn(&Request<'_>, &A) -> Result<R, Failure> + Send + Sync + 'static,
    ) {
        self.0.insert(name, Method::Reads(erased(act)));
    }

    fn writes<A: DeserializeOwned, R: Serialize>(
        &mut self,
        name: &'static str,
        act: impl Fn(&Request<'_>, &A) -> Result<R, Failure> + Send + Sync + 'static,
    ) {
        self.0.insert(name, Method::Writes(erased(act)));
    }

    fn replaces<A: DeserializeOwned, R: Serialize>(
        &mut self,
        name: &'static str,
        act: impl Fn(&Request<'_>, &A) -> Result<R, Failure> + Send + Sync + 'static,
    ) {
        self.0.insert(name, Method::Replaces(erased(act)));
    }
}

/// Whether `caller` may hear `channel`. What only the gateway's configuration opens is not asked for here.
pub(crate) fn may_hear(
    connection: &rusqlite::Connection,
    caller: &Caller,
    channel: &str,
) -> Result<bool, DatabaseError> {
    match channel.split_once(':') {
        _ if *caller == Caller::Nobody => Ok(false),
        Some(("device", serial)) => devices::may_hear(connection, caller, serial),
        Some(("lot" | "scan", _)) => Ok(true),
        None => Ok(matches!(channel, "orders" | quotation::LOTS)),
        Some(_) => Ok(false),
    }
}

/// Reads what was sent as `A`, and writes what comes of it.
fn erased<A: DeserializeOwned, R: Serialize>(
    act: impl Fn(&Request<'_>, &A) -> Result<R, Failure> + Send + Sync + 'static,
) -> Act {
    Box::new(move |request, data| {
        let data = serde_json::from_str::<A>(data.get());
        let data = data.map_err(|error| Refusal::BadRequest(error.to_string()))?;
        let result = act(request, &data)?;
        Ok(serde_json::to_value(result).expect("what is answered is JSON"))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_readme_lists_every_method_and_no_other() {
        let methods = Methods::all();
        let known: BTreeSet<_> = methods.0.keys().copied().collect();
        for readme in [include_str!("../README.md"), include_str!("../README.zh-CN.md")] {
            let listed = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
            assert_eq!(listed.collect::<BTreeSet<_>>(), known);
        }
    }
}
