//! What one phone heard of one channel, checked line by line against what really happened.

use suona_client::client::{Position, Standing};

use crate::{
    chronicle::{Asked, Chronicle, Movement},
    schedule::UNKEPT,
};

/// What one phone heard of one channel. An `Err` says which rule was broken.
#[derive(Debug, Default)]
pub struct Diary {
    channel: String,
    /// The gateway subscribes the client by itself.
    served: bool,
    /// The app wants to hear it.
    pub wanted: bool,
    /// The app was told that it does.
    pub subscribed: bool,
    cursor: Option<Position>,
    /// It was told that nobody knows what it missed: the next position is a new beginning, and is this one.
    begins: Option<Option<Position>>,
    /// The number of the last publication in a channel that keeps nothing.
    last: u64,
    /// How many of those who came and went it has heard of, or missed, at least.
    movements: usize,
    /// The last one that it heard of.
    last_movement: Option<Movement>,
}

impl Diary {
    /// An empty one.
    pub fn new(channel: &str, served: bool) -> Self {
        Self { channel: channel.to_owned(), served, wanted: served, ..Self::default() }
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
        self.wanted = self.served;
        self.subscribed = false;
        self.begins = None;
        if self.served {
            self.cursor = None; // only the client knew
        }
    }

    /// The app was told what it missed since it stood where its client said, when it `asked`.
    pub fn standing(&mut self, how: Standing, asked: Option<Asked>) -> Result<(), String> {
        let channel = &self.channel;
        if !self.wanted {
            return Err(format!("{channel} was subscribed to, and nobody wanted that"));
        }
        let asked = asked.ok_or_else(|| format!("{channel} is heard on a socket that did not ask for it"))?;
        self.subscribed = true;
        let cursor = self.cursor.as_ref().map(|cursor| (cursor.offset, &*cursor.epoch));
        if cursor != asked.since.as_ref().map(|since| (since.offset, since.epoch.as_str())) {
            return Err(format!("{channel} is {how:?} after {cursor:?}, and was asked for so: {asked:?}"));
        }
        let fits = match how {
            Standing::Recovered => cursor.is_some() && asked.recoverable,
            Standing::Gap => cursor.is_some() && !asked.recoverable,
            Standing::Fresh => cursor.is_none(),
        };
        if !fits {
            return Err(format!("{channel} is {how:?} after {cursor:?}, and should not be: {asked:?}"));
        }
        if how != Standing::Recovered {
            self.begin(asked);
        }
        Ok(())
    }

    /// The app heard a publication.
    pub fn publication(&mut self, offset: u64, data: &str, chronicle: &Chronicle) -> Result<(), String> {
        let channel = &self.channel;
        if !self.subscribed {
            return Err(format!("{channel} was heard without a subscription: {data}"));
        }
        if channel == UNKEPT {
            return self.unkept(offset, data, chronicle);
        }
        let Some(cursor) = self.cursor.as_mut().filter(|_| self.begins.is_none()) else {
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
        Ok(())
    }

    /// The app was told where it stands.
    pub fn position(&mut self, position: Option<Position>) -> Result<(), String> {
        let expected = self.begins.take().unwrap_or_else(|| self.cursor.clone());
        if position != expected {
            let channel = &self.channel;
            return Err(format!("{channel} says that it stands at {position:?}, and stands at {expected:?}"));
        }
        self.cursor = position;
        Ok(())
    }

    /// The app was told that somebody came, or went: that happened, after what it heard before.
    pub fn movement(&mut self, movement: &Movement, chronicle: &Chronicle) -> Result<(), String> {
        if !self.subscribed {
            return Err(format!("{} was told of {movement:?} without a subscription", self.channel));
        }
        let rest = &chronicle.movements(&self.channel)[self.movements..];
        let Some(at) = rest.iter().position(|one| one == movement) else {
            return Err(format!("{} was told of {movement:?} once more than it happened", self.channel));
        };
        self.movements += at + 1;
        self.last_movement = Some(movement.clone());
        Ok(())
    }

    /// Whether it was told of the last one who came or went.
    pub fn heard_last(&self, chronicle: &Chronicle) -> bool {
        self.last_movement.as_ref() == chronicle.movements(&self.channel).last()
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

    /// It goes on from where the stream stood when it was asked for.
    fn begin(&mut self, asked: Asked) {
        let top = asked.top.map(|top| Position { offset: top.offset, epoch: top.epoch.as_str().into() });
        if self.served {
            self.cursor = top; // nobody tells the app
        } else {
            self.begins = Some(top);
        }
    }

    /// Of a channel that keeps nothing: in order, none twice, and none that nobody published.
    fn unkept(&mut self, offset: u64, data: &str, chronicle: &Chronicle) -> Result<(), String> {
        let channel = &self.channel;
        let number = data.split(|c: char| !c.is_ascii_digit()).find_map(|digits| digits.parse().ok());
        let number: u64 = number.ok_or_else(|| format!("{data} has no number"))?;
        if offset != 0 || number <= self.last || !chronicle.was_published(channel, data) {
            return Err(format!("{channel} gave {number} at {offset} after {}", self.last));
        }
        self.last = number;
        Ok(())
    }
}
