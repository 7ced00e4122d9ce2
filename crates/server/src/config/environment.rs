//! Keys given by environment variables: `SUONA_CLIENT_PING_INTERVAL` for `client.ping_interval`.

use super::{
    channel::Namespace,
    known::{self, Fate},
    node::{Node, Origin, Value},
    problem::{Problem, Severity, alike},
    proxy::{NamedProxy, RpcNamespace},
    schema::{Key, Section, Shape},
    settings::Settings,
};

const OURS: &str = "SUONA_";
const THEIRS: &str = "CENTRIFUGO_";
/// What stands behind [`OURS`] in variables of other sub-commands: `tail` connects with `SUONA_TOKEN`.
const OF_OTHERS: [&str; 1] = ["TOKEN"];

/// Lays what the variables say over `tree`. `SUONA_…` wins over `CENTRIFUGO_…`.
pub(super) fn overlay(tree: &mut Node, variables: &[(String, String)], problems: &mut Vec<Problem>) {
    let mut keys = Vec::new();
    collect(&Settings::keys(), &mut Vec::new(), &mut keys);
    let mut foreign: Vec<&str> = Vec::new();
    for prefix in [THEIRS, OURS] {
        let mut left = Vec::new();
        for (name, value) in variables {
            let Some(short) = name.strip_prefix(prefix) else { continue };
            // Compose files pass variables on as empty ones; nobody means to set an empty value.
            if value.is_empty() {
                continue;
            }
            match keys.iter().find(|key| key.variable == short) {
                Some(key) => {
                    set(tree, key, name, value, problems);
                    foreign.extend((prefix == THEIRS).then_some(name.as_str()));
                }
                None => left.push((name.as_str(), short, value.as_str())),
            }
        }
        // Only now are the names of all namespaces known.
        for (name, short, value) in left {
            if set_named_option(tree, name, short, value, problems) {
                foreign.extend((prefix == THEIRS).then_some(name));
            } else {
                problems.extend(unknown(name, short, value, &keys));
            }
        }
    }
    if !foreign.is_empty() {
        let message = format!("understood as {OURS}…; rename them when you can");
        problems.push(Problem::notice(Origin::Environment(foreign.join(", ").into()), "", &message));
    }
}

/// A key with the variable that sets it.
struct Variable {
    variable: String,
    path: Vec<&'static str>,
    is_list: bool,
}

fn collect(keys: &[Key], path: &mut Vec<&'static str>, all: &mut Vec<Variable>) {
    for key in keys {
        path.push(key.name);
        match key.shape {
            Shape::Section(keys) => collect(&keys(), path, all),
            Shape::Value | Shape::Optional(_) | Shape::List(_) => all.push(Variable {
                variable: path.join("_").to_uppercase(),
                path: path.clone(),
                is_list: matches!(key.shape, Shape::List(_)),
            }),
        }
        path.pop();
    }
}

fn set(tree: &mut Node, key: &Variable, name: &str, value: &str, problems: &mut Vec<Problem>) {
    let origin = Origin::Environment(name.into());
    let node = if key.is_list { read_list(value, &origin) } else { Ok(read_value(value, &origin)) };
    match node {
        Ok(node) => tree.set(&key.path, node),
        Err(message) => problems.push(Problem::wrong(origin, &key.path.join("."), &message)),
    }
}

/// Text, or a list in JSON.
fn read_value(value: &str, origin: &Origin) -> Node {
    match serde_json::from_str::<serde_json::Value>(value) {
        Ok(list @ serde_json::Value::Array(_)) => Node::from_json(list, origin),
        _ => Node { value: Value::Text(value.to_owned()), origin: origin.clone() },
    }
}

/// Tables in JSON, or their names alone.
fn read_list(value: &str, origin: &Origin) -> Result<Node, String> {
    if value.trim_start().starts_with('[') {
        let list = serde_json::from_str(value).map_err(|error| format!("is no valid JSON: {error}"))?;
        return Ok(Node::from_json(list, origin));
    }
    let named = |name: &str| Node::from_json(serde_json::json!({ "name": name }), origin);
    Ok(Node { value: Value::List(value.split_whitespace().map(named).collect()), origin: origin.clone() })
}

/// A list of tables with names: what its variables begin with, where it stands, and the keys of its tables.
type Named = (&'static str, &'static [&'static str], fn() -> Vec<Key>);

const NAMED: [Named; 3] = [
    ("CHANNEL_NAMESPACES_", &["channel", "namespaces"], Namespace::keys),
    ("PROXIES_", &["proxies"], NamedProxy::keys),
    ("RPC_NAMESPACES_", &["rpc", "namespaces"], RpcNamespace::keys),
];

/// `CHANNEL_NAMESPACES_CHAT_PRESENCE` sets `presence` of the namespace `chat`, if there is one.
fn set_named_option(
    tree: &mut Node,
    name: &str,
    short: &str,
    value: &str,
    problems: &mut Vec<Problem>,
) -> bool {
    let stands = |(prefix, path, keys): Named| Some((short.strip_prefix(prefix)?, path, keys));
    let Some((rest, path, keys)) = NAMED.into_iter().find_map(stands) else { return false };
    let mut options = Vec::new();
    collect(&keys(), &mut Vec::new(), &mut options);
    for (index, item) in list_at(tree, path).into_iter().flatten().enumerate() {
        let label = item.label(index).replace(['.', '-'], "_").to_uppercase();
        let option = rest.strip_prefix(&label).and_then(|rest| rest.strip_prefix('_'));
        if let Some(key) = options.iter().find(|key| option == Some(&key.variable)) {
            set(item, key, name, value, problems);
            return true;
        }
    }
    false
}

fn list_at<'a>(tree: &'a mut Node, path: &[&str]) -> Option<&'a mut Vec<Node>> {
    let mut node = tree;
    for step in path {
        let Value::Table(table) = &mut node.value else { return None };
        node = table.get_mut(*step)?;
    }
    if let Value::List(items) = &mut node.value { Some(items) } else { None }
}

/// A variable that sets nothing. Container platforms put some there that are not meant for us.
fn unknown(name: &str, short: &str, value: &str, keys: &[Variable]) -> Option<Problem> {
    let origin = Origin::Environment(name.into());
    let from_platform = ["PORT", "SERVICE_"]
        .iter()
        .any(|mark| short.starts_with(mark) || short.contains(&format!("_{mark}")));
    let node = Node { value: Value::Text(value.to_owned()), origin: origin.clone() };
    match known::fate_of_variable(short) {
        Some(_) if node.is_off() => None,
        Some(Fate::Ignored(reason)) => {
            Some(Problem::notice(origin, "", &format!("has no effect here: {reason}")))
        }
        Some(Fate::NotYet) => {
            let message = "known, but not supported yet; unset it, or start with --lenient to go on without";
            Some(Problem { severity: Severity::Unserved, ..Problem::wrong(origin, "", message) })
        }
        None if from_platform || short.starts_with("VAR_") || OF_OTHERS.contains(&short) => None,
        None => {
            let names = keys.iter().map(|key| key.variable.to_lowercase()).collect::<Vec<_>>();
            let message = match alike(short, names.iter().map(String::as_str)) {
                Some(near) => format!("sets no key; did you mean {OURS}{}?", near.to_uppercase()),
                None => "sets no key; unset it".to_owned(),
            };
            Some(Problem { severity: Severity::Unserved, ..Problem::wrong(origin, "", &message) })
        }
    }
}
