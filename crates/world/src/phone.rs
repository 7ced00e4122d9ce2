//! A device: the real client, the platform below it, and the app above it.

mod app;
mod platform;
mod reach;
mod running;
mod socket;

use suona_client::{
    Client,
    client::{Input, Language, Output},
    link::{Input as LinkInput, Loss},
};
use suona_transcript::Recorder;

use crate::{
    agenda::{EPOCH, Time},
    network::{Direction, Packet, WireId},
    schedule::Happening,
    seed::Dice,
    world::Event,
};

pub use app::{App, LOGIN, Login, Orders};
use platform::Platform;
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
    platform: Platform,
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

/// After how many milliseconds an app starts its client again that was turned away for good.
const SECOND_TRY: u64 = 300;

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
            platform: Platform::new(number, &mut dice),
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

    /// The socket on which it speaks or dials, if there is one.
    pub fn wire(&self) -> Option<WireId> {
        self.platform.current()
    }

    /// The sockets that it had before, since its app was launched.
    pub fn former_wires(&self) -> &[WireId] {
        self.platform.former()
    }

    /// How many sockets its system keeps for it, those that close included.
    pub fn sockets(&self) -> usize {
        self.platform.len()
    }

    /// The app is killed and started again. What it had saved is all that is left.
    pub fn relaunch(&mut self, reach: &mut Reach<'_>) {
        self.platform.kill(reach);
        self.app.relaunch(&mut self.dice);
        let options = self.app.options(self.language, self.suspends);
        self.client = Client::new(options);
        (self.asleep, self.started, self.hidden, self.planned) = (None, false, false, None);
        self.hides += 1;
        self.time = reach.agenda.now();
        self.begin_transcript();
    }

    /// The app starts its client, unless that runs.
    pub fn start(&mut self, reach: &mut Reach<'_>) {
        if !std::mem::replace(&mut self.started, true) {
            self.tell(LinkInput::Start, reach);
        }
    }

    /// The app stops its client.
    pub fn stop(&mut self, reach: &mut Reach<'_>) {
        self.started = false;
        self.tell(LinkInput::Stop { reason: "done".to_owned(), code: None }, reach);
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
        let is_gone = packet == Packet::Gone;
        let Some((generation, arrivals)) = self.platform.receive(wire, packet) else { return };
        for arrival in arrivals {
            let input = match arrival {
                Arrival::Opened => LinkInput::Opened { generation },
                Arrival::Frame(frame) => {
                    reach.tally.heard(&frame);
                    LinkInput::Received { generation, frame }
                }
                Arrival::Lost(loss) => {
                    if !is_gone {
                        reach.network.send(wire, Direction::Up, Packet::Close, reach.agenda);
                    }
                    let loss = self.platform.lose(generation, loss);
                    LinkInput::Lost { generation, loss, is_final: false }
                }
            };
            self.tell(input, reach);
        }
    }

    /// The system waits no longer for the end of a socket that was told to close.
    pub fn abandon(&mut self, wire: WireId, reach: &mut Reach<'_>) {
        if let Some(generation) = self.platform.abandon(wire) {
            let loss = Loss { code: Some(1006), ..Loss::default() };
            self.tell(LinkInput::Lost { generation, loss, is_final: false }, reach);
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
            Output::Dial { generation } => self.dial(generation, reach),
            Output::Close { generation, .. } => {
                self.platform.close(generation, self.dice.between(1_000, 5_000), reach);
            }
            Output::Send(frame) => {
                if let Some((generation, wire)) = self.platform.last()
                    && let Some(life) = reach.chronicle.lock().life_of(wire)
                {
                    self.app.sends(&frame, generation, life, self.time);
                }
                self.platform.send(frame, reach);
            }
            Output::Ask { channel, login } => {
                let (ask, patience) = self.app.login.asked(channel, login, &mut self.dice);
                reach.agenda.after(patience, Event::Token(self.number, ask));
            }
            told => {
                self.app.hear(told, self.time, self.platform.current(), reach.chronicle);
                if self.app.takes_second_try() {
                    self.started = false;
                    reach.agenda.after(SECOND_TRY, Event::Happens(Happening::Start(self.number)));
                }
            }
        }
    }

    fn dial(&mut self, generation: u64, reach: &mut Reach<'_>) {
        let wire = reach.network.dial(self.number, self.language, reach.agenda);
        if let Err(wrong) = self.platform.open(generation, Socket::new(wire), reach.agenda.now()) {
            self.app.wrong(&wrong);
        }
        self.app.dialled(generation, self.time);
    }
}
