//! What becomes of the connection, and what is wrong with it.

use super::{Client, Output, Stage, Status, subscription::Subscription};
use crate::{
    Code, Fault,
    link::{Change, Loss, State},
};

/// Why we gave the connection up.
#[derive(Debug)]
pub(super) enum Cause {
    /// We did not.
    None,
    /// The app wanted it.
    Wish,
    /// Something is wrong.
    Fault(Fault),
}

impl Client {
    /// The link does something else now.
    pub(super) fn changed(&mut self, Change { state, reason, loss }: Change) {
        self.judge(state, &reason, loss.as_ref());
        if let Some(code) = loss.and_then(|loss| loss.code) {
            self.forget_if_invalid(code.into());
        }
        if state == State::Online {
            return self.opened();
        }
        if state == State::Offline {
            self.pass.forget(); // who starts again may be somebody else
        }
        if self.host.stage != Stage::Down {
            self.down();
        }
        self.tell_status(state, reason);
    }

    fn judge(&mut self, state: State, reason: &str, loss: Option<&Loss>) {
        let is_linked = matches!(state, State::Opening | State::Online);
        let was_linked = std::mem::replace(&mut self.was_linked, is_linked);
        if loss.is_none() && !matches!(state, State::Waiting { .. } | State::Offline) {
            return;
        }
        match (loss, std::mem::replace(&mut self.cause, Cause::None)) {
            (Some(loss), _) => self.fault = Some(fault_of(loss, reason, self.host.stage != Stage::Down)),
            (None, Cause::Fault(fault)) => self.fault = Some(fault),
            (None, Cause::Wish) => self.fault = None,
            (None, Cause::None) if was_linked => self.fault = Some(Fault::new(Code::NoAnswer, reason)),
            (None, Cause::None) => {}
        }
    }

    /// The connection is gone, and with it everything that was under way on it.
    fn down(&mut self) {
        self.host.stage = Stage::Down;
        self.host.conversation.end();
        self.outbox.lost(&mut self.host);
        self.subscriptions.values_mut().for_each(|subscription| subscription.down(&self.host));
    }

    pub(super) fn forget_if_invalid(&mut self, code: u32) {
        if code == STATE_INVALIDATED {
            self.pass.forget();
            self.subscriptions.values_mut().for_each(Subscription::forget);
        }
    }

    pub(super) fn tell_status(&mut self, state: State, reason: String) {
        self.host.tell(Output::Status(Status { state, reason, fault: self.fault.clone() }));
    }
}

/// What became of a socket; `was_up` if it was open.
fn fault_of(loss: &Loss, reason: &str, was_up: bool) -> Fault {
    match loss.code {
        Some(code) if code >= 3000 || code == 1009 => Fault::of_server(code.into(), &loss.reason),
        _ if loss.full => Fault::new(Code::TooManySockets, reason),
        _ => {
            let general = if was_up { Code::ConnectionLost } else { Code::Unreachable };
            Fault::new(Code::of_symptom(&loss.reason).unwrap_or(general), reason)
        }
    }
}

/// What some servers say when tokens and positions are worth nothing any more.
const STATE_INVALIDATED: u32 = 3014;
