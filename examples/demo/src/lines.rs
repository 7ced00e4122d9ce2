//! The lines of the users: whatever a phone of the page says to gateway or backend passes here, and can be cut.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use axum::{body::Body, extract::Request, http::StatusCode, response::Response};
use hyper::{
    client::conn::http1,
    upgrade::{self, OnUpgrade},
};
use hyper_util::rt::TokioIo;
use tokio::{io, net::TcpStream, sync::watch, time, try_join};

use crate::stage::{Scene, Stage, USERS};

/// So long a WebSocket's dial on a cut line hangs. A browser dials one at a time of a host: the dials of the other phones
/// of the page wait for it.
const LONGEST_DIAL: Duration = Duration::from_millis(300);

/// All lines.
pub(crate) struct Lines {
    pub(crate) stage: Arc<Stage>,
    pub(crate) gateway: SocketAddr,
    pub(crate) backend: SocketAddr,
}

impl Lines {
    /// The user's way to the gateway: a WebSocket, frame by frame as it is.
    pub(crate) async fn to_gateway(&self, user: &str, request: Request) -> Result<Response, StatusCode> {
        let known = USERS.into_iter().find(|known| *known == user).ok_or(StatusCode::NOT_FOUND)?;
        let mut scene = self.stage.watch();
        let whole = time::timeout(LONGEST_DIAL, scene.wait_for(|scene| scene.is_whole(known))).await;
        let _ = whole.map_err(|_| StatusCode::GATEWAY_TIMEOUT)?;
        self.pass_on(user, self.gateway, "/connection/websocket", request).await
    }

    /// The user's way to the backend's log-in.
    pub(crate) async fn to_login(&self, user: &str, request: Request) -> Result<Response, StatusCode> {
        self.pass_on(user, self.backend, "/login", request).await
    }

    async fn pass_on(
        &self,
        user: &str,
        to: SocketAddr,
        path: &'static str,
        mut request: Request,
    ) -> Result<Response, StatusCode> {
        let user = USERS.into_iter().find(|known| *known == user).ok_or(StatusCode::NOT_FOUND)?;
        let mut scene = self.stage.watch();
        // What is sent into a dead line is sent again by the network, until the line is mended or the sender gives up.
        let _ = scene.wait_for(|scene| scene.is_whole(user)).await;
        let near = upgrade::on(&mut request);
        *request.uri_mut() = path.parse().expect("a path");
        let mut response = while_whole(&mut scene, user, ask(to, request)).await?.map_err(|error| {
            tracing::debug!(%error, user, path, "nobody is there");
            StatusCode::BAD_GATEWAY
        })?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let far = upgrade::on(&mut response);
            tokio::spawn(carry(near, far, scene, user));
        }
        Ok(response)
    }
}

/// One request, on a connection of its own.
async fn ask(to: SocketAddr, request: Request) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
    let socket = TcpStream::connect(to).await?;
    socket.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(connection.with_upgrades());
    Ok(sender.send_request(request).await?.map(Body::new))
}

/// Carries bytes both ways until either end goes, or the line. Nobody says goodbye then.
async fn carry(near: OnUpgrade, far: OnUpgrade, mut scene: watch::Receiver<Scene>, user: &'static str) {
    let Ok((near, far)) = try_join!(near, far) else { return };
    let (mut near, mut far) = (TokioIo::new(near), TokioIo::new(far));
    let _ = while_whole(&mut scene, user, io::copy_bidirectional(&mut near, &mut far)).await;
}

/// What comes of `work`, if the line holds that long.
async fn while_whole<T>(
    scene: &mut watch::Receiver<Scene>,
    user: &str,
    work: impl Future<Output = T>,
) -> Result<T, StatusCode> {
    tokio::select! {
        biased;
        _ = scene.wait_for(|scene| !scene.carries(user)) => Err(StatusCode::BAD_GATEWAY),
        done = work => Ok(done),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
        time::Instant,
    };

    use super::*;
    use crate::stage::Switch;

    /// Lines to a backend that is played by whoever has the listener.
    async fn lines() -> (Lines, TcpListener) {
        let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = backend.local_addr().unwrap();
        (Lines { stage: Arc::new(Stage::new()), gateway: address, backend: address }, backend)
    }

    fn turn(lines: &Lines, whole: bool) {
        lines.stage.turn(&Switch::Line { user: USERS[0].to_owned(), whole }, Instant::now());
    }

    fn question() -> Request {
        Request::post("/line/hongda/login").body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn what_is_asked_on_a_cut_line_is_asked_when_it_is_mended() {
        let (lines, backend) = lines().await;
        turn(&lines, false);
        let mut asking = pin!(lines.to_login(USERS[0], question()));
        assert!(asking.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        turn(&lines, true);
        let answering = async {
            let (mut socket, _) = backend.accept().await.unwrap();
            let mut heard = [0; 16];
            let _ = socket.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard[..11], b"POST /login");
            socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        };
        let (answer, ()) = tokio::join!(asking, answering);
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_dial_on_a_cut_line_hangs_too_briefly_to_keep_the_other_phone_from_dialling() {
        let (lines, _backend) = lines().await;
        turn(&lines, false);
        let dial = Request::get("/line/hongda/connection/websocket").body(Body::empty()).unwrap();
        let answer = time::timeout(Duration::from_secs(5), lines.to_gateway(USERS[0], dial)).await;
        assert_eq!(answer.expect("it does not hang").unwrap_err(), StatusCode::GATEWAY_TIMEOUT);
    }

    #[tokio::test]
    async fn an_answer_does_not_come_through_a_line_that_was_cut_meanwhile() {
        let (lines, backend) = lines().await;
        let cutting = async {
            let (socket, _) = backend.accept().await.unwrap();
            turn(&lines, false);
            socket
        };
        let (answer, _socket) = tokio::join!(lines.to_login(USERS[0], question()), cutting);
        assert_eq!(answer.unwrap_err(), StatusCode::BAD_GATEWAY);
    }

    #[tokio::test]
    async fn who_is_not_of_the_demo_has_no_line() {
        let (lines, _backend) = lines().await;
        assert_eq!(lines.to_gateway("nobody", question()).await.unwrap_err(), StatusCode::NOT_FOUND);
    }
}
