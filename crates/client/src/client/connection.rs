//! What becomes of the connection, and what is wrong with it.

use super::{Client, Output, Stage, Status, subscription::Subscription};
use crate::{
    Code, Fault,
    link::{Change, Loss, State},
};

impl Client {
    /// The link does something else now.
    pub(super) fn changed(&mut self, Change { state, reason, loss, fault }: Change) {
        if let Some(code) = loss.as_ref().and_then(|loss| loss.code) {
            self.forget_if_invalid(code.into());
        }
        if state == State::Online {
            return self.opened();
        }
        // What is wrong stays so until the server has us again, or the app ends it.
        match loss {
            Some(loss) => self.fault = Some(fault_of(&loss, &reason, self.host.stage != Stage::Down)),
            None if fault.is_some() || state == State::Offline => self.fault = fault,
            None => {}
        }
        if self.host.stage != Stage::Down {
            self.down();
        }
        if state == State::Offline {
            // Who starts again may be somebody else.
            self.log_out();
        }
        self.tell_status(state, reason);
        if state == State::Offline {
            let fault = self.fault.clone().unwrap_or_else(|| Code::Stopped.into());
            self.outbox.close(fault, &mut self.host);
        }
    }

    /// The connection is gone, and with it everything that was under way on it.
    fn down(&mut self) {
        let was_up = self.host.is_up();
        self.host.stage = Stage::Down;
        let unsaid = self.host.conversation.end();
        self.outbox.lost(&unsaid);
        if was_up && !self.is_suona {
            self.outbox.forsake(None, &mut self.host);
        }
        self.subscriptions.values_mut().for_each(Subscription::down);
    }

    pub(super) fn forget_if_invalid(&mut self, code: u32) {
        if code == STATE_INVALIDATED {
            self.log_out();
            self.subscriptions.values_mut().for_each(|subscription| subscription.position = None);
        }
    }

    /// Tokens are good for nothing any more, nor are those that the app may be looking for.
    fn log_out(&mut self) {
        self.host.login += 1;
        self.pass.forget(&self.host);
        self.subscriptions.values_mut().for_each(|subscription| subscription.log_out(&self.host));
    }

    pub(super) fn tell_status(&mut self, state: State, reason: String) {
        self.host.tell(Output::Status(Status { state, reason, fault: self.fault.clone() }));
    }
}

/// What became of a socket; `was_open` if it was open. The socket's own words say more than those of the link.
fn fault_of(loss: &Loss, reason: &str, was_open: bool) -> Fault {
    let code = match loss.code {
        Some(code) if code >= 3000 || code == 1009 => return Fault::of_server(code.into(), &loss.reason),
        _ if loss.full => Code::TooManySockets,
        _ => loss.kind.unwrap_or_else(|| Code::of_loss(&loss.reason, was_open)),
    };
    Fault::new(code, if loss.reason.is_empty() { reason } else { &loss.reason })
}

/// What some servers say when tokens and positions are worth nothing any more.
const STATE_INVALIDATED: u32 = 3014;
