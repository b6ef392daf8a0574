//! Access tokens: everything that is none is refused.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use one_ledger::accounts::{Keys, keys};
use one_ledger::auth::Viewer;
use serde_json::{Value, json};

use crate::accounts::{House, PASSWORD, in_house};

/// The newest key of the house, as it lies in its file.
fn key(house: &House<'_>) -> (String, Vec<u8>) {
    let text = std::fs::read_to_string(house.ledger.file("data").join(keys::FILE)).unwrap();
    let line = text.lines().last().unwrap();
    let (kid, hex) = line.split_once(' ').unwrap();
    let digit = |b: &u8| u8::try_from(char::from(*b).to_digit(16).unwrap()).unwrap();
    let bytes = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| digit(&pair[0]) << 4 | digit(&pair[1]));
    (kid.to_owned(), bytes.collect())
}

/// A token as the house makes it, but for what is altered.
fn forged(house: &House<'_>, header: impl Fn(&mut Header), claims: &Value) -> String {
    let (kid, bytes) = key(house);
    let mut head = Header::new(Algorithm::HS256);
    head.kid = Some(kid);
    header(&mut head);
    encode(&head, claims, &EncodingKey::from_secret(&bytes)).unwrap()
}

/// The claims of a good token.
fn claims(token: &str) -> Value {
    let data = jsonwebtoken::dangerous::insecure_decode::<Value>(token).unwrap();
    data.claims
}

#[expect(
    clippy::too_many_lines,
    reason = "one walk, told from its beginning to its end"
)]
#[test]
fn jwt_reject_table() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        house.person("li.si", &[]);
        let token = house.program("zhang.san", PASSWORD).access_token;
        let good = claims(&token);
        assert!(house.bearer(&token).is_some());
        let with = |key: &str, value: Value| {
            let mut claims = good.clone();
            claims[key] = value;
            claims
        };
        let without = |key: &str| {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(key);
            claims
        };
        // The tool of the trade works: untouched claims, signed with the key, are accepted.
        assert!(house.bearer(&forged(house, |_| {}, &good)).is_some());
        let mut bad: Vec<(String, String)> = Vec::new();
        for claim in ["exp", "nbf", "iat", "iss", "aud", "sub", "epoch", "sid"] {
            bad.push((
                format!("without {claim}"),
                forged(house, |_| {}, &without(claim)),
            ));
            for wrong in [
                json!(null),
                json!([]),
                json!({}),
                json!(true),
                json!("9999999999"),
                json!("never"),
                json!(1.5),
                json!(-1),
            ] {
                if claim == "iat" && wrong == json!(-1) {
                    continue;
                }
                bad.push((
                    format!("{claim} = {wrong}"),
                    forged(house, |_| {}, &with(claim, wrong)),
                ));
            }
        }
        let now = good["iat"].as_i64().unwrap();
        for (claim, value) in [
            ("exp", json!(now - 60)),
            ("exp", json!(0)),
            ("nbf", json!(now + 600)),
            ("iss", json!("somebody")),
            ("iss", json!(["one-ledger"])),
            ("aud", json!("one-ledger/second-step")),
            ("aud", json!("")),
            ("aud", json!(["one-ledger/api"])),
            ("aud", json!(["one-ledger/api", "other"])),
            ("sub", json!("2")),
            ("sub", json!("1 OR 1=1")),
            ("sub", json!("999")),
            ("epoch", json!(99)),
            ("epoch", json!(0)),
            ("sid", json!(0)),
            ("sid", json!(99)),
            ("role", json!("system_admin")),
        ] {
            bad.push((
                format!("{claim} = {value}"),
                forged(house, |_| {}, &with(claim, value.clone())),
            ));
        }
        bad.push(("no kid".to_owned(), forged(house, |h| h.kid = None, &good)));
        bad.push((
            "other kid".to_owned(),
            forged(house, |h| h.kid = Some("other".to_owned()), &good),
        ));
        bad.push((
            "path kid".to_owned(),
            forged(house, |h| h.kid = Some("../../dev/null".to_owned()), &good),
        ));
        bad.push((
            "other type".to_owned(),
            forged(house, |h| h.typ = Some("JOSE".to_owned()), &good),
        ));
        bad.push((
            "key address".to_owned(),
            forged(
                house,
                |h| h.jku = Some("https://evil.example/".to_owned()),
                &good,
            ),
        ));
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            bad.push((
                format!("{algorithm:?}"),
                forged(house, |h| h.alg = algorithm, &good),
            ));
        }
        let (kid, _) = key(house);
        let other_key = {
            let mut head = Header::new(Algorithm::HS256);
            head.kid = Some(kid.clone());
            encode(&head, &good, &EncodingKey::from_secret(&[7; 32])).unwrap()
        };
        bad.push(("other key".to_owned(), other_key));
        bad.extend(unsigned(&token, &kid));
        for (what, token) in &bad {
            assert!(house.bearer(token).is_none(), "accepted: {what}");
        }
        assert!(bad.len() > 130, "{}", bad.len());
        assert!(house.bearer(&token).is_some());
    });
}

/// Tokens without a signature, with part of one, with a changed letter anywhere.
fn unsigned(token: &str, kid: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = token.split('.').collect();
    let none = |alg: &str| base64(&json!({ "alg": alg, "typ": "JWT", "kid": kid }).to_string());
    let mut out = Vec::new();
    for alg in [
        "none", "None", "NONE", "nOnE", "HS256 ", "RS256", "ES256", "",
    ] {
        for signature in ["", parts[2]] {
            out.push((
                format!("alg {alg}"),
                format!("{}.{}.{signature}", none(alg), parts[1]),
            ));
        }
    }
    out.push(("two parts".to_owned(), format!("{}.{}", parts[0], parts[1])));
    out.push(("four parts".to_owned(), format!("{token}.{}", parts[2])));
    out.push(("empty".to_owned(), String::new()));
    out.push(("dots".to_owned(), "..".to_owned()));
    out.push(("space".to_owned(), format!(" {token}")));
    out.push(("padding".to_owned(), format!("{token}=")));
    out.push(("long".to_owned(), "a".repeat(1_000_000)));
    for at in (0..token.len()).step_by(7) {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        out.push((format!("letter {at}"), String::from_utf8(bytes).unwrap()));
    }
    out
}

fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let mut word = [0_u8; 3];
        word[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from(word[0]) << 16 | u32::from(word[1]) << 8 | u32::from(word[2]);
        for i in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(bits >> (18 - 6 * i)) as usize & 63]));
        }
    }
    out
}

#[test]
fn keys_are_rotated_without_signing_anybody_out_unless_asked() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let old = house.program("zhang.san", PASSWORD).access_token;
        let operator = Viewer::operator("测试员");
        // Another process does it: this one hears of it by the first token it does not know.
        let elsewhere = Keys::open(&house.ledger.file("data")).unwrap();
        let kid = elsewhere.rotate(false).unwrap();
        assert_eq!(key(house).0, kid);
        assert!(
            house
                .bearer(&forged(house, |_| {}, &claims(&old)))
                .is_some()
        );
        assert!(house.bearer(&old).is_some());
        let new = house.program("zhang.san", PASSWORD).access_token;
        assert!(house.bearer(&new).is_some());
        house
            .service
            .rotate_key(&mut house.conn, &operator, true)
            .unwrap();
        assert!(house.bearer(&old).is_none() && house.bearer(&new).is_none());
        assert_eq!(house.times("rotate_key", "done"), 1);
        let after = house.program("zhang.san", PASSWORD).access_token;
        assert!(house.bearer(&after).is_some());
    });
}
