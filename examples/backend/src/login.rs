//! `POST /login` and `POST /refresh`: who somebody is, as a token that the gateway believes.

use std::sync::Arc;

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use deadpool_sqlite::rusqlite::{self, Connection, OptionalExtension as _};
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::{
    app::App,
    checked::Title,
    database::{DatabaseError, now},
    request::Caller,
    systems::devices,
    tokens::Issued,
    wechat::WeChatError,
};

/// In front of the number of somebody who logged in by WeChat. Nobody may take such a name.
const BY_WECHAT: &str = "微信用户";

/// In front of a code that is taken for somebody, where WeChat is not asked.
const MADE_UP: &str = "made up: ";

/// So many of those who were made up are kept, the latest: a code comes once.
const MAX_MADE_UP: i64 = 1000;

/// What somebody proves who they are with: one of three.
#[derive(Deserialize)]
pub(crate) struct Proof {
    /// What `wx.login` gave.
    code: Option<String>,
    /// A device, and the key that stands on it.
    serial: Option<String>,
    key: Option<String>,
    /// Only a name: nothing is proved, and so it is for trying things out.
    name: Option<Title>,
}

#[derive(Deserialize)]
pub(crate) struct Renewal {
    token: String,
}

/// Why nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    #[error("{0}")]
    BadRequest(String),
    #[error("say who logs in: code of wx.login, serial and key of a device, or name")]
    NoProof,
    #[error(transparent)]
    WeChat(#[from] WeChatError),
    #[error("a code of wx.login has 1 to 128 visible ASCII characters")]
    NoCode,
    #[error("this backend knows no mini-program; start it with --app-id and --app-secret")]
    NoWeChat,
    #[error("names alone are taken only with --dev; log in by wx.login")]
    NamesAreOff,
    #[error("this name cannot be taken; choose another")]
    BadName,
    #[error("there is no such device, or its key is another")]
    NotThatDevice,
    #[error("this token has ended, or is none of ours; log in again")]
    BadToken,
    #[error("nobody can be logged in now; try again")]
    Trouble,
}

impl From<DatabaseError> for LoginError {
    fn from(error: DatabaseError) -> Self {
        tracing::error!(%error, "nobody can be logged in");
        Self::Trouble
    }
}

impl From<rusqlite::Error> for LoginError {
    fn from(error: rusqlite::Error) -> Self {
        DatabaseError::from(error).into()
    }
}

impl From<JsonRejection> for LoginError {
    fn from(rejection: JsonRejection) -> Self {
        Self::BadRequest(rejection.body_text())
    }
}

impl LoginError {
    /// The status, and a word for programs.
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) | Self::NoProof => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::WeChat(WeChatError::InvalidCode) => (StatusCode::UNAUTHORIZED, "invalid_code"),
            Self::WeChat(WeChatError::TooOften) => (StatusCode::TOO_MANY_REQUESTS, "too_often"),
            Self::WeChat(WeChatError::Blocked) => (StatusCode::FORBIDDEN, "blocked"),
            Self::WeChat(WeChatError::Busy) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::WeChat(WeChatError::TimedOut) => (StatusCode::GATEWAY_TIMEOUT, "timed_out"),
            Self::WeChat(WeChatError::Trouble) => (StatusCode::BAD_GATEWAY, "trouble"),
            Self::NoCode => (StatusCode::BAD_REQUEST, "no_code"),
            Self::NoWeChat => (StatusCode::NOT_IMPLEMENTED, "no_wechat"),
            Self::NamesAreOff => (StatusCode::FORBIDDEN, "names_are_off"),
            Self::BadName => (StatusCode::BAD_REQUEST, "bad_name"),
            Self::NotThatDevice => (StatusCode::UNAUTHORIZED, "not_that_device"),
            Self::BadToken => (StatusCode::UNAUTHORIZED, "bad_token"),
            Self::Trouble => (StatusCode::SERVICE_UNAVAILABLE, "trouble"),
        }
    }
}

impl IntoResponse for LoginError {
    fn into_response(self) -> Response {
        let (status, code) = self.kind();
        (status, Json(json!({ "error": { "code": code, "message": self.to_string() } }))).into_response()
    }
}

/// `POST /login`.
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    proof: Result<Json<Proof>, JsonRejection>,
) -> Result<Json<Issued>, LoginError> {
    let caller = match proof?.0 {
        Proof { code: Some(code), .. } => Caller::Person(by_wechat(&app, &code).await?),
        Proof { serial: Some(serial), key: Some(key), .. } => {
            Caller::Device(by_key(&app, serial, key).await?)
        }
        Proof { name: Some(Title(name)), .. } => Caller::Person(by_name(&app, name)?),
        _ => return Err(LoginError::NoProof),
    };
    issue(&app, caller)
}

