//! `rpc`: methods that extensions of the gateway would serve. There are none.

use serde::Deserialize;
use suona_protocol::ErrorCode;

use super::{Done, Outcome, call::Call};

#[derive(Deserialize)]
pub(super) struct RpcRequest {}

pub(super) async fn rpc(_: Call, _: RpcRequest) -> Outcome<Done> {
    Err(ErrorCode::MethodNotFound)
}
