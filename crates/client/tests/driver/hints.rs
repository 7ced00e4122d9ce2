//! What a device can say of itself.

use std::time::Duration;

use suona_client::{
    Code,
    link::{OnHide, Options, State},
};

use crate::{
    online,
    relay::Mode,
    world::{World, quick},
};

#[tokio::test]
async fn who_sleeps_hangs_up_and_comes_back_when_awake() {
    let world = World::new();
    let on_hide = Some(OnHide::CloseAfter(Duration::ZERO));
    let suona = world.client().link(Options { on_hide, ..quick() }).build().unwrap();
    online(&suona).await;
    suona.hide();
    suona.status().wait_for(|status| status.state == State::Hidden).await.unwrap();
    suona.show();
    online(&suona).await;
}

#[tokio::test]
async fn a_line_that_did_not_survive_a_change_of_network_is_noticed_soon() {
    let world = World::new();
    let suona = world.client_over_relay().build().unwrap();
    online(&suona).await;
    world.relay.set(Mode::Deaf);
    suona.network_changed(None);
    let mut status = suona.status();
    let noticed = status.wait_for(|status| status.fault.is_some()).await.unwrap().fault.clone().unwrap();
    assert_eq!(noticed.code, Code::NoAnswer);
}
