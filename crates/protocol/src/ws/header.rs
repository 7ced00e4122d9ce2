//! The two to fourteen bytes in front of each payload.

use super::Violation;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// A part of a message begun before.
    Continuation = 0x0,
    /// Text, UTF-8.
    Text = 0x1,
    /// Bytes.
    Binary = 0x2,
    /// The end of the connection, with an optional code and reason.
    Close = 0x8,
    /// A question whether the peer lives.
    Ping = 0x9,
    /// The answer.
    Pong = 0xA,
}

/// Which end of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We accept: the peer masks what it sends.
    Server,
    /// We dial: the peer masks nothing.
    Client,
}

/// What holds for the frames of a peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// Ours.
    pub(super) role: Role,
    /// Whether compression was agreed on.
    pub(super) deflate: bool,
}

/// The longest payload of a control frame.
pub(super) const MAX_CONTROL: usize = 125;

/// The longest header that a peer sends: two bytes, a length of eight, a key of four.
pub(super) const MAX_HEADER: usize = 14;

/// The bit of the second byte that says that a key follows.
pub(super) const MASKED: u8 = 0x80;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;

/// The reserved bit that marks a message as compressed, in its first frame.
pub(super) const DEFLATED: u8 = 0x40;

/// The header of an unmasked, final frame, and how many of the ten bytes it takes.
pub fn header(opcode: Opcode, length: usize) -> ([u8; 10], usize) {
    let mut header = [0; 10];
    header[0] = FIN | opcode as u8;
    match length {
        0..=125 => {
            header[1] = length as u8;
            (header, 2)
        }
        126..=0xFFFF => {
            header[1] = 126;
            header[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            (header, 4)
        }
        _ => {
            header[1] = 127;
            header[2..].copy_from_slice(&(length as u64).to_be_bytes());
            (header, 10)
        }
    }
}

impl Opcode {
    fn parse(nibble: u8) -> Result<Self, Violation> {
        Ok(match nibble {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            reserved => return Err(Violation::ReservedOpcode(reserved)),
        })
    }

    /// Whether it may stand between the fragments of a message.
    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A header as it came, valid where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) fin: bool,
    pub(super) opcode: Opcode,
    /// Whether it begins a message that is compressed.
    pub(super) deflated: bool,
    /// At most 2^63 - 1, as announced: no reason to allocate that much.
    pub(super) length: u64,
    /// Zeros where nothing is masked.
    pub(super) key: [u8; 4],
}

impl Header {
    /// Reads the header at the front of `bytes`, and says how long it is; `None` if it is not all there.
    ///
    /// `in_message` says whether fragments of a message came before. Each byte is judged as soon as it is
    /// there and in the order of the wire, so that the verdict does not depend on how the bytes arrive.
    pub(super) fn parse(
        bytes: &[u8],
        Terms { role, deflate }: Terms,
        in_message: bool,
    ) -> Result<Option<(Self, usize)>, Violation> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let (fin, opcode) = judge_first(first, in_message, deflate)?;
        let deflated = first & DEFLATED != 0;
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        judge_second(second, opcode, role)?;
        let Some((length, at)) = length(second & !MASKED, &bytes[2..])? else { return Ok(None) };
        match role {
            Role::Client => Ok(Some((Self { fin, opcode, deflated, length, key: [0; 4] }, at))),
            Role::Server => {
                let key = bytes[at..].first_chunk();
                Ok(key.map(|&key| (Self { fin, opcode, deflated, length, key }, at + key.len())))
            }
        }
    }
}

fn judge_first(byte: u8, in_message: bool, deflate: bool) -> Result<(bool, Opcode), Violation> {
    let allowed = if deflate { DEFLATED } else { 0 };
    if byte & RESERVED & !allowed != 0 {
        return Err(Violation::ReservedBits);
    }
    let fin = byte & FIN != 0;
    let opcode = Opcode::parse(byte & 0x0F)?;
    if byte & DEFLATED != 0 && !matches!(opcode, Opcode::Text | Opcode::Binary) {
        return Err(Violation::ReservedBits);
    }
    match (opcode, in_message) {
        (opcode, _) if opcode.is_control() && !fin => Err(Violation::FragmentedControl),
        (Opcode::Continuation, false) => Err(Violation::NothingToContinue),
        (Opcode::Text | Opcode::Binary, true) => Err(Violation::UnfinishedMessage),
        (opcode, _) => Ok((fin, opcode)),
    }
}

fn judge_second(byte: u8, opcode: Opcode, role: Role) -> Result<(), Violation> {
    match (role, byte & MASKED != 0) {
        (Role::Server, false) => Err(Violation::Unmasked),
        (Role::Client, true) => Err(Violation::Masked),
        _ if opcode.is_control() && usize::from(byte & !MASKED) > MAX_CONTROL => Err(Violation::LongControl),
        _ => Ok(()),
    }
}

/// The payload's length, and where in the frame what follows it begins; `rest` begins at the third byte.
fn length(short: u8, rest: &[u8]) -> Result<Option<(u64, usize)>, Violation> {
    let (length, at, least) = match short {
        126 => match rest.first_chunk() {
            Some(&bytes) => (u64::from(u16::from_be_bytes(bytes)), 4, 126),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(&bytes) => (u64::from_be_bytes(bytes), 10, 0x1_0000),
            None => return Ok(None),
        },
        short => (u64::from(short), 2, 0),
    };
    match length {
        _ if length < least => Err(Violation::WastefulLength),
        _ if length > i64::MAX as u64 => Err(Violation::NegativeLength),
        _ => Ok(Some((length, at))),
    }
}
