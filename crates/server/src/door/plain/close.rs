//! With what code a plain connection is closed.
//!
//! Such clients know the codes of RFC 6455 and none of ours, and old stacks fail at registered codes above
//! 1011. So these three must do:
//!
//! | code | means | for |
//! |---|---|---|
//! | 1001 | nothing is wrong with you, come again | shutdown, force reconnect, no pong |
//! | 1008 | you are refused, or went too far | every final code, expired tokens, too many requests |
//! | 1011 | we could not keep the connection | internal and write errors, slow, insufficient state |
//!
//! The application's own codes, 4000–4999, are sent as they are.

use suona_protocol::{Disconnect, DisconnectCode};

const GOING_AWAY: u16 = 1001;
const POLICY: u16 = 1008;
const TROUBLE: u16 = 1011;

/// The close code for such a client.
pub(super) fn code(why: &Disconnect) -> u16 {
    match DisconnectCode::ALL.iter().find(|known| known.code() == why.code()) {
        Some(known) => code_of(*known),
        None => match u16::try_from(why.code()) {
            Ok(code @ 4000..=4999) => code,
            _ if why.may_return() => GOING_AWAY,
            _ => POLICY,
        },
    }
}

fn code_of(code: DisconnectCode) -> u16 {
    match code {
        DisconnectCode::Shutdown | DisconnectCode::ForceReconnect | DisconnectCode::NoPong => GOING_AWAY,
        DisconnectCode::InternalError
        | DisconnectCode::Slow
        | DisconnectCode::WriteError
        | DisconnectCode::InsufficientState => TROUBLE,
        DisconnectCode::ConnectionExpired
        | DisconnectCode::SubscriptionExpired
        | DisconnectCode::TooManyRequests
        | DisconnectCode::InvalidToken
        | DisconnectCode::BadRequest
        | DisconnectCode::Stale
        | DisconnectCode::ForceDisconnect
        | DisconnectCode::ConnectionLimit
        | DisconnectCode::ChannelLimit
        | DisconnectCode::InappropriateProtocol
        | DisconnectCode::PermissionDenied
        | DisconnectCode::NotAvailable => POLICY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_ours_has_one_that_any_client_knows() {
        let expected = [
            (3001, 1001),
            (3004, 1011),
            (3005, 1008),
            (3006, 1008),
            (3008, 1011),
            (3009, 1011),
            (3010, 1011),
            (3011, 1001),
            (3012, 1001),
            (3013, 1008),
        ];
        for known in DisconnectCode::ALL {
            let returning = expected.iter().find(|(ours, _)| *ours == known.code());
            assert_eq!(
                returning.is_some(),
                Disconnect::from(*known).may_return(),
                "{known:?} is in the table"
            );
            assert_eq!(code(&(*known).into()), returning.map_or(1008, |(_, theirs)| *theirs), "{known:?}");
        }
    }

    #[test]
    fn the_application_s_own_codes_reach_the_client_and_foreign_ones_keep_their_sense() {
        let of = |number| code(&Disconnect::custom(number, "because"));
        assert_eq!([of(4000), of(4499), of(4500), of(4999)], [4000, 4499, 4500, 4999]);
        assert_eq!([of(3100), of(3600), of(0), of(70_000)], [1001, 1008, 1001, 1001]);
    }
}
