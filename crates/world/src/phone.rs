//! A device: the real client, the platform below it, and the app above it.

mod app;
mod reach;
mod socket;

use std::collections::BTreeMap;

use suona_client::{
    Client, Moment,
    client::{Input, Language, Output},
    link::{Frame, Input as LinkInput, Loss},
};
use suona_transcript::Recorder;

use crate::{
    agenda::{EPOCH, Time},
    network::{Direction, Packet, WireId},
    seed::Dice,
    world::Event,
};

pub use app::App;
pub use reach::Reach;
use socket::{Arrival, Socket};

/// A device with one client on it.
pub struct Phone {
    number: usize,
    dice: Dice,
    client: Client,
    /// The app, and what it was told.
    pub app: App,
    language: Language,
    suspends: bool,
    /// Whether it loses codes and reasons of close frames, as real ones do.
    loses_closes: bool,
    /// By generation.
    sockets: BTreeMap<u64, Socket>,
    /// While the code stands still: what is to be handed in when it runs again.
    asleep: Option<Vec<Input>>,
    started: bool,
    hidden: bool,
    /// How often it was hidden.
    hides: u32,
    time: Time,
    /// When it is woken next.
    planned: Option<Time>,
    luck: f64,
    /// What each client was told and did, if that is kept.
    transcripts: Option<Vec<Recorder>>,
}

/// A machine that wants to be woken at once, so often in a row, turns in circles.
const CIRCLES: usize = 1000;

impl Phone {
    /// A phone whose app was just started for the first time.
    pub fn new(number: usize, mut dice: Dice) -> Self {
        let language = if dice.chance(25) { Language::Protobuf } else { Language::Json };
        let suspends = dice.chance(60);
        let app = App::new(number, &mut dice);
        let options = app.options(language, suspends);
        Self {
            number,
            client: Client::new(options),
            app,
            language,
            suspends,
            loses_closes: dice.chance(40),
            sockets: BTreeMap::new(),
            asleep: None,
            started: false,
            hidden: false,
            hides: 0,
            time: Time(0),
            planned: None,
            luck: 0.5,
            transcripts: None,
            dice,
        }
    }

    /// From now on what clients are told and do is kept, as far as transcripts have words for it: in JSON.
    pub fn record(&mut self) {
        if self.language == Language::Json {
            self.transcripts = Some(Vec::new());
            self.begin_transcript();
        }
    }

    /// What each client was told and did.
    pub fn finish_transcripts(&mut self) -> Vec<String> {
        self.transcripts.take().into_iter().flatten().map(Recorder::finish).collect()
    }

    /// Whether the app is in the foreground, so that it may do something.
    pub fn is_shown(&self) -> bool {
        !self.hidden
    }

    /// Whether it is hidden for the so manieth time.
    pub fn is_hidden_for(&self, hides: u32) -> bool {
        self.hidden && self.hides == hides && self.asleep.is_none()
    }

    /// Whether its code will stand still in the background.
    pub fn suspends(&self) -> bool {
        self.suspends
    }

    /// The app is killed and started again. What it had saved is all that is left.
    pub fn relaunch(&mut self, reach: &mut Reach<'_>) {
        for (_, socket) in std::mem::take(&mut self.sockets) {
            reach.network.send(socket.wire, Direction::Up, Packet::Gone, reach.agenda);
        }
        self.app.relaunch(&mut self.dice);
        let options = self.app.options(self.language, self.suspends);
        self.client = Client::new(options);
        (self.asleep, self.started, self.hidden, self.planned) = (None, false, false, None);
        self.hides += 1;
        self.time = reach.agenda.now();
        self.begin_transcript();
    }

    /// The app starts its client, if it did not yet.
    pub fn start(&mut self, reach: &mut Reach<'_>) {
        if !std::mem::replace(&mut self.started, true) {
            self.tell(LinkInput::Start, reach);
        }
    }

    /// The app goes to the background; says for the how manieth time.
    pub fn hide(&mut self, reach: &mut Reach<'_>) -> u32 {
        self.hides += 1;
        self.hidden = true;
        self.tell(LinkInput::Hidden, reach);
        self.hides
    }

    /// The app is in the foreground again.
    pub fn show(&mut self, reach: &mut Reach<'_>) {
        if std::mem::take(&mut self.hidden) {
            self.tell(LinkInput::Shown, reach);
        }
    }

    /// The client is told something.
    pub fn tell(&mut self, input: impl Into<Input>, reach: &mut Reach<'_>) {
        let input = input.into();
        match &mut self.asleep {
            Some(backlog) => backlog.push(input),
            None => self.hand_in(input, reach),
        }
        self.plan(reach);
    }

    /// The system lets its code stand still.
    pub fn suspend(&mut self) {
        self.asleep = Some(Vec::new());
    }

    /// Its code runs on, and hears what it slept through.
    pub fn resume(&mut self, reach: &mut Reach<'_>) {
        let Some(backlog) = self.asleep.take() else { return };
        self.catch_up(reach);
        for input in backlog {
            self.hand_in(input, reach);
        }
        self.plan(reach);
    }

