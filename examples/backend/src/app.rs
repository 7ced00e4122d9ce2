//! The parts together, and how a request is carried out once.

use std::sync::Arc;

use deadpool_sqlite::rusqlite::Transaction;
use serde_json::{json, value::RawValue};

use crate::{
    config::Config,
    database::{Database, DatabaseError, WAIT, now},
    once::Key,
    refusal::Refusal,
    request::{Caller, Failure, Request},
    samples,
    systems::{Method, Methods},
    tokens::Tokens,
    webhooks::{Answer, RpcQuestion},
    wechat::WeChat,
};

/// The gateway's own bound for keys.
const LONGEST_KEY: usize = 255;

/// What all requests share.
pub(crate) struct App {
    pub(crate) database: Database,
    pub(crate) tokens: Tokens,
    pub(crate) wechat: Option<WeChat>,
    pub(crate) webhook_authorization: String,
    pub(crate) dev: bool,
    methods: Arc<Methods>,
}

impl App {
    pub(crate) async fn open(config: &Config, http: reqwest::Client) -> Result<Self, DatabaseError> {
        let database = Database::open(&config.database, WAIT).await?;
        if config.dev {
            database.write(|transaction| samples::fill(transaction, now())).await?;
        }
        Ok(Self {
            database,
            tokens: Tokens::new(&config.token_key),
            wechat: WeChat::new(&config.wechat, http),
            webhook_authorization: format!("Bearer {}", config.webhook_key.expose()),
            dev: config.dev,
            methods: Arc::new(Methods::all()),
        })
    }

    /// The answer to a client's request, as JSON for the gateway.
    pub(crate) async fn carry_out(&self, question: RpcQuestion) -> Result<String, Failure> {
        let methods = self.methods.clone();
        match methods.find(&question.method)? {
            Method::Reads(_) => {
                self.database.read(move |transaction| question.answer(transaction, &methods)).await
            }
            Method::Writes(_) => {
                self.database.write(move |transaction| question.answer_once(transaction, &methods)).await
            }
            Method::Replaces(_) => {
                self.database.write(move |transaction| question.answer(transaction, &methods)).await
            }
        }
    }
}

impl RpcQuestion {
    /// Carries it out, unless it has been already. The effect, its publications and the answer that is kept for the
    /// next time are one transaction.
    fn answer_once(&self, transaction: &Transaction<'_>, methods: &Methods) -> Result<String, Failure> {
        let Some(key) = self.key()? else { return self.answer(transaction, methods) };
        if let Some(answer) = key.recall(transaction)? {
            return Ok(answer);
        }
        transaction.execute_batch("SAVEPOINT effect")?;
        let answer = match self.answer(transaction, methods) {
            Err(Failure::Refused(refusal)) => {
                transaction.execute_batch("ROLLBACK TO effect")?;
                written(&refusal.into())
            }
            other => other?,
        };
        transaction.execute_batch("RELEASE effect")?;
        key.keep(transaction, &answer, now())?;
        Ok(answer)
    }

    fn answer(&self, transaction: &Transaction<'_>, methods: &Methods) -> Result<String, Failure> {
        let request = Request { transaction, caller: Caller::of(&self.user), now: now() };
        let (Method::Reads(act) | Method::Writes(act) | Method::Replaces(act)) =
            methods.find(&self.method)?;
        let result = act(&request, self.data())?;
        Ok(written(&Answer::Result(json!({ "data": result }))))
    }

    /// `None` if it has none. Without a user a key would be everybody's.
    fn key(&self) -> Result<Option<Key<'_>>, Refusal> {
        if self.idempotency_key.len() > LONGEST_KEY {
            return Err(Refusal::BadRequest(format!("a key has {LONGEST_KEY} bytes at most")));
        }
        let has_key = !self.idempotency_key.is_empty() && !self.user.is_empty();
        let (user, method, data) = (&self.user, &self.method, self.data().get());
        Ok(has_key.then_some(Key { user, method, key: &self.idempotency_key, data }))
    }

    /// What was sent; who sends nothing means an object without members.
    fn data(&self) -> &RawValue {
        let sent = self.data.as_deref().filter(|data| data.get() != "null");
        sent.unwrap_or_else(|| serde_json::from_str("{}").expect("an object"))
    }
}

fn written(answer: &Answer) -> String {
    serde_json::to_string(answer).expect("an answer is JSON")
}
