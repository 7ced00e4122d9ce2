//! Publications, and who somebody is.

use bytes::Bytes;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

use super::{in_order::InOrder, payload, present};
use crate::{ClientInfo, heard::Publication};

/// A publication, which is kept as it came besides.
pub(super) struct Published<'a> {
    raw: &'a RawValue,
    fields: PublishedFields<'a>,
}

#[derive(Deserialize)]
struct PublishedFields<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    offset: Option<u64>,
    #[serde(borrow)]
    info: Option<Info<'a>>,
    tags: Option<InOrder<String>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Published<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let fields = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        Ok(Self { raw, fields })
    }
}

impl Published<'_> {
    pub(super) fn read(self, message: &Bytes) -> Publication {
        let PublishedFields { data, offset, info, tags } = self.fields;
        Publication {
            data: payload(message, data).unwrap_or_default(),
            offset: offset.unwrap_or_default(),
            info: info.map(|info| Box::new(info.read(message))),
            tags: tags.map_or_else(Vec::new, |InOrder(tags)| tags),
            json: message.slice_ref(self.raw.get().as_bytes()),
        }
    }
}

pub(super) fn publications(message: &Bytes, found: Option<Vec<Published<'_>>>) -> Vec<Publication> {
    found.unwrap_or_default().into_iter().map(|one| one.read(message)).collect()
}

#[derive(Deserialize)]
pub(super) struct Info<'a> {
    user: Option<String>,
    client: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    conn_info: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    chan_info: Option<&'a RawValue>,
}

impl Info<'_> {
    pub(super) fn read(self, message: &Bytes) -> ClientInfo {
        ClientInfo {
            user: self.user.unwrap_or_default(),
            client: self.client.unwrap_or_default(),
            conn_info: payload(message, self.conn_info),
            chan_info: payload(message, self.chan_info),
        }
    }
}
