//! Who is not to hear a publication, though subscribed.

use serde::{Deserialize, Deserializer};

use crate::ClientInfo;

/// The connections and users that a publication is withheld from. Kept with it, never on a client's wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclude {
    /// Sorted, so that a large audience is gone through quickly.
    clients: Vec<String>,
    /// As `clients`; none is empty, so that nobody excludes all anonymous users by accident.
    users: Vec<String>,
}

/// More names than [`Exclude::MAX_NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "exclude names more than {} clients and users; publish to a channel of the others instead",
    Exclude::MAX_NAMES
)]
pub struct TooManyNames;

impl Exclude {
    /// How many names there may be in all, since every subscriber is looked for among them.
    pub const MAX_NAMES: usize = 100;

    /// The connections with these ids, and all connections of these users. Empty names name nobody.
    pub fn new(clients: Vec<String>, users: Vec<String>) -> Result<Self, TooManyNames> {
        let exclude = Self { clients: sorted(clients), users: sorted(users) };
        let few = exclude.clients.len() + exclude.users.len() <= Self::MAX_NAMES;
        if few { Ok(exclude) } else { Err(TooManyNames) }
    }

    /// The connection with this id too.
    pub fn and_client(mut self, client: String) -> Self {
        self.clients.push(client);
        Self { clients: sorted(self.clients), ..self }
    }

    /// Whether it names nobody.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.users.is_empty()
    }

    /// Whether this client is among them.
    pub fn names(&self, client: &ClientInfo) -> bool {
        let is_in =
            |names: &[String], name: &str| names.binary_search_by(|one| one.as_str().cmp(name)).is_ok();
        is_in(&self.clients, &client.client) || is_in(&self.users, &client.user)
    }
}

/// The names as backends write them: `{"client": "…", "user": ["…", "…"]}`, each one name, several or none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ExcludeNames {
    #[serde(deserialize_with = "names")]
    client: Vec<String>,
    #[serde(deserialize_with = "names")]
    user: Vec<String>,
}

impl ExcludeNames {
    /// Who is named, if anybody is.
    pub fn read(self) -> Result<Option<Exclude>, TooManyNames> {
        Exclude::new(self.client, self.user).map(|exclude| Some(exclude).filter(|it| !it.is_empty()))
    }
}

fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(Names::One(name)) => vec![name],
        Some(Names::Several(names)) => names,
    })
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(user: &str, client: &str) -> ClientInfo {
        ClientInfo { user: user.into(), client: client.into(), ..ClientInfo::default() }
    }

    #[test]
    fn a_client_is_named_by_its_id_or_by_its_user() {
        let exclude = Exclude::new(vec!["c-2".into(), "c-1".into()], vec!["ann".into()]).unwrap();
        assert!(exclude.names(&client("ben", "c-1")) && exclude.names(&client("", "c-2")));
        assert!(exclude.names(&client("ann", "c-9")));
        assert!(!exclude.names(&client("c-1", "ann")));
    }

    #[test]
    fn an_empty_name_names_nobody() {
        let exclude = Exclude::new(vec![String::new()], vec![String::new()]).unwrap();
        assert!(exclude.is_empty() && !exclude.names(&client("", "")));
    }

    #[test]
    fn names_are_written_alone_or_in_lists() {
        let read = |json| serde_json::from_str::<ExcludeNames>(json).map(|names| names.read().unwrap());
        let both = read(r#"{"client":"c-1","user":["ann","ben"]}"#).unwrap().unwrap();
        assert!([client("", "c-1"), client("ann", ""), client("ben", "")].iter().all(|it| both.names(it)));
        for nobody in ["{}", r#"{"client":null,"user":""}"#, r#"{"user":[]}"#] {
            assert_eq!(read(nobody).unwrap(), None, "{nobody}");
        }
        assert!(read(r#"{"client":7}"#).is_err());
    }

    #[test]
    fn there_are_few_names() {
        let names = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
        assert!(Exclude::new(names(60), names(40)).is_ok());
        assert_eq!(Exclude::new(names(60), names(41)), Err(TooManyNames));
    }
}
