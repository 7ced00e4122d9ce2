use serde_json::{Value, json};

use super::*;

#[test]
fn exp_and_nbf_bound_the_time_of_a_token() {
    let now = NOW.as_secs();
    let good = [
        json!({"exp": now + 1}),
        json!({"exp": now as f64 + 0.5}),
        json!({"exp": 1e300}),
        json!({"exp": null, "nbf": null}),
        json!({"nbf": now}),
        json!({"nbf": -5}),
    ];
    let expired = [
        json!({"exp": now}),
        json!({"exp": 0}),
        json!({"exp": -1}),
        json!({"exp": -1e300}),
        json!({"nbf": now + 1}),
        json!({"exp": now + 9, "nbf": now + 1}),
    ];
    let malformed =
        [json!({"exp": "soon"}), json!({"exp": now.to_string()}), json!({"exp": {}}), json!({"nbf": true})];
    for claims in good {
        assert!(connection(&claims).is_ok(), "{claims}");
    }
    for claims in expired {
        assert_eq!(connection(&claims), Err(TokenError::Expired), "{claims}");
    }
    for claims in malformed {
        assert!(is_invalid(&connection(&claims)), "{claims}");
    }
}

#[test]
fn expire_at_wins_over_exp() {
    let later = NOW.as_secs() + 60;
    let expires_at =
        |claims: Value| connection(&claims).expect("a good token").expires_at.map(|at| at.as_secs());
    assert_eq!(expires_at(json!({})), None);
    assert_eq!(expires_at(json!({"exp": later})), Some(later));
    assert_eq!(expires_at(json!({"exp": later, "expire_at": later + 1})), Some(later + 1));
    assert_eq!(expires_at(json!({"exp": later, "expire_at": 0})), None);
    assert_eq!(expires_at(json!({"exp": later, "expire_at": -1})), None);
    assert_eq!(
        expires_at(json!({"expire_at": 1})),
        Some(1),
        "the caller refuses it as expired, not as a bad token"
    );
    assert!(expires_at(json!({"exp": 1e300})).is_some_and(|at| at < 1 << 40));
}

#[test]
fn audience_and_issuer_must_fit_where_they_are_asked_for() {
    let outcome = |audience: Option<Pattern>, issuer: Option<Pattern>, claims: Value| {
        let verifier = Verifier::new(&TokenOptions { audience, issuer, ..options() }).expect("no bad key");
        verifier.verify_connection(&hs256("secret", &claims), NOW)
    };
    let exact = |text: &str| Some(Pattern::Exact(text.into()));
    let regex = |text: &str| Some(Pattern::Regex(Regex::new(text).expect("a regex")));
    assert!(outcome(exact("app"), None, json!({"aud": "app"})).is_ok());
    assert!(outcome(exact("app"), None, json!({"aud": ["web", "app"]})).is_ok());
    assert!(outcome(regex("^app-[0-9]+$"), exact("me"), json!({"aud": ["app-7"], "iss": "me"})).is_ok());
    assert!(outcome(None, regex("^https://"), json!({"aud": "any", "iss": "https://id"})).is_ok());
    for claims in
        [json!({}), json!({"aud": "apps"}), json!({"aud": []}), json!({"aud": 7}), json!({"aud": [[]]})]
    {
        assert!(is_invalid(&outcome(exact("app"), None, claims.clone())), "{claims}");
    }
    for claims in [json!({}), json!({"iss": "you"}), json!({"iss": ["me"]})] {
        assert!(is_invalid(&outcome(None, exact("me"), claims.clone())), "{claims}");
    }
}

#[test]
fn the_user_may_stand_in_another_claim() {
    let user = |user_id_claim: &str, claims: Value| {
        let options = TokenOptions { user_id_claim: user_id_claim.into(), ..options() };
        let verifier = Verifier::new(&options).expect("no bad key");
        verifier.verify_connection(&hs256("secret", &claims), NOW).map(|claims| claims.user)
    };
    assert_eq!(user("", json!({"sub": "ann"})), Ok("ann".into()));
    assert_eq!(user("", json!({"sub": null})), Ok(String::new()));
    assert_eq!(user("who", json!({"sub": "ann", "who": "bob"})), Ok("bob".into()));
    assert_eq!(user("a.b.c", json!({"a": {"b": {"c": "bob"}}})), Ok("bob".into()));
    assert_eq!(user("https://id.example/user", json!({"https://id.example/user": "bob"})), Ok("bob".into()));
    assert_eq!(user("a.b", json!({"sub": "ann", "a": "b"})), Ok(String::new()), "sub is not a fallback");
    assert!(is_invalid(&user("", json!({"sub": 42}))));
    assert!(is_invalid(&user("a.b", json!({"a": {"b": 42}}))));
}

