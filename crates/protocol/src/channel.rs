//! Channel names, and positions in their streams.

use std::{fmt, ops::Deref, sync::Arc};

/// The name of a channel, shared by everyone who mentions it.
///
/// Any UTF-8 text; what names a gateway accepts is a rule of its namespaces, not of the wire.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Channel(Arc<str>);

impl Channel {
    /// Makes a name of any text.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Channel {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Channel {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Channel {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// One life of a stream: eight ASCII letters drawn when the stream is created.
///
/// On the wire any text is allowed, but only our own epochs can ever be equal to ours; a foreign one is
/// [`Epoch::FOREIGN`], which equals no epoch that a stream has.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch([u8; 8]);

impl Epoch {
    /// Stands for every epoch that is not eight ASCII letters.
    pub const FOREIGN: Epoch = Epoch(*b"????????");

    /// Draws eight letters out of 64 random bits.
    ///
    /// Each letter takes six bits modulo 52: the slight bias does not matter, epochs are names, not secrets.
    pub fn from_random(bits: u64) -> Self {
        const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        Self(std::array::from_fn(|i| LETTERS[(bits >> (i * 8)) as u8 as usize % 52]))
    }

    /// Reads an epoch off the wire; `None` for the empty text, which means "not given".
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let letters =
            <[u8; 8]>::try_from(text.as_bytes()).ok().filter(|l| l.iter().all(u8::is_ascii_alphabetic));
        Some(letters.map_or(Self::FOREIGN, Self))
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an epoch is ASCII")
    }
}

impl AsRef<str> for Epoch {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An epoch as some server wrote it. A client repeats it to the letter.
pub type AnyEpoch = Arc<str>;

/// A place in a stream: the offset of a publication, and the life of the stream that it belongs to.
///
/// The first publication has offset 1; 0 is the top of an empty stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position<E = Epoch> {
    /// How many publications the stream had taken, this one included.
    pub offset: u64,
    /// The life of the stream.
    pub epoch: E,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_survives_the_wire() {
        let epoch = Epoch::from_random(0x0123_4567_89ab_cdef);
        assert_eq!(Epoch::parse(epoch.as_str()), Some(epoch));
    }

    #[test]
    fn a_foreign_epoch_equals_none_of_ours() {
        assert_eq!(Epoch::parse("_"), Some(Epoch::FOREIGN));
        assert_eq!(Epoch::parse("12345678"), Some(Epoch::FOREIGN));
        assert_eq!(Epoch::parse(""), None);
        assert!((0..1000).all(|bits| Epoch::from_random(bits) != Epoch::FOREIGN));
    }
}