/// `POST /refresh`: another token for whoever has a good one, since a `wx.login` is dear.
pub(crate) async fn refresh(
    State(app): State<Arc<App>>,
    renewal: Result<Json<Renewal>, JsonRejection>,
) -> Result<Json<Issued>, LoginError> {
    let Json(Renewal { token }) = renewal?;
    let (user, _) = app.tokens.read(&token).ok_or(LoginError::BadToken)?;
    let caller = Caller::of(&user);
    let known = caller.clone();
    if !app.database.read(move |transaction| is_known(transaction, &known)).await? {
        return Err(LoginError::BadToken);
    }
    issue(&app, caller)
}

/// Whether there is still somebody of that name. People do not go; devices are taken off the list.
pub(crate) fn is_known(connection: &Connection, caller: &Caller) -> Result<bool, DatabaseError> {
    match caller {
        Caller::Nobody => Ok(false),
        Caller::Person(_) => Ok(true),
        Caller::Device(serial) => {
            let sql = "SELECT 1 FROM devices WHERE serial = ?";
            Ok(connection.prepare_cached(sql)?.exists([serial])?)
        }
    }
}

fn issue(app: &App, caller: Caller) -> Result<Json<Issued>, LoginError> {
    app.tokens.issue(caller, now()).map(Json).map_err(|error| {
        tracing::error!(%error, "no token can be signed");
        LoginError::Trouble
    })
}

/// The openid stays here; the others see a number.
async fn by_wechat(app: &App, code: &str) -> Result<String, LoginError> {
    if !(1..=128).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(LoginError::NoCode);
    }
    let openid = match &app.wechat {
        Some(wechat) => wechat.openid(code).await?,
        // The developer tools make codes up where there is no AppID: each is somebody new.
        None if app.dev => format!("{MADE_UP}{code}"),
        None => return Err(LoginError::NoWeChat),
    };
    let id = app.database.write(move |transaction| number_of(transaction, &openid, now())).await?;
    Ok(format!("{BY_WECHAT}{id}"))
}

/// The same number each time; a new one for somebody new.
fn number_of(connection: &Connection, openid: &str, now: i64) -> Result<i64, DatabaseError> {
    let sql = "INSERT INTO users (openid, since) VALUES (?, ?) ON CONFLICT DO NOTHING";
    connection.execute(sql, (openid, now))?;
    let sql = "SELECT id FROM users WHERE openid = ?";
    let id = connection.query_row(sql, [openid], |row| row.get(0))?;
    if openid.starts_with(MADE_UP) {
        let sql = "DELETE FROM users WHERE id <= ? AND openid LIKE ? || '%'";
        connection.execute(sql, (id - MAX_MADE_UP, MADE_UP))?;
    }
    Ok(id)
}

async fn by_key(app: &App, serial: String, key: String) -> Result<String, LoginError> {
    let hash = devices::hash(&key);
    let device = serial.clone();
    let known: Option<Vec<u8>> = app
        .database
        .read(move |transaction| {
            let sql = "SELECT key_hash FROM devices WHERE serial = ?";
            Ok::<_, LoginError>(transaction.query_row(sql, [device], |row| row.get(0)).optional()?)
        })
        .await?;
    match known {
        Some(known) if known.ct_eq(&hash).into() => Ok(serial),
        _ => Err(LoginError::NotThatDevice),
    }
}

fn by_name(app: &App, name: String) -> Result<String, LoginError> {
    if !app.dev {
        Err(LoginError::NamesAreOff)
    } else if name.contains(':') || name.starts_with(BY_WECHAT) {
        Err(LoginError::BadName)
    } else {
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::in_memory;

    #[test]
    fn of_those_who_are_made_up_the_latest_are_kept_and_nobody_gets_anothers_number() {
        let database = in_memory();
        assert_eq!(number_of(&database, "oReal", 0).unwrap(), 1);
        for number in 2..=MAX_MADE_UP + 9 {
            assert_eq!(number_of(&database, &format!("{MADE_UP}{number}"), 0).unwrap(), number);
        }
        let kept: i64 = database.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, MAX_MADE_UP + 1);
        assert_eq!(number_of(&database, "oReal", 0).unwrap(), 1);
    }
}