    /// The moment has come for which it asked.
    pub fn woke(&mut self, reach: &mut Reach<'_>) {
        self.planned = None;
        if self.asleep.is_none() {
            self.catch_up(reach);
        }
        self.plan(reach);
    }

    /// Something arrived on a socket.
    pub fn receive(&mut self, wire: WireId, packet: Packet, reach: &mut Reach<'_>) {
        let Some((&generation, socket)) = self.sockets.iter_mut().find(|(_, socket)| socket.wire == wire)
        else {
            return;
        };
        for arrival in socket.receive(packet) {
            let input = match arrival {
                Arrival::Opened => LinkInput::Opened { generation },
                Arrival::Frame(frame) => LinkInput::Received { generation, frame },
                Arrival::Closed(code, reason) => {
                    self.sockets.remove(&generation);
                    reach.network.send(wire, Direction::Up, Packet::Close, reach.agenda);
                    let loss = match self.loses_closes {
                        true => Loss { code: Some(1006), ..Loss::default() },
                        false => Loss { code: Some(code), reason, ..Loss::default() },
                    };
                    LinkInput::Lost { generation, loss, is_final: false }
                }
                Arrival::Gone => {
                    self.sockets.remove(&generation);
                    let loss = Loss { code: Some(1006), ..Loss::default() };
                    LinkInput::Lost { generation, loss, is_final: false }
                }
            };
            self.tell(input, reach);
        }
    }

    /// Wakes the client for whatever is due by now.
    fn catch_up(&mut self, reach: &mut Reach<'_>) {
        let now = reach.agenda.now();
        for _ in 0..CIRCLES {
            let Some(due) = self.deadline().filter(|due| *due <= now) else { return };
            self.time = self.time.max(due);
            self.step(LinkInput::Woke.into(), reach);
        }
        self.app.wrong(&format!("phone {} wants to be woken again and again", self.number));
    }

    fn hand_in(&mut self, input: Input, reach: &mut Reach<'_>) {
        self.catch_up(reach);
        self.time = reach.agenda.now();
        self.luck = self.dice.luck();
        if !matches!(input, Input::Link(LinkInput::Received { .. })) {
            reach.trace.note(self.time, || format!("phone {}  hears {input:?}", self.number));
        }
        self.step(input, reach);
    }

    fn step(&mut self, input: Input, reach: &mut Reach<'_>) {
        let moment = Moment { now: EPOCH + self.time.since_begin(), luck: self.luck };
        if let Some(transcript) = self.transcripts.as_mut().and_then(|all| all.last_mut()) {
            transcript.told(&input, moment);
        }
        self.client.handle(input, moment);
        while let Some(output) = self.client.poll() {
            if let Some(transcript) = self.transcripts.as_mut().and_then(|all| all.last_mut()) {
                transcript.did(&output);
            }
            if !matches!(output, Output::Send(_) | Output::Position { .. }) {
                reach.trace.note(self.time, || format!("phone {}  {output:?}", self.number));
            }
            self.carry_out(output, reach);
        }
    }

    fn begin_transcript(&mut self) {
        let options = self.app.options(self.language, self.suspends);
        if let Some(transcripts) = &mut self.transcripts {
            transcripts.push(Recorder::new(&options, EPOCH + self.time.since_begin()));
        }
    }

    fn carry_out(&mut self, output: Output, reach: &mut Reach<'_>) {
        match output {
            Output::Dial { generation } => {
                let wire = reach.network.dial(self.number, self.language, reach.agenda);
                self.sockets.insert(generation, Socket::new(wire));
                self.app.dialled(generation, self.time);
            }
            Output::Close { generation, .. } => {
                if let Some(socket) = self.sockets.get_mut(&generation) {
                    let packet = if socket.is_open() { Packet::Close } else { Packet::Gone };
                    reach.network.send(socket.wire, Direction::Up, packet, reach.agenda);
                }
            }
            Output::Send(frame) => self.send(frame, reach),
            Output::Ask { channel } => {
                let (ask, patience) = self.app.asked(channel, &mut self.dice);
                reach.agenda.after(patience, Event::Token(self.number, ask));
            }
            told => self.app.hear(told, self.time, reach.chronicle),
        }
    }

    fn send(&mut self, frame: Frame, reach: &mut Reach<'_>) {
        let Some((&generation, socket)) = self.sockets.last_key_value() else { return };
        self.app.sends(&frame, generation);
        reach.network.send(socket.wire, Direction::Up, Packet::Message(frame), reach.agenda);
    }

    fn plan(&mut self, reach: &mut Reach<'_>) {
        let Some(due) = self.deadline().filter(|_| self.asleep.is_none()) else { return };
        if self.planned.is_none_or(|planned| due < planned) {
            self.planned = Some(due);
            reach.agenda.at(due, Event::Wake(self.number));
        }
    }

    fn deadline(&self) -> Option<Time> {
        let due = self.client.deadline()?;
        Some(Time(u64::try_from(due.saturating_sub(EPOCH).as_millis()).unwrap_or(u64::MAX)))
    }
}
