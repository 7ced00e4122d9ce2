//! Which client hears which channel: worked out, not stored, for any number of either.

/// So many channels with so many subscribers each, spread over so many clients.
#[derive(Clone, Debug)]
pub struct Layout {
    /// How every channel's name begins; its number follows.
    pub prefix: String,
    /// How many channels there are.
    pub channels: usize,
    /// How many clients hear each; at most `clients`.
    pub each: usize,
    /// How many clients there are.
    pub clients: usize,
}

impl Layout {
    /// One channel that all clients hear.
    pub fn one(prefix: &str, clients: usize) -> Self {
        Self { prefix: prefix.to_owned(), channels: 1, each: clients, clients }
    }

    /// Clients that hear nothing.
    pub fn quiet(clients: usize) -> Self {
        Self { prefix: String::new(), channels: 0, each: 0, clients }
    }

    /// The subscriptions of all clients together.
    pub fn seats(&self) -> usize {
        self.channels * self.each
    }

    /// The channels that a client hears.
    pub fn heard_by(&self, client: usize) -> impl Iterator<Item = usize> {
        let each = self.each.max(1);
        (client..self.seats()).step_by(self.clients.max(1)).map(move |seat| seat / each)
    }

    /// The number of a client's subscription to a channel, if it has one.
    pub fn seat(&self, client: usize, channel: usize) -> Option<usize> {
        if channel >= self.channels {
            return None;
        }
        let first = channel * self.each;
        let after = (client + self.clients - first % self.clients) % self.clients;
        (after < self.each).then_some(first + after)
    }

    /// The clients that hear a channel.
    pub fn audience(&self, channel: usize) -> impl Iterator<Item = usize> {
        (channel * self.each..(channel + 1) * self.each).map(|seat| seat % self.clients)
    }

    /// The name of a channel.
    pub fn name(&self, channel: usize) -> String {
        format!("{}{channel}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_and_audiences_agree() {
        let layout = Layout { prefix: "c".to_owned(), channels: 7, each: 3, clients: 5 };
        let mut seats = Vec::new();
        for client in 0..5 {
            for channel in 0..7 {
                let hears = layout.heard_by(client).any(|heard| heard == channel);
                assert_eq!(layout.seat(client, channel).is_some(), hears, "{client} {channel}");
                assert_eq!(layout.audience(channel).any(|one| one == client), hears);
                seats.extend(layout.seat(client, channel));
            }
        }
        seats.sort_unstable();
        assert_eq!(seats, (0..21).collect::<Vec<_>>());
        assert_eq!(layout.seat(0, 7), None);
    }

    #[test]
    fn one_channel_is_heard_by_all() {
        let layout = Layout::one("c", 4);
        assert_eq!(layout.audience(0).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(Layout::quiet(3).heard_by(2).count(), 0);
    }
}
