//! What one phone heard of one channel, checked line by line against what really happened.

use suona_client::client::{Position, Standing};

use crate::{agenda::Time, chronicle::Chronicle};

/// What one phone heard of one channel. An `Err` says which rule was broken.
#[derive(Debug, Default)]
pub struct Diary {
    channel: String,
    /// The app wants to hear it.
    pub wanted: bool,
    /// The app was told that it does.
    pub subscribed: bool,
    cursor: Option<Position>,
    /// When the cursor came to where it is.
    moved: Time,
    /// It was told that nobody knows what it missed: the next position is a new beginning.
    begins: bool,
    /// The number of the last publication in a channel that keeps nothing.
    last: u64,
}

impl Diary {
    /// An empty one.
    pub fn new(channel: &str) -> Self {
        Self { channel: channel.to_owned(), ..Self::default() }
    }

    /// Where the app stands.
    pub fn cursor(&self) -> Option<&Position> {
        self.cursor.as_ref()
    }

    /// The app wants to hear the channel: from where it stood, or from now on.
    pub fn want(&mut self, goes_on: bool) {
        self.wanted = true;
        if !goes_on {
            self.cursor = None;
        }
    }

    /// The app wants to hear it no more, or is gone.
    pub fn leave(&mut self) {
        self.wanted = false;
        self.subscribed = false;
        self.begins = false;
    }

    /// The app was told what it missed.
    pub fn standing(&mut self, how: Standing, now: Time, chronicle: &Chronicle) -> Result<(), String> {
        if !self.wanted {
            return Err(format!("{} was subscribed to, and nobody wanted that", self.channel));
        }
        self.subscribed = true;
        match (how, &self.cursor) {
            (Standing::Recovered, None) => Err(format!("{} recovered from nowhere", self.channel)),
            (Standing::Fresh, Some(cursor)) => {
                Err(format!("{} begins anew, though it stood at {}", self.channel, cursor.offset))
            }
            (Standing::Gap, Some(cursor)) => {
                self.check_gap(cursor, now, chronicle)?;
                self.begins = true;
                Ok(())
            }
            (Standing::Recovered, Some(_)) => Ok(()),
            (Standing::Fresh | Standing::Gap, None) => {
                self.begins = true;
                Ok(())
            }
        }
    }

    /// The app heard a publication.
    pub fn publication(
        &mut self,
        offset: u64,
        data: &str,
        now: Time,
        chronicle: &Chronicle,
    ) -> Result<(), String> {
        let channel = &self.channel;
        if !self.subscribed {
            return Err(format!("{channel} was heard without a subscription: {data}"));
        }
        if offset == 0 {
            return self.unkept(data);
        }
        let Some(cursor) = self.cursor.as_mut().filter(|_| !self.begins) else {
            return Err(format!("{channel} gave {offset} before it said where it stands"));
        };
        if offset != cursor.offset + 1 {
            return Err(format!("{channel} gave {offset} after {}", cursor.offset));
        }
        let taken = chronicle.by_epoch(&cursor.epoch).and_then(|stream| stream.at(offset));
        if taken.map(String::as_str) != Some(data) {
            return Err(format!("{channel} gave {data} as {offset}, which was {taken:?}"));
        }
        cursor.offset = offset;
        self.moved = now;
        Ok(())
    }

    /// The app was told where it stands.
    pub fn position(&mut self, position: Option<Position>, now: Time) -> Result<(), String> {
        if std::mem::take(&mut self.begins) {
            self.cursor = position;
            self.moved = now;
        } else if position != self.cursor {
            let (channel, cursor) = (&self.channel, &self.cursor);
            return Err(format!("{channel} says that it stands at {position:?}, and stood at {cursor:?}"));
        }
        Ok(())
    }

    /// At the end: whether it has heard everything there is.
    pub fn check_level(&self, chronicle: &Chronicle) -> Result<(), String> {
        let channel = &self.channel;
        if !self.wanted {
            return Ok(());
        }
        if !self.subscribed {
            return Err(format!("{channel} is wanted, and not subscribed to"));
        }
        let Some((epoch, stream)) = chronicle.current(channel) else { return Ok(()) };
        match &self.cursor {
            Some(cursor) if &*cursor.epoch == epoch && cursor.offset == stream.top() => Ok(()),
            stands => Err(format!("{channel} stands at {stands:?}, and has {} of {epoch}", stream.top())),
        }
    }

    /// A gap is told exactly when there is one: when it was asked, something was not to be had any more.
    fn check_gap(&self, cursor: &Position, now: Time, chronicle: &Chronicle) -> Result<(), String> {
        let asked = chronicle.asked_between(&self.channel, cursor.offset, &cursor.epoch, self.moved, now);
        if asked.iter().any(|asked| !asked.recoverable) {
            return Ok(());
        }
        Err(format!("{} tells of a gap after {}, and there was none: {asked:?}", self.channel, cursor.offset))
    }

    /// Of a channel that keeps nothing: in order, and none twice.
    fn unkept(&mut self, data: &str) -> Result<(), String> {
        let number = data.split(|c: char| !c.is_ascii_digit()).find_map(|digits| digits.parse().ok());
        let number: u64 = number.ok_or_else(|| format!("{data} has no number"))?;
        if number <= self.last {
            return Err(format!("{} gave {number} after {}", self.channel, self.last));
        }
        self.last = number;
        Ok(())
    }
}
