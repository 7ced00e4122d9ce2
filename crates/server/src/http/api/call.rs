//! One call of the API: until when it must be answered, and what every method asks.

use std::{sync::Arc, time::Duration};

use suona_protocol::{Channel, ErrorCode};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};
use tracing::warn;

use super::{ApiState, Outcome};
use crate::{
    broker::{Answer, BrokerError},
    complaint::Complaint,
    config::ChannelOptions,
};

/// A request, a batch as a whole, is answered within this time, if only with "internal".
const PATIENCE: Duration = Duration::from_secs(10);

/// One call under way.
pub(super) struct Call {
    pub(super) state: Arc<ApiState>,
    deadline: Instant,
}

/// A question that the broker was asked.
pub(super) type Asked<T> = oneshot::Receiver<Result<T, BrokerError>>;

impl Call {
    pub(super) fn new(state: Arc<ApiState>) -> Self {
        Self { state, deadline: Instant::now() + PATIENCE }
    }

    /// The channel of that name and the options of its namespace.
    pub(super) fn channel(&self, name: &str) -> Outcome<(Channel, &ChannelOptions)> {
        if name.is_empty() {
            return Err(ErrorCode::BadRequest);
        }
        let channel = Channel::from(name);
        let options = self.state.rules.config.channels.get(&channel).ok_or(ErrorCode::UnknownChannel)?;
        Ok((channel, options))
    }

    /// Asks the broker something, at once.
    pub(super) fn ask<T: Send + 'static>(&self, question: impl FnOnce(Answer<T>)) -> Asked<T> {
        let (sender, asked) = oneshot::channel();
        question(Answer::new(move |outcome| {
            // Nobody listens any more if the caller hung up.
            let _ = sender.send(outcome);
        }));
        asked
    }

    /// What the broker answers.
    pub(super) async fn answer<T>(&self, asked: Asked<T>) -> Outcome<T> {
        let answer = self.within_patience(asked).await?;
        match answer.unwrap_or(Err(BrokerError::Unreachable)) {
            Ok(outcome) => Ok(outcome),
            Err(BrokerError::OtherPayload) => Err(ErrorCode::BadRequest),
            Err(BrokerError::OtherEpoch) => Err(ErrorCode::UnrecoverablePosition),
            Err(error) => {
                static FAILING: Complaint = Complaint::new();
                if let Some(times) = FAILING.again(Instant::now().into_std()) {
                    warn!(%error, times, "the broker did not do what the API asked of it");
                }
                Err(ErrorCode::Internal)
            }
        }
    }

    /// Waits for `future` as long as the call lasts.
    pub(super) async fn within_patience<F: Future>(&self, future: F) -> Outcome<F::Output> {
        timeout_at(self.deadline, future).await.map_err(|_| {
            static LATE: Complaint = Complaint::new();
            if let Some(times) = LATE.again(Instant::now().into_std()) {
                warn!(times, "an API request was not answered within {PATIENCE:?}");
            }
            ErrorCode::Internal
        })
    }
}

impl Clone for Call {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), deadline: self.deadline }
    }
}
