//! Who publishes, and what.

use super::*;

#[test]
fn the_backend_says_who_publishes_and_what() {
    let mut desk = known();
    desk.says(2, publish("news"));
    let grant = PublishGrant {
        data: Some("2".into()),
        skip_history: true,
        tags: vec![("a".to_owned(), "b".to_owned())],
        version: Some(Version { number: 7, epoch: "e".into() }),
        delta: true,
        ..PublishGrant::default()
    };
    desk.advises(Advice::Granted(Granted::Publish(grant)));
    let Some(Action::Ask(ask, Question::Publish { message, .. })) = desk.actions.last() else {
        panic!("{:?}", desk.actions)
    };
    assert_eq!((&message.data[..], message.skip_history, message.tags.len()), (&b"2"[..], true, 1));
    assert!(message.delta && message.exclude.is_none());
    assert_eq!(
        (message.version.as_ref().map(|version| version.number), &message.idempotency_key),
        (Some(7), &None)
    );
    assert_eq!(message.info.as_ref().map(|info| info.user.as_str()), Some("ann"));
    desk.hears(Input::Answered(*ask, Ok(Answered::Published)));
    assert!(matches!(desk.replies()[..], [(2, Outcome::Publish)]));

    desk.says(3, publish("news"));
    desk.advises(refusal(false));
    assert_eq!(desk.error_code(3), Some(1000));
    desk.says(4, publish("news"));
    let no_json = PublishGrant { data: Some("{".into()), ..PublishGrant::default() };
    desk.advises(Advice::Granted(Granted::Publish(no_json)));
    assert_eq!(desk.error_code(4), Some(100), "what the channel does not take is not published");
    desk.says(5, publish("open:a"));
    assert_eq!(desk.error_code(5), Some(103), "here the namespace decides");
}

#[test]
fn the_backends_name_for_a_publication_wins_over_the_clients() {
    let mut desk = known();
    let mut published_as = |id, granted: Option<&str>| {
        let Request::Publish(request) = publish("news") else { panic!("a publication") };
        desk.says(id, Request::Publish(PublishRequest { idempotency_key: "k".to_owned(), ..request }));
        let idempotency_key = granted.map(str::to_owned);
        let grant = PublishGrant { idempotency_key, ..PublishGrant::default() };
        desk.advises(Advice::Granted(Granted::Publish(grant)));
        let Some(Action::Ask(ask, Question::Publish { message, attempt, .. })) = desk.actions.last() else {
            panic!("{:?}", desk.actions)
        };
        let known_here = attempt.as_ref().map(|attempt| attempt.broker_key());
        let (ask, names) = (*ask, (message.idempotency_key.clone(), known_here));
        desk.hears(Input::Answered(ask, Ok(Answered::Published)));
        names
    };
    let (of_backend, known_here) = published_as(2, Some("order 5"));
    assert_eq!(of_backend.as_deref(), Some("order 5"));
    assert!(known_here.is_some(), "the client's own repeats are known by its own name");
    let (of_client, known_here) = published_as(3, None);
    assert!(of_client.is_some() && of_client == known_here, "without the backend's the client's counts");
}

#[test]
fn both_the_backend_and_the_client_may_keep_a_publication_from_somebody() {
    let mut desk = known();
    let Request::Publish(request) = publish("news") else { panic!("a publication") };
    desk.says(2, Request::Publish(PublishRequest { exclude_self: true, ..request }));
    let exclude = Exclude::new(Vec::new(), vec!["ben".to_owned()]).ok();
    desk.advises(Advice::Granted(Granted::Publish(PublishGrant { exclude, ..PublishGrant::default() })));
    let Some(Action::Ask(_, Question::Publish { message, .. })) = desk.actions.last() else {
        panic!("{:?}", desk.actions)
    };
    let exclude = message.exclude.as_ref().expect("two are named");
    let client = |user: &str, client: &str| ClientInfo {
        user: user.into(),
        client: client.into(),
        ..ClientInfo::default()
    };
    assert!(exclude.names(&client("ann", "me")) && exclude.names(&client("ben", "c-2")));
    assert!(!exclude.names(&client("ann", "c-3")), "the user's other connections hear it");
}
