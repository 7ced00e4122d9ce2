//! The sections `proxy`: where the backend answers webhooks, and how it is asked.

use std::{collections::BTreeMap, time::Duration};

use super::{
    node::{Node, Value},
    schema::section,
    secret::{Secret, SecretUrl},
    value::{Leaf, leaves},
};

section! {
    /// Where one kind of question goes, and how it is asked.
    pub struct Proxy {
        /// The URL that is asked, by POST; "http://" or "https://". What may be secret in it is not printed.
        endpoint: SecretUrl = SecretUrl::default(),
        /// How long the backend may take to answer.
        timeout: Duration = Duration::from_secs(1),
        /// Headers of the client's own HTTP request that are passed on, by name; none by default.
        http_headers: Vec<String> = Vec::new(),
        /// Headers that a client names in its connect command and that are passed on; it may write anything there.
        emulated_headers: Vec<String> = Vec::new(),
        /// Whether payloads go as base64 in `b64data`, since they are no JSON.
        binary_encoding: bool = false,
        /// Whether the backend is told the connection's `meta`.
        include_connection_meta: bool = false,
        /// How HTTP is spoken to it.
        http: ProxyHttp = ProxyHttp::default(),
    }
}

section! {
    /// How HTTP is spoken to a webhook.
    pub struct ProxyHttp {
        /// Headers that every request carries: names and values.
        static_headers: StaticHeaders = StaticHeaders::default(),
        /// What clients are told instead of error 100 when the backend answers with another status than 200.
        status_to_code_transforms: Vec<StatusTransform> = Vec::new(),
    }
}

section! {
    /// What one HTTP status means to the client: an error or the end of its connection.
    pub struct StatusTransform {
        /// The status of the backend's answer.
        status_code: u16 = 0,
        /// The error that the client is told.
        to_error: Option<ToError> = None,
        /// Why the client's connection ends.
        to_disconnect: Option<ToDisconnect> = None,
    }
}

section! {
    /// The error that the client is told.
    pub struct ToError {
        /// Its number, 400 to 1999 for errors of an application.
        code: u16 = 0,
        /// What is wrong.
        message: String = String::new(),
        /// Whether the client may try again.
        temporary: bool = false,
    }
}

section! {
    /// Why a connection ends.
    pub struct ToDisconnect {
        /// Its number: 4000 to 4499 and the client comes back, 4500 to 4999 and it does not.
        code: u16 = 0,
        /// The reason.
        reason: String = String::new(),
    }
}

section! {
    /// A webhook that is asked, or not.
    pub struct SwitchedProxy {
        /// Whether it is asked.
        enabled: bool = false,
    }
    flatten {
        /// Where, and how.
        proxy: Proxy,
    }
}

section! {
    /// A webhook with a name, by which namespaces choose it.
    pub struct NamedProxy {
        /// Its name; "default" is the one beside the question.
        name: String = String::new(),
    }
    flatten {
        /// Where, and how.
        proxy: Proxy,
    }
}

section! {
    /// The questions about connections.
    pub struct ClientProxies {
        /// Who is it? Asked for clients that connect without a token.
        connect: SwitchedProxy = SwitchedProxy::default(),
        /// May it stay? Asked when a connection expires; clients do not refresh by themselves then.
        refresh: SwitchedProxy = SwitchedProxy::default(),
    }
}

section! {
    /// The questions about channels, as far as a namespace wants them asked.
    pub struct ChannelProxies {
        /// May it subscribe? Asked for clients without a subscription token.
        subscribe: Proxy = Proxy::default(),
        /// May it publish?
        publish: Proxy = Proxy::default(),
        /// May it stay subscribed? Asked when a subscription expires.
        sub_refresh: Proxy = Proxy::default(),
    }
}

section! {
    /// Requests of clients to the backend.
    pub struct RpcSettings {
        /// Where they go, unless their namespace names another.
        proxy: Proxy = Proxy::default(),
        /// Methods that have no namespace.
        without_namespace: RpcOptions = RpcOptions::default(),
        /// Methods whose name begins with that of a namespace and `:`.
        namespaces: Vec<RpcNamespace> = Vec::new(),
        /// A method that is answered here.
        ping: RpcPing = RpcPing::default(),
        /// What ends the namespace in a method's name.
        namespace_boundary: String = ":".to_owned(),
    }
}

section! {
    /// A method by which clients ask whether their line is alive; the answer is empty, and nobody else is asked.
    pub struct RpcPing {
        /// Whether there is one.
        enabled: bool = false,
        /// Its name.
        method: String = "ping".to_owned(),
    }
}

section! {
    /// Which methods exist.
    pub struct RpcOptions {
        /// Whether the backend is asked; without it there are no such methods.
        proxy_enabled: bool = false,
        /// Which webhook is asked.
        proxy_name: String = "default".to_owned(),
    }
}

section! {
    /// The methods of a namespace.
    pub struct RpcNamespace {
        /// The namespace.
        name: String = String::new(),
    }
    flatten {
        /// Whether and where they are asked.
        options: RpcOptions,
    }
}

/// Headers with their values, which may be passwords.
#[derive(Clone, Debug, Default)]
pub struct StaticHeaders(pub(super) BTreeMap<String, Secret>);

impl Leaf for StaticHeaders {
    fn parse(node: &Node) -> Result<Self, String> {
        // What was written instead may be a secret, so it is not repeated.
        let expected = || "expects a table of headers, like { Authorization = \"Bearer …\" }".to_owned();
        match &node.value {
            Value::Table(entries) => {
                let header = |(name, value): (&String, &Node)| Ok((name.clone(), Secret::parse(value)?));
                entries.iter().map(header).collect::<Result<_, String>>().map(Self)
            }
            Value::Text(json) => {
                let entries: BTreeMap<String, String> = serde_json::from_str(json).map_err(|_| expected())?;
                Ok(Self(entries.into_iter().map(|(name, value)| (name, Secret::new(value))).collect()))
            }
            _ => Err(expected()),
        }
    }

    fn print(&self) -> Option<toml::Value> {
        let masked = |(name, value): (&String, &Secret)| (name.clone(), value.to_string().into());
        Some(toml::Value::Table(self.0.iter().map(masked).collect()))
    }
}

leaves!(StaticHeaders);