#[test]
fn a_connection_token_is_read_in_full() {
    let payload = r#"{"sub":"ann","info":{"n": 1.000},"meta":{"k":"v"},"channels":["ignored"],
        "subs":{"b":null,"a":{"info":"i","b64data":"eyJ4IjoxfQ==","data":1,
        "override":{"presence":{"value":true},"force_recovery":{}}}}}"#;
    let claims =
        verifier().verify_connection(&signed(r#"{"alg":"HS256"}"#, payload), NOW).expect("a good token");
    let a = SubscriptionGrant {
        info: Some("\"i\"".into()),
        data: Some(r#"{"x":1}"#.into()),
        overrides: Overrides { presence: Some(true), force_recovery: Some(false), ..Overrides::default() },
    };
    let expected = ConnectionClaims {
        user: "ann".into(),
        expires_at: None,
        info: Some(r#"{"n": 1.000}"#.into()),
        subs: vec![("a".into(), a), ("b".into(), SubscriptionGrant::default())],
        meta: Some(r#"{"k":"v"}"#.into()),
    };
    assert_eq!(claims, expected);
}

#[test]
fn the_texts_of_a_token_are_read_only_if_it_is_believed() {
    let payload = r#"{"sub":"ann","serial_no":"A\u0031","n":1,"info":{"x":"y"}}"#;
    let token = signed(r#"{"alg":"HS256"}"#, payload);
    let (claims, texts) = verifier().verify_with_texts(&token, NOW).expect("a good token");
    assert_eq!(claims.user, "ann");
    let texts: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(texts, [("serial_no", "A1"), ("sub", "ann")]);
    let expired = hs256("secret", &json!({ "sub": "ann", "exp": 1 }));
    assert_eq!(verifier().verify_with_texts(&expired, NOW).err(), Some(TokenError::Expired));
    let forged = hs256("guessed", &json!({ "sub": "ann" }));
    assert!(is_invalid(&verifier().verify_with_texts(&forged, NOW)));
}

#[test]
fn channels_are_server_side_subscriptions_without_options() {
    let claims = connection(&json!({"channels": ["b", "a", "b"], "subs": {}})).expect("a good token");
    let channels: Vec<_> = claims.subs.iter().map(|(channel, _)| channel.as_str()).collect();
    assert_eq!(channels, ["a", "b"]);
}

#[test]
fn a_subscription_token_is_read_in_full() {
    let claims = json!({"sub": "ann", "channel": "news", "client": "c1", "exp": NOW.as_secs() + 9,
        "info": [1], "b64info": "WzJd", "data": {"d": 1}, "override": {"join_leave": {"value": true}}});
    let expected = SubscriptionClaims {
        user: "ann".into(),
        channel: "news".into(),
        client: Some("c1".into()),
        expires_at: Some(NOW + Duration::from_secs(9)),
        grant: SubscriptionGrant {
            info: Some("[2]".into()),
            data: Some(r#"{"d":1}"#.into()),
            overrides: Overrides { join_leave: Some(true), ..Overrides::default() },
        },
    };
    assert_eq!(subscription(&claims), Ok(expected));
}

#[test]
fn one_kind_of_token_is_not_the_other() {
    assert!(is_invalid(&connection(&json!({"sub": "ann", "channel": "news"}))));
    assert!(is_invalid(&subscription(&json!({"sub": "ann"}))));
    assert!(is_invalid(&subscription(&json!({"sub": "ann", "channel": ""}))));
}

#[test]
fn absurd_claims_are_invalid_and_harm_nothing() {
    let deep = format!(r#"{{"info":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    let deep_claim = format!(r#"{{"aud":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    let payloads = [
        "",
        "null",
        "[]",
        "\"sub\"",
        "{",
        r#"{"sub":"a"}{"sub":"b"}"#,
        r#"{"sub":"a","sub":"b"}"#,
        r#"{"exp":1e400}"#,
        r#"{"meta":"text"}"#,
        r#"{"meta":[1]}"#,
        r#"{"b64info":"not base64"}"#,
        r#"{"subs":[]}"#,
        r#"{"subs":{"a":{"override":{"presence":true}}}}"#,
        r#"{"channels":"news"}"#,
        r#"{"channels":[7]}"#,
        &deep_claim,
    ];
    for payload in payloads {
        let token = signed(r#"{"alg":"HS256"}"#, payload);
        assert!(
            is_invalid(&verifier().verify_connection(&token, NOW)),
            "{}",
            &payload[..payload.len().min(99)]
        );
    }
    let token = signed(r#"{"alg":"HS256"}"#, &deep);
    assert!(verifier().verify_connection(&token, NOW).is_ok(), "info is passed through, however deep");
}

#[test]
fn bytes_are_data_for_who_can_read_them_and_no_info_for_others_to_see() {
    let claims = connection(&json!({"sub": "ann", "b64info": "AAEC", "info": 1})).expect("a good token");
    assert_eq!(claims.info, None);
    let claims = json!({"channel": "news", "b64info": "Iv8i", "b64data": "AAEC"});
    let grant = subscription(&claims).expect("a good token").grant;
    assert_eq!((grant.info, grant.data.as_deref()), (None, Some(b"\0\x01\x02".as_slice())));
}
