//! Tokens that the app is finding, each in a task of its own.

use std::{collections::HashMap, future, time::Duration};

use suona_protocol::{Channel, Token};
use tokio::{
    task::{AbortHandle, Id, JoinSet},
    time::timeout,
};

use crate::{client::Input, driver::builder::TokenFinder};

/// How long the app may take. The client itself goes on sooner where a server does not wait.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whatever the app does meanwhile, each question gets an answer. Dropping it drops all that is under way.
pub(super) struct Tokens {
    find: Option<TokenFinder>,
    finding: JoinSet<Result<Option<Token>, String>>,
    /// Who is asked what, in which login; `None` is the connection.
    asked: HashMap<Option<Channel>, (AbortHandle, u64)>,
}

impl Tokens {
    pub(super) fn new(find: Option<TokenFinder>) -> Self {
        Self { find, finding: JoinSet::new(), asked: HashMap::new() }
    }

    /// Asks the app. Nobody waits any more for what it was asked before about the same.
    pub(super) fn ask(&mut self, channel: Option<Channel>, login: u64) {
        let (find, question) = (self.find.clone(), channel.clone());
        let task = self.finding.spawn(async move {
            let Some(find) = find else { return Ok(None) };
            let found = timeout(PATIENCE, async { find(question).await }).await;
            found.unwrap_or_else(|_| Err(format!("no token was found in {} s", PATIENCE.as_secs())))
        });
        if let Some((old, _)) = self.asked.insert(channel, (task, login)) {
            old.abort();
        }
    }

    /// What the app answers next. Nothing is lost if it is dropped before it is ready.
    pub(super) async fn next(&mut self) -> Input {
        loop {
            let (id, found) = match self.finding.join_next_with_id().await {
                Some(Ok(found)) => found,
                Some(Err(error)) => (error.id(), Err("finding a token panicked".to_owned())),
                None => future::pending().await,
            };
            if let Some((channel, login)) = self.answered(id) {
                return match found {
                    Ok(token) => Input::Token { channel, login, token },
                    Err(reason) => Input::TokenFailed { channel, login, reason },
                };
            }
        }
    }

    /// What a task was asked, and in which login, unless it was asked again since.
    fn answered(&mut self, id: Id) -> Option<(Option<Channel>, u64)> {
        let channel = self.asked.iter().find(|(_, (task, _))| task.id() == id)?.0.clone();
        let (_, login) = self.asked.remove(&channel)?;
        Some((channel, login))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;

    fn failed(reason: &str) -> Input {
        Input::TokenFailed { channel: None, login: 1, reason: reason.to_owned() }
    }

    #[tokio::test(start_paused = true)]
    async fn an_app_that_never_answers_is_not_waited_for() {
        let mut tokens = Tokens::new(Some(Arc::new(|_| Box::pin(future::pending()))));
        tokens.ask(None, 1);
        assert_eq!(tokens.next().await, failed("no token was found in 15 s"));
    }

    #[tokio::test]
    async fn an_app_that_panics_has_found_nothing() {
        let at_once = Tokens::new(Some(Arc::new(|_| panic!("no"))));
        let later = Tokens::new(Some(Arc::new(|_| Box::pin(async { panic!("no") }))));
        for mut tokens in [at_once, later] {
            tokens.ask(None, 1);
            assert_eq!(tokens.next().await, failed("finding a token panicked"));
        }
    }

    #[tokio::test]
    async fn who_is_asked_again_answers_once() {
        let count = AtomicU32::new(0);
        let find = move |_| -> crate::driver::builder::Finding {
            match count.fetch_add(1, Ordering::Relaxed) {
                0 => Box::pin(future::pending()),
                _ => Box::pin(async { Ok(Some(Token::from("second"))) }),
            }
        };
        let mut tokens = Tokens::new(Some(Arc::new(find)));
        tokens.ask(None, 1);
        tokio::task::yield_now().await;
        tokens.ask(None, 2);
        let found = Input::Token { channel: None, login: 2, token: Some(Token::from("second")) };
        assert_eq!(tokens.next().await, found);
        assert!(tokens.asked.is_empty());
    }
}
