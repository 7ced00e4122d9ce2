//! WeChat's answer to who a `wx.login` code stands for.

use std::time::Duration;

use serde::Deserialize;
use tokio::{sync::Semaphore, time};

use crate::config::{Secret, WeChatConfig};

/// Anybody can send codes, and each costs a request of our quota. More at a time wait for nothing.
const MAX_ASKED: usize = 32;

/// When WeChat is busy, it asks to be asked again.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

/// What is read of an answer; a real one has some 200 bytes.
const MAX_ANSWER: usize = 16 * 1024;

/// Why a code brought nobody.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum WeChatError {
    /// 40029, or 40163: it was used already.
    #[error("this code is invalid, used or older than five minutes; call wx.login again")]
    InvalidCode,
    /// 45011.
    #[error("too many log-ins; try again in a minute")]
    TooOften,
    /// 40226.
    #[error("WeChat blocks this user as a risk")]
    Blocked,
    /// -1, or we are.
    #[error("WeChat is busy; try again")]
    Busy,
    #[error("WeChat did not answer in time; try again")]
    TimedOut,
    /// Ours to mend: a wrong AppID, a used-up quota, no network.
    #[error("WeChat cannot be asked")]
    Trouble,
}

/// Asks `jscode2session`.
pub(crate) struct WeChat {
    http: reqwest::Client,
    url: String,
    app_id: String,
    secret: Secret,
    timeout: Duration,
    places: Semaphore,
}

/// The answer. The `session_key` in it is left unread: nothing here needs it, and so nothing can lose it.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    errmsg: String,
    openid: Option<String>,
}

impl WeChat {
    /// `None` without an app.
    pub(crate) fn new(config: &WeChatConfig, http: reqwest::Client) -> Option<Self> {
        Some(Self {
            http,
            url: format!("{}/sns/jscode2session", config.wechat_url.trim_end_matches('/')),
            app_id: config.app_id.clone()?,
            secret: config.app_secret.clone()?,
            timeout: config.wechat_timeout,
            places: Semaphore::new(MAX_ASKED),
        })
    }

    /// The openid that the code stands for. A code is good once.
    pub(crate) async fn openid(&self, code: &str) -> Result<String, WeChatError> {
        let _place = self.places.try_acquire().map_err(|_| WeChatError::Busy)?;
        time::timeout(self.timeout, self.ask_until_answered(code)).await.unwrap_or(Err(WeChatError::TimedOut))
    }

    async fn ask_until_answered(&self, code: &str) -> Result<String, WeChatError> {
        let mut answer = self.ask(code).await;
        for tried in 1..TRIES {
            if answer != Err(WeChatError::Busy) {
                break;
            }
            time::sleep(PAUSE * tried).await;
            answer = self.ask(code).await;
        }
        answer
    }

    async fn ask(&self, code: &str) -> Result<String, WeChatError> {
        let request = self.http.get(self.address(code));
        let answer = match self.read(request).await {
            Ok(body) => serde_json::from_slice::<Answer>(&body).map_err(|error| error.to_string()),
            // The address has the secret in it.
            Err(error) => Err(error.without_url().to_string()),
        };
        let answer = answer.map_err(|error| {
            tracing::error!(error, "jscode2session gave no answer");
            WeChatError::Trouble
        })?;
        match (answer.errcode, answer.openid) {
            (0, Some(openid)) => Ok(openid),
            (40029 | 40163, _) => Err(WeChatError::InvalidCode),
            (45011, _) => Err(WeChatError::TooOften),
            (40226, _) => Err(WeChatError::Blocked),
            (-1, _) => Err(WeChatError::Busy),
            (errcode, _) => {
                tracing::error!(errcode, errmsg = answer.errmsg, "jscode2session refuses us");
                Err(WeChatError::Trouble)
            }
        }
    }

    fn address(&self, code: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(format!("{}?", self.url));
        query.append_pair("appid", &self.app_id).append_pair("secret", self.secret.expose());
        query.append_pair("js_code", code).append_pair("grant_type", "authorization_code");
        query.finish()
    }

    async fn read(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Vec<u8>> {
        let mut response = request.send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER {
                break;
            }
        }
        Ok(body)
    }
}
